-- Non-redundant k-means.
local S = require "tests.support"
local hy = require "hyades"
local recovery = require "tests.cluster.recovery"
local NrKmeans, metrics = hy.cluster.NrKmeans, hy.metrics

local f64 = { dtype = "f64" }

local function corners()
  local rows = {}
  for _, corner in ipairs{ { 0, 0 }, { 0, 6 }, { 10, 0 }, { 10, 6 } } do
    for _, by in ipairs{ { 0, 0 }, { 0.5, 0 }, { 0, 0.5 } } do
      rows[#rows + 1] = { corner[1] + by[1], corner[2] + by[2] }
    end
  end
  return hy.tensor(rows, f64)
end

-- The best agreement of a truth with any of the labelings.
local function nmi(truth, labels)
  local best = 0
  for j = 1, labels:size(2) do best = math.max(best, metrics.nmi(truth, labels:narrow(2, j, 1))) end
  return best
end

describe("NrKmeans", function()
  it("finds the two clusterings of the four corners", function()
    local model = NrKmeans{ k = { 2, 2 }, n_init = 10, cost_type = "mdl", rng = hy.rng(1) }:fit(corners())
    assert.close(4 / 3, model.inertia, 1e-9)
    assert.close(79.774324, model.mdl, 1e-6)
    assert.same({ 1, 1 }, model.m)
    local axes = (model.V ^ 2):max(1)
    assert.is_true(axes:min():item() > 0.999) -- along x and y, in any order
    local checked = NrKmeans{ k = { 2, 2 }, n_init = 10, outliers = true, cost_type = "mdl",
      rng = hy.rng(1) }:fit(corners())
    assert.close(82.811459, checked.mdl, 1e-6)
    assert.same({ 0, 0 }, checked.outlier_count)
  end)

  it("recovers the planted clusterings exactly", function()
    local x, y = recovery()
    for _, options in ipairs{ {}, { mdl_for_noisespace = true, cost_type = "mdl" } } do
      options.k, options.n_init, options.rng = { 3, 2, 1 }, 20, hy.rng(4)
      local model = NrKmeans(options):fit(x)
      assert.close(1144.310569, model.inertia, 1e-6)
      assert.same({ 2, 1, 2 }, model.m)
      assert.equal(1, metrics.ari(y:narrow(2, 1, 1), model.labels:narrow(2, 1, 1)))
      assert.equal(1, metrics.ari(y:narrow(2, 2, 1), model.labels:narrow(2, 2, 1)))
      assert.same({ 240, 3 }, model.labels:size())
      if options.cost_type then assert.close(10829.354590, model.mdl, 1e-6) end
    end
  end)

  it("keeps the best of its restarts, whose costs only fall", function()
    local x = recovery()
    local model = NrKmeans{ k = { 3, 2, 1 }, n_init = 12, rng = hy.rng(2) }:fit(x)
    local least = math.huge
    assert.equal(12, #model.history)
    for _, restart in ipairs(model.history) do
      least = math.min(least, restart.cost)
      for i = 2, #restart.costs do
        assert.is_true(restart.costs[i] <= restart.costs[i - 1] * (1 + 1e-9))
      end
    end
    assert.equal(least, model.inertia)
  end)

  it("predicts its own labels and divides its coordinates among the subspaces", function()
    local x = recovery()
    local model = NrKmeans{ k = { 3, 2, 1 }, n_init = 10, rng = hy.rng(1) }:fit(x)
    assert.same(model.labels:totable(), model:predict(x):totable())
    assert.close(hy.eye(5, f64), model.V:t():mm(model.V), 1e-12)
    local z, parts = model:transform(x), {}
    for j = 1, 3 do parts[j] = model:transform_subspace(x, j) end
    assert.close(z, hy.cat(parts, 2), 1e-12)
    assert.same({ 240, 2 }, parts[1]:size())
    assert.raises(function() model:transform_subspace(x, 4) end, "there are 3 subspaces, not 4")
  end)

  it("follows rotation, permutation and scale of the points", function()
    local x = recovery()
    local rng = hy.rng(8)
    local V = hy.qr(hy.randn(5, 5, { dtype = "f64", rng = rng }))
    local R = hy.qr(hy.randn(5, 5, { dtype = "f64", rng = rng }))
    local order = hy.randperm(240, { rng = rng })
    local init = { x:narrow(1, 1, 3), x:narrow(1, 7, 2), x:narrow(1, 1, 1) }
    local function fit(points, rotation, centers)
      return NrKmeans{ k = { 3, 2, 1 }, V_init = rotation, init = centers, m_init = { 2, 1, 2 },
        P_init = { { 1, 2 }, { 3 }, { 4, 5 } } }:fit(points)
    end
    local plain = fit(x, V, init)
    local turned = fit(x:mm(R), R:t():mm(V), { init[1]:mm(R), init[2]:mm(R), init[3]:mm(R) })
    assert.same(plain.labels:totable(), turned.labels:totable())
    assert.close(plain.inertia, turned.inertia, 1e-9)
    assert.same(plain.labels:index(order):totable(), fit(x:index(order), V, init).labels:totable())
    local s = 1e-5
    local small = fit(x * s, V, { init[1] * s, init[2] * s, init[3] * s })
    assert.same(plain.labels:totable(), small.labels:totable())
    assert.same(plain.m, small.m)
    assert.close(plain.inertia, small.inertia / s ^ 2, 1e-9)
  end)

  it("begins anywhere it is told", function()
    local x, y = recovery()
    local function first(points, k) return points:narrow(1, 1, k) end
    for _, init in ipairs{ hy.cluster.KMeans, first } do
      local model = NrKmeans{ k = { 3, 2, 1 }, init = init, n_init = 10, rng = hy.rng(3) }:fit(x)
      assert.equal(1, nmi(y:narrow(2, 1, 1), model.labels))
    end
  end)

  it("reads f32, f64 and bytes, and data sets", function()
    local set = hy.data.nonredundant{ k = { 3, 2, 1 }, m = { 2, 1, 2 }, box = 40, rng = hy.rng(6) }
    local model = NrKmeans{ k = { 3, 2, 1 }, n_init = 10, rng = hy.rng(1) }:fit(set)
    for s = 1, 2 do assert.is_true(nmi(set.y:narrow(2, s, 1), model.labels) > 0.99) end
    assert.equal("f32", model.V.dtype)
    local bytes = (set.x - set.x:min()):clamp(0, 255):floor():to "u8"
    local coarse = NrKmeans{ k = { 3, 2, 1 }, n_init = 10, rng = hy.rng(1) }:fit(bytes)
    for s = 1, 2 do assert.is_true(nmi(set.y:narrow(2, s, 1), coarse.labels) > 0.95) end
    assert.same(coarse.labels:totable(), coarse:predict(bytes):totable())
  end)

  it("gives the same bits for one thread and two, and for the same seed", function()
    local set = hy.data.nonredundant{ n = 2000, m = { 10, 10, 40 }, rng = hy.rng(6) }
    local threads, results = hy.threads(), {}
    for n = 1, 2 do
      hy.threads(n)
      results[n] = NrKmeans{ k = { 3, 3, 1 }, n_init = 2, outliers = true, rng = hy.rng(1) }:fit(set.x)
    end
    hy.threads(threads)
    assert.same(results[1].labels:totable(), results[2].labels:totable())
    assert.equal(results[1].inertia, results[2].inertia)
  end)

  it("gives the noise space away, at random or where it costs fewest bits", function()
    local x = recovery()
    for _, by in ipairs{ "random", "mdl" } do
      local model = NrKmeans{ k = { 3, 2, 1 }, n_init = 10, rng = hy.rng(1) }:fit(x)
      model:dissolve_noise_space(x, { by = by, rng = hy.rng(2) })
      assert.same({ 240, 2 }, model.labels:size())
      assert.equal(2, #model.P)
      assert.equal(5, model.m[1] + model.m[2])
      assert.equal(2, #model.centers)
      assert.same({ 240, 2 }, model:predict(x):size())
      assert.equal(model, model:dissolve_noise_space(x)) -- there is none any more
      assert.raises(function()
        NrKmeans{ k = { 3, 2, 1 } }:fit(x):dissolve_noise_space(x, { by = "luck" })
      end, '"random" or "mdl"')
    end
  end)

  it("is saved and loaded", function()
    local x = recovery()
    local model = NrKmeans{ k = { 3, 2, 1 }, n_init = 5, rng = hy.rng(1) }:fit(x)
    local folder = S.folder()
    hy.save(folder .. "/model.safetensors", model)
    local loaded = hy.load(folder .. "/model.safetensors")
    S.remove(folder)
    assert.same(model.labels:totable(), loaded.labels:totable())
    assert.same(model:predict(x):totable(), loaded:predict(x):totable())
    assert.same(model.P, loaded.P)
  end)

  it("answers degenerate points", function()
    local same = NrKmeans{ k = { 3, 2 }, rng = hy.rng(1) }:fit(hy.ones(9, 4, f64))
    assert.same({ 9, 1 }, same.labels:size())
    assert.equal(0, same.inertia)
    assert.equal(1, same.subspaces_lost)
    local x = recovery()
    local constant = hy.cat({ x, hy.ones(240, 2, f64) * 3 }, 2)
    local model = NrKmeans{ k = { 3, 2, 1 }, n_init = 20, rng = hy.rng(1) }:fit(constant)
    assert.close(1144.310569, model.inertia, 1e-6)
    assert.equal(1, NrKmeans{ k = 1 }:fit(x).labels:max():item())
    local one = NrKmeans{ k = 4, rng = hy.rng(1) }:fit(x) -- a single space: k-means
    assert.equal(hy.cluster.KMeans{ k = 4, init = one.centers[1], tol = 0 }:fit(x).inertia // 1e-6,
      one.inertia // 1e-6)
  end)

  it("refuses what it cannot do", function()
    local x = recovery()
    local function refuses(options, text, points)
      assert.raises(function() NrKmeans(options):fit(points or x) end, text)
    end
    refuses({ k = { 3, 1, 1 } }, "k[2] = 1 is a noise space, which must come last, and only once")
    refuses({ k = { 3, 0 } }, "option k[2]: expected an integer of at least 1, got 0")
    refuses({ k = {} }, "option k must be a list of integers")
    refuses({ k = { 300, 1 } }, "k[1] = 300 needs at least as many points, got 240")
    refuses({ k = { 2, 2, 2, 2, 2, 2 } }, "6 subspaces need at least as many columns, got 5")
    refuses({ V_init = hy.ones(5, 5, f64) }, "option V_init is not orthonormal")
    refuses({ V_init = hy.eye(4) }, "option V_init must be a tensor 5×5, got 4×4")
    refuses({ P_init = { { 1, 2 }, { 3, 3, 4 } } }, "must hold every column from 1 to 5 once, got 3")
    refuses({ P_init = { { 1, 2 }, { 3, 4 } } }, "add up to 5")
    refuses({ m_init = { 2, 2 } }, "m_init must be 2 sizes that add up to 5")
    refuses({ init = "k-mean" }, 'option init must be "k-means++"')
    refuses({ cost_type = "bits" }, 'option cost_type must be "default" or "mdl"')
    refuses({ n_int = 2 }, 'did you mean "n_init"?')
    refuses({ k = { 2, 1 } }, "x is NaN at row 2, column 1", hy.tensor{ { 1, 2 }, { 0 / 0, 1 }, { 3, 4 } })
    assert.raises(function() NrKmeans{}:predict(x) end, "call fit first")
  end)

  it("finds both labelings of the stick figures", function()
    local dir = os.getenv "HYADES_DATA"
    if not dir then return pending "HYADES_DATA is not set" end
    local set = hy.data.stickfigures()
    local hits = 0
    for seed = 1, 10 do
      local model = NrKmeans{ k = { 3, 3, 1 }, n_init = 10, rng = hy.rng(seed) }:fit(set)
      if nmi(set.y:narrow(2, 1, 1), model.labels) == 1 and nmi(set.y:narrow(2, 2, 1), model.labels) == 1 then
        hits = hits + 1
      end
    end
    assert.is_true(hits >= 9, hits .. " of 10 seeds")
  end)
end)
