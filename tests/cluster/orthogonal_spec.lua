-- Orth1 and Orth2, and NrDipMeans.
local S = require "tests.support"
local hy = require "hyades"
local cluster, metrics = hy.cluster, hy.metrics

local function corners()
  local rows = {}
  for _, corner in ipairs{ { -5, -3 }, { -5, 3 }, { 5, -3 }, { 5, 3 } } do
    for _, by in ipairs{ { 0.2, 0 }, { -0.1, 0.1 }, { -0.1, -0.1 } } do
      rows[#rows + 1] = { corner[1] + by[1], corner[2] + by[2] }
    end
  end
  return hy.tensor(rows, { dtype = "f64" })
end

local function truth(seen)
  local list = {}
  for i = 1, 12 do list[i] = seen((i - 1) // 3) end
  return list
end

for _, name in ipairs{ "Orth1", "Orth2" } do
  local Method = cluster[name]
  describe(name, function()
    it("takes the first clustering out of the corners, then finds the second", function()
      local x = corners()
      local model = Method{ k = { 2, 2 }, explained_variance = 1, rng = hy.rng(1) }:fit(x)
      assert.equal(1, metrics.ari(truth(function(c) return c // 2 end), model.labels:narrow(2, 1, 1)))
      assert.equal(1, metrics.ari(truth(function(c) return c % 2 end), model.labels:narrow(2, 2, 1)))
      assert.close({ { -5, 0 }, { 5, 0 } }, (model.centers[1]:sort(1)), 1e-9)
      local projected = x * hy.tensor({ 0, 1 }, { dtype = "f64" }) -- the projector is diag(0, 1)
      assert.close(projected, model:transform(x, 2), 1e-9)
      assert.same(model.labels:totable(), model:predict(x):totable())
    end)

    it("finds planted clusterings that lie along different axes", function()
      local set = hy.data.nonredundant{ n = 300, k = { 3, 2 }, m = { 2, 1 }, box = 60, std = 0.5,
        rng = hy.rng(11) }
      local model = Method{ k = { 3, 2 }, explained_variance = 1, rng = hy.rng(1) }:fit(set)
      assert.same({ 300, 2 }, model.labels:size())
      assert.same(model.labels:totable(), model:predict(set.x):totable())
      assert.is_nil(model.warning)
    end)

    it("stops where nothing is left, and says so", function()
      local x = hy.tensor({ { 0, 0 }, { 1, 1 }, { 9, 9 }, { 10, 10 } }, { dtype = "f64" })
      local model = Method{ k = { 4, 2, 2 }, rng = hy.rng(1) }:fit(x)
      assert.is_true(model.labels:size(2) < 3)
      assert.is_truthy(model.warning:find("of 3 clusterings", 1, true))
    end)

    it("is saved and loaded, the same for one thread and two", function()
      local set = hy.data.nonredundant{ n = 300, rng = hy.rng(1) }
      local threads, results = hy.threads(), {}
      for n = 1, 2 do
        hy.threads(n)
        results[n] = Method{ rng = hy.rng(3) }:fit(set)
      end
      hy.threads(threads)
      assert.same(results[1].labels:totable(), results[2].labels:totable())
      local folder = S.folder()
      hy.save(folder .. "/model.safetensors", results[1])
      local loaded = hy.load(folder .. "/model.safetensors")
      S.remove(folder)
      assert.same(results[1]:predict(set.x):totable(), loaded:predict(set.x):totable())
    end)

    it("refuses what it cannot do", function()
      local x = corners()
      assert.raises(function() Method{ k = 3 }:fit(x) end, name .. ": option k must be a list")
      assert.raises(function() Method{ k = { 2, 13 } }:fit(x) end, "k[2] = 13 needs at least as many points")
      assert.raises(function() Method{ k = { 0 } }:fit(x) end, "option k[1]")
      assert.raises(function() Method{ explained_variance = 2 }:fit(x) end, "option explained_variance")
      assert.raises(function() Method{}:predict(x) end, "call fit first")
      assert.raises(function() Method{}:fit(hy.tensor{ { 1 }, { 0 / 0 }, { 2 } }) end, "NaN at row 2")
      local model = Method{ k = { 2, 2 } }:fit(x)
      assert.raises(function() model:transform(x, 3) end, "there are 2 clusterings, not 3")
    end)
  end)
end

describe("NrDipMeans", function()
  it("finds how many clusters each planted clustering has", function()
    local set = hy.data.nonredundant{ k = { 4, 3, 1 }, m = { 1, 1, 3 }, box = 60, std = 0.5,
      rng = hy.rng(12) }
    local model = cluster.NrDipMeans{ rng = hy.rng(1) }:fit(set)
    local found = { table.unpack(model.clusters) }
    table.sort(found)
    assert.same({ 1, 3, 4 }, found)
    for s = 1, 2 do
      local best = 0
      for j = 1, 3 do
        best = math.max(best, metrics.nmi(set.y:narrow(2, s, 1), model.labels:narrow(2, j, 1)))
      end
      assert.is_true(best > 0.99)
    end
    assert.is_true(#model.history >= 3)
    for _, split in ipairs(model.history) do assert.is_true(split.p < 0.001) end
    assert.same(model.labels:totable(), model:predict(set.x):totable())
  end)

  it("works without a noise space, and splits nothing that has one peak", function()
    local rng = hy.rng(2)
    local y = hy.randint({ 400 }, 1, 2, { rng = rng }):to "index"
    local x = hy.tensor{ { 0, 0 }, { 30, 0 } }:index(y) + hy.randn(400, 2, { rng = rng })
    local model = cluster.NrDipMeans{ subspaces = 1, noise = false, rng = hy.rng(1) }:fit(x)
    assert.same({ 2 }, model.clusters)
    assert.equal(1, metrics.ari(y, model.labels))
    assert.same({ 0 }, { #model.history })
  end)

  it("refuses what it cannot do", function()
    assert.raises(function() cluster.NrDipMeans{ subspaces = 0 }:fit(hy.ones(9, 3)) end, "option subspaces")
    assert.raises(function() cluster.NrDipMeans{}:fit(hy.ones(9, 2)) end, "3 subspaces need at least")
    assert.raises(function() cluster.NrDipMeans{ alpha = 2 }:fit(hy.ones(9, 3)) end, "option alpha")
  end)
end)
