-- Clusters that are intervals of a feature: UniDip, TailoredDip, SkinnyDip.
local S = require "tests.support"
local hy = require "hyades"
local UniDip, TailoredDip, SkinnyDip = hy.cluster.UniDip, hy.cluster.TailoredDip, hy.cluster.SkinnyDip

local function even(first, last, n) return hy.linspace(first, last, n, { dtype = "f64" }) end
local function column(...) return hy.cat{ ... }:reshape(-1, 1) end

local runs = column(even(0, 1, 60), even(5, 6, 60), even(10, 11, 60))
local noisy = hy.cat{ runs, column(even(-2, 13, 91)) }

-- Peaks of the sorted values as { first, last } positions.
local function positions(model, x)
  local list = {}
  for c, peak in ipairs((model.peaks(x:reshape(-1):sort(), model))) do
    list[c] = { peak.first, peak.last }
  end
  return list
end

local function normal(n, mean, std, seed)
  return hy.randn(n, 1, { dtype = "f64", rng = hy.rng(seed) }) * std + mean
end

describe("UniDip", function()
  it("finds three even runs in even noise at their exact positions", function()
    for _, pvalue in ipairs{ "function", "table" } do
      local model = UniDip{ pvalue = pvalue }
      assert.same({ { 13, 79 }, { 103, 169 }, { 193, 259 } }, positions(model, noisy))
      model:fit(noisy)
      assert.equal(3, model.k)
      local count = model.labels:ge(hy.tensor({ 1 }, { dtype = "index" })):sum():item()
      assert.equal(3 * 67, count)
      assert.close(0, model.intervals[1][1], 0.2)
      assert.close(11, model.intervals[3][2], 0.2)
    end
  end)

  it("shrinks a flat first run when there is no noise around it", function()
    assert.same({ { 37, 44 }, { 61, 120 }, { 121, 180 } },
      positions(UniDip{ pvalue = "function" }, runs))
  end)

  it("is one cluster for one peak", function()
    local model = UniDip{}:fit(normal(300, 5, 2, 1))
    assert.equal(1, model.k)
    assert.equal(nil, model.warning)
  end)

  it("does not depend on order, place and scale", function()
    local x = hy.cat{ normal(100, 0, 1, 2), normal(150, 9, 1, 3), normal(80, 20, 2, 4) }
    local labels = UniDip{}:fit_predict(x)
    local order = hy.randperm(330, { rng = hy.rng(5) })
    assert.equal(0, UniDip{}:fit_predict(x:index(order)):ne(labels:index(order)):sum():item())
    assert.equal(0, UniDip{}:fit_predict(x * 64 - 512):ne(labels):sum():item())
  end)

  it("gives every label a range of values of its own", function()
    for seed = 1, 10 do
      local x = hy.cat{ normal(60, 0, 1, seed), normal(90, 6, 1, seed + 50),
        hy.rand(50, 1, { dtype = "f64", rng = hy.rng(seed) }) * 20 - 8 }
      local model = UniDip{}:fit(x)
      assert.equal(#model.intervals, model.k)
      local before = -math.huge
      for _, interval in ipairs(model.intervals) do
        assert.is_true(before < interval[1] and interval[1] <= interval[2])
        before = interval[2]
      end
      assert.equal(0, model:predict(x):ne(model.labels):sum():item())
    end
  end)

  it("counts by bootstrap with the generator that it is given", function()
    local x = hy.cat{ normal(40, 0, 1, 8), normal(40, 12, 1, 9) }
    local function labels(seed)
      return UniDip{ pvalue = "bootstrap", n_boots = 200, rng = hy.rng(seed) }:fit_predict(x)
    end
    assert.equal(0, labels(1):ne(labels(1)):sum():item())
  end)

  it("takes few, equal and tied values", function()
    assert.same({ 1 }, UniDip{}:fit(column(even(3, 3, 1))).labels:totable())
    assert.same({ 1, 1, 1 }, UniDip{}:fit(column(even(1, 9, 3))).labels:totable())
    local equal = UniDip{}:fit(hy.ones(50, 1))
    assert.equal(1, equal.k)
    assert.equal(nil, equal.warning)
    local tied = hy.cat{ hy.ones(30, 1), hy.ones(30, 1) * 2, normal(10, 5, 1, 1):to "f32" }
    assert.is_truthy(UniDip{}:fit(tied).warning:find("86 % of the values of column 1", 1, true))
  end)

  it("names what it cannot use", function()
    assert.raises(function() UniDip{}:fit(hy.zeros(5, 2)) end, "UniDip: x must have one column, got 2")
    assert.raises(function() UniDip{}:fit(hy.tensor{ { 1 }, { 0 / 0 }, { 2 } }) end, "NaN at row 2")
    assert.raises(function() UniDip{}:fit(hy.zeros(0, 1)) end, "UniDip")
    assert.raises(function() UniDip{ alpha = "x" } end, "alpha")
    assert.raises(function() UniDip{ alpha = 2 }:fit(runs) end, "alpha")
    assert.raises(function() UniDip{ pvalue = "tables" } end, "pvalue")
    assert.raises(function() UniDip{}:predict(runs) end, "fit first")
  end)

  it("comes back from a file and predicts", function()
    local folder = S.folder()
    local model = UniDip{}:fit(noisy)
    hy.save(folder .. "/model", model)
    local back = hy.load(folder .. "/model")
    assert.equal(0, back:predict(noisy):ne(model.labels):sum():item())
    S.remove(folder)
  end)
end)

describe("UniDip.mirrored", function()
  it("does not care which side is which", function()
    for seed = 1, 20 do
      local x = hy.rand(30, { dtype = "f64", rng = hy.rng(seed) }):square():sort()
      local dip, a, b = UniDip.mirrored(x)
      local other, c, d = UniDip.mirrored((x * -1):sort())
      assert.close(dip, other, 1e-12)
      if a and c then assert.same({ a, b }, { 31 - d, 31 - c }) end
    end
  end)

  it("maps the interval into the values", function()
    -- two groups: mirrored at the maximum, the right one is whole
    local x = hy.cat{ even(0, 1, 20), even(8, 9, 20) }
    local dip, a, b = UniDip.mirrored(x)
    assert.is_true(dip > 0.1)
    assert.is_true(not a or (a >= 1 and b <= 40 and a <= b))
  end)
end)

describe("TailoredDip", function()
  it("repairs the run that UniDip shrinks", function()
    local model = TailoredDip{ pvalue = "function" }
    assert.same({ { 1, 60 }, { 61, 120 }, { 121, 180 } }, positions(model, runs))
  end)

  it("gives every value to a peak, or leaves noise on request", function()
    local labels = TailoredDip{}:fit_predict(noisy)
    assert.equal(0, labels:lt(hy.tensor({ 1 }, { dtype = "index" })):sum():item())
    local model = TailoredDip{ outliers = true, tails = false }
    assert.same(positions(UniDip{}, noisy), positions(model, noisy))
  end)

  it("draws the border between two peaks where they part", function()
    local x = hy.cat{ normal(200, 0, 1, 11), normal(200, 10, 1, 12) }
    local labels = TailoredDip{}:fit(x).labels
    local truth = hy.cat{ hy.ones(200), hy.ones(200) * 2 }:to "index"
    assert.is_true(hy.metrics.acc(truth, labels) > 0.99)
  end)

  it("loses fewer values of skewed peaks than UniDip", function()
    local skewed = hy.rand(300, 1, { dtype = "f64", rng = hy.rng(13) }):log() * -1
    local x = hy.cat{ skewed, 14 - skewed }
    local truth = hy.cat{ hy.ones(300), hy.ones(300) * 2 }:to "index"
    local function acc(model) return hy.metrics.acc(truth, model:fit(x).labels) end
    local tailored = acc(TailoredDip{ outliers = true })
    assert.is_true(tailored >= acc(UniDip{}))
    assert.is_true(acc(TailoredDip{}) > 0.98)
  end)

  it("predicts the nearest peak", function()
    local model = TailoredDip{}:fit(runs)
    assert.same({ 1, 1, 2, 3 }, model:predict(column(hy.tensor({ -5, 2.9, 3.2, 40 },
      { dtype = "f64" }))):totable())
  end)
end)

describe("SkinnyDip", function()
  it("finds boxes in noise", function()
    local rng = hy.rng(14)
    local parts, truth = {}, {}
    for i, center in ipairs{ { 0, 0 }, { 0, 5 }, { 5, 0 } } do
      parts[i] = hy.randn(200, 2, { dtype = "f64", rng = rng }) * 0.2
        + hy.tensor(center, { dtype = "f64" })
      truth[i] = hy.ones(200) * i
    end
    parts[4], truth[4] = hy.rand(200, 2, { dtype = "f64", rng = rng }) * 12 - 3, hy.zeros(200) - 1
    local model = SkinnyDip{}:fit(hy.cat(parts))
    assert.equal(3, model.k)
    local kept = model.labels:narrow(1, 1, 600)
    assert.is_true(hy.metrics.ari(hy.cat(truth):narrow(1, 1, 600):to "index", kept) > 0.7)
    local noise = model.labels:narrow(1, 601, 200):lt(hy.tensor({ 1 }, { dtype = "index" }))
    assert.is_true(noise:sum():item() > 150)
  end)

  it("is UniDip on one feature, and needs no generator", function()
    local model, one = SkinnyDip{}:fit(noisy), UniDip{}:fit(noisy)
    assert.equal(0, model.labels:ne(one.labels):sum():item())
  end)

  it("works with TailoredDip, which leaves no noise", function()
    local x = hy.cat({ noisy, hy.rand(271, 1, { dtype = "f64", rng = hy.rng(15) }) }, 2)
    local model = SkinnyDip{ base = TailoredDip, alpha = 1e-3 }:fit(x)
    assert.equal(3, model.k)
    assert.is_true(model.labels:eq(hy.tensor({ -1 }, { dtype = "index" })):sum():item() == 0)
    assert.raises(function() SkinnyDip{ base = hy.cluster.KMeans }:fit(x) end, "base")
  end)

  it("says that it does not predict", function()
    assert.raises(function() SkinnyDip{}:fit(noisy):predict(noisy) end, "SkinnyDip: has no predict")
  end)

  it("treats a constant feature as one peak", function()
    local x = hy.cat({ hy.ones(271, 1, { dtype = "f64" }), noisy }, 2)
    assert.equal(0, SkinnyDip{}:fit(x).labels:ne(UniDip{}:fit(noisy).labels):sum():item())
  end)
end)
