--- softmax and its relatives, at the edges.
require "tests.support"
local hy = require "hyades"

local inf = math.huge

describe("softmax", function()
  it("sums to 1 along any axis", function()
    local x = hy.randn(3, 4, 5, { rng = hy.rng(1) })
    for axis = 1, 3 do
      local s = x:softmax(axis):sum(axis)
      assert.close(hy.ones(s:size()), s, 1e-6)
      assert.close(x:softmax(axis):log(), x:log_softmax(axis), 1e-5)
    end
    assert.close(x:softmax(3), x:softmax(), 0)
  end)

  it("has its gradient along every axis", function()
    local x = hy.randn(2, 3, 4, { rng = hy.rng(1), dtype = "f64" })
    for axis = 1, 3 do
      assert(hy.gradcheck(function(p) return p:softmax(axis) end, { x }))
      assert(hy.gradcheck(function(p) return p:log_softmax(axis) end, { x }))
    end
  end)

  it("is exact at ±1e4", function()
    assert.same({ 1, 0 }, hy.tensor{ 1e4, -1e4 }:softmax():totable())
    assert.same({ 0, -2e4 }, hy.tensor{ 1e4, -1e4 }:log_softmax():totable())
    assert.same({ 0.5, 0.5 }, hy.tensor{ 1e4, 1e4 }:softmax():totable())
  end)

  it("ignores -inf, and gives zeros where there is nothing else", function()
    assert.close({ 0.5, 0, 0.5 }, hy.tensor{ 1, -inf, 1 }:softmax(), 1e-7)
    assert.same({ 0, 0 }, hy.tensor{ -inf, -inf }:softmax():totable())
  end)

  it("takes empty tensors", function()
    assert.same({ 0, 3 }, hy.zeros(0, 3):softmax():size())
    assert.same({ 3, 0 }, hy.zeros(3, 0):softmax():size())
  end)

  it("needs numbers", function()
    assert.raises(function() hy.ones(2, { dtype = "u8" }):softmax() end, "softmax: u8 holds no numbers")
  end)
end)

describe("logsumexp", function()
  it("does not overflow", function()
    assert.close(1000 + math.log(2), hy.tensor{ 1000, 1000 }:logsumexp(), 1e-6)
    assert.close({ { math.log(3) }, { 2 + math.log(3) } },
      hy.tensor{ { 0, 0, 0 }, { 2, 2, 2 } }:logsumexp(2, { keep = true }), 1e-6)
  end)

  it("survives rows with -inf", function()
    local x = hy.tensor{ { -inf, 1, -inf }, { -inf, -inf, -inf } }
    assert.close({ 1, -inf }, x:logsumexp(2))
    local g = hy.grad(function(p) return p:logsumexp(2):sum() end, x)
    assert.close({ { 0, 1, 0 }, { 0, 0, 0 } }, g)
    assert.close({ -inf, -inf }, hy.zeros(2, 0):logsumexp(2))
  end)
end)
