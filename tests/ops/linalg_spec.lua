--- Decompositions and linear equations.
require "tests.support"
local hy = require "hyades"

local function f64(list) return hy.tensor(list, { dtype = "f64" }) end
local function random(n, d, seed) return hy.randn(n, d, { rng = hy.rng(seed), dtype = "f64" }) end
local function symmetric(x) return (x + x:t()) / 2 end
local function positive(n, seed)
  local a = random(n, n, seed)
  return a:mm(a:t()) + hy.eye(n, { dtype = "f64" })
end

local tall = f64{ { 2, -1, 0.5 }, { 1, 3, -2 }, { 0, 1.5, 1 }, { -1, 0.5, 2 } }
local definite = f64{ { 4, 1, -2 }, { 1, 2, 0 }, { -2, 0, 3 } }
local other = f64{ { 2, 0.5, 0 }, { 0.5, 1, 0.25 }, { 0, 0.25, 1.5 } }
local nan = hy.tensor{ { 1, 0 }, { 0, 0 / 0 } }

describe("eigh", function()
  it("gives ascending values and vectors as columns", function()
    local value, vector = hy.eigh(hy.tensor{ { 2, 1 }, { 1, 2 } })
    local h = math.sqrt(0.5)
    assert.close({ 1, 3 }, value, 1e-6)
    assert.close({ { h, h }, { -h, h } }, vector, 1e-6)
    assert.equal("f32", value.dtype)
  end)

  it("rebuilds its matrix from orthonormal vectors", function()
    local a = random(30, 30, 1)
    local s = a:mm(a:t())
    local value, vector = hy.eigh(s)
    assert.close(s, (vector * value):mm(vector:t()), 1e-10)
    assert.close(hy.eye(30), vector:t():mm(vector), 1e-10)
    assert.is_true(value:min():item() >= -1e-10)
  end)

  it("fixes signs: the largest component is positive", function()
    local a = random(9, 9, 3)
    local _, vector = hy.eigh(a + a:t())
    assert.close((vector:abs():max(1)), (vector:max(1)), 1e-12)
  end)

  it("solves x·v = value·b·v with vᵀ·b·v = 1", function()
    local value, vector = hy.eigh(definite, other)
    assert.close({ 0.81678404338, 2, 3.18321595662 }, value, 1e-10)
    assert.close(definite:mm(vector), other:mm(vector) * value, 1e-10)
    assert.close(hy.eye(3), vector:t():mm(other):mm(vector), 1e-10)
  end)

  it("has gradients of values and of vectors, plain and generalized", function()
    local function both(x, b)
      local value, vector = hy.eigh(symmetric(x), b and symmetric(b))
      return hy.cat({ value, (vector * hy.arange(1, 5):to("f64")):reshape(25) }, 1)
    end
    assert(hy.gradcheck(both, { random(5, 5, 4) }))
    assert(hy.gradcheck(both, { random(5, 5, 5), positive(5, 6) }))
  end)

  it("has a finite gradient where values repeat", function()
    local gradient = hy.grad(function(x)
      local value, vector = hy.eigh(x)
      return value:sum() + vector:mm(vector:t()):sum()
    end, hy.eye(4, { dtype = "f64" }))
    assert.close(hy.eye(4), gradient, 1e-12)
  end)

  it("takes nothing and refuses what is not symmetric", function()
    assert.same({ 0 }, (hy.eigh(hy.zeros(0, 0))):size())
    assert.raises(function() hy.eigh(hy.ones(2, 3)) end, "eigh: x must be square, got 2×3")
    assert.raises(function() hy.eigh(hy.tensor{ { 1, 2 }, { 3, 1 } }) end,
      "x is not symmetric: 3 at (2, 1) but 2 at (1, 2)")
    assert.raises(function() hy.eigh(nan) end, "x holds")
    assert.raises(function() hy.eigh(hy.eye(2), hy.eye(3)) end, "x and b differ in size: 2×2 and 3×3")
    assert.raises(function() hy.eigh(hy.eye(2), -hy.eye(2)) end, "b is not positive definite")
  end)
end)

describe("svd", function()
  it("gives the values that NumPy gives", function()
    local _, s = hy.svd(tall)
    assert.close({ 3.95861698156, 2.87261282294, 1.95638625093 }, s, 1e-10)
  end)

  it("rebuilds tall, wide and square matrices from orthonormal columns", function()
    for _, size in ipairs{ { 7, 4 }, { 4, 7 }, { 5, 5 }, { 1, 6 }, { 6, 1 } } do
      local x = random(size[1], size[2], 7)
      local u, s, v = hy.svd(x)
      local k = math.min(size[1], size[2])
      assert.close(x, (u * s):mm(v:t()), 1e-12)
      assert.close(hy.eye(k), u:t():mm(u), 1e-12)
      assert.close(hy.eye(k), v:t():mm(v), 1e-12)
      assert.close((v:abs():max(1)), (v:max(1)), 1e-12)
      assert.close(s, (s:sort{ descending = true }), 0)
    end
  end)

  it("has gradients of all three, for every shape", function()
    for _, size in ipairs{ { 5, 3 }, { 3, 5 }, { 4, 4 } } do
      assert(hy.gradcheck(function(x)
        local u, s, v = hy.svd(x)
        return hy.cat({ u:reshape(u:numel()), s, v:reshape(v:numel()) }, 1)
      end, { random(size[1], size[2], 8) }))
    end
  end)

  it("has a finite gradient where values repeat or are 0", function()
    local function all(x)
      local u, s, v = hy.svd(x)
      return s:sum() + u:mm(v:t()):sum()
    end
    for _, x in ipairs{ hy.eye(3, { dtype = "f64" }), hy.ones(3, 3, { dtype = "f64" }) } do
      assert.is_true(hy.grad(all, x):abs():max():item() < 100)
    end
  end)

  it("takes nothing and refuses NaN", function()
    local u, s, v = hy.svd(hy.zeros(3, 0))
    assert.same({ { 3, 0 }, { 0 }, { 0, 0 } }, { u:size(), s:size(), v:size() })
    assert.raises(function() hy.svd(nan) end, "svd: x holds")
  end)
end)

describe("qr", function()
  it("gives what NumPy gives, with a diagonal that is not negative", function()
    local q, r = hy.qr(tall)
    assert.close({ { 2.44948974278, 0.204124145232, -1.22474487139 },
      { 0, 3.52963643076, -1.06243237046 },
      { 0, 0, 2.57317653071 } }, r, 1e-10)
    assert.close(tall, q:mm(r), 1e-12)
    assert.close(hy.eye(3), q:t():mm(q), 1e-12)
  end)

  it("splits wide matrices, but has no gradient there", function()
    local x = random(3, 5, 9)
    local q, r = hy.qr(x)
    assert.same({ { 3, 3 }, { 3, 5 } }, { q:size(), r:size() })
    assert.close(x, q:mm(r), 1e-12)
    assert.raises(function()
      hy.grad(function(y) return (hy.qr(y)):sum() end, x)
    end, "qr: x has more columns than rows: no gradient")
  end)

  it("has gradients of both, and a sentence where columns depend on each other", function()
    for _, size in ipairs{ { 5, 3 }, { 4, 4 } } do
      assert(hy.gradcheck(function(x)
        local q, r = hy.qr(x)
        return hy.cat({ q:reshape(q:numel()), r:reshape(r:numel()) }, 1)
      end, { random(size[1], size[2], 10) }))
    end
    assert.raises(function()
      hy.grad(function(y) return (hy.qr(y)):sum() end, hy.zeros(3, 2))
    end, "qr: the columns of x depend on each other: no gradient")
  end)
end)

describe("cholesky", function()
  it("gives what NumPy gives", function()
    assert.close({ { 2, 0, 0 },
      { 0.5, 1.32287565553, 0 },
      { -1, 0.377964473009, 1.36277028774 } }, hy.cholesky(definite), 1e-10)
    local s = positive(20, 11)
    local l = hy.cholesky(s)
    assert.close(s, l:mm(l:t()), 1e-12)
  end)

  it("has a gradient", function()
    assert(hy.gradcheck(function(x) return hy.cholesky(symmetric(x)) end, { positive(5, 12) }))
  end)

  it("refuses what has no root", function()
    assert.raises(function() hy.cholesky(-hy.eye(2)) end, "cholesky: x is not positive definite")
    assert.raises(function() hy.cholesky(hy.ones(2, 2)) end, "x is not positive definite")
    assert.raises(function() hy.cholesky(hy.tensor{ { 2, 1 }, { 0, 2 } }) end, "x is not symmetric")
    assert.raises(function() hy.cholesky(nan) end, "x holds")
  end)
end)

describe("solve, inverse and det", function()
  it("give what NumPy gives", function()
    assert.close({ 12 / 13, 7 / 13, 21 / 13 }, hy.solve(definite, f64{ 1, 2, 3 }), 1e-12)
    assert.close({ { 0.461538461538, -0.230769230769, 0.307692307692 },
      { -0.230769230769, 0.615384615385, -0.153846153846 },
      { 0.307692307692, -0.153846153846, 0.538461538462 } }, hy.inverse(definite), 1e-10)
    assert.close(13, hy.det(definite), 1e-10)
    assert.close(-1, hy.det(hy.tensor{ { 0, 1 }, { 1, 0 } }), 1e-6)
    assert.close(1, hy.det(hy.zeros(0, 0)))
  end)

  it("undo the product", function()
    local a, x = random(6, 6, 13), random(6, 2, 14)
    assert.close(x, hy.solve(a, a:mm(x)), 1e-10)
    assert.close(hy.eye(6), hy.inverse(a):mm(a), 1e-10)
    assert.close(hy.det(a), 1 / hy.det(hy.inverse(a)), 1e-10)
  end)

  it("have gradients", function()
    local a = random(4, 4, 15)
    assert(hy.gradcheck(hy.solve, { a, random(4, 2, 16) }))
    assert(hy.gradcheck(hy.solve, { a, random(1, 4, 17):reshape(4) }))
    assert(hy.gradcheck(hy.inverse, { a }))
    assert(hy.gradcheck(hy.det, { a }))
  end)

  it("know the gradient of det where the matrix is singular", function()
    local singular = f64{ { 1, 2, 3 }, { 2, 4, 6 }, { 1, 0, 1 } }
    assert.close(0, hy.det(singular), 1e-12)
    assert(hy.gradcheck(hy.det, { singular }))
  end)

  it("refuse what is singular, not square or does not fit", function()
    local singular = hy.tensor{ { 1, 2 }, { 2, 4 } }
    assert.raises(function() hy.inverse(singular) end, "inverse: x is singular")
    assert.raises(function() hy.solve(singular, hy.ones(2)) end, "solve: a is singular")
    assert.raises(function() hy.inverse(f64{ { 0.1, 0.3 }, { 0.2, 0.6 } }) end, "singular")
    assert.raises(function() hy.solve(hy.eye(2), hy.ones(3)) end, "a and b differ in rows: 2×2 and 3")
    assert.raises(function() hy.solve(hy.eye(2), hy.ones(2, 1, 1)) end, "b has 3 axes")
    assert.raises(function() hy.det(hy.ones(2, 3)) end, "det: x must be square, got 2×3")
    assert.raises(function() hy.inverse(nan) end, "x holds")
    assert.raises(function() hy.solve(hy.eye(2), hy.tensor{ 1, 1 / 0 }) end, "b holds inf in row 2")
  end)
end)

describe("pinv", function()
  it("gives what NumPy gives", function()
    assert.close({ { 0.423538325546, 0.102538199268, 0.0940775350423, -0.0503851496401 },
      { -0.0414193711327, 0.205834069958, 0.186387170097, 0.122995327693 },
      { 0.173506755904, -0.0939512564718, 0.219219598434, 0.253062255335 } }, hy.pinv(tall), 1e-10)
  end)

  it("inverts as far as the rank goes", function()
    local x = random(5, 2, 18):mm(random(2, 4, 19))
    local p = hy.pinv(x)
    assert.same({ 4, 5 }, p:size())
    assert.close(x, x:mm(p):mm(x), 1e-12)
    assert.close(p, p:mm(x):mm(p), 1e-12)
    assert.close(p:mm(x), p:mm(x):t(), 1e-12)
    assert.close(hy.zeros(2, 3), hy.pinv(hy.zeros(3, 2)), 0)
  end)

  it("drops values up to rcond times the largest", function()
    local x = f64{ { 4, 0 }, { 0, 1 } }
    assert.close({ { 0.25, 0 }, { 0, 1 } }, hy.pinv(x), 1e-12)
    assert.close({ { 0.25, 0 }, { 0, 0 } }, hy.pinv(x, { rcond = 0.25 }), 1e-12)
    assert.raises(function() hy.pinv(x, { rcond = -1 }) end, "rcond is -1; it wants 0 or more")
  end)

  it("has a gradient for tall and wide matrices", function()
    assert(hy.gradcheck(function(x) return hy.pinv(x) end, { random(5, 3, 20) }))
    assert(hy.gradcheck(function(x) return hy.pinv(x) end, { random(3, 5, 21) }))
  end)
end)
