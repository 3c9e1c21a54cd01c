-- Methods that find the number of clusters, and the tests that they rest on.
local S = require "tests.support"
local hy = require "hyades"
local cluster, ari = hy.cluster, hy.metrics.ari
local normality = require "hyades.cluster.normality"
local same_distribution = require "hyades.cluster.same_distribution"
local split = require "hyades.cluster.split"

local function column(values)
  return hy.tensor(values, { dtype = "f64" }):reshape(#values, 1)
end

local six = column{ 0, 1, 2, 10, 11, 12 }

local function assert_same(expected, got)
  assert.same(expected:size(), got:size())
  assert.equal(0, expected:ne(got):sum():item())
end

-- Five tight groups on the corners and in the middle of a square.
local function groups(m, dtype)
  local corners = hy.tensor({ { 0, 0 }, { 20, 0 }, { 0, 20 }, { 20, 20 }, { 10, 10 } }, { dtype = dtype })
  local labels = (hy.arange(0, 5 * m - 1) / m):floor() + 1
  labels = labels:index(hy.randperm(5 * m, { rng = hy.rng(1) })):to "index"
  return corners:index(labels) + hy.randn(5 * m, 2, { rng = hy.rng(2), dtype = dtype }), labels
end

local names = { "XMeans", "GMeans", "PGMeans", "GapStatistic", "SpecialK" }

describe("Splitting a cluster", function()
  it("keeps the best of centers that face each other across the mean", function()
    local labels, centers, inertia = split(six, { rng = hy.rng(1) })
    assert.equal(1, ari(column{ 1, 1, 1, 2, 2, 2 }:reshape(-1):to "index", labels))
    assert.close({ { 1 }, { 11 } }, (centers:sort(1)), 1e-12)
    assert.equal(4, inertia)
  end)

  it("lets k-means run over all centers where there are others", function()
    local x = column{ 0, 1, 2, 10, 11, 12, 50, 51 }
    local labels, centers, inertia = split(x, { rng = hy.rng(1), members = six, others = column{ 50.5 } })
    assert.same({ 3, 1 }, centers:size())
    assert.close({ 50.5 }, centers[1], 1e-12)
    assert.equal(4.5, inertia)
    assert.same({ 1, 1 }, labels:narrow(1, 7, 2):totable())
  end)

  it("bears equal points", function()
    local _, _, inertia = split(hy.ones(5, 2), { rng = hy.rng(1) })
    assert.equal(0, inertia)
  end)
end)

describe("The BIC of X-means", function()
  it("is -20.087935 for one cluster of six points, -14.256033 for two", function()
    assert.close(-20.087935, cluster.XMeans.criterion({ 6 }, 154, 1), 1e-6)
    assert.close(-14.256033, cluster.XMeans.criterion({ 3, 3 }, 4, 1), 1e-6)
  end)

  it("is a number where nothing is left of the inertia", function()
    local bic = cluster.XMeans.criterion({ 2, 2 }, 0, 3)
    assert.is_true(bic == bic and math.abs(bic) < math.huge)
  end)
end)

describe("The test by Anderson and Darling", function()
  it("gives the known statistics and p-values", function()
    local p, squared, sized = normality(six:reshape(-1))
    assert.close(0.547751, squared, 1e-6)
    assert.close(0.650454, sized, 1e-6)
    assert.close(math.exp(1.2937 - 5.709 * 0.650454 + 0.0186 * 0.650454 ^ 2), p, 1e-6)
    assert.close(0.0896, p, 1e-4)
    p, squared, sized = normality(hy.linspace(-1, 1, 11, { dtype = "f64" }))
    assert.close(0.146621, squared, 1e-6)
    assert.close(0.159344, sized, 1e-6)
    assert.close(0.950240, p, 1e-6)
  end)

  it("does not care for place, scale and order", function()
    local x = hy.randn(50, { rng = hy.rng(1), dtype = "f64" })
    local p = normality(x)
    assert.close(p, (normality(x * 1e4 - 5)), 1e-9)
    assert.close(p, (normality(x:index(hy.randperm(50, { rng = hy.rng(2) })))), 1e-9)
  end)

  it("accepts normal samples and refuses two bumps", function()
    local low = 0
    for seed = 1, 100 do
      if normality(hy.randn(200, { rng = hy.rng(seed) })) < 0.05 then low = low + 1 end
    end
    assert.is_true(low <= 14)
    local bumps = hy.cat{ hy.randn(100, { rng = hy.rng(1) }), hy.randn(100, { rng = hy.rng(2) }) + 6 }
    assert.is_true(normality(bumps) < 1e-10)
    assert.equal(3.7e-24, (normality(hy.cat{ hy.zeros(500), hy.ones(500) })))
  end)

  it("finds nothing strange in equal values", function()
    assert.equal(1, (normality(hy.ones(20))))
  end)
end)

describe("The test by Kolmogorov and Smirnov", function()
  -- The largest difference of the two distribution functions, point by point.
  local function brute_force(x, y)
    local largest = 0
    for _, list in ipairs{ x, y } do
      for _, at in ipairs(list) do
        local a, b = 0, 0
        for _, v in ipairs(x) do a = a + (v <= at and 1 / #x or 0) end
        for _, v in ipairs(y) do b = b + (v <= at and 1 / #y or 0) end
        largest = math.max(largest, math.abs(a - b))
      end
    end
    return largest
  end

  it("finds the largest difference, also with ties", function()
    for seed = 1, 20 do
      local rng = hy.rng(seed)
      local x = (hy.rand(17, { rng = rng, dtype = "f64" }) * 8):floor()
      local y = (hy.rand(11, { rng = rng, dtype = "f64" }) * 9):floor()
      local _, largest = same_distribution(x, y)
      assert.close(brute_force(x:totable(), y:totable()), largest, 1e-12)
    end
  end)

  it("gives p-values near the exact ones", function() -- SciPy 1.10: 0.1825, exact 0.0918
    local p, largest = same_distribution(hy.arange(1, 100):to "f64" / 101,
      (hy.arange(1, 80):to "f64" / 81) ^ 1.6)
    assert.close(0.1825, largest, 1e-12)
    assert.close(0.0918, p, 1e-3)
    assert.equal(1, (same_distribution(hy.ones(9), hy.ones(4))))
    assert.is_true(same_distribution(hy.zeros(50), hy.ones(50)) < 1e-15)
  end)
end)

describe("The gap statistic", function()
  it("sees 154 and 4 on six points", function()
    local gap = cluster.GapStatistic{ max_k = 6, rng = hy.rng(1) }:fit(six)
    assert.close({ 154, 4 }, { gap.inertias[1], gap.inertias[2] }, 1e-9)
    assert.equal(0, gap.inertias[6])
    assert.equal(6, #gap.ks)
    assert.equal(2, gap.k)
    assert.equal(1, ari(gap.labels, hy.tensor({ 1, 1, 1, 2, 2, 2 }, { dtype = "index" })))
    for k = 1, 6 do
      local row = gap.history[k]
      assert.equal(gap.gaps[k], row.gap)
      assert.close(gap.expected[k] - math.log(math.max(row.inertia, 1e-300)), row.gap, 1e-12)
    end
  end)

  it("takes the smallest k that the next one does not beat by an error", function()
    local choose = cluster.GapStatistic.choose
    assert.equal(2, choose({ 0, 2, 2.5, 9 }, { 0, 0, 0.5, 0 }))
    assert.equal(1, choose({ 3, 2, 1 }, { 0, 0, 0 }))
    assert.is_nil(choose({ 1, 2, 3 }, { 0.5, 0.5, 0.5 }))
    assert.is_nil(choose({ 1 }, { 0 }))
  end)

  it("has no k where the gap goes on growing, and says whose labels it gives", function()
    local gap = cluster.GapStatistic{ max_k = 2, rng = hy.rng(1) }:fit(six)
    assert.is_nil(gap.k)
    assert.equal(2, hy.unique(gap.labels):numel())
    assert.is_truthy(gap.warnings[1]:find("labels are those of 2", 1, true))
  end)

  it("stays at one cluster for points without any", function()
    local x = hy.rand(200, 3, { rng = hy.rng(4) })
    for _, box in ipairs{ "pca", "features" } do
      assert.equal(1, cluster.GapStatistic{ max_k = 4, box = box, n_init = 3, rng = hy.rng(1) }:fit(x).k)
    end
  end)

  it("compares plain inertias too", function()
    local gap = cluster.GapStatistic{ max_k = 4, log = false, rng = hy.rng(1) }:fit(six)
    for k = 1, 4 do assert.close(gap.expected[k] - gap.inertias[k], gap.gaps[k], 1e-12) end
    local logs = cluster.GapStatistic{ max_k = 4, rng = hy.rng(1) }:fit(six)
    assert.same(logs.inertias, gap.inertias)
    assert.is_true(gap.expected[1] > logs.expected[1])
  end)
end)

describe("The bound of SpecialK", function()
  it("is 0 for two axes: two dims can tell nothing", function()
    local a = hy.tensor{ { 1, 0 } }:expand(20, 2):contiguous()
    local b = hy.tensor{ { 0, 1 } }:expand(20, 2):contiguous()
    assert.equal(0, cluster.SpecialK.bound(a, b))
  end)

  it("is significant when many dims tell the groups apart", function()
    local a = hy.cat({ hy.ones(20, 30), hy.zeros(20, 30) }, 2)
    local b = hy.cat({ hy.zeros(20, 30), hy.ones(20, 30) }, 2)
    -- variance 1/80, t = 60·(1/80)·20 − 60/80 = 14.25
    assert.close(math.log(40) - 14.25 ^ 2 / 2 / (0.75 + 14.25 / 3), cluster.SpecialK.bound(a, b), 1e-9)
    assert.is_true(cluster.SpecialK.bound(a, a) > math.log(0.01))
  end)

  it("bears columns of zeros", function()
    assert.equal(0, cluster.SpecialK.bound(hy.zeros(3, 4), hy.zeros(2, 4)))
  end)
end)

describe("Planted clusters", function()
  for _, name in ipairs(names) do
    it("are found by " .. name, function()
      for _, dtype in ipairs{ "f32", "f64" } do
        local x, truth = groups(name == "PGMeans" and 300 or 50, dtype)
        local found = cluster[name]{ rng = hy.rng(3) }:fit{ x = x }
        assert.equal(5, found.k)
        assert.is_true(ari(truth, found.labels) > 0.99)
        assert.equal(#found.ks, #found.scores)
        assert.equal(#found.ks, #found.history)
        for i, row in ipairs(found.history) do assert.equal(found.ks[i], row.k) end
      end
    end)
  end

  it("are found in both graphs and in one that is given", function()
    local x, truth = groups(50)
    local near = hy.sqdist(x, x):lt(4):to "f32"
    for _, similarity in ipairs{ "NAM", "SAM", near } do
      local found = cluster.SpecialK{ similarity = similarity, rng = hy.rng(3) }:fit(x)
      assert.equal(5, found.k)
      assert.equal(1, ari(truth, found.labels))
    end
  end)

  it("are found in a large graph, in single precision by approximated eigenvectors", function()
    local x, truth = groups(401)
    local found = cluster.SpecialK{ max_k = 5, n_init = 3, similarity = "SAM", rng = hy.rng(3) }:fit(x)
    assert.equal(5, found.k)
    assert.is_true(ari(truth, found.labels) > 0.99)
    local v = found.embedding
    assert.same({ 2005, 200 }, v:size())
    assert.close(found.eigenvalues:abs(), v:square():sum(1), 1e-6)
  end)
end)

describe("The number of clusters", function()
  it("is the same for the same seed and any thread count", function()
    local x, threads = groups(60), hy.threads()
    for _, name in ipairs{ "XMeans", "GMeans", "PGMeans" } do
      local results = {}
      for t = 1, 2 do
        hy.threads(t)
        results[t] = cluster[name]{ rng = hy.rng(5) }:fit(x)
      end
      hy.threads(threads)
      assert.equal(results[1].k, results[2].k)
      assert_same(results[1].labels, results[2].labels)
      assert_same(results[1].centers, results[2].centers)
    end
  end)

  it("does not exceed max_k", function()
    local x = groups(60)
    for _, name in ipairs(names) do
      local found = cluster[name]{ max_k = 3, rng = hy.rng(5) }:fit(x)
      assert.is_true((found.k or 0) <= 3)
      assert.is_true(hy.unique(found.labels):numel() <= 3)
    end
  end)

  it("is 1 for equal points and for one point", function()
    for _, name in ipairs{ "XMeans", "GMeans", "PGMeans", "SpecialK" } do
      for _, x in ipairs{ hy.ones(20, 2), hy.ones(1, 3) } do
        local options = { rng = hy.rng(1) }
        if name == "XMeans" then options.k_init = 1 end
        local found = cluster[name](options):fit(x)
        assert.equal(1, found.k)
        assert.equal(1, hy.unique(found.labels):numel())
      end
    end
  end)

  it("does not grow for one normal cluster", function()
    local x = hy.randn(500, 2, { rng = hy.rng(8) })
    assert.equal(1, cluster.GMeans{ rng = hy.rng(1) }:fit(x).k)
    assert.equal(1, cluster.PGMeans{ rng = hy.rng(1) }:fit(x).k)
    assert.equal(1, cluster.XMeans{ k_init = 1, rng = hy.rng(1) }:fit(x).k)
  end)

  it("is left alone by G-means below 8 points", function()
    assert.equal(1, cluster.GMeans{ alpha = 0.5, rng = hy.rng(1) }:fit(six).k)
    assert.equal(2, cluster.XMeans{ k_init = 1, rng = hy.rng(1) }:fit(six).k)
  end)

  it("falls when X-means merges", function()
    local x, truth = groups(50)
    local many = cluster.XMeans{ k_init = 12, rng = hy.rng(1) }:fit(x)
    local merged = cluster.XMeans{ k_init = 12, merge = true, rng = hy.rng(1) }:fit(x)
    assert.is_true(many.k >= 12)
    assert.equal(5, merged.k)
    assert.equal(1, ari(truth, merged.labels))
    assert.equal(#many.history, #merged.history)
  end)

  it("is that of the best round, unless X-means is told not to ask", function()
    local x = hy.rand(200, 2, { rng = hy.rng(9) })
    local asked = cluster.XMeans{ rng = hy.rng(1) }:fit(x)
    local last = cluster.XMeans{ check_global = false, rng = hy.rng(1) }:fit(x)
    local best = -math.huge
    for _, row in ipairs(asked.history) do best = math.max(best, row.bic) end
    assert.equal(best, asked.bic)
    assert.equal(last.ks[#last.ks], last.k)
  end)

  it("is as fitted after a way through a file", function()
    local x, folder = groups(60), S.folder()
    for _, name in ipairs(names) do
      local found = cluster[name]{ max_k = 6, rng = hy.rng(5) }:fit(x)
      hy.save(folder .. "/model", found)
      local again = hy.load(folder .. "/model")
      assert.equal(found.k, again.k)
      assert.same(found.scores, again.scores)
      assert_same(found.labels, again.labels)
      if name ~= "SpecialK" then assert_same(found:predict(x), again:predict(x)) end
    end
    S.remove(folder)
  end)
end)

describe("Wrong options and data", function()
  it("get a sentence", function()
    local broken = hy.tensor{ { 1 }, { 0 / 0 }, { 2 }, { 3 } }
    for _, name in ipairs(names) do
      local method = cluster[name]
      assert.raises(function() method{ max_kk = 3 } end, name .. ': unknown option "max_kk"')
      assert.raises(function() method{ max_k = 0 }:fit(six) end, name .. ": option max_k")
      assert.raises(function() method{ rng = hy.rng(1) }:fit(broken) end, "row 2")
      assert.raises(function() method{}:fit(hy.zeros(4)) end, name)
    end
    for _, name in ipairs{ "XMeans", "GMeans", "PGMeans" } do
      assert.raises(function() cluster[name]{ k_init = 7 }:fit(six) end, "option k_init")
      assert.raises(function() cluster[name]{ trials = 0 }:fit(six) end, "option trials")
      assert.raises(function() cluster[name]{}:predict(six) end, "call fit first")
    end
    assert.raises(function() cluster.GMeans{ alpha = 2 }:fit(six) end, "option alpha")
    assert.raises(function() cluster.GapStatistic{ box = "pcs" } end, 'did you mean "pca"')
    assert.raises(function() cluster.SpecialK{ similarity = "SOM" }:fit(six) end, '"NAM", "SAM"')
    assert.raises(function() cluster.SpecialK{ similarity = hy.ones(2, 2) }:fit(six) end, "must be 6×6")
    assert.raises(function() cluster.SpecialK{}:predict(six) end, "no place in the embedding")
  end)
end)
