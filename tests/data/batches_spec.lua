-- Batches: every row once, in order or shuffled.
require "tests.support"
local hy = require "hyades"
local data = hy.data

local function rows_of(batches)
  local rows, sizes = {}, {}
  for batch in batches:epoch() do
    for _, row in ipairs(batch.rows:totable()) do rows[#rows + 1] = row end
    sizes[#sizes + 1] = batch.x:size(1)
  end
  return rows, sizes
end

local function sorted(list)
  local copy = { table.unpack(list) }
  table.sort(copy)
  return copy
end

local function counted(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

describe("data.Batches", function()
  local x = hy.arange(1, 10):reshape(10, 1)

  it("runs through the rows in order, the last batch short", function()
    local rows, sizes = rows_of(data.Batches{ x, size = 4 })
    assert.same(counted(10), rows)
    assert.same({ 4, 4, 2 }, sizes)
    assert.equal(3, data.Batches{ x, size = 4 }:count())
    assert.equal(1, data.Batches{ x }:count())
  end)

  it("leaves the short batch out with drop_last", function()
    local batches = data.Batches{ x, size = 4, drop_last = true }
    local rows, sizes = rows_of(batches)
    assert.same(counted(8), rows)
    assert.same({ 4, 4 }, sizes)
    assert.equal(2, batches:count())
  end)

  it("gives x, xs and rows that belong together", function()
    local y = hy.arange(10, 1, -1):to("index")
    for _, shuffle in ipairs{ false, hy.rng(5) } do
      for batch in data.Batches{ { x, y }, size = 3, shuffle = shuffle }:epoch() do
        assert.equal(batch.x, batch.xs[1])
        assert.equal("index", batch.rows.dtype)
        for i, row in ipairs(batch.rows:totable()) do
          assert.equal(row, batch.x:totable()[i][1])
          assert.equal(11 - row, batch.xs[2]:totable()[i])
        end
        assert.is_nil(batch.view)
      end
    end
  end)

  it("shuffles anew in every epoch, each row once, the same with the same seed", function()
    local big = hy.zeros(100, 1)
    local batches = data.Batches{ big, size = 7, shuffle = hy.rng(1) }
    local first, second = rows_of(batches), rows_of(batches)
    assert.same(counted(100), sorted(first))
    assert.same(counted(100), sorted(second))
    assert.not_same(first, second)
    assert.same(first, (rows_of(data.Batches{ big, size = 13, shuffle = hy.rng(1) })))
  end)

  it("turns u8 into f32 and leaves the numbers", function()
    local bytes = hy.tensor({ { 0 }, { 200 } }, { dtype = "u8" })
    for batch in data.Batches{ bytes }:epoch() do
      assert.equal("f32", batch.x.dtype)
      assert.same({ { 0 }, { 200 } }, batch.x:totable())
    end
  end)

  it("takes data sets", function()
    local d = data.blobs{ n = 30, rng = hy.rng(2) }
    local rows = rows_of(data.Batches{ d, size = 8 })
    assert.equal(30, #rows)
    for batch in data.Batches{ { d, d.y }, size = 30 }:epoch() do
      assert.same(d.y:totable(), batch.xs[2]:totable())
    end
  end)

  it("adds the augmented view", function()
    local seen
    local augment = function(batch, rng)
      seen = tostring(rng):find "rng" ~= nil
      return batch + 1
    end
    for batch in data.Batches{ x, size = 5, augment = augment }:epoch() do
      assert.close((batch.x + 1):totable(), batch.view, 0)
    end
    assert.is_not_nil(seen)
  end)

  it("draws by weight", function()
    local weights = { 0, 0, 1, 0, 3, 0, 0, 0, 0, 0 }
    local batches = data.Batches{ x, size = 5, weights = weights, shuffle = hy.rng(3) }
    local count = { [3] = 0, [5] = 0 }
    for _ = 1, 100 do
      for _, row in ipairs(rows_of(batches)) do count[row] = count[row] + 1 end
    end
    assert.equal(1000, count[3] + count[5])
    assert.is_true(count[5] > 650 and count[5] < 850)
  end)

  it("wants one view for every row", function()
    for wrong, text in pairs{ ["4×1"] = function(b) return b:narrow(1, 1, 4) end,
      ["nil"] = function() end, ["5"] = function() return 5 end } do
      local batches = data.Batches{ x, size = 5, augment = text }
      assert.raises(function() batches:epoch()() end,
        "augment must return a tensor with 5 rows, got " .. wrong)
    end
  end)

  it("serves an empty tensor no batch", function()
    assert.equal(0, data.Batches{ hy.zeros(0, 3) }:count())
    assert.same({}, (rows_of(data.Batches{ hy.zeros(0, 3), shuffle = true })))
  end)

  it("explains wrong options", function()
    local function fails(options, text)
      assert.raises(function() data.Batches(options) end, text)
    end
    fails({}, "the first element must be a tensor, a data set or a list")
    fails({ 5 }, "the first element must be a tensor")
    fails({ { x, hy.zeros(3) } }, "element 2 of the list has 3 rows, the first has 10")
    fails({ { x, "y" } }, "element 2 of the list is no tensor")
    fails({ hy.tensor(1) }, "no rows")
    fails({ x, size = 0 }, "size: expected an integer of at least 1, got 0")
    fails({ x, shufle = true }, "did you mean \"shuffle\"")
    fails({ x, shuffle = 7 }, "shuffle must be true, false or a generator, got 7")
    fails({ x, weights = { 1, 2 } }, "there are 2 weights for 10 rows")
    fails({ x, weights = 5 }, "weights must be a tensor or a list of numbers, got 5")
    fails({ x, weights = hy.rng(1) }, "weights must be a tensor or a list")
    fails({ x, augment = 5 }, "augment must be a function, got 5")
  end)
end)
