--- Squared distances.
require "tests.support"
local hy = require "hyades"

describe("sqdist", function()
  it("is the squared distance between rows", function()
    local x, y = hy.tensor{ { 0, 0 }, { 3, 4 } }, hy.tensor{ { 0, 0 }, { 0, 4 }, { 6, 8 } }
    assert.close({ { 0, 16, 100 }, { 25, 9, 25 } }, hy.sqdist(x, y), 1e-6)
  end)

  it("does not cancel far from 0, and is never negative", function()
    local x = hy.randn(300, 40, { rng = hy.rng(1) }) + 1e4
    local d = x:sqdist(x)
    assert.is_true(d:min():item() >= 0)
    assert.close(hy.zeros(300), d:diag(), 1e-3)
    local exact = x[1]:to("f64") - x[2]:to("f64")
    assert.close((exact * exact):sum():item(), d[1][2]:item(), 1e-4)
  end)

  it("has an exact gradient far from 0", function()
    local x = hy.tensor{ { 10000, 10000 } }
    local y = hy.tensor{ { 10001, 9998 }, { 10000, 10000.5 } }
    local g = hy.grad(function(p) return p:sqdist(y):sum() end, x)
    assert.close({ { -2, 3 } }, g, 1e-6)
  end)

  it("takes empty tensors", function()
    assert.same({ 0, 3 }, hy.zeros(0, 2):sqdist(hy.ones(3, 2)):size())
    assert.same({ 3, 0 }, hy.ones(3, 2):sqdist(hy.zeros(0, 2)):size())
    assert.same({ { 0, 0 } }, hy.zeros(1, 0):sqdist(hy.zeros(2, 0)):totable())
  end)

  it("names rows that differ in length", function()
    assert.raises(function() hy.sqdist(hy.ones(60, 3), hy.ones(10, 4)) end,
      "sqdist: rows differ in length: 60×3 and 10×4")
    assert.raises(function() hy.sqdist(hy.ones(3), hy.ones(1, 3)) end, "argument 1 (x): expected a matrix")
    assert.raises(function() hy.sqdist(hy.ones(1, 3), hy.ones(1, 3, { dtype = "f64" })) end, "dtypes differ")
  end)
end)
