-- The dip of a sample, its probability, and the loss made of dips.
require "tests.support"
local hy = require "hyades"
local by_linear_program = require "tests.cluster.unimodal"
local cluster = hy.cluster

local function f64(values) return hy.tensor(values, { dtype = "f64" }) end

-- Values, dip, modal interval and modal triangle (positions from 1); the dips agree with a linear
-- program over all unimodal functions.
local known = {
  { { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2 }, 0.25, { 11, 20 }, { 1, 10, 11 } },
  { { 0, 1, 2, 10, 11, 12 }, 0.2, { 4, 6 }, { 1, 3, 4 } },
  { { 0, 1, 2, 3, 20, 21, 22, 23 }, 0.2125, { 5, 8 }, { 1, 4, 5 } },
  { { -2, 0, .25, .5, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 2, 3, 4, 4.5 }, 0.0535714286, { 5, 10 }, { 2, 4, 5 } },
  { { 1, 1, 1, 2, 2, 2, 2, 2, 2.5, 2.5, 2.5 }, 0.1363636364, { 4, 8 }, { 1, 3, 4 } },
}

local two_peaks = { { 0, 0 }, { 1, 2 }, { 2, 1 }, { 3, 0 }, { 10, 1 }, { 11, 3 }, { 12, 0 }, { 13, 2 } }

describe("cluster.dip", function()
  it("gives the dip, the modal interval and the modal triangle of known samples", function()
    for _, case in ipairs(known) do
      local dip, interval, triangle = cluster.dip(case[1])
      assert.close(case[2], dip, 1e-10)
      assert.same(case[3], interval:totable())
      assert.same(case[4], triangle:totable())
    end
  end)

  it("is 0 for even spacing, or 1/(2n) on request", function()
    assert.equal(0, (cluster.dip{ 1, 2, 3, 4, 5 }))
    assert.close(0.1, (cluster.dip({ 1, 2, 3, 4, 5 }, { min_is_zero = false })), 1e-15)
    assert.same({ -1, -1, -1 }, select(3, cluster.dip{ 1, 2, 3, 4, 5 }):totable())
  end)

  it("is 0 for fewer than four values and for equal ones", function()
    assert.equal(0, (cluster.dip{ 7 }))
    assert.equal(0, (cluster.dip{ 0, 0, 9 }))
    assert.equal(0, (cluster.dip{ 3, 3, 3, 3, 3, 3 }))
    assert.same({ 1, 6 }, select(2, cluster.dip{ 3, 3, 3, 3, 3, 3 }):totable())
  end)

  it("does not depend on order, place, scale or direction", function()
    local x = hy.cat{ hy.randn(200, { dtype = "f64", rng = hy.rng(1) }),
      hy.randn(150, { dtype = "f64", rng = hy.rng(2) }) + 4 }
    local dip = cluster.dip(x)
    assert.equal(dip, (cluster.dip(x:index(hy.randperm(350, { rng = hy.rng(3) })))))
    assert.close(dip, (cluster.dip(x * 1e-6 + 5)), 1e-9)
    assert.close(dip, (cluster.dip(x * -1000)), 1e-12)
    assert.close(dip, (cluster.dip(x * 1e200)), 1e-12)
    assert.close(dip, (cluster.dip(x * 1e-310)), 1e-9)
  end)

  it("lies between 1/(2n) and 1/4, and tells two peaks from one", function()
    for seed = 1, 20 do
      local x = hy.randn(60, { dtype = "f64", rng = hy.rng(seed) })
      local one = cluster.dip(x, { min_is_zero = false })
      local two = cluster.dip(hy.cat{ x, x + 12 })
      assert.is_true(one >= 1 / 120 and one < 0.1)
      assert.is_true(two > 2 * one and two > 0.13 and two <= 0.25)
    end
  end)

  it("is the smallest distance to a unimodal distribution, by linear programs", function()
    for _, case in ipairs(known) do
      if #case[1] < 15 then assert.close(by_linear_program(case[1]), cluster.dip(case[1]), 1e-10) end
    end
    assert.close(0.1, by_linear_program{ 1, 2, 3, 4, 5 }, 1e-10)
    for seed = 1, 60 do
      local x = hy.rand(4 + seed % 7, { dtype = "f64", rng = hy.rng(seed) })
      if seed % 3 == 0 then x = (x * 5):floor() end -- with ties
      if x:min():item() < x:max():item() then
        assert.close(by_linear_program(x:totable()), cluster.dip(x, { min_is_zero = false }), 1e-10)
      end
    end
  end)

  it("is no larger than the distance to any unimodal distribution", function()
    -- the uniform distribution over the range is unimodal
    for seed = 1, 20 do
      local n = 40
      local x = hy.rand(n, { dtype = "f64", rng = hy.rng(seed) }):sort():totable()
      local most = 0
      for i, v in ipairs(x) do
        local uniform = (v - x[1]) / (x[n] - x[1])
        most = math.max(most, math.abs(i / n - uniform), math.abs((i - 1) / n - uniform))
      end
      assert.is_true(cluster.dip(x) <= most + 1e-12)
    end
  end)

  it("treats every column of a matrix alone, for any thread count", function()
    local x = hy.randn(300, 21, { dtype = "f64", rng = hy.rng(4) })
    local before = hy.threads()
    hy.threads(1)
    local dips, intervals, triangles = cluster.dip(x)
    hy.threads(2)
    local again = cluster.dip(x)
    hy.threads(before)
    assert.same(dips:totable(), again:totable())
    for _, j in ipairs{ 1, 16, 17, 21 } do
      local dip, interval, triangle = cluster.dip(x:select(2, j))
      assert.equal(dip, dips[j]:item())
      assert.same(interval:totable(), intervals[j]:totable())
      assert.same(triangle:totable(), triangles[j]:totable())
    end
  end)

  it("reads columns and values wherever they lie", function()
    local x = hy.randn(50, 40, { dtype = "f64", rng = hy.rng(6) })
    local expected = cluster.dip(x:t():contiguous())
    assert.same(expected:totable(), cluster.dip(x:t()):totable())
    assert.equal(expected[3]:item(), (cluster.dip(x:t():select(2, 3))))
    assert.equal((cluster.dip(x:select(2, 3):contiguous())), (cluster.dip(x:select(2, 3))))
    local gradient = hy.grad(function(z) return hy.dip(z:t()):sum() end, x)
    assert.close(hy.grad(function(z) return hy.dip(z):sum() end, x:t():contiguous()):t(), gradient,
      1e-12)
  end)

  it("takes sorted values as they are, and says when they are not", function()
    local x = hy.randn(100, { dtype = "f64", rng = hy.rng(5) })
    assert.equal((cluster.dip(x)), (cluster.dip(x:sort(), { sorted = true })))
    assert.raises(function() cluster.dip({ 1, 3, 2, 4 }, { sorted = true }) end, "row 3")
  end)

  it("names what it cannot use", function()
    assert.raises(function() cluster.dip{ 1, 2, 0 / 0, 4 } end, "x holds NaN at row 3")
    assert.raises(function() cluster.dip{ 1, 2, 1 / 0, 4 } end, "infinity")
    assert.raises(function() cluster.dip{ -1e300, 0, 1, 1e300 } end, "1e290")
    assert.raises(function() cluster.dip(hy.zeros(0, { dtype = "f64" })) end, "empty")
    assert.raises(function() cluster.dip "x" end, "array of numbers")
    assert.raises(function() cluster.dip({ 1, 2 }, { sort = true }) end, "sort")
  end)
end)

describe("hy.dip", function()
  it("moves with the three points of the triangle only", function()
    local x = f64{ 0, .1, .3, 1, 1.1, 1.2 }
    local gradient = hy.grad(function(z) return (hy.dip(z)) end, x)
    assert.close({ 0.175, 0, -0.25, 0.075, 0, 0 }, gradient, 1e-12)
  end)

  it("names the rows that hold the triangle", function()
    local _, _, triangle, rows = hy.dip(f64{ 1.2, 0, 1.1, .1, 1, .3 })
    assert.same({ 1, 3, 4 }, triangle:totable())
    assert.same({ 2, 6, 5 }, rows:totable())
  end)

  it("sorts whatever the values: crowded, tied, tiny, huge", function()
    local function uniform(n, rng) return hy.rand(n, { dtype = "f64", rng = rng }) end
    local function normal(n, rng) return hy.randn(n, { dtype = "f64", rng = rng }) end
    local kinds = {
      normal,
      uniform,
      function(n, rng) return hy.cat{ normal(n - 1, rng), f64{ 1e12 } } end,
      function(n, rng) return (normal(n, rng) * 20):exp() end,
      function(n, rng) return (uniform(n, rng) * 5):floor() end,
      function(n, rng) return (uniform(n, rng) * 2):floor() * -0.0 end,
      function(n, rng) return uniform(n, rng) * 1e-310 end,
      function(n, rng) return normal(n, rng) * 1e289 end,
    }
    for _, kind in ipairs(kinds) do
      for _, n in ipairs{ 4, 48, 49, 1000, 5000 } do
        local x = kind(n, hy.rng(n))
        local values, order = x:sort()
        local dip, interval, triangle, rows = hy.dip(x)
        local expected = { hy.dip(values, { sorted = true }) }
        assert.equal(expected[1]:item(), dip:item())
        assert.same(expected[2]:totable(), interval:totable())
        assert.same(expected[3]:totable(), triangle:totable())
        for i, at in ipairs(triangle:totable()) do
          assert.equal(at < 0 and -1 or order[at]:item(), rows[i]:item())
        end
      end
    end
  end)

  it("has the gradient of the projection on a direction", function()
    local x, w = f64(two_peaks), f64{ { 1 }, { 0.5 } }
    local gradient, dip = hy.grad(function(v) return (hy.dip(x:mm(v):reshape(-1))) end, w)
    assert.close(0.1704545455, dip, 1e-9)
    assert.close({ { .004132231 }, { -.008264463 } }, gradient, 1e-8)
  end)
end)

describe("cluster.dip_pvalue", function()
  -- quantiles .5, .9, .95, .99 and .999 of the dips of n uniform values
  local quantiles = {
    [50] = { .04885, .06491, .07027, .08120, .09409 },
    [100] = { .03546, .04715, .05113, .05902, .06845 },
    [200] = { .02558, .03400, .03684, .04269, .04972 },
    [1000] = { .01174, .01562, .01693, .01961, .02287 },
    [5000] = { .00531, .00706, .00765, .00886, .01035 },
  }
  local tails = { .5, .1, .05, .01, .001 }

  local function by_table(dip, n) return cluster.dip_pvalue(dip, n, { method = "table" }) end

  it("follows the fitted curve", function()
    local cases = { { .05, 100, .0596916 }, { .03, 100, .794221 }, { .1, 50, .000964026 },
      { .02, 1000, .00912479 }, { .012, 1000, .460759 } }
    for _, case in ipairs(cases) do
      assert.close(case[3], cluster.dip_pvalue(case[1], case[2]), 1e-6)
    end
  end)

  it("is 1 for fewer than four values", function()
    assert.equal(1, cluster.dip_pvalue(0, 3))
  end)

  it("has the gradient of the fitted curve along a direction", function()
    local x, w = f64(two_peaks), f64{ { 1 }, { 0.5 } }
    local function p_along(v)
      return cluster.dip_pvalue(hy.dip(x:mm(v):reshape(-1)), 8)
    end
    local gradient, p = hy.grad(p_along, w)
    assert.close(.01986750, p, 1e-8)
    assert.close({ { -.004907339 }, { .009814678 } }, gradient, 1e-9)
    assert.is_true(hy.gradcheck(p_along, { w }))
  end)

  it("takes a tensor of dips", function()
    for _, method in ipairs{ "function", "table" } do
      local p = cluster.dip_pvalue(f64{ .02, .05, .2 }, 100, { method = method })
      for i, dip in ipairs{ .02, .05, .2 } do
        assert.equal(cluster.dip_pvalue(dip, 100, { method = method }), p[i]:item())
      end
    end
  end)

  it("reads a table that agrees with known quantiles within the error of both samples", function()
    local samples = 2e5 -- at least, of the table; as many of the known ones
    for n, values in pairs(quantiles) do
      for i, value in ipairs(values) do
        local p = tails[i]
        assert.close(p, by_table(value, n), 4 * math.sqrt(2 * p * (1 - p) / samples))
      end
    end
  end)

  it("reads the table between its sizes and beyond", function()
    -- √n·dip hardly changes with n: between the values of both neighbors
    local function at(n) return by_table(0.5 / math.sqrt(n), n) end
    assert.is_true(at(100) < at(137) and at(137) < at(200))
    for _, n in ipairs{ 4, 5, 11, 77, 999, 71999 } do
      local before = 1
      assert.equal(1, by_table(1 / (2 * n), n))
      for i = 0, 100 do
        local p = by_table(0.25 * i / 100, n)
        assert.is_true(p <= before and p >= 0)
        before = p
      end
      assert.equal(0, by_table(0.25, n))
    end
    assert.equal(cluster.dip_pvalue(.003, 72001), by_table(.003, 72001))
    assert.equal(1, by_table(0, 3))
  end)

  it("agrees with counting among uniform samples", function()
    for _, i in ipairs{ 1, 2, 3 } do
      local p = cluster.dip_pvalue(quantiles[200][i], 200, { method = "bootstrap", n_boots = 4000,
        rng = hy.rng(6) })
      assert.close(tails[i], p, 4 * math.sqrt(tails[i] * (1 - tails[i]) / 4000))
    end
    for _, n in ipairs{ 6, 25, 140 } do -- the table's own sizes and others
      local dip = 0.42 / math.sqrt(n)
      local p = by_table(dip, n)
      local counted = cluster.dip_pvalue(dip, n, { method = "bootstrap", n_boots = 4000,
        rng = hy.rng(n) })
      assert.close(p, counted, 4 * math.sqrt(p * (1 - p) / 4000) + 2e-3)
    end
  end)

  it("names what it cannot use", function()
    assert.raises(function() cluster.dip_pvalue(0.3, 10) end, "dip")
    assert.raises(function() cluster.dip_pvalue(0.1, -1) end, "n")
    assert.raises(function() cluster.dip_pvalue(0.1, 10, { method = "tables" }) end, "method")
    assert.raises(function() cluster.dip_pvalue(0.1, 10, { n_boots = 0 }) end, "n_boots")
  end)
end)

describe("loss.dip", function()
  local labels6 = hy.tensor({ 1, 1, 1, 2, 2, 2 }, { dtype = "index" })
  local labels8 = hy.tensor({ 1, 1, 1, 1, 2, 2, 2, 2 }, { dtype = "index" })
  local axis = f64{ { 1 } }
  local six = f64{ { 0 }, { .1 }, { .3 }, { 1 }, { 1.1 }, { 1.2 } }
  local eight = f64{ { 0 }, { .1 }, { .3 }, { .4 }, { 1 }, { 1.2 }, { 1.3 }, { 1.7 } }

  it("gives the values of known pairs in both forms", function()
    assert.close(-0.0525, hy.loss.dip(six, labels6, axis), 1e-12)
    assert.close(-0.175, hy.loss.dip(six, labels6, axis, { form = "plain" }), 1e-12)
    assert.close(0.024306, hy.loss.dip(eight, labels8, axis), 1e-6)
    assert.close(0.020833, hy.loss.dip(eight, labels8, axis, { form = "plain" }), 1e-6)
  end)

  it("averages over all pairs, also those that it leaves out", function()
    local three = hy.tensor({ 1, 1, 1, 2, 2, 2, 3, 3 }, { dtype = "index" })
    local z = hy.cat{ six, f64{ { 5 }, { 6 } } }
    local axes = f64{ { 1 }, { 1 }, { 1 } }
    assert.close(-0.175 / 3, hy.loss.dip(z, three, axes, { form = "plain", min_points = 3 }), 1e-12)
  end)

  it("thins the larger of two clusters", function()
    local z = hy.cat{ hy.randn(100, 1, { rng = hy.rng(7) }), hy.randn(5, 1, { rng = hy.rng(8) }) + 9 }
    local labels = hy.cat{ hy.ones(100), hy.ones(5) * 2 }:to "index"
    local thin = hy.loss.dip(z, labels, hy.ones(1, 1), { form = "plain", rng = hy.rng(9) }):item()
    local all = hy.loss.dip(z, labels, hy.ones(1, 1), { form = "plain", balance = 1000 }):item()
    assert.is_true(thin < all - 0.02)
  end)

  it("pulls two halves apart when trained", function()
    local z = hy.param(hy.rand(60, 2, { rng = hy.rng(10) }))
    local labels = hy.cat{ hy.ones(30), hy.ones(30) * 2 }:to "index"
    local axes = hy.param(hy.tensor{ { 1, 0.2 } })
    local optimizer = hy.optim.Adam{ lr = 0.02 }
    local function step()
      local tape <close> = hy.tape()
      local value = hy.loss.dip(z, labels, axes)
      tape:backward(value)
      optimizer:step{ z, axes }
      return value:item()
    end
    local first, last = step(), nil
    for _ = 1, 200 do last = step() end
    assert.is_true(last < first - 0.02)
  end)

  it("names what it cannot use", function()
    assert.raises(function() hy.loss.dip(six, labels6, hy.ones(2, 1, { dtype = "f64" })) end, "axes")
    assert.raises(function() hy.loss.dip(six, labels6, axis, { form = "odd" }) end, "form")
  end)
end)
