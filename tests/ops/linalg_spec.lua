--- Symmetric eigenvalues.
require "tests.support"
local hy = require "hyades"

describe("eigh", function()
  it("gives ascending values and vectors as columns", function()
    local value, vector = hy.eigh(hy.tensor{ { 2, 1 }, { 1, 2 } })
    local h = math.sqrt(0.5)
    assert.close({ 1, 3 }, value, 1e-6)
    assert.close({ { h, h }, { -h, h } }, vector, 1e-6)
    assert.equal("f32", value.dtype)
  end)

  it("rebuilds its matrix from orthonormal vectors", function()
    local a = hy.randn(30, 30, { rng = hy.rng(1), dtype = "f64" })
    local s = a:mm(a:t())
    local value, vector = hy.eigh(s)
    assert.close(s, (vector * value):mm(vector:t()), 1e-10)
    assert.close(hy.eye(30), vector:t():mm(vector), 1e-10)
    assert.is_true(value:min():item() >= -1e-10)
  end)

  it("fixes signs: the largest component is positive", function()
    local a = hy.randn(9, 9, { rng = hy.rng(3), dtype = "f64" })
    local _, vector = hy.eigh(a + a:t())
    assert.close((vector:abs():max(1)), (vector:max(1)), 1e-12)
  end)

  it("takes nothing and refuses what is not symmetric", function()
    assert.same({ 0 }, (hy.eigh(hy.zeros(0, 0))):size())
    assert.raises(function() hy.eigh(hy.ones(2, 3)) end, "eigh: x must be square, got 2×3")
    assert.raises(function() hy.eigh(hy.tensor{ { 1, 2 }, { 3, 1 } }) end,
      "x is not symmetric: 3 at (2, 1) but 2 at (1, 2)")
    assert.raises(function() hy.eigh(hy.tensor{ { 1, 0 }, { 0, 0 / 0 } }) end, "x holds")
  end)
end)
