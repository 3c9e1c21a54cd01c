-- Clusters in subspaces: of their own (ORCLUS, 4C), or one for all (LDA-k-means, FOSSCLU).
local S = require "tests.support"
local hy = require "hyades"
local cluster, ari = hy.cluster, hy.metrics.ari
local LDAKmeans, ORCLUS = cluster.LDAKmeans, cluster.ORCLUS
local FourC, FOSSCLU = cluster.FourC, cluster.FOSSCLU

local function f64(values) return hy.tensor(values, { dtype = "f64" }) end

local function index(values) return hy.tensor(values, { dtype = "index" }) end

local function rotation(d, seed)
  return (hy.qr(hy.randn(d, d, { rng = hy.rng(seed), dtype = "f64" })))
end

local six = f64{ { 0, 0 }, { 1, 1 }, { 2, 0 }, { 4, 6 }, { 5, 7 }, { 6, 6 } }
local halves = index{ 1, 1, 1, 2, 2, 2 }

-- k clusters in the first m of d dimensions, one Gaussian in the others, all of it rotated.
local function common(n, k, m, d, noise, seed)
  local rng = hy.rng(seed)
  local truth = hy.randint({ n }, 1, k, { rng = rng })
  local corners = hy.randn(k, m, { rng = rng, dtype = "f64" }) * 6
  local x = hy.cat({ corners:index(truth) + hy.randn(n, m, { rng = rng, dtype = "f64" }),
    hy.randn(n, d - m, { rng = rng, dtype = "f64" }) * noise }, 2)
  return x:mm(rotation(d, seed + 100)), truth
end

describe("LDAKmeans", function()
  it("finds the discriminant of six points by hand", function()
    assert.close({ { 0.8, 0 }, { 0, 0.266667 } }, (hy.covariance(six, halves)), 1e-6)
    local between = hy.covariance(six) - hy.covariance(six, halves)
    assert.close({ { 4.8, 7.2 }, { 7.2, 10.8 } }, between, 1e-9)
    local w, values = LDAKmeans.discriminant(six, halves, 2)
    assert.close({ 46.5, 0 }, values, 1e-9)
    local first = w:select(2, 1)
    assert.close({ 0.216931, 0.976187 }, (first / first:square():sum():sqrt()):abs(), 1e-6)
    assert.close(hy.eye(2), w:t():mm((hy.covariance(six, halves))):mm(w), 1e-9)
  end)

  it("finds planted clusters, in any rotation and any type", function()
    local x, truth = common(400, 4, 3, 8, 2, 1)
    for _, dtype in ipairs{ "f32", "f64" } do
      for _, turned in ipairs{ x, x:mm(rotation(8, 9)) } do
        local model = LDAKmeans{ k = 4, rng = hy.rng(2) }:fit(turned:to(dtype))
        assert.is_true(ari(truth, model.labels) > 0.98)
        assert.same({ 8, 3 }, model.rotation:size())
        assert.same({ 4, 3 }, model.centers:size())
        assert.equal(dtype, model.rotation.dtype)
        assert.equal(#model.history, model.iterations)
        assert.same(model.labels:totable(), model:predict(turned:to(dtype)):totable())
        local within = hy.covariance(model:transform(turned:to(dtype)), model.labels)
        assert.close(hy.eye(3), within, 0.05) -- the rotation whitens what is within
      end
    end
  end)

  it("is k-means where the subspace is the whole space", function()
    local x = common(200, 3, 2, 2, 1, 3)
    local model = LDAKmeans{ k = 3, n_dims = 5, rng = hy.rng(1) }:fit(x)
    local km = cluster.KMeans{ k = 3, rng = hy.rng(1) }:fit(x)
    assert.equal(1, ari(km.labels, model.labels))
    assert.close(km.inertia, model.inertia, 1e-9)
    assert.close(hy.eye(2), model.rotation, 0)
  end)

  it("survives singular scatter: constant features, more features than points, duplicates", function()
    local x, truth = common(60, 3, 2, 4, 1, 5)
    x = hy.cat({ x, hy.ones(60, 2, { dtype = "f64" }), x:narrow(2, 1, 1) }, 2)
    assert.is_true(ari(truth, LDAKmeans{ k = 3, rng = hy.rng(1) }:fit(x).labels) > 0.9)
    assert.is_truthy(LDAKmeans{ k = 2, rng = hy.rng(1) }:fit(hy.rand(6, 20, { rng = hy.rng(1) })).labels)
    local two = hy.cat({ hy.zeros(5, 3), hy.ones(5, 3) }, 1)
    assert.equal(2, hy.unique(LDAKmeans{ k = 2, rng = hy.rng(1) }:fit(two).labels):numel())
    assert.close({ 1, 1, 1 }, LDAKmeans{ k = 1 }:fit(hy.rand(3, 2, { rng = hy.rng(1) })).labels:to "f64", 0)
  end)

  it("refuses what it cannot do", function()
    assert.raises(function() LDAKmeans{ k = 7 }:fit(six) end, "needs at least as many points")
    assert.raises(function() LDAKmeans{ k = 1 }:fit(f64{ { 1, 2 } }) end, "at least 2 points")
    assert.raises(function() LDAKmeans{ k = 2, n_dims = 0 }:fit(six) end, "n_dims")
    assert.raises(function() LDAKmeans{ k = 2 }:fit(f64{ { 1, 2 }, { 3, 0 / 0 }, { 1, 1 } }) end, "row 2")
    assert.raises(function() LDAKmeans{ k = 2 }:transform(six) end, "call fit first")
  end)
end)

-- k clusters of d dimensions, each thin in `thin` directions of its own and wide in the others.
local function oriented(n, k, d, thin, seed)
  local rng = hy.rng(seed)
  local truth = hy.randint({ n }, 1, k, { rng = rng })
  local x = hy.zeros(n, d, { dtype = "f64" })
  for c = 1, k do
    local rows = truth:eq(index{ c }):nonzero():reshape(-1)
    local scale = hy.cat{ hy.full({ thin }, 0.05, { dtype = "f64" }),
      hy.full({ d - thin }, 4, { dtype = "f64" }) }
    local own = (hy.randn(rows:numel(), d, { rng = rng, dtype = "f64" }) * scale):mm(rotation(d, seed + c))
      + hy.randn(1, d, { rng = rng, dtype = "f64" }) * 2
    for i, row in ipairs(rows:totable()) do x:narrow(1, row, 1):copy(own:narrow(1, i, 1)) end
  end
  return x, truth
end

describe("oriented_sqdist", function()
  it("is the squared length of what a basis leaves", function()
    for _, dtype in ipairs{ "f32", "f64" } do
      for _, size in ipairs{ { 1100, 4, 3, 2 }, { 7, 1, 6, 6 }, { 20, 9, 5, 1 } } do
        local n, k, d, l = table.unpack(size)
        local x = hy.randn(n, d, { rng = hy.rng(1), dtype = dtype }) + 100
        local centers = hy.randn(k, d, { rng = hy.rng(2), dtype = "f64" }) + 100
        local bases = hy.randn(k, d, l, { rng = hy.rng(3), dtype = "f64" })
        local got = hy.oriented_sqdist(x, centers, bases)
        for c = 1, k do
          local slow = (x:to "f64" - centers[c]):mm(bases[c]):square():sum(2)
          assert.close(slow, got:select(2, c), dtype == "f32" and 2e-3 or 1e-10)
        end
      end
    end
    assert.raises(function() hy.oriented_sqdist(six, six, hy.ones(6, 3, 1)) end, "bases must be k×d×l")
    assert.raises(function() hy.oriented_sqdist(six, hy.ones(1, 3), hy.ones(1, 3, 1)) end,
      "differ in length")
  end)
end)

describe("ORCLUS", function()
  it("lowers seeds and dimensions by the schedule of the sheet", function()
    assert.close(0.662358, ORCLUS.dimension_rate(75, 5, 10, 2, 0.5), 1e-6)
    local model = ORCLUS{ k = 5, l = 2, rng = hy.rng(1) }:fit(hy.randn(200, 10, { rng = hy.rng(2) }))
    assert.same({ { k = 37, dims = 6 }, { k = 18, dims = 3 }, { k = 9, dims = 2 }, { k = 5, dims = 2 } },
      model.history)
  end)

  it("joins the clusters whose union is the least extended", function()
    local x = hy.randn(60, 4, { rng = hy.rng(3), dtype = "f64" })
    local list = {}
    for i = 1, 60 do list[i] = (i - 1) % 6 + 1 end
    local cov, mean, n = hy.label_covariances(x, index(list), 7) -- the seventh has no points
    local merged = ORCLUS.merge({ n = n:clone(), mean = mean:clone(), cov = cov:clone() }, 5, 2)
    assert.same({ 10, 10, 10, 10, 20 }, (merged.n:sort()):totable())
    local best, pair = math.huge, nil -- by brute force over the points
    for a = 1, 6 do
      for b = a + 1, 6 do
        local rows = {}
        for i = 1, 60 do if list[i] == a or list[i] == b then rows[#rows + 1] = i end end
        local values = hy.eigh((hy.covariance(x:index(rows), { ddof = 0 })))
        local energy = values:narrow(1, 1, 2):sum():item()
        if energy < best then best, pair = energy, rows end
      end
    end
    local at = merged.n:argmax(1):item()
    local expected, center = hy.covariance(x:index(pair), { ddof = 0 })
    assert.close(expected, merged.cov[at], 1e-10)
    assert.close(center, merged.mean[at], 1e-10)
  end)

  it("finds clusters that are thin in directions of their own", function()
    local x, truth = oriented(600, 3, 6, 3, 1)
    for _, dtype in ipairs{ "f32", "f64" } do
      local model = ORCLUS{ k = 3, l = 3, n_init = 5, rng = hy.rng(1) }:fit(x:to(dtype))
      assert.is_true(ari(truth, model.labels) > 0.9)
      assert.same({ 3, 6, 3 }, model.bases:size())
      assert.same(model.labels:totable(), model:predict(x:to(dtype)):totable())
      for c = 1, 3 do
        assert.close(hy.eye(3), model.bases[c]:t():mm(model.bases[c]), 1e-9)
      end
    end
    assert.is_true(ari(truth, cluster.KMeans{ k = 3, rng = hy.rng(1) }:fit(x).labels) < 0.5)
  end)

  it("calls points beyond the sphere of influence noise", function()
    local ball = hy.randn(100, 2, { rng = hy.rng(1), dtype = "f64" })
    local x = hy.cat({ ball, ball + f64{ 10, 0 }, f64{ { 0, 30 } } }, 1)
    local model = ORCLUS{ k = 2, l = 2, outliers = true, rng = hy.rng(1) }:fit(x)
    assert.equal(-1, model.labels[201]:item())
    assert.same({ 100, 100 }, model.labels:bincount(2):totable())
    assert.equal(2, hy.unique(model:predict(x)):numel()) -- noise is a matter of the fit alone
  end)

  it("takes k = 1, as many seeds as points, duplicates, and all dimensions", function()
    assert.close({ 1, 1, 1 }, ORCLUS{ k = 1, l = 1, rng = hy.rng(1) }:fit(hy.rand(3, 2)).labels:to "f64", 0)
    local model = ORCLUS{ k = 6, l = 1, k0_factor = 1, rng = hy.rng(1) }:fit(six)
    assert.same({ 6, 2, 1 }, model.bases:size())
    assert.same({ 8 }, ORCLUS{ k = 2, l = 3, rng = hy.rng(1) }:fit(hy.ones(8, 3)).labels:size())
  end)

  it("gives the same for the same seed, and any number of threads", function()
    local x = oriented(300, 3, 6, 3, 1)
    local threads, labels = hy.threads(), {}
    for n = 1, 2 do
      hy.threads(n)
      labels[n] = ORCLUS{ k = 3, l = 3, rng = hy.rng(1) }:fit(x).labels:totable()
    end
    hy.threads(threads)
    assert.same(labels[1], labels[2])
  end)

  it("refuses what it cannot do", function()
    assert.raises(function() ORCLUS{ k = 2 } end, "option l is missing")
    assert.raises(function() ORCLUS{ k = 7, l = 1 }:fit(six) end, "needs at least as many points")
    assert.raises(function() ORCLUS{ k = 2, l = 3 }:fit(six) end, "option l: expected an integer from 1 to 2")
    assert.raises(function() ORCLUS{ k = 2, l = 1, alpha = 1 }:fit(six) end, "alpha must lie between")
    assert.raises(function() ORCLUS{ k = 1, l = 1 }:fit(f64{ { 1, 2 }, { 3, 0 / 0 } }) end, "row 2")
    assert.raises(function() ORCLUS{ k = 1, l = 1 }:predict(six) end, "call fit first")
  end)
end)

-- Neighbors by the definition: arrays of positions.
local function balls(x, eps)
  local distance, lists = hy.sqdist(x, x):sqrt():totable(), {}
  for i, row in ipairs(distance) do
    lists[i] = {}
    for j, d in ipairs(row) do
      if d <= eps * (1 + 1e-9) then table.insert(lists[i], j) end
    end
  end
  return lists
end

-- 4C by its definition, point after point.
local function slow_4c(x, eps, mu, lambda, delta, kappa)
  local lists, metric, dims = balls(x, eps), {}, {}
  for i, list in ipairs(lists) do
    local values, v = hy.eigh((hy.covariance(x:index(list), { ddof = 0 })))
    local largest = values:max():item()
    local strong = (values / math.max(largest, 1e-300)):gt(delta):to "f64"
    dims[i] = strong:sum():item()
    metric[i] = (v * (strong + (1 - strong) * kappa)):mm(v:t())
  end
  local function measure(i, j)
    local step = (x[i] - x[j]):reshape(1, -1)
    return step:mm(metric[i]):mm(step:t()):sum():item()
  end
  local near, core, labels = {}, {}, {}
  for i = 1, x:size(1) do
    near[i] = {}
    for j = 1, x:size(1) do
      if math.max(measure(i, j), measure(j, i)) <= eps ^ 2 then table.insert(near[i], j) end
    end
    core[i] = dims[i] <= lambda and #near[i] >= mu
    labels[i] = -1
  end
  local clusters = 0
  for i = 1, x:size(1) do
    if core[i] and labels[i] < 0 then
      clusters = clusters + 1
      local queue = { i }
      labels[i] = clusters
      for _, at in ipairs(queue) do
        for _, j in ipairs(near[at]) do
          if labels[j] < 0 and dims[j] <= lambda then
            labels[j] = clusters
            if core[j] then queue[#queue + 1] = j end
          end
        end
      end
    end
  end
  return labels, dims
end

describe("FourC", function()
  it("measures along five points on a line by hand", function()
    local line = f64{ { -2, -2 }, { -1, -1 }, { 0, 0 }, { 1, 1 }, { 2, 2 } }
    local start, list = hy.radius_neighbors(line, 3)
    local cov = hy.neighbor_covariances(line, start, list, 3, 1)
    assert.close({ { { 2, 2 }, { 2, 2 } } }, cov, 1e-12)
    local values, axes = hy.eigh_batch(cov)
    assert.close({ { 0, 4 } }, values, 1e-12)
    local dims, weights = FourC.weigh(values, 0.1, 50, 3)
    assert.close({ 1 }, dims, 0)
    assert.close({ { 50, 1 } }, weights, 0)
    local x = f64{ { 0, 0 }, { 0, 0.5 }, { 1, 1 } }
    local distance = hy.neighbor_sqdist(x, index{ 1, 4, 4, 4 }, index{ 1, 2, 3 }, axes, weights, 1, 1)
    assert.close({ 0, 6.375, 2 }, distance, 1e-12)
  end)

  it("has dimension 0 and weight kappa everywhere in a ball of equal points", function()
    local dims, weights = FourC.weigh(f64{ { 0, 0 }, { 0, 1 } }, 0.1, 50, 1)
    assert.close({ 0, 1 }, dims, 0)
    assert.close({ { 50, 50 }, { 50, 1 } }, weights, 0)
    local model = FourC{ eps = 0.5, max_dim = 1, min_samples = 3 }:fit(hy.full({ 4, 3 }, 0.1))
    assert.close({ 0, 0, 0, 0 }, model.dims, 0)
    assert.same({ 1, 1, 1, 1 }, model.labels:totable())
  end)

  it("does what its definition says, point by point", function()
    for seed = 1, 4 do
      local d = seed % 3 + 1
      local x = hy.randn(70, d, { rng = hy.rng(seed), dtype = "f64" })
      local labels, dims = slow_4c(x, 0.9, 3, math.max(1, d - 1), 0.2, 5)
      local model = FourC{ eps = 0.9, min_samples = 3, max_dim = math.max(1, d - 1), delta = 0.2,
        kappa = 5 }:fit(x)
      assert.close(dims, model.dims, 0)
      assert.same(labels, model.labels:totable())
    end
  end)

  it("tells crossing lines apart from each other and from noise", function()
    local t = hy.linspace(-5, 5, 200, { dtype = "f64" }):reshape(-1, 1)
    local noise = hy.randn(400, 3, { rng = hy.rng(1), dtype = "f64" }) * 0.01
    local lines = hy.cat({ t:mm(f64{ { 1, 1, 0 } }), t:mm(f64{ { 0, -1, 1 } }) + f64{ 0, 0, 3 } }, 1) + noise
    local x = hy.cat({ lines, hy.rand(30, 3, { rng = hy.rng(2), dtype = "f64" }) * 10 - 5 }, 1)
    local model = FourC{ eps = 0.7, max_dim = 1, min_samples = 5 }:fit(x)
    local k = model.labels:max():item()
    local first, second = model.labels:narrow(1, 1, 200), model.labels:narrow(1, 201, 200)
    assert.is_true(first:bincount(k):sum():item() > 180 and second:bincount(k):sum():item() > 180)
    assert.equal(0, (first:bincount(k) * second:bincount(k)):sum():item()) -- no cluster has both
    assert.is_true(k <= 4) -- a noise point beside a line cuts it in two
    assert.equal(0, model.labels:narrow(1, 401, 30):bincount(k):sum():item())
    local turned = FourC{ eps = 1.4, max_dim = 1, min_samples = 5 }:fit(x:mm(rotation(3, 5)) * 2)
    assert.same(model.labels:totable(), turned.labels:totable())
    assert.same(model.labels:totable(), FourC{ eps = 0.7, max_dim = 1 }:fit(x).labels:totable())
  end)

  it("reads single precision and gives the same for any number of threads", function()
    local x = hy.randn(500, 4, { rng = hy.rng(1) })
    local threads, labels = hy.threads(), {}
    for n = 1, 2 do
      hy.threads(n)
      labels[n] = FourC{ eps = 1, max_dim = 3, min_samples = 3 }:fit(x).labels:totable()
    end
    hy.threads(threads)
    assert.same(labels[1], labels[2])
  end)

  it("refuses what it cannot do", function()
    local four = { eps = 1, max_dim = 1 }
    local function with(name, value)
      local options = { [name] = value }
      for key, default in pairs(four) do options[key] = options[key] or default end
      return function() FourC(options):fit(six) end
    end
    assert.raises(function() FourC{ max_dim = 1 } end, "option eps is missing")
    assert.raises(with("eps", 0), "eps must be a positive number")
    assert.raises(with("kappa", 0.5), "kappa")
    assert.raises(with("delta", 2), "delta")
    assert.raises(with("min_samples", 0), "min_samples")
    assert.raises(function() FourC(four):fit(f64{ { 1, 0 / 0 } }) end, "x is NaN at row 1")
    assert.raises(function() FourC(four):fit(hy.zeros(0, 2)) end, "no rows")
  end)
end)

describe("radius_neighbors", function()
  it("lists who lies in the ball, ascending", function()
    local x = hy.randn(90, 3, { rng = hy.rng(1), dtype = "f64" })
    local start, list = hy.radius_neighbors(x, 0.8)
    local at, entries = start:totable(), list:totable()
    for i, expected in ipairs(balls(x, 0.8)) do
      assert.same(expected, table.move(entries, at[i], at[i + 1] - 1, 1, {}))
    end
    assert.raises(function() hy.radius_neighbors(x, -1) end, "radius is -1")
    assert.raises(function() hy.neighbor_covariances(x, start, list, 90, 2) end, "not within 1..90")
    assert.raises(function() hy.mutual_neighbors(start, start, hy.ones(91), 1) end,
      "no neighbors of 90 points")
  end)
end)

describe("FOSSCLU", function()
  local function turned(degrees)
    local a = math.rad(degrees)
    return f64{ { math.cos(a), -math.sin(a) }, { math.sin(a), math.cos(a) } }
  end

  it("has the objective of six points by hand, and finds its smallest value", function()
    local covariances, _, counts = hy.label_covariances(six, halves, 2)
    local total = hy.covariance(six, { ddof = 0 })
    local function f(V) return FOSSCLU.objective(V, 1, covariances, counts, total) end
    assert.close(5.448453, f(turned(0)), 1e-6)
    assert.close(0.109103, f(turned(90)), 1e-6)
    local V = FOSSCLU.rotate(turned(0), 1, covariances, counts, total)
    assert.close(-4.982956, f(V), 1e-6)
    local angle = math.deg(math.atan(V[{ 2, 1 }]:item() / V[{ 1, 1 }]:item()))
    assert.close(56.76, angle, 1e-3)
    assert.close(hy.eye(2), V:t():mm(V), 1e-12)
  end)

  it("rotates to where no turn in a plane lowers the objective", function()
    local x = hy.randn(300, 5, { rng = hy.rng(1), dtype = "f64" }):mm(
      hy.randn(5, 5, { rng = hy.rng(2), dtype = "f64" }))
    local labels = hy.randint({ 300 }, 1, 3, { rng = hy.rng(3) })
    local covariances, _, counts = hy.label_covariances(x, labels, 3)
    local total = hy.covariance(x, { ddof = 0 })
    local function f(V) return FOSSCLU.objective(V, 2, covariances, counts, total) end
    local start = rotation(5, 7)
    local V = FOSSCLU.rotate(start, 2, covariances, counts, total)
    local least = f(V)
    assert.is_true(least < f(start))
    assert.close(hy.eye(5), V:t():mm(V), 1e-10)
    for p = 1, 2 do
      for q = 3, 5 do
        for degrees = -80, 80, 20 do
          local G = hy.eye(5, { dtype = "f64" }):totable()
          local a = math.rad(degrees)
          G[p][p], G[q][q], G[p][q], G[q][p] = math.cos(a), math.cos(a), -math.sin(a), math.sin(a)
          assert.is_true(f(V:mm(f64(G))) > least - 1e-4 * math.abs(least))
        end
      end
    end
    -- the op's own sum is the objective without what does not change
    local inverse = hy.inverse(total)
    local _, sum = hy.rotate_apart(hy.cat({ covariances, inverse:unsqueeze(1) }, 1),
      hy.cat{ counts / 2, f64{ 150 } }, V, { m = 2, sweeps = 0 })
    local log_det = 2 * hy.cholesky(total):diag():log():sum():item()
    assert.close(least, sum:item() + 150 * log_det, 1e-8)
  end)

  it("finds planted clusters behind louder noise, and never loses likelihood", function()
    local x, truth = common(500, 3, 2, 5, 8, 4)
    local model = FOSSCLU{ k = 3, n_dims = 2, init = "random", n_init = 6, rng = hy.rng(1) }:fit(x)
    assert.is_true(ari(truth, model.labels) > 0.95)
    assert.same({ 2, 3 }, model.m)
    assert.same({ { 1, 2 }, { 3, 4, 5 } }, model.P)
    assert.close(hy.eye(5), model.V:t():mm(model.V), 1e-9)
    assert.same(model.labels:totable(), model:predict(x):totable())
    assert.close(hy.ones(500), model.soft:sum(2), 1e-9)
    assert.close(model.soft, model:assign(x), 1e-6)
    for i = 2, #model.history do
      assert.is_true(model.history[i] >= model.history[i - 1] - 1e-6 * math.abs(model.history[i]))
    end
  end)

  it("chooses the dimensions by BIC", function()
    local x, truth = common(600, 4, 2, 4, 1, 7)
    local model = FOSSCLU{ k = 4, rng = hy.rng(2) }:fit(x)
    assert.is_true(ari(truth, model.labels) > 0.9)
    for n_dims = 1, 3 do
      local one = FOSSCLU{ k = 4, n_dims = n_dims, rng = hy.rng(2) }:fit(x)
      assert.is_true(model.bic <= one.bic + 0.01 * math.abs(one.bic))
    end
    assert.equal(2, model.m[1])
  end)

  it("takes all dimensions, one cluster, single precision and an offset", function()
    local x = common(200, 3, 2, 3, 1, 8)
    assert.same({ 3, 0 }, FOSSCLU{ k = 3, n_dims = 3, rng = hy.rng(1) }:fit(x).m)
    assert.same({ 1, 2 }, FOSSCLU{ k = 1, rng = hy.rng(1) }:fit(x).m)
    local model = FOSSCLU{ k = 3, n_dims = 2, rng = hy.rng(1) }:fit(x)
    local moved = FOSSCLU{ k = 3, n_dims = 2, rng = hy.rng(1) }:fit((x + 50):to "f32")
    assert.equal(1, ari(model.labels, moved.labels))
    assert.equal("f32", moved.V.dtype)
    assert.same(moved.labels:totable(), moved:predict((x + 50):to "f32"):totable())
    local constant = hy.cat({ x, hy.ones(200, 1, { dtype = "f64" }) }, 2)
    assert.is_truthy(FOSSCLU{ k = 3, n_dims = 2, rng = hy.rng(1) }:fit(constant).labels)
  end)

  it("refuses what it cannot do", function()
    assert.raises(function() FOSSCLU{ k = 7 }:fit(six) end, "k = 7 needs at least 7 points")
    assert.raises(function() FOSSCLU{ k = 2, n_dims = 3 }:fit(six) end, "n_dims")
    assert.raises(function() FOSSCLU{ k = 2 }:fit(hy.ones(4, 2)) end, "all rows of x are equal")
    assert.raises(function() FOSSCLU{ k = 2 }:fit(f64{ { 1, 2 }, { 3, 0 / 0 } }) end, "row 2")
    assert.raises(function() FOSSCLU{ k = 2, init = "lda" } end, "init")
    assert.raises(function() FOSSCLU{ k = 2 }:transform(six) end, "call fit first")
    local a = hy.eye(2):unsqueeze(1)
    assert.raises(function() hy.rotate_apart(-a, hy.ones(1), hy.eye(2)) end, "not positive definite")
    assert.raises(function() hy.rotate_apart(a, hy.ones(1), hy.eye(2), { m = 3 }) end, "m is 3")
  end)
end)

describe("models of subspaces", function()
  it("give the same for the same seed, and any number of threads", function()
    local x = common(300, 3, 2, 5, 1, 8)
    local threads = hy.threads()
    for _, make in ipairs{ function() return LDAKmeans{ k = 3, rng = hy.rng(1) } end,
      function() return FOSSCLU{ k = 3, n_dims = 2, rng = hy.rng(1) } end } do
      local labels = {}
      for n = 1, 2 do
        hy.threads(n)
        labels[n] = make():fit(x).labels:totable()
      end
      hy.threads(threads)
      assert.same(labels[1], labels[2])
    end
  end)

  it("take one point where that has a meaning", function()
    local one = f64{ { 1, 2, 3 } }
    assert.same({ 1 }, ORCLUS{ k = 1, l = 2, rng = hy.rng(1) }:fit(one).labels:totable())
    assert.same({ -1 }, FourC{ eps = 1, max_dim = 1 }:fit(one).labels:totable())
    assert.same({ 1 }, FourC{ eps = 1, max_dim = 1, min_samples = 1 }:fit(one).labels:totable())
    for _, class in ipairs{ cluster.KMedoids, cluster.KMedians, cluster.MiniBatchKMeans } do
      local model = class{ k = 1, rng = hy.rng(1) }:fit(one)
      assert.same({ 1 }, model.labels:totable())
      assert.close(one, model.centers, 0)
    end
  end)

  it("come back from a file", function()
    local folder = S.folder()
    local x = common(120, 3, 2, 3, 1, 8)
    for _, model in ipairs{ LDAKmeans{ k = 3 }, ORCLUS{ k = 3, l = 2 }, FOSSCLU{ k = 3, n_dims = 2 } } do
      model:fit(x)
      hy.save(folder .. "/model", model)
      assert.same(model:predict(x):totable(), hy.load(folder .. "/model"):predict(x):totable())
    end
    local model = FourC{ eps = 1, max_dim = 2 }:fit(x)
    hy.save(folder .. "/model", model)
    assert.same(model.labels:totable(), hy.load(folder .. "/model").labels:totable())
    S.remove(folder)
  end)
end)
