-- Traffic signs from folders of PPM files.
local S = require "tests.support"
local hy = require "hyades"

-- A folder laid out as the benchmark, with small pictures: two of class 4, one of class 13.
local function benchmark()
  local root = S.folder()
  for class, pictures in pairs{ ["00004"] = { "b", "a" }, ["00013"] = { "a" } } do
    local folder = root .. "/Final_Training/Images/" .. class
    os.execute("mkdir -p " .. folder)
    for _, name in ipairs(pictures) do
      local file <close> = assert(io.open(("%s/%s.ppm"):format(folder, name), "wb"))
      local level = name == "a" and 0 or 255
      file:write("P6\n2 3\n255\n", string.char(level, 100, 50):rep(6))
    end
    local file <close> = assert(io.open(folder .. "/GT-" .. class .. ".csv", "wb"))
    file:write "Filename;Width\n"
  end
  return root
end

describe("data.gtsrb", function()
  it("reads the pictures of the classes in order, as planes of one size", function()
    local root = benchmark()
    local signs = hy.data.gtsrb{ classes = { 4, 13 }, size = 4, equalize = false, raw = true,
      dir = root }
    S.remove(root)
    assert.same({ 3, 48 }, signs.x:size())
    assert.same({ 1, 1, 2 }, signs.y:totable())
    assert.same({ "4", "13" }, signs.names)
    assert.same({ h = 4, w = 4, c = 3 }, signs.image)
    -- a before b: red 0, then 255; green 100; blue 50
    assert.same({ 0, 255, 0 }, signs.x:select(2, 1):totable())
    assert.same({ 100, 100, 100 }, signs.x:select(2, 17):totable())
    assert.same({ 50, 50, 50 }, signs.x:select(2, 48):totable())
  end)

  it("gives pixels in [0, 1], or of mean 0 and deviation 1 in every picture", function()
    local root = benchmark()
    local plain = hy.data.gtsrb{ classes = { 4 }, size = 2, dir = root }
    local even = hy.data.gtsrb{ classes = { 4 }, size = 2, standardize = "image", dir = root }
    S.remove(root)
    assert.close(100 / 255, plain.x[1][5], 1e-6)
    assert.close({ 0, 0 }, even.x:mean(2), 1e-6)
    assert.close({ 1, 1 }, even.x:std(2, { ddof = 0 }), 1e-6)
  end)

  it("names the folder and the option that is wrong", function()
    assert.raises(function() hy.data.gtsrb{ dir = "/nowhere" } end, "Final_Training/Images/000NN")
    assert.raises(function() hy.data.gtsrb{ classes = { 43 } } end, "classes[1]")
    assert.raises(function() hy.data.gtsrb{ classes = {} } end, "classes")
    assert.raises(function() hy.data.gtsrb{ size = 0 } end, "size")
    assert.raises(function() hy.data.gtsrb{ standardize = "column" } end, "standardize")
  end)
end)
