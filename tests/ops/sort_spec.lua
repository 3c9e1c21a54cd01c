--- Order along an axis.
require "tests.support"
local hy = require "hyades"

local nan, inf = 0 / 0, math.huge

describe("sort", function()
  it("gives values and the positions they had", function()
    local value, at = hy.tensor{ { 3, 1, 2 }, { -1, -2, 0 } }:sort()
    assert.same({ { 1, 2, 3 }, { -2, -1, 0 } }, value:totable())
    assert.same({ { 2, 3, 1 }, { 2, 1, 3 } }, at:totable())
    value = hy.tensor{ { 3, 1 }, { -1, 2 } }:sort(1, { descending = true })
    assert.same({ { 3, 2 }, { -1, 1 } }, value:totable())
  end)

  it("is stable", function()
    local x = hy.tensor{ 2, 1, 2, 1, 2 }
    assert.same({ 2, 4, 1, 3, 5 }, x:argsort():totable())
    assert.same({ 1, 3, 5, 2, 4 }, x:argsort{ descending = true }:totable())
  end)

  it("puts NaN last, and orders infinities and zeros", function()
    local x = hy.tensor{ nan, inf, -inf, 0, -0.0, 1 }
    assert.close({ -inf, 0, 0, 1, inf, nan }, (x:sort()))
    assert.close({ inf, 1, 0, 0, -inf, nan }, (x:sort{ descending = true }))
    assert.same({ 3, 4, 5, 6, 2, 1 }, x:argsort():totable())
  end)

  it("orders many like Lua does, in every dtype", function()
    local x = hy.randint({ 5000 }, 1, 200, { dtype = "f32", rng = hy.rng(2) })
    local expected = x:totable()
    table.sort(expected)
    for _, dtype in ipairs{ "f32", "f64", "u8", "index" } do
      local value, at = x:to(dtype):sort()
      assert.same(expected, value:to("f64"):totable())
      assert.same(expected, x:index(at):totable())
    end
  end)

  it("returns the gradient to where the values were", function()
    local x = hy.tensor{ { 3, 1, 2 } }
    local w = hy.tensor{ { 10, 20, 30 } }
    local g = hy.grad(function(p) return ((p:sort()) * w):sum() end, x)
    assert.same({ { 30, 10, 20 } }, g:totable())
  end)

  it("has its gradient along every axis", function()
    local x = hy.randn(2, 3, 4, { rng = hy.rng(1), dtype = "f64" })
    for axis = 1, 3 do
      assert(hy.gradcheck(function(p) return (p:sort(axis, { descending = true })) end, { x }))
      assert(hy.gradcheck(function(p) return (p:topk(2, axis)) end, { x }))
      assert(hy.gradcheck(function(p) return p:cumsum(axis) end, { x }))
    end
  end)

  it("takes empty rows", function()
    assert.same({ 2, 0 }, (hy.zeros(2, 0):sort()):size())
    assert.same({ 0, 2 }, (hy.zeros(0, 2):sort(1)):size())
  end)
end)

describe("topk", function()
  it("gives the best first", function()
    local value, at = hy.tensor{ { 3, 1, 2, 5 } }:topk(2)
    assert.same({ { 5, 3 } }, value:totable())
    assert.same({ { 4, 1 } }, at:totable())
    value, at = hy.tensor{ 3, 1, 2 }:topk(2, 1, { largest = false })
    assert.same({ 1, 2 }, value:totable())
    assert.same({ 2, 3 }, at:totable())
    assert.same({ 2, 3 }, (hy.ones(4, 3):topk(2, 1)):size())
    assert.same({ 3, 0 }, (hy.ones(3, 4):topk(0)):size())
  end)

  it("returns the gradient to the chosen", function()
    local g = hy.grad(function(p) return (p:topk(2, 1)):sum() end, hy.tensor{ { 1, 6 }, { 2, 5 }, { 3, 4 } })
    assert.same({ { 0, 1 }, { 1, 1 }, { 1, 0 } }, g:totable())
  end)

  it("wants no more than there is", function()
    assert.raises(function() hy.ones(3):topk(4) end, "topk: k is 4; axis 1 has 3 elements")
    assert.raises(function() hy.ones(3):topk(-1) end, "k is -1")
  end)
end)

describe("unique", function()
  it("gives sorted values, where they are, and how often", function()
    local value, inverse, count = hy.tensor{ { 3, 1 }, { 3, 2 } }:unique()
    assert.same({ 1, 2, 3 }, value:totable())
    assert.same({ { 3, 1 }, { 3, 2 } }, inverse:totable())
    assert.same({ 1, 1, 2 }, count:totable())
  end)

  it("works on labels and nothing, and counts NaN as one value", function()
    assert.same({ -1, 2 }, (hy.tensor({ 2, -1, 2 }, { dtype = "index" }):unique()):totable())
    assert.same({ 0 }, (hy.zeros(0):unique()):size())
    local value, _, count = hy.tensor{ nan, 1, nan }:unique()
    assert.close({ 1, nan }, value)
    assert.same({ 1, 2 }, count:totable())
  end)
end)
