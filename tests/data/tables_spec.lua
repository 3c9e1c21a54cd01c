-- data.csv with columns of labels and with values missing.
local S = require "tests.support"
local hy = require "hyades"
local data = hy.data

describe("data.csv", function()
  local folder, path
  setup(function()
    folder = S.folder()
    path = folder .. "/t.csv"
  end)
  teardown(function() S.remove(folder) end)

  local function read(text, options)
    S.write(path, text)
    return data.csv(path, options)
  end

  local function refuses(text, options, sentence)
    local ok, message = pcall(read, text, options)
    assert.is_false(ok)
    assert.is_truthy(message:find(path, 1, true), message)
    assert.is_truthy(message:find(sentence, 1, true), message)
  end

  local iris = "length,width,kind\n5.1,3.5,setosa\n7,3.2,\"versicolor, old\"\n4.9,3,setosa\n"

  it("takes a column of words as classes, by name, position or as the last", function()
    for _, labels in ipairs{ "last", "kind", 3, -1 } do
      local x, y, names = read(iris, { labels = labels })
      assert.close({ { 5.1, 3.5 }, { 7, 3.2 }, { 4.9, 3 } }, x, 1e-6)
      assert.equal("index", y.dtype)
      assert.same({ 1, 2, 1 }, y:totable())
      assert.same({ "setosa", "versicolor, old" }, names)
    end
  end)

  it("orders numbers as numbers, and words by their bytes", function()
    local _, y, names = read("10,1\n9,2\n-1,3\n10,4\n", { labels = 1 })
    assert.same({ "-1", "9", "10" }, names)
    assert.same({ 3, 2, 1, 3 }, y:totable())
    _, y, names = read("10,1\n9,2\nb,3\n", { labels = 1 })
    assert.same({ "10", "9", "b" }, names)
    assert.same({ 1, 2, 3 }, y:totable())
  end)

  it("returns one tensor without labels, in any policy", function()
    assert.equal(1, select("#", read("1,2\n", {})))
    assert.equal(1, select("#", read("1,2\n", { missing = "drop" })))
    assert.equal(3, select("#", read("1,2\n", { labels = 1 })))
  end)

  local holes = "a,b,kind\n1,2,x\n3,?,y\n5,6,\nNA,8,x\n9,n/a,x\n11,12,y\n"

  it("refuses missing values unless told otherwise", function()
    refuses(holes, { labels = "last" }, "line 3, column 2: '?' is no number")
    refuses("1,,2\n", nil, "line 1, column 2: the value is missing")
    refuses("1,x\n2,\n", { labels = 2 }, "line 2, column 2: the value is missing")
  end)

  it("puts NaN, and −1 for a label, with missing = nan", function()
    local x, y, names = read(holes, { labels = "kind", missing = "nan" })
    local nan = 0 / 0
    assert.close({ { 1, 2 }, { 3, nan }, { 5, 6 }, { nan, 8 }, { 9, nan }, { 11, 12 } }, x, 0)
    assert.same({ 1, 2, -1, 1, 1, 2 }, y:totable())
    assert.same({ "x", "y" }, names)
    assert.raises(function() read(holes, { labels = 3, missing = "nan", dtype = "u8" }) end,
      "u8 cannot hold NaN")
  end)

  it("leaves rows out with missing = drop", function()
    local x, y, names = read(holes, { labels = "kind", missing = "drop" })
    assert.close({ { 1, 2 }, { 11, 12 } }, x, 0)
    assert.same({ 1, 2 }, y:totable())
    assert.same({ "x", "y" }, names)
    assert.close({ { 3 } }, read("nan\n3\n", { missing = "drop" }), 0)
    assert.same({ { 3 } }, read("nan\n3\n", { missing = "drop", dtype = "u8" }):totable())
    refuses("1,?\n", { missing = "drop" }, "has no row without missing values")
    x = read("1,?\n2,3\n", { missing = "drop" })
    assert.equal(5, (x + 0):sum():item())
  end)

  it("still refuses words among the numbers", function()
    for _, missing in ipairs{ "error", "nan", "drop" } do
      refuses("1,2\n3,four\n", { missing = missing }, "line 2, column 2: 'four' is no number")
    end
  end)

  it("explains wrong options", function()
    refuses(iris, { labels = "sort" }, "has no column 'sort'")
    refuses("1,2\n", { labels = "kind" }, "has no column 'kind'; it has no header")
    refuses(iris, { labels = 4 }, "has 3 columns; there is no column 4")
    refuses(iris, { labels = -4 }, "there is no column -4")
    refuses(iris, { labels = math.maxinteger }, "there is no column")
    refuses(iris, { labels = math.mininteger }, "there is no column")
    refuses("1\n2\n", { labels = 1 }, "no column beside the labels")
    assert.raises(function() data.csv(path, { labels = 0 }) end, "labels must be \"last\"")
    assert.raises(function() data.csv(path, { labels = true }) end, "labels must be \"last\"")
    assert.raises(function() data.csv(path, { missing = "mean" }) end, "missing must be \"error\"")
    assert.raises(function() data.csv(path, { label = 1 }) end, "did you mean \"labels\"")
  end)

  it("keeps the rows of a large table apart from their labels", function()
    local lines = {}
    for i = 1, 5000 do lines[i] = ("%d,c%d,%d"):format(i, i % 7, -i) end
    local x, y, names = read(table.concat(lines, "\n"), { labels = 2 })
    assert.same({ 5000, 2 }, x:size())
    assert.equal(7, #names)
    assert.equal(0, x:sum():item())
    assert.equal("c3", names[y[10]:item()])
    assert.same({ 4321, -4321 }, x[4321]:totable())
  end)
end)
