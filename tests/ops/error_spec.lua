--- The mean squared error in one op.
require "tests.support"
local hy = require "hyades"

describe("mean_square_error", function()
  it("is the mean of the squared differences, with the gradient 2/n times the difference", function()
    local x, y = hy.tensor{ { 1, 2 }, { 3, 4 } }, hy.tensor{ { 1, 0 }, { 0, 4 } }
    assert.close((4 + 9) / 4, hy.mean_square_error(x, y):item(), 0)
    assert.close({ { 0, 1 }, { 1.5, 0 } }, hy.grad(function(p) return p:mean_square_error(y) end, x), 0)
    assert.close({ { 0, -1 }, { -1.5, 0 } }, hy.grad(function(p) return x:mean_square_error(p) end, y), 0)
  end)

  it("adds millions of f32 without losing any", function()
    local x, y = hy.full({ 3000003 }, 1.5), hy.full({ 3000003 }, 1.25)
    assert.close(0.0625, hy.mean_square_error(x, y):item(), 1e-9)
  end)

  it("gives the same bits with 1 and 2 threads, at any length", function()
    local was = hy.threads()
    for _, n in ipairs{ 1, 17, 16384, 16385, 1000001 } do
      local x, y = hy.randn(n, { rng = hy.rng(1) }), hy.randn(n, { rng = hy.rng(2) })
      hy.threads(1)
      local one = hy.mean_square_error(x, y):item()
      hy.threads(2)
      assert.equal(one, hy.mean_square_error(x, y):item())
      hy.threads(was)
      local exact = (x:to("f64") - y:to("f64")):square():mean():item()
      assert.close(exact, one, 1e-6 * exact)
    end
  end)

  it("keeps NaN, also that of nothing", function()
    local value = hy.mean_square_error(hy.tensor{ 1, 0 / 0 }, hy.tensor{ 1, 2 }):item()
    assert.is_true(value ~= value)
    value = hy.mean_square_error(hy.zeros(0), hy.zeros(0)):item()
    assert.is_true(value ~= value)
  end)

  it("names what does not fit", function()
    assert.raises(function() hy.mean_square_error(hy.ones(2, 3), hy.ones(3, 2)) end,
      "mean_square_error: the shapes differ: 2×3 and 3×2")
    assert.raises(function() hy.mean_square_error(hy.ones(2), hy.ones(2, { dtype = "f64" })) end,
      "dtypes differ")
  end)
end)
