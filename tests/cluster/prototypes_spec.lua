-- Relatives of k-means: on batches, with medians, with medoids.
local S = require "tests.support"
local hy = require "hyades"
local cluster, ari = hy.cluster, hy.metrics.ari
local MiniBatchKMeans, KMedians = cluster.MiniBatchKMeans, cluster.KMedians
local KMedoids = cluster.KMedoids

local function column(values, dtype)
  return hy.tensor(values, { dtype = dtype or "f64" }):reshape(#values, 1)
end

local function index(values) return hy.tensor(values, { dtype = "index" }) end

local function blobs(n, k, d, seed, dtype)
  local rng = hy.rng(seed)
  local labels = hy.randint({ n }, 1, k, { rng = rng })
  local centers = hy.randn(k, d, { rng = rng, dtype = dtype }) * 20
  return centers:index(labels) + hy.randn(n, d, { rng = rng, dtype = dtype }) * 0.3, labels
end

-- What runs under one thread and under two gives the same tensors, bit for bit.
local function assert_threads_agree(run)
  local threads, results = hy.threads(), {}
  for n = 1, 2 do
    hy.threads(n)
    results[n] = { run() }
  end
  hy.threads(threads)
  for i, expected in ipairs(results[1]) do
    assert.equal(0, expected:ne(results[2][i]):sum():item())
  end
end

describe("MiniBatchKMeans", function()
  it("keeps running means: 2, 3, 4, 3 by hand", function()
    local model = MiniBatchKMeans{ k = 1, batch = 1, init = column{ 0 } }
    local expected = { 2, 3, 4, 3 }
    for i, value in ipairs{ 2, 4, 6, 0 } do
      model:partial_fit(column{ value })
      assert.close({ { expected[i] } }, model.centers, 1e-12)
    end
    assert.close({ 4 }, model.counts, 0)
    model = MiniBatchKMeans{ k = 1, batch = 4, init = column{ 0 } }
    assert.close({ { 3 } }, model:partial_fit(column{ 2, 4, 6, 0 }).centers, 1e-12)
  end)

  it("forgets at the rate of the discount", function()
    local model = MiniBatchKMeans{ k = 1, batch = 1, init = column{ 0 }, discount = 0.5 }
    model:partial_fit(column{ 8 }):partial_fit(column{ 2 })
    assert.close({ 1.5 }, model.counts, 1e-12) -- 1/2 + 1
    assert.close({ { 4 } }, model.centers, 1e-12) -- (8/2 + 2) / 1.5
  end)

  it("finds planted clusters of any input type", function()
    for _, dtype in ipairs{ "f32", "f64", "u8" } do
      local x, truth = blobs(4000, 5, 4, 3)
      x = dtype == "u8" and (x * 2 + 128):round():clamp(0, 255):to "u8" or x:to(dtype)
      local model = MiniBatchKMeans{ k = 5, batch = 256, rng = hy.rng(1) }:fit(x)
      assert.is_true(ari(truth, model.labels) > 0.99)
      assert.same(model.labels:totable(), model:predict(x):totable())
      assert.same({ 4000, 5 }, model:transform(x):size())
      assert.equal(#model.history, model.iterations)
      local full = cluster.KMeans{ k = 5, rng = hy.rng(1) }:fit(x)
      assert.is_true(model.inertia < 1.05 * full.inertia)
    end
  end)

  it("moves a lost center to where points are", function()
    local x, truth = blobs(2000, 4, 3, 5)
    local start = hy.cat({ x:narrow(1, 1, 3), hy.full({ 1, 3 }, 1e4) }, 1)
    local model = MiniBatchKMeans{ k = 4, init = start, batch = 128, rng = hy.rng(2) }:fit(x)
    assert.is_true(model.counts:min():item() > 0)
    assert.equal(4, hy.unique(model.labels):numel())
    assert.is_true(ari(truth, model.labels) > 0.5)
  end)

  it("gives the same for the same seed, and any number of threads", function()
    local x = hy.rand(3000, 5, { rng = hy.rng(1) })
    assert_threads_agree(function()
      local model = MiniBatchKMeans{ k = 7, max_iter = 3, rng = hy.rng(4) }:fit(x)
      return model.labels, model.centers
    end)
  end)

  it("refuses what it cannot do", function()
    assert.raises(function() MiniBatchKMeans{ k = 3 }:fit(column{ 1, 2 }) end,
      "needs at least as many points")
    assert.raises(function() MiniBatchKMeans{ k = 1, discount = 2 }:fit(column{ 1, 2 }) end, "discount")
    assert.raises(function() MiniBatchKMeans{ k = 1 }:fit(column{ 1, 0 / 0 }) end, "row")
    assert.raises(function() MiniBatchKMeans{ k = 1, batch = 0 } end, "batch")
    assert.raises(function() MiniBatchKMeans{ k = 1 }:predict(column{ 1 }) end, "call fit first")
  end)
end)

describe("manhattan", function()
  it("sums absolute differences, for all sizes around the tiles", function()
    for _, dtype in ipairs{ "f32", "f64" } do
      for _, d in ipairs{ 1, 15, 16, 33 } do
        for k = 1, 9, 2 do
          local x = hy.randn(13, d, { rng = hy.rng(d), dtype = dtype })
          local y = hy.randn(k, d, { rng = hy.rng(k + 50), dtype = dtype })
          local slow = (x:reshape(13, 1, d) - y:reshape(1, k, d)):abs():sum(3)
          assert.close(slow, hy.manhattan(x, y), dtype == "f32" and 1e-5 or 1e-12)
        end
      end
    end
    assert.raises(function() hy.manhattan(hy.ones(2, 3), hy.ones(2, 4)) end, "rows differ in length")
  end)
end)

describe("KMedians", function()
  it("has medians for centers, by hand", function()
    local x = column{ 0, 1, 2, 10, 11, 12, 90 }
    local model = KMedians{ k = 2, init = column{ 0, 10 } }:fit(x)
    assert.close({ { 1 }, { 11.5 } }, model.centers, 0) -- of 10, 11, 12, 90
    assert.same({ 1, 1, 1, 2, 2, 2, 2 }, model.labels:totable())
    assert.close(2 + 1.5 + 0.5 + 0.5 + 78.5, model.inertia, 1e-12)
  end)

  it("never raises the cost, and ends where every center is its points' median", function()
    local x = hy.randn(301, 5, { rng = hy.rng(3), dtype = "f64" })
    local start, before = x:narrow(1, 1, 6), math.huge
    for steps = 0, 12 do
      local labels, centers, inertia = hy.kmedians(x, start, { max_iter = steps })
      assert.is_true(inertia:item() <= before * (1 + 1e-12))
      before = inertia:item()
      local near, nearest = hy.manhattan(x, centers):min(2)
      assert.same(nearest:totable(), labels:totable())
      assert.close(near:sum():item(), before, 1e-12)
    end
    local model = KMedians{ k = 6, init = start }:fit(x)
    for c = 1, 6 do
      local rows = x:index(model.labels:eq(index{ c }):nonzero():reshape(-1))
      local sorted = rows:sort(1)
      local n = rows:size(1)
      local middle = (sorted[(n + 1) // 2] + sorted[n // 2 + 1]) / 2
      assert.close(middle, model.centers[c], 1e-12)
    end
  end)

  it("finds planted clusters of any input type, with more features than a strip", function()
    for _, dtype in ipairs{ "f32", "f64", "u8" } do
      local x, truth = blobs(700, 4, 70, 8)
      x = dtype == "u8" and (x * 2 + 128):round():clamp(0, 255):to "u8" or x:to(dtype)
      local model = KMedians{ k = 4, rng = hy.rng(1) }:fit(x)
      assert.equal(1, ari(truth, model.labels))
      assert.same(model.labels:totable(), model:predict(x):totable())
    end
  end)

  it("is moved less by far points than k-means", function()
    local x = hy.cat({ hy.randn(100, 2, { rng = hy.rng(1) }), hy.full({ 5, 2 }, 1e4) }, 1)
    local model = KMedians{ k = 1 }:fit(x)
    assert.is_true(model.centers:abs():max():item() < 1)
    assert.is_true(cluster.KMeans{ k = 1 }:fit(x).centers:min():item() > 100)
  end)

  it("fills empty clusters, and leaves them where distinct points run out", function()
    local labels, _, inertia = hy.kmedians(column{ 0, 1, 2, 50 }, column{ 1, 1000, -1000 })
    assert.equal(3, hy.unique(labels):numel())
    assert.equal(1, inertia:item())
    assert.equal(0, KMedians{ k = 3, rng = hy.rng(1) }:fit(hy.ones(6, 2)).inertia)
    assert.equal(0, KMedians{ k = 4, rng = hy.rng(1) }:fit(column{ 4, 1, 3, 2 }).inertia)
  end)

  it("gives the same for any number of threads", function()
    local x = hy.rand(3000, 20, { rng = hy.rng(1) })
    assert_threads_agree(function()
      local model = KMedians{ k = 7, n_init = 2, max_iter = 5, rng = hy.rng(4) }:fit(x)
      return model.labels, model.centers
    end)
  end)

  it("refuses what it cannot do", function()
    local x = column{ 1, 2 }
    assert.raises(function() KMedians{ k = 3 }:fit(x) end, "needs at least as many points")
    assert.raises(function() KMedians{ k = 1 }:fit(column{ 1, 0 / 0 }) end, "x is NaN at row 2")
    assert.raises(function() hy.kmedians(x, column{ 1, 2, 3 }) end, "3 centers need at least as many points")
    assert.raises(function() hy.kmedians(x, x, { max_iter = -1 }) end, "max_iter is -1")
    assert.raises(function() hy.kmedians(x, hy.ones(1, 2)) end, "differ in length")
  end)
end)

-- All distances by differences, in f64.
local function distances(x, metric)
  local n, d = x:size(1), x:size(2)
  x = x:to "f64"
  if metric == "cosine" then
    x = x / x:norm(2, { keep = true })
    return 1 - x:mm(x:t())
  end
  local step = x:reshape(n, 1, d) - x:reshape(1, n, d)
  if metric == "manhattan" then return step:abs():sum(3) end
  local squared = step:square():sum(3)
  return metric == "euclidean" and squared:sqrt() or squared
end

local function cost(matrix, medoids)
  return matrix:index(medoids, 2):min(2):sum():item()
end

-- The smallest cost of any k of n points.
local function best_cost(matrix, k)
  local n, best, chosen = matrix:size(1), math.huge, {}
  local function choose(first)
    if #chosen == k then
      best = math.min(best, cost(matrix, chosen))
      return
    end
    for i = first, n do
      chosen[#chosen + 1] = i
      choose(i + 1)
      chosen[#chosen] = nil
    end
  end
  choose(1)
  return best
end

local metrics = { "euclidean", "sqeuclidean", "manhattan", "cosine" }

describe("KMedoids", function()
  it("finds the middle points, by hand", function()
    local model = KMedoids{ k = 2, rng = hy.rng(1) }:fit(column{ 0, 1, 2, 10, 11, 12 })
    local medoids = model.medoids:totable()
    table.sort(medoids)
    assert.same({ 2, 5 }, medoids)
    assert.close(4, model.inertia, 1e-12)
    assert.same(model.labels:totable(), model:predict(column{ 0, 1, 2, 10, 11, 12 }):totable())
  end)

  it("reaches the best of all choices of few points", function()
    for _, metric in ipairs(metrics) do
      for k = 1, 3 do
        local x = hy.randn(12, 3, { rng = hy.rng(k), dtype = "f64" })
        local model = KMedoids{ k = k, metric = metric, n_init = 8, rng = hy.rng(1) }:fit(x)
        local matrix = distances(x, metric)
        assert.close(best_cost(matrix, k), model.inertia, 1e-9)
        assert.close(cost(matrix, model.medoids), model.inertia, 1e-9)
      end
    end
  end)

  it("ends where no swap gains, from any start", function()
    local x = hy.randn(60, 4, { rng = hy.rng(5), dtype = "f64" })
    local matrix = distances(x, "euclidean")
    for _, init in ipairs{ "random", "build", "k-medoids++", cluster.KMeans, index{ 1, 2, 3, 4 },
      x:narrow(1, 5, 4), function(_, k) return index{ 9, 8, 7, k } end } do
      local model = KMedoids{ k = 4, init = init, n_init = 1, rng = hy.rng(2) }:fit(x)
      local now, medoids = model.inertia, model.medoids:totable()
      assert.close(cost(matrix, medoids), now, 1e-9)
      for at = 1, 4 do
        for row = 1, 60 do
          local other = table.move(medoids, 1, 4, 1, {})
          other[at] = row
          assert.is_true(cost(matrix, other) >= now - 1e-9)
        end
      end
    end
  end)

  it("gives the same from points as from their distances, whatever the type", function()
    for _, dtype in ipairs{ "f32", "f64", "u8" } do
      local x, truth = blobs(300, 5, 20, 4)
      x = dtype == "u8" and (x * 2 + 128):round():clamp(0, 255):to "u8" or x:to(dtype)
      for _, metric in ipairs(metrics) do
        for _, method in ipairs{ "fasterpam", "alternate" } do
          local model = KMedoids{ k = 5, metric = metric, method = method, init = "build" }:fit(x)
          local given = KMedoids{ k = 5, metric = "precomputed", method = method, init = "build" }
            :fit(distances(x, metric))
          assert.same(given.medoids:totable(), model.medoids:totable())
          assert.same(given.labels:totable(), model.labels:totable())
          assert.close(given.inertia, model.inertia, 1e-4)
          assert.same(model.labels:totable(), model:predict(x):totable())
          assert.same(given.labels:totable(), given:predict(distances(x, metric)):totable())
          assert.equal(1, ari(truth, model.labels))
          assert.is_nil(given.centers)
        end
      end
    end
  end)

  it("gives the same without the matrix of distances", function()
    local x = hy.rand(700, 3, { rng = hy.rng(9), dtype = "f64" })
    for _, metric in ipairs(metrics) do
      for _, method in ipairs{ "fasterpam", "alternate" } do
        for _, init in ipairs{ "build", index{ 1, 2, 3, 4, 5, 6, 7, 8, 9 } } do
          local kept = KMedoids{ k = 9, metric = metric, method = method, init = init }:fit(x)
          local again = KMedoids{ k = 9, metric = metric, method = method, init = init, memory = 0 }:fit(x)
          assert.same(kept.medoids:totable(), again.medoids:totable())
          assert.equal(kept.inertia, again.inertia)
          assert.equal(kept.iterations, again.iterations)
        end
      end
    end
  end)

  it("swaps at least as well as it alternates", function()
    local x = hy.rand(400, 2, { rng = hy.rng(1) })
    local start = hy.randperm(400, { rng = hy.rng(2) }):narrow(1, 1, 12)
    local swapped = KMedoids{ k = 12, init = start }:fit(x)
    local alternated = KMedoids{ k = 12, init = start, method = "alternate" }:fit(x)
    assert.is_true(swapped.inertia < alternated.inertia)
    local before = math.huge
    for passes = 0, alternated.iterations do
      local now = KMedoids{ k = 12, init = start, method = "alternate", max_iter = passes }:fit(x).inertia
      assert.is_true(now <= before * (1 + 1e-9))
      before = now
    end
  end)

  it("builds greedily", function()
    local matrix = distances(hy.randn(30, 2, { rng = hy.rng(3), dtype = "f64" }), "euclidean")
    local chosen = {}
    for k = 1, 4 do
      local best, least = nil, math.huge
      for row = 1, 30 do
        chosen[k] = row
        local now = cost(matrix, chosen)
        if now < least - 1e-12 then best, least = row, now end
      end
      chosen[k] = best
      assert.same(chosen, hy.kmedoids_build(matrix, k, { distances = true }):totable())
    end
  end)

  it("takes duplicates, k = 1 and k = n", function()
    assert.equal(0, KMedoids{ k = 3, rng = hy.rng(1) }:fit(hy.ones(6, 2)).inertia)
    local x = column{ 4, 1, 3, 2 }
    assert.equal(0, KMedoids{ k = 4, rng = hy.rng(1) }:fit(x).inertia)
    assert.equal(4, KMedoids{ k = 1, rng = hy.rng(1) }:fit(x).inertia)
  end)

  it("gives the same for any number of threads", function()
    local x = hy.rand(1500, 40, { rng = hy.rng(1) })
    assert_threads_agree(function()
      local model = KMedoids{ k = 7, n_init = 2, rng = hy.rng(4) }:fit(x)
      return model.labels, model.medoids
    end)
  end)

  it("refuses what it cannot do", function()
    local x = column{ 1, 2, 3 }
    assert.raises(function() KMedoids{ k = 4 }:fit(x) end, "needs at least as many points")
    assert.raises(function() KMedoids{ k = 1 }:fit(column{ 1, 0 / 0 }) end, "x is NaN at row 2")
    assert.raises(function() KMedoids{ k = 1, metric = "cosin" } end, "cosine")
    assert.raises(function() KMedoids{ k = 1, metric = "cosine" }:fit(column{ 1, 0 }) end, "row 2 of x is 0")
    assert.raises(function() KMedoids{ k = 1, metric = "precomputed" }:fit(hy.ones(2, 3)) end, "square")
    assert.raises(function() KMedoids{ k = 1, metric = "precomputed" }:fit(-hy.ones(2, 2)) end, "negative")
    assert.raises(function() KMedoids{ k = 2, init = index{ 1, 1 } }:fit(x) end, "different rows")
    assert.raises(function() KMedoids{ k = 2, init = index{ 1 } }:fit(x) end, "init must give 2 rows, got 1")
    assert.raises(function() KMedoids{ k = 2, init = "bulid" }:fit(x) end, 'option init must be "random"')
    assert.raises(function() KMedoids{ k = 1 }:predict(x) end, "call fit first")
  end)
end)

describe("prototypes", function()
  it("come back from a file", function()
    local folder = S.folder()
    local x = blobs(100, 3, 2, 1)
    for _, class in ipairs{ MiniBatchKMeans, KMedians, KMedoids } do
      local fitted = class{ k = 3, rng = hy.rng(1) }:fit(x)
      hy.save(folder .. "/model", fitted)
      assert.same(fitted.labels:totable(), hy.load(folder .. "/model"):predict(x):totable())
    end
    S.remove(folder)
  end)
end)
