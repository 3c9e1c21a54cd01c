--- Rows of length 1 and their cosines.
require "tests.support"
local hy = require "hyades"

local function random(n, d, seed) return hy.randn(n, d, { rng = hy.rng(seed), dtype = "f64" }) end

describe("normalize", function()
  it("divides by the length, along any axis", function()
    local x = hy.tensor{ { 3, 4 }, { 0, -2 } }
    assert.close({ { 0.6, 0.8 }, { 0, -1 } }, x:normalize(), 1e-6)
    assert.close({ { 1, 4 / math.sqrt(20) }, { 0, -2 / math.sqrt(20) } }, x:normalize(1), 1e-6)
    assert.close({ 0.6, 0.8 }, x[1]:normalize(), 1e-6)
  end)

  it("divides by eps where that is larger: zeros stay zeros", function()
    assert.same({ { 0, 0 } }, hy.zeros(1, 2):normalize():totable())
    assert.close({ { 0.5, 0 } }, hy.tensor{ { 1, 0 } }:normalize(2, { eps = 2 }), 1e-6)
    local gradient = hy.grad(function(x) return x:normalize(1, { eps = 0.5 }):sum() end, hy.zeros(3))
    assert.close({ 2, 2, 2 }, gradient, 1e-6)
  end)

  it("neither overflows nor underflows in f32", function()
    assert.close({ { 0.6, 0.8 } }, hy.tensor{ { 3e30, 4e30 } }:normalize(), 1e-6)
    assert.close({ { 0.6, 0.8 } }, hy.tensor{ { 3e-11, 4e-11 } }:normalize(), 1e-6)
  end)

  it("has a gradient along every axis, clamped or not", function()
    local x = hy.randn(2, 3, 4, { rng = hy.rng(1), dtype = "f64" })
    for axis = 1, 3 do
      assert(hy.gradcheck(function(y) return y:normalize(axis) end, { x }))
    end
    assert(hy.gradcheck(function(y) return y:normalize(-1, { eps = 100 }) end, { x }))
  end)

  it("wants a positive eps", function()
    assert.raises(function() hy.ones(2):normalize(1, { eps = 0 }) end,
      "eps is 0; it wants a number above 0")
  end)
end)

describe("cosine_matrix", function()
  it("is the cosine of the angle between rows", function()
    local x, y = hy.tensor{ { 1, 0 }, { 0, 0 } }, hy.tensor{ { 2, 0 }, { 3, 3 }, { -1, 0 } }
    assert.close({ { 1, math.sqrt(0.5), -1 }, { 0, 0, 0 } }, hy.cosine_matrix(x, y), 1e-6)
    local z = random(6, 3, 2)
    assert.close(hy.cosine_matrix(z, z), hy.cosine_matrix(z), 1e-12)
    assert.close(hy.ones(6), hy.cosine_matrix(z):diag(), 1e-12)
  end)

  it("has gradients for two matrices and for one with itself", function()
    assert(hy.gradcheck(hy.cosine_matrix, { random(4, 3, 3), random(2, 3, 4) }))
    assert(hy.gradcheck(hy.cosine_matrix, { random(4, 3, 5) }))
  end)

  it("names rows that differ in length", function()
    assert.raises(function() hy.cosine_matrix(hy.ones(2, 3), hy.ones(2, 4)) end,
      "cosine_matrix: rows differ in length: 2×3 and 2×4")
  end)
end)
