-- k-means in its best subspace.
local S = require "tests.support"
local hy = require "hyades"
local SubKmeans, metrics = hy.cluster.SubKmeans, hy.metrics

local f64 = { dtype = "f64" }
local six = { { 0, 0 }, { 1, 1 }, { 2, 0 }, { 4, 6 }, { 5, 7 }, { 6, 6 } }

describe("SubKmeans", function()
  it("turns six points by hand", function()
    local x = hy.tensor(six, f64)
    local model = SubKmeans{ k = 2, rng = hy.rng(1) }:fit(x)
    assert.same({ 1, 1 }, model.m)
    assert.same({ { 1 }, { 2 } }, model.P)
    assert.close({ 0.554700, 0.832050 }, model.V:narrow(2, 1, 1):reshape(-1):abs(), 1e-6)
    assert.close(16 / 3, model.inertia, 1e-9)
    local total = ((x - x:mean(1)) ^ 2):sum():item()
    assert.close(-78, model.inertia - total, 1e-9) -- the eigenvalue: the other one is 0
    assert.equal(1, metrics.ari({ 1, 1, 1, 2, 2, 2 }, model.labels))
    assert.close({ { 1, 1 / 3 }, { 5, 19 / 3 } }, (model.centers:sort(1)), 1e-12)
  end)

  it("has one dimension for two clusters in space", function()
    local x = hy.tensor({ { 0, 0, 0 }, { 0, 2, 1 }, { 10, 0, 1 }, { 10, 2, 0 } }, f64)
    local model = SubKmeans{ k = 2, init = x:index{ 1, 3 }, V_init = hy.eye(3, f64), m_init = 1 }:fit(x)
    assert.same({ 1, 2 }, model.m)
    assert.same({ 1, 1, 2, 2 }, model.labels:totable())
    assert.close({ { 1 }, { 0 }, { 0 } }, model.V:narrow(2, 1, 1):abs(), 1e-12)
    assert.close(5, model.inertia, 1e-12) -- of 105: the eigenvalues are −100, 0, 0
    assert.close({ -100, 0 }, hy.eigh_low_rank(hy.tensor({ { -5, 0, 0 }, { 5, 0, 0 } }, f64)
      * math.sqrt(2), hy.tensor({ -1, -1 }, f64)), 1e-12)
  end)

  it("ends where Lloyd ends: its cost is that of k-means, its step changes nothing", function()
    for seed = 1, 20 do
      local x = hy.randn(150, 6, { dtype = "f64", rng = hy.rng(seed) })
      local model = SubKmeans{ k = 4, rng = hy.rng(seed) }:fit(x)
      local labels, centers, inertia, passes = hy.kmeans(x, model.centers, { tol = 0 })
      assert.close(model.inertia, inertia:item(), 1e-9)
      assert.same(model.labels:totable(), labels:totable())
      assert.close(model.centers, centers, 1e-9)
      assert.is_true(passes:item() <= 2)
      assert.is_true(model.m[1] <= 3)
      local costs = model.history[1].costs
      for i = 2, #costs do assert.is_true(costs[i] <= costs[i - 1] * (1 + 1e-9)) end
    end
  end)

  it("counts no rounding as a dimension, however large or small the points are", function()
    local x = hy.data.blobs{ n = 400, k = 3, d = 40, rng = hy.rng(3) }.x:to "f64"
    for _, scale in ipairs{ 1e-5, 1, 1e6 } do
      local model = SubKmeans{ k = 3, rng = hy.rng(1) }:fit(x * scale)
      assert.same({ 2, 38 }, model.m)
    end
    local fixed = SubKmeans{ k = 3, threshold = -1e-7, rng = hy.rng(1) }:fit(x * 1e-7)
    assert.same({ 0, 40 }, fixed.m) -- what a fixed threshold does to small numbers
  end)

  it("separates the planted subspace from noise, with and without outliers", function()
    local set = hy.data.subspace{ box = 30, noise_dims = 8, rng = hy.rng(5) }
    local model = SubKmeans{ k = 3, n_init = 5, rng = hy.rng(1) }:fit(set)
    assert.equal(1, metrics.ari(set.y, model.labels))
    assert.same(model.labels:totable(), model:predict(set.x):totable())
    local v = model.V:narrow(2, 1, 2)
    local planted = set.V:narrow(2, 1, 2)
    assert.close(hy.eye(2), planted:t():mm(v):mm(v:t()):mm(planted), 0.01)
    assert.same({ 600, 2 }, model:transform(set.x):size())
    assert.same({ 600, 8 }, model:transform_noise(set.x):size())
    local spoiled = hy.data.subspace{ box = 30, noise_dims = 8, outliers = 12, rng = hy.rng(5) }
    local careful = SubKmeans{ k = 3, n_init = 10, outliers = true, mdl_for_noisespace = true,
      cost_type = "mdl", rng = hy.rng(1) }:fit(spoiled)
    assert.equal(careful.outlier_count, careful.labels:eq(-1):sum():item())
    assert.is_true(careful.outlier_count >= 6 and careful.outlier_count <= 14)
    assert.is_true(metrics.ari(spoiled.y, careful.labels) > 0.97)
  end)

  it("learns from mini-batches", function()
    local set = hy.data.subspace{ n = 6000, k = 4, m = 3, box = 25, noise_dims = 12, rng = hy.rng(2) }
    for seed = 1, 3 do
      local init = SubKmeans{ k = 4, n_init = 10, rng = hy.rng(seed) }:fit(set.x:narrow(1, 1, 300)).centers
      local model = SubKmeans{ k = 4, batch = 200, init = init, rng = hy.rng(seed) }:fit(set)
      assert.is_true(metrics.ari(set.y, model.labels) > 0.99)
      assert.equal(15, model.m[1] + model.m[2])
      assert.is_true(model.m[1] <= 3)
    end
    local fed = SubKmeans{ k = 4, batch = 200, passes = 4, rng = hy.rng(1), -- a center far away starves
      init = hy.cat({ set.x:narrow(1, 1, 3), hy.full({ 1, 15 }, 1e4) }, 1) }:fit(set)
    assert.equal(4, hy.unique(fed.labels):numel())
  end)

  it("gives the same bits for one thread and two", function()
    local x = hy.randn(3000, 60, { rng = hy.rng(6) })
    local threads, results = hy.threads(), {}
    for n = 1, 2 do
      hy.threads(n)
      results[n] = SubKmeans{ k = 7, rng = hy.rng(2) }:fit(x)
    end
    hy.threads(threads)
    assert.same(results[1].labels:totable(), results[2].labels:totable())
    assert.equal(results[1].inertia, results[2].inertia)
    assert.same(results[1].m, results[2].m)
  end)

  it("is saved and loaded", function()
    local set = hy.data.subspace{ rng = hy.rng(1) }
    local model = SubKmeans{ k = 3, rng = hy.rng(1) }:fit(set)
    local folder = S.folder()
    hy.save(folder .. "/model.safetensors", model)
    local loaded = hy.load(folder .. "/model.safetensors")
    S.remove(folder)
    assert.same(model:predict(set.x):totable(), loaded:predict(set.x):totable())
  end)

  it("answers degenerate points", function()
    local same = SubKmeans{ k = 3, rng = hy.rng(1) }:fit(hy.ones(9, 4))
    assert.same({ 0, 4 }, same.m)
    assert.equal(1, same.labels:max():item())
    assert.equal(2, same.clusters_lost)
    assert.equal(1, same:predict(hy.ones(2, 4)):max():item())
    local one = SubKmeans{ k = 1, rng = hy.rng(1) }:fit(hy.tensor(six, f64))
    assert.same({ 0, 2 }, one.m)
    local line = SubKmeans{ k = 2, n_init = 5, rng = hy.rng(1) }:fit(hy.tensor{ { 0 }, { 1 }, { 9 }, { 10 } })
    assert.equal(1, metrics.ari({ 1, 1, 2, 2 }, line.labels))
    local few = SubKmeans{ k = 2, rng = hy.rng(1) }:fit(hy.randn(3, 50, { rng = hy.rng(1) }))
    assert.is_true(few.m[1] <= 1)
    local bytes = hy.tensor({ { 0, 0 }, { 1, 2 }, { 200, 190 }, { 199, 192 } }, { dtype = "u8" })
    local coarse = SubKmeans{ k = 2, n_init = 5, rng = hy.rng(1) }:fit(bytes)
    assert.equal(1, metrics.ari({ 1, 1, 2, 2 }, coarse.labels))
  end)

  it("refuses what it cannot do", function()
    local x = hy.tensor(six, f64)
    assert.raises(function() SubKmeans{ k = 7 }:fit(x) end,
      "SubKmeans: k = 7 needs at least as many points, got 6")
    assert.raises(function() SubKmeans{ k = 0 } end, "option k")
    assert.raises(function() SubKmeans{ k = 2, m_init = 2 }:fit(x) end, "option m_init")
    assert.raises(function() SubKmeans{ k = 2, batch = 0 } end, "option batch")
    assert.raises(function() SubKmeans{ k = 2, V_init = hy.ones(2, 2) }:fit(x) end,
      "SubKmeans: option V_init is not orthonormal")
    assert.raises(function() SubKmeans{ k = 2, outliers = true }:fit(hy.ones(6, 2)) end,
      "SubKmeans: every column of x is constant")
    assert.raises(function() SubKmeans{ k = 2, outlier = true } end, 'did you mean "outliers"?')
    assert.raises(function() SubKmeans{ k = 2 }:fit(hy.tensor{ { 1, 2 }, { 1, math.huge } }) end,
      "x is infinite at row 2, column 2")
    assert.raises(function() SubKmeans{ k = 2 }:transform(x) end, "call fit first")
  end)

  it("tells the digits apart as well as k-means", function()
    local set, sum = hy.data.digits(), 0
    for seed = 1, 10 do
      local model = SubKmeans{ k = 10, n_init = 10, rng = hy.rng(seed) }:fit(set)
      sum = sum + metrics.nmi(set.y, model.labels)
    end
    assert.is_true(sum / 10 >= 0.72, ("NMI %.3f"):format(sum / 10))
  end)
end)
