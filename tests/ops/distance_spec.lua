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

describe("student_kl", function()
  local z, centers = f64{ { 0, 0 }, { 1, 0 }, { 3, 1 } }, f64{ { 0, 0 }, { 2, 1 } }

  -- q, p and their divergence, step by step
  local function plain(x, c, alpha, p)
    local q = hy.student_t(x, c, { alpha = alpha })
    if not p then
      local w = q:detach() ^ 2 / q:detach():sum(1, { keep = true })
      p = w / w:sum(2, { keep = true })
    end
    return (p * (p:log() - q:log())):sum(2):mean()
  end

  it("is the loss of DEC as worked out by hand, with its gradients", function()
    local a, b = hy.param(z), hy.param(centers)
    local tape <close> = hy.tape()
    local value = hy.student_kl(a, b)
    tape:backward(value * 3) -- the hand gave gradients of the sum
    assert.close(0.055452, value:item(), 1e-6)
    assert.close({ { 0.074430, 0.037215 }, { 0.099768, 0.039907 }, { 0.057333, -0.022933 } },
      a.grad, 1e-6)
    assert.close({ { 0.008939, 0.022933 }, { -0.240471, -0.077122 } }, b.grad, 1e-6)
  end)

  it("is what its steps give, with a target and without, at any alpha", function()
    local x, c = hy.randn(40, 5, { rng = hy.rng(1) }), hy.randn(7, 5, { rng = hy.rng(2) })
    local given = hy.rand(40, 7, { rng = hy.rng(3) }) + 0.1 -- rows need not sum to 1
    for _, alpha in ipairs{ 0.5, 1, 4 } do
      for _, p in ipairs{ false, given } do
        local function one(u, v) return hy.student_kl(u, v, p or nil, { alpha = alpha }) end
        local function steps(u, v) return plain(u, v, alpha, p) end
        assert.close(steps(x, c):item(), one(x, c):item(), 1e-5)
        for _, side in ipairs{ 1, 2 } do
          local function at(fn)
            return hy.grad(function(u) return fn(side == 1 and u or x, side == 2 and u or c) end,
              side == 1 and x or c)
          end
          assert.close(at(steps), at(one), 1e-5)
        end
      end
    end
  end)

  it("has a gradient for the target, too", function()
    local p = f64{ { 0.9, 0.1 }, { 0.2, 0.8 }, { 0.5, 0.5 } }
    assert(hy.gradcheck(function(x, c, t) return hy.student_kl(x, c, t) end, { z, centers, p }))
  end)

  it("stays finite for points far away, and for a target with zeros", function()
    local far = hy.tensor{ { 1e15, 0 }, { -1e15, 1 }, { 0, 0 } }
    local c = hy.tensor{ { 0, 0 }, { 1, 1 } }
    for _, p in ipairs{ false, hy.tensor{ { 1, 0 }, { 0, 1 }, { 1, 0 } } } do
      local g, value = hy.grad(function(x) return hy.student_kl(x, c, p or nil) end, far)
      assert.is_true(value >= 0 and value < math.huge)
      assert.is_true(g:eq(g):all():item() == 1)
    end
  end)

  it("gives the same bits with 1 and 2 threads", function()
    local was, x, c = hy.threads(), hy.randn(6000, 8, { rng = hy.rng(1) }), hy.randn(9, 8)
    local values = {}
    for threads = 1, 2 do
      hy.threads(threads)
      values[threads] = hy.student_kl(x, c):item()
    end
    hy.threads(was)
    assert.equal(values[1], values[2])
  end)

  it("names what does not fit", function()
    assert.raises(function() hy.student_kl(z, centers, f64{ { 1, 0, 0 } }) end,
      "student_kl: similarity and target differ in shape: 3×2 and 1×3")
    assert.raises(function() hy.student_kl(z, centers, { alpha = 0 }) end,
      "alpha is 0; it wants a number above 0")
    assert.raises(function() hy.student_kl(z, hy.zeros({ 0, 2 }, { dtype = "f64" })) end,
      "there are no centers")
  end)
end)
