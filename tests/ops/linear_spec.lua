--- The dense layer in one op.
require "tests.support"
local hy = require "hyades"

local function f64(list) return hy.tensor(list, { dtype = "f64" }) end

describe("linear", function()
  local x, bias = f64{ { 1, 2 }, { 3, -1 } }, f64{ 10, 20, -30 }
  local w = f64{ { 1, 0 }, { 2, 1 }, { -1, 1 } }

  it("is x·wᵀ + bias for every row", function()
    assert.close({ { 1, 4, 1 }, { 3, 5, -4 } }, hy.linear(x, w), 0)
    assert.close({ { 11, 24, -29 }, { 13, 25, -34 } }, hy.linear(x, w, bias), 0)
    assert.close({ 11, 24, -29 }, hy.linear(x[1], w, bias), 0)
    assert.close({ { { 11, 24, -29 } }, { { 13, 25, -34 } } },
      hy.linear(x:reshape(2, 1, 2), w, bias), 0)
  end)

  it("applies an activation as the op of that name would, with its gradient", function()
    local b = f64{ -2, 1, 0.5 }
    for _, name in ipairs{ "relu", "leaky_relu", "tanh", "sigmoid" } do
      for _, offset in ipairs{ b, false } do
        local function fused(p, q, r)
          return hy.linear(p, q, offset and r or nil, { activation = name, slope = 0.2 })
        end
        local function steps(p, q, r)
          local y = p:mm(q:t())
          if offset then y = y + r end
          return name == "leaky_relu" and y:leaky_relu(0.2) or y[name](y)
        end
        assert.close(steps(x, w, b), fused(x, w, b), 1e-15)
        local list = { x, w, offset or nil }
        assert(hy.gradcheck(fused, list))
      end
    end
  end)

  it("sums the gradient of the bias over all rows", function()
    local p = hy.param(bias)
    local tape <close> = hy.tape()
    tape:backward((hy.linear(x, w, p) * f64{ { 1, 2, 3 }, { 4, 5, 6 } }):sum())
    assert.close({ 5, 7, 9 }, p.grad, 0)
  end)

  it("takes no rows and no columns", function()
    assert.same({ 0, 3 }, hy.linear(hy.zeros(0, 2), hy.ones(3, 2), hy.ones(3)):size())
    assert.close({ { 1, 1, 1 } }, hy.linear(hy.zeros(1, 0), hy.zeros(3, 0), hy.ones(3)), 0)
    local q = hy.param(hy.ones(3, 2))
    local tape <close> = hy.tape()
    tape:backward(hy.linear(hy.zeros(0, 2), q, hy.ones(3)):sum())
    assert.close(hy.zeros(3, 2), q.grad, 0)
  end)

  it("names what does not fit", function()
    assert.raises(function() hy.linear(hy.ones(4, 3), hy.ones(5, 2)) end,
      "linear: rows of x and w differ in length: 4×3 and 5×2")
    assert.raises(function() hy.linear(x, w, f64{ 1, 2 }) end, "bias has 2 elements for 3 rows of w")
    assert.raises(function() hy.linear(x, w, bias, { activation = "gelu" }) end,
      'activation is "gelu"; it wants relu, leaky_relu, tanh or sigmoid')
    assert.raises(function() hy.linear(x, w, bias, { activation = "none such" }) end,
      'option activation: expected the name of an op, got "none such"')
    assert.raises(function() hy.linear(x, w, bias, { activation = "leaky_relu", slope = 0 }) end,
      "slope is 0; it wants a number above 0")
    assert.raises(function() hy.linear(x, hy.ones(3, 2)) end, "dtypes differ")
  end)
end)
