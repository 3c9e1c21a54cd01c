--- Squared distances, Student-t similarity.
require "tests.support"
local hy = require "hyades"

local function f64(list) return hy.tensor(list, { dtype = "f64" }) end

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

describe("student_t", function()
  local z = f64{ { 0, 0 }, { 1, 2 }, { -3, 0.5 } }
  local centers = f64{ { 0, 1 }, { 2, 2 } }

  -- the formula itself
  local function plain(x, c, alpha)
    local q = (hy.sqdist(x, c) / alpha + 1) ^ (-(alpha + 1) / 2)
    return q / q:sum(2, { keep = true })
  end

  it("is (1 + d²/alpha)^(-(alpha + 1)/2), rows divided by their sums", function()
    local expected = { { 9 / 11, 2 / 11 }, { 2 / 5, 3 / 5 }, { 113 / 154, 41 / 154 } }
    assert.close(expected, hy.student_t(z, centers), 1e-12)
    for _, alpha in ipairs{ 0.5, 1, 4 } do
      assert.close(plain(z, centers, alpha), hy.student_t(z, centers, { alpha = alpha }), 1e-12)
    end
  end)

  it("has a gradient for both, at any alpha", function()
    for _, alpha in ipairs{ 0.5, 1, 4 } do
      assert(hy.gradcheck(function(x, c)
        return hy.student_t(x, c, { alpha = alpha })
      end, { z, centers }))
    end
  end)

  it("gives DEC the gradient of its paper", function()
    local p = f64{ { 0.9, 0.1 }, { 0.2, 0.8 }, { 0.5, 0.5 } }
    local found = hy.grad(function(x)
      return -(p * hy.student_t(x, centers):log()):sum() / 3
    end, z)
    local pull = (p - hy.student_t(z, centers)) / (1 + hy.sqdist(z, centers)) -- n×k
    local expected = (z * pull:sum(2, { keep = true }) - pull:mm(centers)) * (2 / 3)
    assert.close(expected, found, 1e-12)
  end)

  it("keeps the differences between points that are far from every center", function()
    local q = hy.student_t(hy.tensor{ { 1e15, 0 } }, hy.tensor{ { -1e15, 0 }, { 0, 0 } })
    assert.close({ { 0.2, 0.8 } }, q, 1e-5)
    local sharp = hy.student_t(hy.tensor{ { 100, 0 } }, hy.eye(2), { alpha = 60 })
    assert.close(1, sharp:sum(), 1e-6)
  end)

  it("is even among equal centers, and whole for a single one", function()
    assert.close(hy.full({ 3, 4 }, 0.25), hy.student_t(z, hy.ones(4, 2, { dtype = "f64" })), 1e-12)
    assert.close(hy.ones(3, 1), hy.student_t(z, f64{ { 5, 5 } }), 0)
  end)

  it("takes empty tensors and refuses a bad alpha", function()
    assert.same({ 0, 2 }, hy.student_t(hy.zeros(0, 2), hy.ones(2, 2)):size())
    assert.same({ 2, 0 }, hy.student_t(hy.ones(2, 2), hy.zeros(0, 2)):size())
    assert.raises(function() hy.student_t(z, centers, { alpha = 0 }) end,
      "alpha is 0; it wants a number above 0")
    assert.raises(function() hy.student_t(hy.ones(2, 3), hy.ones(2, 2)) end,
      "rows differ in length: 2×3 and 2×2")
  end)
end)
