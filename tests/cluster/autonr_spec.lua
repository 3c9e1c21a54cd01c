-- Non-redundant clusterings whose number is found.
local S = require "tests.support"
local hy = require "hyades"
local recovery = require "tests.cluster.recovery"
local AutoNR, metrics = hy.cluster.AutoNR, hy.metrics

local function nmi(truth, labels)
  local best = 0
  for j = 1, labels:size(2) do best = math.max(best, metrics.nmi(truth, labels:narrow(2, j, 1))) end
  return best
end

describe("AutoNR", function()
  it("finds the planted clusterings, their clusters and dimensions", function()
    local x, y = recovery()
    for _, seed in ipairs{ 1, 8 } do
      local model = AutoNR{ outliers = false, n_init = 10, max_k = 8, rng = hy.rng(seed) }:fit(x)
      assert.same({ 3, 2, 1 }, model.clusters)
      assert.same({ 2, 1, 2 }, model.m)
      assert.close(10829.354590, model.mdl, 1e-6)
      for s = 1, 2 do assert.equal(1, metrics.ari(y:narrow(2, s, 1), model.labels:narrow(2, s, 1))) end
      assert.equal(19, #model.history - 1) -- tries after the start
      assert.close(12333.523029, model.history[1].cost, 1e-6)
      assert.same({ 1 }, model.history[1].k)
    end
  end)

  it("accepts only what describes the points in fewer bits", function()
    local x = recovery()
    local model = AutoNR{ n_init = 5, max_k = 8, rng = hy.rng(2) }:fit(x)
    local last, accepted = math.huge, 0
    for _, try in ipairs(model.history) do
      if try.accepted then
        assert.is_true(try.full and try.cost < last)
        last, accepted = try.cost, accepted + 1
      end
    end
    assert.is_true(accepted >= 3)
    assert.equal(last, model.mdl)
    local sum = hy.tensor(model.costs, { dtype = "f64" }):sum():item()
    assert.is_true(model.mdl > sum and model.mdl < sum + 4)
    assert.close(hy.eye(5, { dtype = "f64" }), model.V:t():mm(model.V), 1e-12)
    assert.same({ 240, #model.clusters }, model.labels:size())
    assert.same({ 240, #model.clusters }, model:predict(x):size())
  end)

  it("finds them as published too, without what this library adds", function()
    local x = recovery()
    local model = AutoNR{ outliers = false, n_init = 10, max_k = 8, noise_floor = false,
      keep_products = false, rng = hy.rng(2) }:fit(x)
    assert.same({ 3, 2, 1 }, model.clusters)
    assert.close(10829.354590, model.mdl, 1e-6)
  end)

  it("merges what one clustering says better, but not into a product", function()
    local rng = hy.rng(3)
    local centers = hy.tensor{ { 0, 0 }, { 20, 20 }, { 40, 40 } } -- on a line: no two clusterings
    local y = hy.randint({ 300 }, 1, 3, { rng = rng }):to "index"
    local x = centers:index(y) + hy.randn(300, 2, { rng = rng })
    local model = AutoNR{ n_init = 5, max_k = 6, rng = hy.rng(1) }:fit(x)
    assert.equal(1, nmi(y, model.labels))
    assert.same({ 3, 1 }, model.clusters)
  end)

  it("joins four clusters that it had split two by two, for they are no grid", function()
    local set = hy.data.nonredundant{ n = 400, k = { 4, 3, 1 }, m = { 3, 3, 44 }, rng = hy.rng(103) }
    local model = AutoNR{ max_k = 15, rng = hy.rng(3) }:fit(set)
    assert.same({ 4, 3, 1 }, model.clusters)
    local merged = false
    for _, try in ipairs(model.history) do
      merged = merged or try.accepted and try.operation == "cluster-space merge"
    end
    assert.is_true(merged)
  end)

  it("finds nothing in one round cloud, and stays within its limits", function()
    local cloud = hy.randn(400, 4, { rng = hy.rng(5) })
    assert.same({ 1 }, AutoNR{ n_init = 3, rng = hy.rng(1) }:fit(cloud).clusters)
    local x = recovery()
    local model = AutoNR{ n_init = 3, max_k = 2, max_subspaces = 2, rng = hy.rng(1) }:fit(x)
    assert.is_true(#model.clusters <= 2)
    for _, k in ipairs(model.clusters) do assert.is_true(k <= 2) end
  end)

  it("leaves noise alone where points are few", function()
    local set = hy.data.nonredundant{ n = 200, k = { 3, 1 }, m = { 2, 58 }, box = 40, rng = hy.rng(4) }
    local model = AutoNR{ n_init = 5, rng = hy.rng(1) }:fit(set)
    assert.same({ 3, 1 }, model.clusters)
    assert.same({ 2, 58 }, model.m)
    assert.equal(1, nmi(set.y, model.labels))
  end)

  it("gives the same for the same seed, with any number of threads", function()
    local x = recovery()
    local threads, results = hy.threads(), {}
    for n = 1, 2 do
      hy.threads(n)
      results[n] = AutoNR{ n_init = 3, max_k = 6, rng = hy.rng(7) }:fit(x)
    end
    hy.threads(threads)
    assert.equal(results[1].mdl, results[2].mdl)
    assert.same(results[1].labels:totable(), results[2].labels:totable())
  end)

  it("is saved and loaded", function()
    local x = recovery()
    local model = AutoNR{ n_init = 3, max_k = 4, rng = hy.rng(7) }:fit(x)
    local folder = S.folder()
    hy.save(folder .. "/model.safetensors", model)
    local loaded = hy.load(folder .. "/model.safetensors")
    S.remove(folder)
    assert.same(model:predict(x):totable(), loaded:predict(x):totable())
  end)

  it("refuses what it cannot do", function()
    local x = recovery()
    assert.raises(function() AutoNR{}:fit(x:narrow(2, 1, 1)) end, "AutoNR: x must have 2 columns or more")
    assert.raises(function() AutoNR{ max_k = 1 }:fit(x) end, "option max_k")
    assert.raises(function() AutoNR{ max_subspaces = 6 }:fit(x) end, "option max_subspaces")
    assert.raises(function() AutoNR{}:fit(hy.ones(9, 3)) end, "every column of x is constant")
    assert.raises(function() AutoNR{}:fit(x:narrow(1, 1, 1)) end, "at least 2 points")
    assert.raises(function() AutoNR{}:fit(hy.tensor{ { 1, 2 }, { 0 / 0, 1 } }) end, "NaN at row 2, column 1")
    assert.raises(function() AutoNR{}:predict(x) end, "call fit first")
  end)

  it("finds both labelings of the stick figures, not told how many", function()
    if not os.getenv "HYADES_DATA" then return pending "HYADES_DATA is not set" end
    local set = hy.data.stickfigures()
    for seed = 1, 2 do
      local model = AutoNR{ rng = hy.rng(seed) }:fit(set)
      assert.equal(1, nmi(set.y:narrow(2, 1, 1), model.labels))
      assert.equal(1, nmi(set.y:narrow(2, 2, 1), model.labels))
      assert.same({ 3, 3, 3, 1 }, model.clusters) -- the third one: how bright the picture is
    end
  end)
end)
