-- k-means that finds k by dips: DipMeans, ProjectedDipMeans, and the split that they share.
local S = require "tests.support"
local hy = require "hyades"
local DipMeans, ProjectedDipMeans = hy.cluster.DipMeans, hy.cluster.ProjectedDipMeans

local function even(first, last, n) return hy.linspace(first, last, n, { dtype = "f64" }) end

local two_runs = hy.cat{ even(0, 1.9, 20), even(10, 11.9, 20) }:reshape(-1, 1)

-- Where centers lie, ascending.
local function sorted(centers) return centers:reshape(-1):sort():totable() end

-- The dip of the distances from each row to all, one at a time.
local function dips_one_by_one(x)
  local dips = {}
  for i = 1, x:size(1) do
    dips[i] = (hy.cluster.dip((x - x:narrow(1, i, 1)):square():sum(2):sqrt()))
  end
  return dips
end

describe("DipMeans", function()
  it("splits two even runs, where every viewer votes", function()
    local dips = DipMeans.viewer_dips(two_runs)
    assert.close(.191358, dips:min():item(), 1e-6)
    assert.close(.2025, dips:max():item(), 1e-6)
    assert.close(.199753, dips:mean():item(), 1e-6)
    local model = DipMeans{ pvalue = "function", rng = hy.rng(1) }:fit(two_runs)
    assert.equal(2, model.k)
    assert.close({ .95, 10.95 }, sorted(model.centers), 1e-9)
    assert.same({ 0, 0 }, model.scores)
    assert.equal(1, model.history[1].split)
    assert.is_true(model.history[2].inertia < model.history[1].inertia)
  end)

  it("looks at the distances in blocks as if one by one, for any thread count", function()
    local x = hy.randn(1100, 3, { dtype = "f64", rng = hy.rng(2) }) -- more than a block
    local before = hy.threads(1)
    local dips = DipMeans.viewer_dips(x)
    hy.threads(2)
    assert.same(dips:totable(), DipMeans.viewer_dips(x):totable())
    hy.threads(before)
    local few = x:narrow(1, 1, 60)
    assert.close(dips_one_by_one(few), DipMeans.viewer_dips(few), 1e-7)
  end)

  it("finds planted clusters, from f32 and f64", function()
    for seed = 1, 3 do
      local set = hy.data.blobs{ n = 500, k = 4, d = 3, std = 0.5, rng = hy.rng(seed) }
      local model = DipMeans{ rng = hy.rng(seed) }:fit(set)
      assert.equal(4, model.k)
      assert.equal(1, hy.metrics.ari(set.y, model.labels))
      for i = 2, #model.history do
        assert.is_true(model.history[i].inertia < model.history[i - 1].inertia)
      end
      assert.equal(0, model:predict(set.x):ne(model.labels):sum():item())
      local again = DipMeans{ rng = hy.rng(seed) }:fit(set.x:to "f64")
      assert.equal(0, again.labels:ne(model.labels):sum():item())
    end
  end)

  it("leaves one cluster whole", function()
    local model = DipMeans{ rng = hy.rng(3) }:fit(hy.randn(300, 4, { rng = hy.rng(4) }))
    assert.equal(1, model.k)
    assert.equal(1, #model.history)
  end)

  it("does not grow beyond max_k", function()
    local set = hy.data.blobs{ n = 500, k = 4, d = 3, std = 0.5, rng = hy.rng(1) }
    assert.equal(2, DipMeans{ max_k = 2, rng = hy.rng(1) }:fit(set).k)
  end)

  it("takes one point, equal points and ties", function()
    assert.equal(1, DipMeans{}:fit(hy.ones(1, 2)).k)
    local equal = DipMeans{}:fit(hy.ones(40, 2))
    assert.equal(1, equal.k)
    assert.equal(nil, equal.warning)
    local halves = hy.cat{ hy.zeros(20, 2), hy.ones(20, 2) }
    local model = DipMeans{ rng = hy.rng(5) }:fit(halves)
    assert.equal(2, model.k)
    assert.is_truthy(model.warning:find("ties", 1, true))
  end)

  it("names what it cannot use", function()
    assert.raises(function() DipMeans{}:fit(hy.tensor{ { 1, 2 }, { 3, 0 / 0 } }) end,
      "DipMeans: x is NaN at row 2, column 2")
    assert.raises(function() DipMeans{ viewers = -1 }:fit(two_runs) end, "viewers")
    assert.raises(function() DipMeans{ max_k = 0 }:fit(two_runs) end, "max_k")
    assert.raises(function() DipMeans{}:fit(hy.zeros(0, 2)) end, "DipMeans")
    assert.raises(function() DipMeans{}:predict(two_runs) end, "fit first")
  end)

  it("comes back from a file and predicts", function()
    local folder = S.folder()
    local model = DipMeans{ rng = hy.rng(1) }:fit(two_runs)
    hy.save(folder .. "/model", model)
    assert.equal(0, hy.load(folder .. "/model"):predict(two_runs):ne(model.labels):sum():item())
    S.remove(folder)
  end)
end)

describe("ProjectedDipMeans", function()
  it("finds planted clusters", function()
    for seed = 1, 3 do
      local set = hy.data.blobs{ n = 600, k = 5, d = 4, std = 0.5, rng = hy.rng(seed) }
      local model = ProjectedDipMeans{ rng = hy.rng(seed) }:fit(set)
      assert.equal(5, model.k)
      assert.equal(1, hy.metrics.ari(set.y, model.labels))
      assert.equal(5, #model.pvalues)
      for c = 1, 5 do assert.is_true(model.pvalues[c] >= 0.001) end
    end
  end)

  it("sees two peaks along a diagonal, which no feature shows", function()
    local rng = hy.rng(6)
    local z = hy.cat({ hy.cat{ hy.randn(150, 1, { rng = rng }) * 0.5,
      hy.randn(150, 1, { rng = rng }) * 0.5 + 6 }, hy.randn(300, 1, { rng = rng }) * 6 }, 2)
    local x = z:mm(hy.tensor{ { 1, 1 }, { -1, 1 } } / math.sqrt(2)):to "f64"
    local p = hy.cluster.dip_pvalue
    assert.is_true(p(hy.dip(x):max():item(), 300) > 0.001)
    -- the principal axis of noise hides nothing: the second one is the direction of the peaks
    local dip = ProjectedDipMeans.largest_dip(x, 0, rng)
    assert.is_true(p(dip, 300) < 1e-6)
    assert.is_true(ProjectedDipMeans.largest_dip(x, 20, rng) >= dip)
  end)

  it("ignores principal axes that hold only rounding", function()
    local line = hy.rand(100, 1, { dtype = "f64", rng = hy.rng(7) })
    local x = line:mm(hy.tensor({ { 1, 2, 3, 1 / 3 } }, { dtype = "f64" }))
    assert.close((hy.cluster.dip(line:reshape(-1))), ProjectedDipMeans.largest_dip(x, 0, hy.rng(1)), 1e-9)
  end)

  it("takes one point, equal points and constant columns", function()
    assert.equal(1, ProjectedDipMeans{}:fit(hy.ones(1, 2)).k)
    assert.equal(1, ProjectedDipMeans{}:fit(hy.ones(40, 2)).k)
    local x = hy.cat({ two_runs, hy.ones(40, 1, { dtype = "f64" }) }, 2)
    assert.equal(2, ProjectedDipMeans{ rng = hy.rng(1) }:fit(x).k)
  end)

  it("names what it cannot use", function()
    assert.raises(function() ProjectedDipMeans{ n_random_projections = -1 }:fit(two_runs) end,
      "n_random_projections")
    assert.raises(function() ProjectedDipMeans{}:fit(hy.tensor{ { 1 }, { 1 / 0 } }) end,
      "infinite at row 2, column 1")
  end)
end)
