-- k-means: the op, the seeding, the estimator.
require "tests.support"
local hy = require "hyades"
local KMeans, ari = hy.cluster.KMeans, hy.metrics.ari

local function column(values, dtype)
  return hy.tensor(values, { dtype = dtype }):reshape(#values, 1)
end

-- The same values, bit for bit.
local function assert_same(expected, got)
  assert.same(expected:size(), got:size())
  assert.equal(0, expected:ne(got):sum():item())
end

local six = { 0, 1, 2, 10, 11, 12 }

-- k tight groups of m points around far corners, and their true labels.
local function blobs(k, m, d, rng, dtype)
  local centers = hy.randn(k, d, { rng = rng, dtype = dtype }) * 20
  local truth = hy.randperm(k * m, { rng = rng }):to "f64"
  local labels = {}
  for i, at in ipairs(truth:totable()) do labels[i] = math.tointeger(at) % k + 1 end
  labels = hy.tensor(labels, { dtype = "index" })
  return centers:index(labels) + hy.randn(k * m, d, { rng = rng, dtype = dtype }) * 0.1, labels
end

-- Lloyd's iterations in plain Lua: labels, centers, inertia, iterations. No cluster may run empty.
local function brute_force(x, centers, weights, max_iter)
  x, centers = x:totable(), centers:totable()
  local labels, iterations = {}, 0
  local function distance(a, b)
    local sum = 0
    for l = 1, #a do sum = sum + (a[l] - b[l]) ^ 2 end
    return sum
  end
  local function assign()
    local changed = false
    for i, row in ipairs(x) do
      local best, least = 1, math.huge
      for c, center in ipairs(centers) do
        local value = distance(row, center)
        if value < least then best, least = c, value end
      end
      changed = changed or labels[i] ~= best
      labels[i] = best
    end
    return changed
  end
  while iterations < max_iter do
    iterations = iterations + 1
    if not assign() then break end
    local moved = false
    for c, center in ipairs(centers) do
      local total, before = 0, table.move(center, 1, #center, 1, {})
      for l = 1, #center do center[l] = 0 end
      for i, row in ipairs(x) do
        local w = weights and weights[i] or 1
        if labels[i] == c then
          total = total + w
          for l = 1, #row do center[l] = center[l] + w * row[l] end
        end
      end
      for l = 1, #center do
        center[l] = center[l] / total
        moved = moved or center[l] ~= before[l]
      end
    end
    if not moved then break end
  end
  assign()
  local inertia = 0
  for i, row in ipairs(x) do
    inertia = inertia + (weights and weights[i] or 1) * distance(row, centers[labels[i]])
  end
  return labels, centers, inertia, iterations
end

-- What Lloyd's iterations are tried on: points, centers, weights or nil.
local function problems()
  local rng = hy.rng(71)
  local noise = hy.randn(3000, 20, { rng = rng })
  local grid = (hy.rand(1500, 2, { rng = rng }) * 6):floor()
  local image = hy.tensor(hy.rand(900, 50, { rng = rng }):mul(255):floor(), { dtype = "u8" })
  local far = blobs(6, 100, 5, rng) * 0.01 + 5000
  local doubled = hy.cat({ noise:narrow(1, 1, 40), noise:narrow(1, 1, 40) }, 1)
  local wild = blobs(5, 80, 4, rng, "f64")
  wild = hy.cat({ wild, hy.full({ 3, 4 }, 1e30, { dtype = "f64" }) }, 1)
  return {
    ["noise"] = { noise, noise:narrow(1, 1, 30) },
    ["noise in f64"] = { noise:to "f64", noise:narrow(1, 1, 9) },
    ["many columns"] = { hy.randn(400, 300, { rng = rng }), hy.randn(12, 300, { rng = rng }) },
    ["weights"] = { noise, noise:narrow(1, 1, 8), hy.rand(3000, { rng = rng }):relu() },
    ["bytes"] = { image, image:narrow(1, 1, 7):to "f32" },
    ["bytes with weights"] = { image, image:narrow(1, 1, 7):to "f32", hy.rand(900, { rng = rng }) },
    ["ties on a grid"] = { grid, grid:narrow(1, 1, 25) },
    ["equal centers"] = { noise, hy.cat({ noise:narrow(1, 1, 4), noise:narrow(1, 1, 4) }, 1) },
    ["every point twice"] = { doubled, noise:narrow(1, 1, 60) },
    ["points far from the origin"] = { far, far:narrow(1, 1, 6) },
    ["centers that nothing is near"] = { noise,
      hy.cat({ noise:narrow(1, 1, 5), hy.full({ 3, 20 }, 900) }, 1) },
    ["k = 1"] = { noise, noise:narrow(1, 1, 1) },
    ["k = n"] = { doubled, doubled:clone() },
    ["numbers of very different size"] = { wild, wild:narrow(1, 390, 12) },
  }
end

describe("Lloyd's iterations", function()
  for _, dtype in ipairs{ "f32", "f64" } do
    it("go 303, 50.32, 4 on six points, " .. dtype, function()
      local x, centers = column(six, dtype), column({ 0, 1 }, dtype)
      local costs = { 303, 50.32, 4 }
      local between = { { { 0 }, { 1 } }, { { 0 }, { 7.2 } }, { { 1 }, { 11 } } }
      for steps = 0, 2 do
        local _, moved, inertia, iterations = hy.kmeans(x, centers, { max_iter = steps })
        assert.close(costs[steps + 1], inertia:item(), 1e-6)
        assert.close(between[steps + 1], moved, 1e-6)
        assert.equal(steps, iterations:item())
      end
      local labels, moved, inertia, iterations = hy.kmeans(x, centers)
      assert.same({ 1, 1, 1, 2, 2, 2 }, labels:totable())
      assert.close({ { 1 }, { 11 } }, moved, 1e-6)
      assert.equal(4, inertia:item())
      assert.equal(3, iterations:item())
      assert.same({ { 0 }, { 1 } }, centers:totable())
    end)
  end

  it("never raise the cost, and labels match the centers", function()
    local rng = hy.rng(3)
    local x = hy.rand(500, 4, { rng = rng, dtype = "f64" })
    local start = x:narrow(1, 1, 12)
    local before = math.huge
    for steps = 0, 15 do
      local labels, centers, inertia = hy.kmeans(x, start, { max_iter = steps, tol = 0 })
      assert.is_true(inertia:item() <= before * (1 + 1e-12))
      before = inertia:item()
      assert_same(hy.sqdist(x, centers):argmin(2), labels)
      assert.close((x - centers:index(labels)):square():sum():item(), before, 1e-12)
    end
  end)

  it("stop when centers move less than tol allows", function()
    local x = hy.rand(2000, 3, { rng = hy.rng(1) })
    local start = x:narrow(1, 1, 8)
    local function iterations(tol)
      local _, _, _, n = hy.kmeans(x, start, { tol = tol })
      return n:item()
    end
    assert.equal(1, iterations(1e9))
    assert.is_true(iterations(1e-2) < iterations(0))
  end)

  it("count weighted points that often", function()
    local x, weights = column{ 0, 1, 2, 10, 11 }, hy.tensor{ 1, 3, 0, 2, 2 }
    local repeated = column{ 0, 1, 1, 1, 10, 10, 11, 11 }
    local start = column{ 0, 5 }
    local labels, centers, inertia = hy.kmeans(x, start, weights)
    local _, expected, cost = hy.kmeans(repeated, start)
    assert.close(expected, centers, 1e-6)
    assert.close(cost:item(), inertia:item(), 1e-6)
    assert.same({ 1, 1, 1, 2, 2 }, labels:totable())
  end)

  it("give an empty cluster the point farthest from its center", function()
    local x = column{ 0, 1, 2, 50 }
    local labels, centers, inertia = hy.kmeans(x, column{ 1, 1000, -1000 })
    assert.same({ 3, 1, 1, 2 }, labels:totable())
    assert.close({ { 1.5 }, { 50 }, { 0 } }, centers, 1e-6)
    assert.close(0.5, inertia:item(), 1e-6)
  end)

  it("leave clusters unused where distinct points run out", function()
    local labels, centers, inertia = hy.kmeans(column{ 3, 3, 3, 5 }, column{ 3, 3, 4 })
    assert.equal(0, inertia:item())
    assert.same({ 1, 1, 1, 3 }, labels:totable())
    assert.close({ { 3 }, { 3 }, { 5 } }, centers, 1e-6)
  end)

  it("survive an offset that cancels digits", function()
    local rng = hy.rng(8)
    local x, truth = blobs(5, 60, 3, rng)
    x = x * 0.05 + 1e4
    local labels, _, inertia = hy.kmeans(x, (hy.kmeans_plusplus(x, 5, { rng = rng })))
    assert.equal(1, ari(truth, labels))
    local exact = x:to "f64"
    local _, _, expected = hy.kmeans(exact, exact:index(truth:narrow(1, 1, 1)), { max_iter = 0 })
    assert.is_true(inertia:item() < expected:item() / 100)
  end)

  it("give the same bits for one thread and two", function()
    local x = hy.randn(20000, 7, { rng = hy.rng(6) })
    local threads = hy.threads()
    local results = {}
    for n = 1, 2 do
      hy.threads(n)
      local centers, rows = hy.kmeans_plusplus(x, 9, { rng = hy.rng(2) })
      results[n] = { rows, hy.kmeans(x, centers, { max_iter = 30 }) }
    end
    hy.threads(threads)
    assert.equal(5, #results[1])
    for i, expected in ipairs(results[1]) do assert_same(expected, results[2][i]) end
  end)

  for name, problem in pairs(problems()) do
    it("are the same bits with bounds and without, on any threads: " .. name, function()
      local x, centers, weights = table.unpack(problem, 1, 3)
      local threads = hy.threads()
      for _, most in ipairs{ 1, 2, 60 } do
        local expected
        for n = 1, 2 do
          hy.threads(n)
          for _, bounds in ipairs{ false, true } do
            local got = { hy.kmeans(x, centers, weights, { max_iter = most, tol = 0, bounds = bounds }) }
            expected = expected or got
            for i = 1, 4 do assert_same(expected[i], got[i]) end
          end
        end
      end
      hy.threads(threads)
    end)
  end

  it("agree with plain Lua", function()
    local rng = hy.rng(5)
    for _, dtype in ipairs{ "f32", "f64" } do
      for _, size in ipairs{ { 60, 3, 2 }, { 90, 20, 5 }, { 40, 7, 140 }, { 12, 1, 3 } } do
        local n, k, d = table.unpack(size)
        local x = hy.randn(n, d, { rng = rng, dtype = dtype })
        local weights = hy.rand(n, { rng = rng, dtype = dtype }) + 0.1
        for _, w in ipairs(k < n and { false, weights } or { false }) do
          local start = x:narrow(1, 1, k)
          local labels, centers, inertia, iterations = brute_force(x, start, w and w:totable(), 50)
          local got = { hy.kmeans(x, start, w or nil, { max_iter = 50, tol = 0 }) }
          assert.same(labels, got[1]:totable())
          assert.close(centers, got[2], dtype == "f32" and 1e-6 or 1e-13)
          assert.close(inertia, got[3]:item(), dtype == "f32" and 1e-6 or 1e-13)
          assert.equal(iterations, got[4]:item())
        end
      end
    end
  end)

  it("keep the digits of small numbers beside huge ones", function()
    local x = hy.tensor({ { 1, 2 }, { 1.5, 2.5 }, { 1e30, 2 }, { 1e30, 3 } }, { dtype = "f64" })
    local _, centers = hy.kmeans(x, x:index(hy.tensor({ 1, 3 }, { dtype = "index" })))
    assert.close({ { 1.25, 2.25 }, { 1e30, 2.5 } }, centers, 1e-15)
  end)

  it("read bytes without a copy of them all", function()
    local x = hy.cat({ hy.zeros(50000, 400, { dtype = "u8" }),
      hy.ones(50000, 400, { dtype = "u8" }) }, 1)
    collectgarbage()
    local live, peak = hy.memory() -- 40 MB; 160 MB as f32
    local km = KMeans{ k = 2, n_init = 1, rng = hy.rng(1) }:fit(x)
    assert.equal(0, km.inertia)
    assert.is_true(select(2, hy.memory()) <= math.max(peak, live + 12e6))
  end)

  it("read bytes, strides and both types of centers", function()
    local bytes = column(six, "u8")
    local labels = hy.kmeans(bytes, column({ 0, 1 }, "f64"))
    assert.same({ 1, 1, 1, 2, 2, 2 }, labels:totable())
    local wide = hy.rand(6, 40, { rng = hy.rng(1) })
    local strided, packed = wide:t(), wide:t():contiguous()
    local labels_strided = hy.kmeans(strided, strided:narrow(1, 1, 3))
    assert.same(hy.kmeans(packed, packed:narrow(1, 1, 3)):totable(), labels_strided:totable())
  end)

  it("refuse what is no problem of k-means", function()
    local x = hy.tensor{ { 1, 2 }, { 3, 0 / 0 }, { 4, math.huge } }
    local c = hy.zeros(2, 2)
    assert.raises(function() hy.kmeans(x, c) end, "x is NaN at row 2, column 2; every value must be finite")
    assert.raises(function() hy.kmeans(c, x) end, "centers is NaN at row 2")
    assert.raises(function() hy.kmeans(c, hy.zeros(3, 2)) end, "x has 2 rows")
    assert.raises(function() hy.kmeans(c, hy.zeros(2, 3)) end, "differ in length: 2×2 and 2×3")
    assert.raises(function() hy.kmeans(c, hy.zeros(0, 2)) end, "centers has no rows")
    assert.raises(function() hy.kmeans(c, c, hy.ones(3)) end, "weights")
    assert.raises(function() hy.kmeans(c, c, hy.tensor{ 1, -1 }) end, "weights is -1 at 2")
    assert.raises(function() hy.kmeans(c, c, hy.zeros(2)) end, "all weights are 0")
    assert.raises(function() hy.kmeans(c, c, { max_iter = -1 }) end, "max_iter is -1")
    assert.raises(function() hy.kmeans(c, c, { tol = 0 / 0 }) end, "tol")
    assert.raises(function() hy.kmeans(hy.zeros(3, 0), hy.zeros(1, 0)) end, "x has no columns")
  end)
end)

describe("k-means++", function()
  it("draws rows with probability proportional to the squared distance", function()
    local x, rng = column(six), hy.rng(12)
    local seen, total = { 0, 0, 0, 0, 0, 0 }, 0
    for _ = 1, 9000 do
      local _, rows = hy.kmeans_plusplus(x, 2, { rng = rng, candidates = 1 })
      local first, second = table.unpack(rows:totable())
      if first == 1 then
        seen[second], total = seen[second] + 1, total + 1
      end
    end
    assert.is_true(math.abs(total / 9000 - 1 / 6) < 0.02)
    for i, mass in ipairs{ 0, 1, 4, 100, 121, 144 } do
      local p = mass / 370
      assert.is_true(math.abs(seen[i] / total - p) <= 4 * math.sqrt(p * (1 - p) / total))
    end
  end)

  it("takes the best of several candidates", function()
    local x = hy.rand(300, 2, { rng = hy.rng(4) })
    local function mean_cost(candidates)
      local sum = 0
      for seed = 1, 40 do
        local centers = hy.kmeans_plusplus(x, 8, { rng = hy.rng(seed), candidates = candidates })
        local _, distances = hy.nearest_center(x, centers)
        sum = sum + distances:sum():item()
      end
      return sum
    end
    assert.is_true(mean_cost(5) < 0.95 * mean_cost(1))
  end)

  it("never repeats a point while others are left", function()
    local x = column{ 7, 7, 7, 8, 8, 9, 9, 9, 30 }
    for seed = 1, 50 do
      local centers = hy.kmeans_plusplus(x, 4, { rng = hy.rng(seed) })
      assert.close({ { 7 }, { 8 }, { 9 }, { 30 } }, (centers:sort(1)), 0)
    end
  end)

  it("returns rows of x and their positions, all of them for k = n", function()
    local x = hy.randn(40, 3, { rng = hy.rng(2) })
    local centers, rows = hy.kmeans_plusplus(x, 40, { rng = hy.rng(9) })
    assert.same(x:index(rows):totable(), centers:totable())
    local list = rows:totable()
    table.sort(list)
    for i = 1, 40 do assert.equal(i, list[i]) end
  end)

  it("works when all points are equal", function()
    local centers = hy.kmeans_plusplus(hy.ones(5, 2), 3)
    assert.close({ { 1, 1 }, { 1, 1 }, { 1, 1 } }, centers, 0)
  end)

  it("draws nothing when it fails", function()
    local a, b = hy.rng(5), hy.rng(5)
    assert.raises(function() hy.kmeans_plusplus(hy.ones(3, 2), 4, { rng = a }) end, "k is 4")
    assert.raises(function() hy.kmeans_plusplus(hy.ones(3, 2), 0, { rng = a }) end, "k is 0")
    assert.equal(hy.rand(1, { rng = a }):item(), hy.rand(1, { rng = b }):item())
  end)
end)

describe("nearest_center", function()
  it("gives the first of the closest centers and the squared distance", function()
    local labels, distances = hy.nearest_center(column{ 0, 3, 5, 9 }, column{ 1, 5, 5, 7 })
    assert.same({ 1, 1, 2, 4 }, labels:totable())
    assert.close({ 1, 4, 0, 4 }, distances, 1e-6)
  end)

  it("needs no more points than centers", function()
    assert.same({ 3 }, hy.nearest_center(column{ 9 }, column{ 1, 5, 7 }):totable())
  end)
end)

describe("KMeans", function()
  it("finds planted clusters", function()
    for _, dtype in ipairs{ "f32", "f64" } do
      local x, truth = blobs(6, 40, 4, hy.rng(31), dtype)
      local km = KMeans{ k = 6, rng = hy.rng(1) }:fit(x)
      assert.equal(1, ari(truth, km.labels))
      assert.same(km.labels:totable(), km:predict(x):totable())
      assert.same({ 6, 4 }, km.centers:size())
      assert.equal(dtype, km.centers.dtype)
      assert.is_nil(km.warning)
    end
  end)

  it("keeps the best of its restarts", function()
    local x = hy.rand(300, 2, { rng = hy.rng(1) })
    local km = KMeans{ k = 12, init = "random", rng = hy.rng(3) }:fit(x)
    local least = math.huge
    for _, run in ipairs(km.history) do least = math.min(least, run.inertia) end
    assert.equal(10, #km.history)
    assert.equal(least, km.inertia)
    assert.equal("integer", math.type(km.iterations))
  end)

  it("gives the same for the same seed", function()
    local x = hy.rand(400, 3, { rng = hy.rng(1) })
    local function fit() return KMeans{ k = 9, rng = hy.rng(7) }:fit(x) end
    local a, b = fit(), fit()
    assert.same(a.labels:totable(), b.labels:totable())
    assert.equal(a.inertia, b.inertia)
  end)

  it("begins anywhere it is told", function()
    local x, truth = blobs(3, 20, 2, hy.rng(5))
    local _, rows = hy.kmeans_plusplus(x, 3, { rng = hy.rng(1) })
    local told
    local inits = { "k-means++", "random", x:index(rows), KMeans, function(given, k, rng)
      told = k
      return (hy.kmeans_plusplus(given, k, { rng = rng }))
    end }
    for _, init in ipairs(inits) do
      local km = KMeans{ k = 3, init = init, rng = hy.rng(2) }:fit(x)
      assert.equal(1, ari(truth, km.labels))
      assert.equal(type(init) == "userdata" and 1 or 10, #km.history)
    end
    assert.equal(3, told)
  end)

  it("measures distances to all centers", function()
    local km = KMeans{ k = 2, init = column{ 0, 1 } }:fit(column(six))
    assert.close({ { 1, 11 }, { 4, 6 } }, km:transform(column{ 0, 5 }), 1e-5)
    assert.same({ 1, 2 }, km:predict(column{ 5, 7 }):totable())
  end)

  it("takes a data set, and returns itself", function()
    local km = KMeans{ k = 2, rng = hy.rng(1) }
    assert.equal(km, km:fit{ x = column(six) })
    assert.equal(1, ari(km.labels, km:fit_predict{ x = column(six) }))
    assert.equal(4, km.inertia)
  end)

  it("works for k = 1 and k = n", function()
    local x = column(six)
    local km = KMeans{ k = 1, rng = hy.rng(1) }:fit(x)
    assert.close({ { 6 } }, km.centers, 1e-6)
    assert.close(154, km.inertia, 1e-6)
    km = KMeans{ k = 6, rng = hy.rng(1) }:fit(x)
    assert.equal(0, km.inertia)
    assert.equal(6, hy.unique(km.labels):numel())
  end)

  it("says so when clusters stay empty", function()
    local km = KMeans{ k = 3, rng = hy.rng(1) }:fit(hy.ones(8, 2))
    assert.equal(0, km.inertia)
    assert.is_truthy(km.warning:find("only 1 of 3 clusters", 1, true))
  end)

  it("reaches the best known cost of the digits", function()
    local x = hy.data.digits().x * 16
    local km = KMeans{ k = 10, rng = hy.rng(1) }:fit(x)
    assert.is_true(km.inertia < 1169000 and km.inertia > 1165140 * (1 - 1e-6))
    local first = KMeans{ k = 10, init = x:narrow(1, 1, 10) }:fit(x) -- scikit-learn 1.2
    assert.close(1167859.3840066, first.inertia, 1e-6)
    assert.equal(14, first.iterations)
  end)

  it("refuses what it cannot do", function()
    local x = column(six)
    assert.raises(function() KMeans{} end, "k")
    assert.raises(function() KMeans{ k = 2, n_int = 3 } end, "n_init")
    assert.raises(function() KMeans{ k = 7 }:fit(x) end, "needs at least as many points")
    assert.raises(function() KMeans{ k = 2.5 }:fit(x) end, "option k: expected an integer of at least 1")
    assert.raises(function() KMeans{ k = 2, n_init = 0 }:fit(x) end, "option n_init")
    assert.raises(function() KMeans{ k = 2, init = "kmeans" }:fit(x) end, '"k-means++"')
    assert.raises(function() KMeans{ k = 2, init = hy.zeros(3, 1) }:fit(x) end, "2×1, got 3×1")
    assert.raises(function() KMeans{ k = 2, init = function() end }:fit(x) end, "2×1, got nil")
    assert.raises(function() KMeans{ k = 2 }:fit(hy.zeros(4)) end, "KMeans")
    assert.raises(function() KMeans{ k = 2 }:fit(column{ 1, 0 / 0, 2 }) end, "row 2, column 1")
    assert.raises(function() KMeans{ k = 2 }:predict(x) end, "call fit first")
  end)
end)

describe("weights of KMeans", function()
  local rng = hy.rng(91)
  local x = hy.randn(60, 2, { rng = rng, dtype = "f64" })
  local far = hy.cat({ x, hy.full({ 5, 2 }, 100, { dtype = "f64" }) }, 1)
  local times = {}
  for i = 1, 60 do times[i] = i % 3 end

  it("count a row as often as they say", function()
    local rows = {}
    for i, count in ipairs(times) do
      for _ = 1, count do rows[#rows + 1] = i end
    end
    local start = x:narrow(1, 2, 3):clone()
    local weighted = hy.cluster.KMeans{ k = 3, init = start, tol = 0 }:fit(x, { weights = times })
    local repeated = hy.cluster.KMeans{ k = 3, init = start, tol = 0 }:fit(x:index(rows))
    assert.close(repeated.inertia, weighted.inertia, 1e-10)
    assert.close(repeated.centers, weighted.centers, 1e-10)
  end)

  it("keep rows of weight 0 out of centers, first ones too", function()
    local weights = hy.cat{ hy.ones(60), hy.zeros(5) }
    for seed = 1, 20 do
      local centers = hy.kmeans_plusplus(far, 4, weights, { rng = hy.rng(seed) })
      assert.is_true(centers:max():item() < 50)
    end
    local found = hy.cluster.KMeans{ k = 3, rng = hy.rng(1) }:fit(far, { weights = weights })
    assert.is_true(found.centers:max():item() < 50)
  end)

  it("draw first centers in proportion", function()
    local two = hy.tensor({ { 0 }, { 1 } }, { dtype = "f64" })
    local drawn, generator = 0, hy.rng(3)
    for _ = 1, 1000 do
      local _, rows = hy.kmeans_plusplus(two, 1, hy.tensor{ 3, 1 }, { rng = generator })
      drawn = drawn + (rows:totable()[1] == 1 and 1 or 0)
    end
    assert.close(0.75, drawn / 1000, 0.06)
  end)

  it("of one kind change nothing", function()
    local plain = hy.cluster.KMeans{ k = 4, rng = hy.rng(5) }:fit(x)
    local same = hy.cluster.KMeans{ k = 4, rng = hy.rng(5) }:fit(x, { weights = hy.ones(60) * 2 })
    assert.close(plain.inertia * 2, same.inertia, 1e-9)
  end)

  it("name what is wrong with them", function()
    local function fit(weights)
      return function() hy.cluster.KMeans{ k = 2 }:fit(x, { weights = weights }) end
    end
    assert.raises(fit{ 1, 2 }, "x and weights differ in length")
    assert.raises(fit(hy.zeros(60) - 1), "weights is -1 at 1")
    assert.raises(fit(hy.zeros(60)), "all weights are 0")
    assert.raises(function() hy.cluster.KMeans{ k = 2 }:fit(x, { weigths = {} }) end, "weights")
  end)

  it("says that fit wants a colon", function()
    local model = hy.cluster.KMeans{ k = 2 }
    assert.raises(function() model.fit(hy.ones(4, 2)) end,
      "fit: expected a model before the colon, got tensor; call it as model:fit(x)")
    assert.raises(function() model.fit() end, "got nil")
  end)
end)
