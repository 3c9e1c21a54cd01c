--- Choosing by position, label and mask.
require "tests.support"
local hy = require "hyades"

local x = hy.arange(1, 12):reshape(3, 4)
local function index(t) return hy.tensor(t, { dtype = "index" }) end
local function mask(t) return hy.tensor(t, { dtype = "u8" }) end

describe("index", function()
  it("takes positions along an axis, in order", function()
    assert.same({ { 9, 10, 11, 12 }, { 1, 2, 3, 4 } }, x:index{ 3, 1 }:totable())
    assert.same({ { 4, 1 }, { 8, 5 }, { 12, 9 } }, x:index({ 4, 1 }, 2):totable())
    assert.same({ 0, 4 }, x:index(index{}):size())
    assert.same({ 3, -1 }, index{ 5, -1, 3 }:index{ 3, 2 }:totable())
  end)

  it("takes positions of any shape", function()
    local y = x:index(index{ { 1, 2 }, { 3, 3 } })
    assert.same({ 2, 2, 4 }, y:size())
    assert.same({ 9, 10, 11, 12 }, y[2][1]:totable())
  end)

  it("takes a mask over the axis", function()
    assert.same({ { 1, 2, 3, 4 }, { 9, 10, 11, 12 } }, x:index(mask{ 1, 0, 1 }):totable())
    assert.same({ { 2 }, { 6 }, { 10 } }, x:index(mask{ 0, 1, 0, 0 }, 2):totable())
    assert.raises(function() x:index(mask{ 1, 0 }) end,
      "the mask is 2; it wants 3 elements, one for each row")
  end)

  it("adds up the gradient of repeated positions", function()
    local g = hy.grad(function(p) return p:index{ 1, 3, 1 }:sum() end, x)
    assert.same({ { 2, 2, 2, 2 }, { 0, 0, 0, 0 }, { 1, 1, 1, 1 } }, g:totable())
    g = hy.grad(function(p) return p:index({ 2, 2 }, 2):sum() end, x)
    assert.same({ { 0, 2, 0, 0 }, { 0, 2, 0, 0 }, { 0, 2, 0, 0 } }, g:totable())
    g = hy.grad(function(p) return p:index(mask{ 0, 1, 0 }):sum() end, x)
    assert.same({ 0, 4, 0 }, g:sum(2):totable())
  end)

  it("names a position that does not exist", function()
    assert.raises(function() x:index{ 1, 4 } end, "index: row 4 is outside 1..3")
    assert.raises(function() x:index({ 5 }, 2) end, "index: position 5 is outside 1..4")
    assert.raises(function() x:index{ -1 } end, "-1 (none) is no row")
  end)
end)

describe("gather", function()
  it("takes one element of the axis for each entry", function()
    local at = index{ { 1, 4 }, { 2, 2 }, { 3, 1 } }
    assert.same({ { 1, 4 }, { 6, 6 }, { 11, 9 } }, x:gather(2, at):totable())
    assert.same({ { 9, 2, 7, 4 } }, x:gather(1, index{ { 3, 1, 2, 1 } }):totable())
    local g = hy.grad(function(p) return p:gather(2, at):sum() end, x)
    assert.same({ { 1, 0, 0, 1 }, { 0, 2, 0, 0 }, { 1, 0, 1, 0 } }, g:totable())
    assert.raises(function() x:gather(2, index{ { 1 }, { 2 } }) end,
      "index must be shaped like x except along the axis: 3×4 and 2×1")
    assert.raises(function() x:gather(2, index{ { 5 }, { 1 }, { 1 } }) end, "position 5 is outside 1..4")
  end)
end)

describe("scatter_add", function()
  it("adds rows, repeated ones too, and leaves x alone", function()
    local zeros = hy.zeros(2, 2)
    local src = hy.tensor{ { 1, 2 }, { 3, 4 }, { 5, 6 } }
    assert.same({ { 6, 8 }, { 3, 4 } }, zeros:scatter_add({ 1, 2, 1 }, src):totable())
    assert.same({ { 3, 0 }, { 7, 0 }, { 11, 0 } }, hy.zeros(3, 2):scatter_add({ 1, 1 }, src, 2):totable())
    assert.equal(0, zeros:sum():item())
    assert.raises(function() zeros:scatter_add({ 1 }, src) end, "one row for each of rows")
    assert.raises(function() zeros:scatter_add({ 1, 2, 3 }, src) end, "row 3 is outside 1..2")
  end)
end)

describe("gradients along axes", function()
  it("are right for index, gather and scatter_add", function()
    local y = hy.randn(2, 3, 4, { rng = hy.rng(1), dtype = "f64" })
    for axis = 1, 3 do
      local src = y:index({ 2, 1, 2 }, axis)
      local at = hy.ones(y:size(), { dtype = "index" })
      assert(hy.gradcheck(function(p) return p:index({ 2, 1, 2 }, axis) end, { y }))
      assert(hy.gradcheck(function(p) return p:gather(axis, at) end, { y }))
      assert(hy.gradcheck(function(p, s) return p:scatter_add({ 2, 1, 2 }, s, axis) end, { y, src }))
    end
  end)
end)

describe("masks", function()
  it("select elements in row order", function()
    assert.same({ 10, 11, 12 }, x:masked_select(x:gt(9)):totable())
    assert.same({ 1, 5, 9 }, x:masked_select(mask{ 1, 0, 0, 0 }):totable())
    assert.same({ 0 }, x:masked_select(x:gt(99)):size())
    local g = hy.grad(function(p) return (p:masked_select(x:gt(10)) * hy.tensor{ 2, 3 }):sum() end, x)
    assert.same({ { 0, 0, 0, 0 }, { 0, 0, 0, 0 }, { 0, 0, 2, 3 } }, g:totable())
    assert.raises(function() x:masked_select(x) end, "mask must be u8, got f32")
    assert.raises(function() x:masked_select(mask{ 1, 0 }) end, "cannot stretch 2 to 3×4")
  end)

  it("fill elements and stop their gradient", function()
    assert.same({ { 0, 0, 0, 4 }, { 5, 6, 7, 8 }, { 9, 10, 11, 12 } }, x:masked_fill(x:lt(4), 0):totable())
    assert.close({ -math.huge, 2 }, hy.tensor{ 1, 2 }:masked_fill(mask{ 1, 0 }, -math.huge))
    local g = hy.grad(function(p) return p:masked_fill(x:lt(4), 7):sum() end, x)
    assert.same({ { 0, 0, 0, 1 }, { 1, 1, 1, 1 }, { 1, 1, 1, 1 } }, g:totable())
  end)

  it("list the positions that are not 0", function()
    assert.same({ { 1, 2 }, { 2, 1 } }, hy.tensor{ { 0, 5 }, { 0 / 0, 0 } }:nonzero():totable())
    assert.same({ { 3 } }, mask{ 0, 0, 2 }:nonzero():totable())
    assert.same({ 0, 2 }, hy.zeros(2, 2):nonzero():size())
    assert.raises(function() index{ 1 }:nonzero() end, "nonzero: x is index, which holds no zeros")
  end)
end)

describe("labels", function()
  local y = index{ 1, 3, -1, 3 }

  it("become one-hot rows, noise a row of zeros", function()
    assert.same({ { 1, 0, 0 }, { 0, 0, 1 }, { 0, 0, 0 }, { 0, 0, 1 } }, y:one_hot():totable())
    assert.same({ 4, 5 }, y:one_hot(5):size())
    assert.equal("f64", y:one_hot(3, { dtype = "f64" }).dtype)
    assert.same({ 2, 2, 4 }, y:reshape(2, 2):one_hot(4):size())
    assert.raises(function() y:one_hot(2) end, "one_hot: label 3 is outside 1..2")
  end)

  it("are counted without noise", function()
    assert.same({ 1, 0, 2 }, y:bincount():totable())
    assert.same({ 1, 0, 2, 0 }, y:bincount(4):totable())
    assert.equal("f64", y:bincount().dtype)
    assert.same({ 0 }, index{}:bincount():size())
    assert.raises(function() y:bincount(2) end, "label 3 is outside 1..2")
    assert.raises(function() hy.ones(3):bincount() end, "expected index, got f32")
  end)

  it("average the rows of each cluster", function()
    local points = hy.tensor{ { 1, 2 }, { 3, 4 }, { 99, 99 }, { 5, 8 } }
    local centers, counts = points:label_means(y)
    assert.same({ { 1, 2 }, { 0, 0 }, { 4, 6 } }, centers:totable())
    assert.same({ 1, 0, 2 }, counts:totable())
    local g = hy.grad(function(p) return (p:label_means(y)):sum() end, points)
    assert.same({ { 1, 1 }, { 0.5, 0.5 }, { 0, 0 }, { 0.5, 0.5 } }, g:totable())
    assert.raises(function() points:label_means{ 1, 2 } end, "2 labels for 4 rows")
  end)
end)
