-- Gaussian mixtures: both steps of EM, the estimator.
local S = require "tests.support"
local hy = require "hyades"
local GMM, ari = hy.cluster.GMM, hy.metrics.ari

local kinds = { "full", "tied", "diag", "spherical" }

local function f64(t) return hy.tensor(t, { dtype = "f64" }) end

local function assert_same(expected, got)
  assert.same(expected:size(), got:size())
  assert.equal(0, expected:ne(got):sum():item())
end

-- Covariances of a kind, all the identity.
local function identities(kind, k, d)
  local eye = hy.eye(d, { dtype = "f64" }):reshape(1, d, d)
  if kind == "full" then return eye:expand(k, d, d):contiguous() end
  if kind == "tied" then return eye end
  return hy.ones(k, 1, kind == "diag" and d or 1, { dtype = "f64" })
end

-- A mixture with uneven weights and skewed covariances of a kind.
local function some_mixture(kind, k, d, rng)
  local a = hy.randn(k, d, d, { rng = rng, dtype = "f64" })
  local each = a:matmul(a:permute{ 1, 3, 2 }) + hy.eye(d, { dtype = "f64" }) * 0.3
  local variances = hy.rand(k, 1, d, { rng = rng, dtype = "f64" }) + 0.2
  local covariances = { full = each, tied = each:narrow(1, 1, 1), diag = variances,
    spherical = variances:narrow(3, 1, 1) }
  local weights = hy.rand(k, { rng = rng, dtype = "f64" }) + 0.1
  return { weights = weights / weights:sum(), means = hy.randn(k, d, { rng = rng, dtype = "f64" }) * 3,
    covariances = covariances[kind]:contiguous() }
end

-- The covariance of component c as a matrix.
local function matrix(mixture, c, d)
  local all = mixture.covariances
  local one = all[all:size(1) == 1 and 1 or c]
  if one:size(1) == d then return one end
  return hy.diag(one:reshape(-1):expand(d):contiguous())
end

-- log of weight times normal density, by inverses and determinants.
local function brute_force(x, mixture)
  local n, d, k = x:size(1), x:size(2), mixture.weights:size(1)
  local columns = {}
  for c = 1, k do
    local s, moved = matrix(mixture, c, d), x - mixture.means[c]
    local form = (moved:mm(hy.inverse(s)) * moved):sum(2)
    columns[c] = mixture.weights[c]:log() - (form + hy.det(s):log() + d * math.log(2 * math.pi)) / 2
  end
  local joint = hy.stack(columns, 2)
  return joint:softmax(2), joint:logsumexp(2):reshape(n)
end

describe("EM on four points", function()
  it("goes -7.447230, -5.675937, and ends at 0.5 and 4.5", function()
    local x = f64{ { 0 }, { 1 }, { 4 }, { 5 } }
    local mixture = { weights = f64{ 0.5, 0.5 }, means = f64{ { 0 }, { 5 } },
      covariances = hy.ones(2, 1, 1, { dtype = "f64" }) }
    local soft, density = GMM.expect(x, mixture)
    assert.close(-7.447230, density:sum():item(), 1e-6)
    mixture = GMM.maximize(x, soft, "full", 1e-6)
    assert.close({ { 0.500839 }, { 4.499161 } }, mixture.means, 1e-6)
    assert.close({ { { 0.253354 } }, { { 0.253354 } } }, mixture.covariances, 1e-6)
    assert.close({ 0.5, 0.5 }, mixture.weights, 1e-12)
    soft, density = GMM.expect(x, mixture)
    assert.close(-5.675937, density:sum():item(), 1e-6)
    local found = GMM.em(x, mixture, { covariance = "full", max_iter = 50, tol = 1e-12, reg = 1e-6 })
    assert.close({ { 0.5 }, { 4.5 } }, found.means, 1e-6)
    assert.close({ { { 0.250001 } }, { { 0.250001 } } }, found.covariances, 1e-6)
    assert.is_true(found.converged)
    assert.equal(4, soft:size(1))
  end)
end)

describe("The E-step", function()
  for _, kind in ipairs(kinds) do
    it("equals inverses and determinants, " .. kind, function()
      for _, shape in ipairs{ { 5, 2, 1 }, { 70, 3, 2 }, { 131, 4, 17 }, { 40, 1, 33 }, { 300, 2, 150 } } do
        local n, k, d = table.unpack(shape)
        local mixture = some_mixture(kind, k, d, hy.rng(n))
        local x = hy.randn(n, d, { rng = hy.rng(n + 1), dtype = "f64" }) * 2
        local soft, density = GMM.expect(x, mixture)
        local expected, log_density = brute_force(x, mixture)
        assert.close(log_density, density, 1e-9)
        assert.close(expected, soft, 1e-9)
        assert.close(hy.ones(n), soft:sum(2), 1e-12)
      end
    end)
  end

  it("does not lose digits far from the origin", function()
    local mixture = some_mixture("full", 3, 4, hy.rng(1))
    local x = hy.randn(50, 4, { rng = hy.rng(2), dtype = "f64" })
    local _, expected = GMM.expect(x, mixture)
    mixture.means = mixture.means + 1e6
    local _, density = GMM.expect(x + 1e6, mixture)
    assert.close(expected, density, 1e-7)
  end)

  it("adds to a singular covariance until it can be factored", function()
    local flat = f64{ { { 1, 1 }, { 1, 1 } } }
    local lifted = flat + hy.eye(2, { dtype = "f64" }) * 1e-5
    local x = hy.randn(6, 2, { rng = hy.rng(1) })
    local _, density = hy.gmm_e_step(x, hy.ones(1), hy.zeros(1, 2), flat)
    local _, expected = hy.gmm_e_step(x, hy.ones(1), hy.zeros(1, 2), lifted)
    assert.close(expected, density, 1e-12)
    local wide = f64{ { { 1e17, 1e17 }, { 1e17, 1e17 } } }
    assert.raises(function() hy.gmm_e_step(x, hy.ones(1), hy.zeros(1, 2), wide) end,
      "covariance 1 is not positive definite, even with 0.01 added to its diagonal")
  end)

  it("takes components without weight, and points of f32", function()
    local mixture = some_mixture("full", 3, 2, hy.rng(4))
    local x = hy.randn(30, 2, { rng = hy.rng(5) })
    local weights = f64{ 0.4, 0, 1.2 } -- relative to their sum
    local soft = hy.gmm_e_step(x, weights, mixture.means, mixture.covariances)
    assert.equal(0, soft:select(2, 2):sum():item())
    local exact = hy.gmm_e_step(x:to "f64", f64{ 0.25, 0, 0.75 }, mixture.means, mixture.covariances)
    assert.close(exact, soft, 1e-12)
  end)

  it("refuses what is no mixture", function()
    local x, w, m, c = hy.zeros(5, 2), hy.ones(3), hy.zeros(3, 2), hy.ones(3, 1, 2)
    assert.raises(function() hy.gmm_e_step(x, w, hy.zeros(3, 4), c) end, "means must be 3×2")
    assert.raises(function() hy.gmm_e_step(x, w, m, hy.ones(2, 1, 2)) end, "covariances must be")
    assert.raises(function() hy.gmm_e_step(x, w, m, hy.ones(3, 2)) end, "got 3×2")
    assert.raises(function() hy.gmm_e_step(x, hy.zeros(3), m, c) end, "all weights are 0")
    assert.raises(function() hy.gmm_e_step(x, hy.tensor{ 1, -1, 1 }, m, c) end, "weights is -1 at 2")
    assert.raises(function() hy.gmm_e_step(x, w, m + 0 / 0, c) end, "means is NaN at row 1")
    assert.raises(function() hy.gmm_e_step(x, w, m, c / 0) end, "covariances holds inf for component 1")
    assert.raises(function() hy.gmm_e_step(x + math.huge, w, m, c) end, "x is infinite at row 1")
    assert.raises(function() hy.gmm_e_step(x, w, m, -c) end, "covariance 1 is not positive definite")
    assert.raises(function() hy.gmm_e_step(x:to "f64" + 1e200, w, m, c) end, "row 1 of x is too far")
    assert.raises(function() hy.gmm_e_step(hy.zeros(0, 2), w, m, c) end, "x has no rows")
    assert.raises(function() hy.gmm_e_step(x:to "u8", w, m, c) end, "u8")
  end)
end)

describe("The M-step", function()
  it("equals weighted moments", function()
    for _, shape in ipairs{ { 1, 1, 1 }, { 6, 2, 1 }, { 150, 3, 5 }, { 333, 20, 18 }, { 600, 2, 140 } } do
      local n, k, d = table.unpack(shape)
      local x = hy.randn(n, d, { rng = hy.rng(n), dtype = "f64" }) + 3
      local soft = hy.rand(n, k, { rng = hy.rng(d), dtype = "f64" })
      local weights, means, full = hy.gmm_m_step(x, soft, { reg = 0.5 })
      local _, same, diagonal = hy.gmm_m_step(x, soft, { reg = 0.5, diagonal = true })
      assert.close(soft:sum(1) / soft:sum(), weights, 1e-12)
      assert.close(means, same, 0)
      assert.same({ k, d, d }, full:size())
      assert.same({ k, 1, d }, diagonal:size())
      for c = 1, k do
        local share = soft:select(2, c):reshape(n, 1)
        local mean = (x * share):sum(1) / share:sum()
        assert.close(mean, means[c], 1e-11)
        local expected = (x - mean):t():mm((x - mean) * share) / share:sum()
          + hy.eye(d, { dtype = "f64" }) * 0.5
        assert.close(expected, full[c], 1e-11)
        for j = 1, d do assert.close(expected[{ j, j }]:item(), diagonal[{ c, 1, j }]:item(), 1e-11) end
      end
    end
  end)

  it("gives a component without points no weight, and reg for variances", function()
    local soft = hy.one_hot(hy.tensor({ 1, 1, 3 }, { dtype = "index" }), 3)
    local weights, _, covariances = hy.gmm_m_step(hy.tensor{ { 1 }, { 3 }, { 9 } }, soft)
    assert.close({ 2 / 3, 0, 1 / 3 }, weights, 1e-12)
    assert.close({ { { 1 + 1e-6 } }, { { 1e-6 } }, { { 1e-6 } } }, covariances, 1e-9)
  end)

  it("refuses what are no responsibilities", function()
    local x = hy.zeros(3, 2)
    assert.raises(function() hy.gmm_m_step(x, hy.ones(4, 2)) end, "x and responsibilities differ in rows")
    assert.raises(function() hy.gmm_m_step(x, hy.ones(3, 2) * -1) end, "responsibilities is -1 at row 1")
    assert.raises(function() hy.gmm_m_step(x, hy.ones(3, 0)) end, "responsibilities has no columns")
    assert.raises(function() hy.gmm_m_step(x, hy.ones(3, 2), { reg = -1 }) end, "reg is -1")
    assert.raises(function() hy.gmm_m_step(x / 0, hy.ones(3, 2)) end, "x is NaN at row 1")
  end)
end)

describe("EM", function()
  it("never lowers the likelihood", function()
    local x = hy.rand(400, 3, { rng = hy.rng(1), dtype = "f64" })
    for _, kind in ipairs(kinds) do
      local start = GMM.maximize(x, hy.rand(400, 4, { rng = hy.rng(2), dtype = "f64" }), kind, 1e-9)
      local found = GMM.em(x, start, { covariance = kind, max_iter = 60, tol = 0, reg = 1e-9 })
      local before = -math.huge
      for _, row in ipairs(found.history) do
        assert.is_nil(row.reset)
        assert.is_true(row.log_likelihood >= before - 1e-9 * math.abs(before))
        before = row.log_likelihood
      end
      assert.equal(60, #found.history)
    end
  end)

  it("agrees with another library", function() -- scikit-learn 1.2
    local x = hy.data.digits().x:to "f64"
    local golden = { tied = { 74.4446701908, 74.5176882752 }, diag = { 106.4070960940, 107.1377676433 },
      spherical = { 10.1347093631, 10.5040048512 } }
    local function start(kind)
      return { weights = hy.full({ 10 }, 0.1, { dtype = "f64" }), means = x:narrow(1, 1, 10),
        covariances = identities(kind, 10, 64) }
    end
    for kind, means in pairs(golden) do
      local found = GMM.em(x, start(kind), { covariance = kind, max_iter = 6, tol = 0, reg = 1e-6 })
      assert.close(means[1], found.history[5].log_likelihood / 1797, 1e-9)
      assert.close(means[2], found.log_likelihood / 1797, 1e-9)
    end
    local mixture, density = start "full" -- that library never resets a component
    for _ = 1, 6 do
      local soft = GMM.expect(x, mixture)
      mixture = GMM.maximize(x, soft, "full", 1e-6)
    end
    density = select(2, GMM.expect(x, mixture))
    assert.close(124.0018124902, density:mean():item(), 1e-9)
  end)

  it("begins a component with too few points anew", function()
    local x = hy.cat{ hy.randn(40, 2, { rng = hy.rng(1), dtype = "f64" }),
      hy.randn(40, 2, { rng = hy.rng(2), dtype = "f64" }) + 30 }
    for _, kind in ipairs(kinds) do
      local start = { weights = f64{ 0.5, 0.5 }, means = f64{ { 0, 0 }, { 1e3, -1e3 } },
        covariances = identities(kind, 2, 2) }
      local kept = start.means:clone()
      local found = GMM.em(x, start, { covariance = kind, max_iter = 50, tol = 1e-6, reg = 1e-6 })
      assert.equal(2, found.history[1].reset)
      assert.is_true(found.converged)
      assert.close({ 0.5, 0.5 }, found.weights, 1e-6)
      assert_same(kept, start.means)
    end
  end)

  it("gives the same bits for one thread and two", function()
    local threads = hy.threads()
    for _, shape in ipairs{ { 3000, 1, 20 }, { 3000, 20, 20 }, { 1000, 3, 40 }, { 50, 2, 5 },
      { 800, 2, 140 } } do
      local n, k, d = table.unpack(shape)
      local x = hy.randn(n, d, { rng = hy.rng(1) })
      local soft = hy.rand(n, k, { rng = hy.rng(2), dtype = "f64" })
      for _, kind in ipairs(kinds) do
        local results = {}
        for t = 1, 2 do
          hy.threads(t)
          local m = GMM.maximize(x, soft, kind, 1e-6)
          results[t] = { m.weights, m.means, m.covariances, GMM.expect(x, m) }
        end
        hy.threads(threads)
        for i, expected in ipairs(results[1]) do assert_same(expected, results[2][i]) end
      end
    end
  end)
end)

describe("GMM", function()
  local blobs = hy.data.blobs{ n = 400, k = 4, d = 3, rng = hy.rng(3) }

  it("finds planted clusters", function()
    for _, kind in ipairs(kinds) do
      for _, x in ipairs{ blobs.x, blobs.x:to "f64" } do
        local gmm = GMM{ k = 4, covariance = kind, rng = hy.rng(1) }:fit(x)
        assert.equal(1, ari(blobs.y, gmm.labels))
        assert.same({}, gmm.warnings)
        assert.equal(x.dtype, gmm.centers.dtype)
        assert.equal("f64", gmm.means.dtype)
        assert.same(gmm.labels:totable(), gmm:predict(x):totable())
        assert_same(gmm.soft, gmm:assign(x))
        assert.close(gmm.log_likelihood, gmm:score(x):sum():item(), 1e-12)
        assert.equal(gmm.iterations, #gmm.history)
      end
    end
  end)

  it("tells stretched clusters apart that k-means cannot", function()
    local rng = hy.rng(5)
    local flat = hy.randn(600, 2, { rng = rng, dtype = "f64" }) * f64{ 12, 0.5 }
    local x = flat + hy.cat{ hy.zeros(300, 2), hy.ones(300, 2) * 4 }:to "f64" * f64{ 0, 1 }
    local truth = hy.cat{ hy.ones(300), hy.ones(300) * 2 }:to "index"
    local gmm = GMM{ k = 2, tol = 1e-7, max_iter = 500, rng = hy.rng(1) }:fit(x)
    assert.is_true(ari(truth, gmm.labels) > 0.95)
    assert.is_true(ari(truth, hy.cluster.KMeans{ k = 2, rng = hy.rng(1) }:fit(x).labels) < 0.5)
  end)

  it("does not care for order, rotation and scale", function()
    local x = blobs.x:to "f64"
    local function fit(points, reg)
      return GMM{ k = 4, rng = hy.rng(1), tol = 1e-9, reg = reg or 1e-6 }:fit(points)
    end
    local gmm = fit(x)
    local rows = hy.randperm(400, { rng = hy.rng(2) })
    local turned = x:index(rows):mm((hy.qr(hy.randn(3, 3, { rng = hy.rng(3), dtype = "f64" }))))
    assert.close(gmm.log_likelihood, fit(turned).log_likelihood, 1e-8)
    assert.equal(1, ari(gmm.labels:index(rows), fit(turned).labels))
    local large = fit(x * 1000, 1)
    assert.close(gmm.log_likelihood - 400 * 3 * math.log(1000), large.log_likelihood, 1e-8)
  end)

  it("counts parameters for BIC and AIC", function()
    local free = { full = 4 * 3 * 6 / 2 + 3, tied = 12 + 6 + 3, diag = 24 + 3, spherical = 16 + 3 }
    for kind, p in pairs(free) do
      local gmm = GMM{ k = 4, covariance = kind, rng = hy.rng(1) }:fit(blobs)
      assert.close(-2 * gmm.log_likelihood + p * math.log(400), gmm.bic, 1e-12)
      assert.close(-2 * gmm.log_likelihood + 2 * p, gmm.aic, 1e-12)
    end
    local best, least = nil, math.huge
    for k = 1, 7 do
      local bic = GMM{ k = k, rng = hy.rng(1) }:fit(blobs).bic
      if bic < least then best, least = k, bic end
    end
    assert.equal(4, best)
  end)

  it("draws points like those that it was fitted to", function()
    for _, kind in ipairs(kinds) do
      local gmm = GMM{ k = 2, rng = hy.rng(1), covariance = kind }
        :fit(hy.randn(300, 2, { rng = hy.rng(2) }):mm(hy.tensor{ { 2, 1 }, { 0, 1 } }) + 5)
      local x, labels = gmm:sample(40000, { rng = hy.rng(4) })
      local weights, means, each = hy.gmm_m_step(x, hy.one_hot(labels, 2), { reg = 0 })
      assert.close(gmm.weights, weights, 0.02)
      assert.close(gmm.means, means, 0.02)
      for c = 1, 2 do assert.close(matrix(gmm, c, 2), each[c], 0.05) end
    end
    local gmm = GMM{ k = 2, rng = hy.rng(1) }:fit(hy.rand(20, 2, { rng = hy.rng(1) }))
    assert_same((gmm:sample(5, { rng = hy.rng(1) })), (gmm:sample(5, { rng = hy.rng(1) })))
  end)

  it("keeps the likeliest of its restarts", function()
    local x = hy.rand(200, 2, { rng = hy.rng(1) })
    local function fit(n, seed)
      return GMM{ k = 6, n_init = n, init = "random", rng = hy.rng(seed) }:fit(x).log_likelihood
    end
    assert.is_true(fit(8, 1) >= fit(1, 1))
    assert.equal(fit(3, 2), fit(3, 2))
  end)

  it("begins anywhere it is told", function()
    local _, rows = hy.kmeans_plusplus(blobs.x, 4, { rng = hy.rng(1) })
    local inits = { "k-means++", blobs.x:index(rows), hy.cluster.KMeans, function(x, k, rng)
      return (hy.kmeans_plusplus(x, k, { rng = rng }))
    end }
    for _, init in ipairs(inits) do
      assert.equal(1, ari(blobs.y, GMM{ k = 4, init = init, rng = hy.rng(2) }:fit(blobs).labels))
    end
  end)

  it("makes one cluster of equal points, and says so", function()
    local gmm = GMM{ k = 3, rng = hy.rng(1) }:fit(hy.ones(9, 2))
    assert.equal(1, hy.unique(gmm.labels):numel())
    assert.is_truthy(gmm.warnings[1]:find("only 1 of 3", 1, true))
    gmm = GMM{ k = 1, rng = hy.rng(1) }:fit(hy.ones(1, 2))
    assert.close({ { 1, 1 } }, gmm.means, 1e-12)
  end)

  it("bears a constant column, and more columns than points", function()
    local x = hy.cat({ blobs.x, hy.ones(400, 1) }, 2)
    assert.equal(1, ari(blobs.y, GMM{ k = 4, rng = hy.rng(1) }:fit(x).labels))
    local wide = GMM{ k = 2, rng = hy.rng(1) }:fit(hy.randn(10, 20, { rng = hy.rng(1) }))
    assert.is_true(wide.log_likelihood == wide.log_likelihood)
  end)

  it("comes back from a file", function()
    local folder = S.folder()
    for _, kind in ipairs(kinds) do
      local gmm = GMM{ k = 4, covariance = kind, rng = hy.rng(1) }:fit(blobs)
      hy.save(folder .. "/gmm", gmm)
      local again = hy.load(folder .. "/gmm")
      assert_same(gmm:assign(blobs), again:assign(blobs))
      assert.equal(gmm.bic, again.bic)
    end
    S.remove(folder)
  end)

  it("refuses what it cannot do", function()
    local x = blobs.x
    assert.raises(function() GMM{} end, "k")
    assert.raises(function() GMM{ k = 2, covariance = "ful" } end, 'did you mean "full"')
    assert.raises(function() GMM{ k = 401 }:fit(x) end, "k = 401 needs at least as many points, got 400")
    assert.raises(function() GMM{ k = 0 } end, "option k")
    assert.raises(function() GMM{ k = 2, reg = -1 }:fit(x) end, "option reg")
    assert.raises(function() GMM{ k = 2 }:fit(hy.zeros(4)) end, "GMM")
    assert.raises(function() GMM{ k = 2 }:fit(hy.tensor{ { 1 }, { 0 / 0 }, { 2 } }) end, "row 2, column 1")
    assert.raises(function() GMM{ k = 2 }:predict(x) end, "call fit first")
    assert.raises(function() GMM{ k = 2 }:score(x) end, "call fit first")
    local gmm = GMM{ k = 2, max_iter = 1, tol = 0, rng = hy.rng(1) }:fit(x)
    assert.is_truthy(gmm.warnings[1]:find("no convergence in 1 steps", 1, true))
    assert.raises(function() gmm:sample(0) end, "GMM.sample: n")
  end)
end)
