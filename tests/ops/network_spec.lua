--- dropout and batch normalization.
require "tests.support"
local hy = require "hyades"

describe("dropout", function()
  it("zeroes a share p and scales the rest", function()
    local y = hy.ones(20000):dropout{ p = 0.25, rng = hy.rng(1) }
    assert.close(0.25, y:eq(0):mean(), 0.02)
    assert.close({ 0, 4 / 3 }, (y:unique()), 1e-6)
  end)

  it("sends the gradient through the same mask", function()
    local x = hy.param(hy.ones(100))
    local tape <close> = hy.tape()
    local y = x:dropout{ rng = hy.rng(1) }
    tape:backward(y:sum())
    assert.same(y:totable(), x.grad:totable())
  end)

  it("leaves all for p = 0 and refuses p outside 0..1", function()
    assert.same({ 1, 2 }, hy.tensor{ 1, 2 }:dropout{ p = 0 }:totable())
    assert.raises(function() hy.ones(2):dropout{ p = 1 } end, "p is 1; it wants 0 ≤ p < 1")
    assert.raises(function() hy.ones(2):dropout{ p = -0.1 } end, "p is -0.1")
  end)
end)

describe("batch_norm", function()
  local x = hy.tensor{ { 1, 10 }, { 3, 30 }, { 5, 20 } }
  local gamma, beta = hy.tensor{ 2, 1 }, hy.tensor{ 0, 5 }
  local mean, var

  before_each(function()
    mean, var = hy.zeros(2), hy.ones(2)
  end)

  it("brings columns to mean beta and deviation gamma", function()
    local y = hy.batch_norm(x, gamma, beta, mean, var)
    assert.close({ 0, 5 }, y:mean(1), 1e-5)
    assert.close({ 2, 1 }, y:std(1, { ddof = 0 }), 1e-4)
    assert.close(-2 * 2 / math.sqrt(8 / 3 + 1e-5), y[1][1], 1e-5)
  end)

  it("moves the running averages in training, unbiased", function()
    hy.batch_norm(x, gamma, beta, mean, var, { momentum = 0.1 })
    assert.close({ 0.3, 2 }, mean, 1e-6)
    assert.close({ 0.9 + 0.4, 0.9 + 10 }, var, 1e-5)
  end)

  it("leaves the averages bit-equal in the other modes", function()
    hy.batch_norm(x, gamma, beta, mean, var, { mode = 2 })
    local stored = hy.batch_norm(x, gamma, beta, mean, var, { mode = 3, eps = 0 })
    assert.same({ 0, 0 }, mean:totable())
    assert.same({ 1, 1 }, var:totable())
    assert.close({ { 2, 15 }, { 6, 35 }, { 10, 25 } }, stored, 1e-6)
  end)

  it("has exact gradients in every mode", function()
    local function f64(t) return t:to("f64") end
    for mode = 1, 3 do
      assert(hy.gradcheck(function(a, g, b)
        local m, v = hy.full({ 2 }, 0.5, { dtype = "f64" }), hy.full({ 2 }, 2, { dtype = "f64" })
        return hy.batch_norm(a, g, b, m, v, { mode = mode })
      end, { f64(x) / 10, f64(gamma), f64(beta) }))
    end
  end)

  it("may run twice on one tape", function()
    local p = hy.param(x)
    local tape <close> = hy.tape()
    local first = hy.batch_norm(p, gamma, beta, mean, var)
    local second = hy.batch_norm(p, gamma, beta, mean, var)
    tape:backward((first * x + second):sum())
    assert.is_true(p.grad:abs():max():item() > 0)
    assert.close({ 0.57, 3.8 }, mean, 1e-6)
  end)

  it("moves the averages once when memory ran out on the way", function()
    for n = 1, 60 do
      local m, v = hy.zeros(2), hy.ones(2)
      hy.fail_allocation(n)
      hy.batch_norm(x, gamma, beta, m, v)
      hy.fail_allocation(0)
      assert.close({ 0.3, 2 }, m, 1e-6)
      assert.close({ 1.3, 10.9 }, v, 1e-5)
    end
  end)

  it("names what is wrong and then changes nothing", function()
    assert.raises(function() hy.batch_norm(hy.ones(1, 2), gamma, beta, mean, var) end, "x has 1 rows")
    assert.raises(function() hy.batch_norm(x, hy.ones(3), beta, mean, var) end,
      "gamma has 3 elements for 2 columns of x")
    assert.raises(function() hy.batch_norm(x, gamma, beta, mean, var, { mode = 4 }) end, "mode is 4")
    assert.same({ 0, 0 }, mean:totable())
    assert.same({ 1, 2 }, hy.batch_norm(hy.ones(1, 2), gamma, beta, mean, var, { mode = 3 }):size())
  end)
end)

describe("layer_norm", function()
  local x = hy.tensor{ { 1, 2, 3 }, { 4, 4, 10 } }
  local gamma, beta = hy.tensor{ 1, 2, 1 }, hy.tensor{ 0, 0, 5 }
  local a, b = math.sqrt(1.5), math.sqrt(0.5)

  it("gives every row mean 0 and variance 1", function()
    assert.close({ { -a, 0, a }, { -b, -b, 2 * b } }, x:layer_norm{ eps = 0 }, 1e-6)
    local moved = { { -a, 0, a + 5 }, { -b, -2 * b, 2 * b + 5 } }
    assert.close(moved, x:layer_norm(gamma, beta, { eps = 0 }), 1e-6)
    local y = hy.randn(3, 4, 50, { rng = hy.rng(1) }):layer_norm()
    assert.close(hy.zeros(3, 4), y:mean(3), 1e-6)
    assert.close(hy.ones(3, 4), y:var(3, { ddof = 0 }), 1e-3)
  end)

  it("survives rows far from 0, and equal elements", function()
    assert.close({ { -a, 0, a } }, hy.tensor{ { 10001, 10002, 10003 } }:layer_norm(), 1e-4)
    assert.same({ { 0, 0 } }, hy.full({ 1, 2 }, 7):layer_norm():totable())
  end)

  it("has a gradient with and without gamma and beta", function()
    local f64 = x:to("f64")
    assert(hy.gradcheck(function(y) return y:layer_norm() end, { f64 }))
    assert(hy.gradcheck(function(y, g) return y:layer_norm(g) end, { f64, gamma:to("f64") }))
    assert(hy.gradcheck(hy.layer_norm, { f64, gamma:to("f64"), beta:to("f64") }))
  end)

  it("names what is wrong", function()
    assert.raises(function() x:layer_norm(hy.ones(2)) end, "gamma has 2 elements for rows of length 3")
    assert.raises(function() x:layer_norm(gamma, hy.ones(4)) end,
      "beta has 4 elements for rows of length 3")
    assert.raises(function() x:layer_norm{ eps = -1 } end, "eps is -1; it wants 0 or more")
  end)
end)
