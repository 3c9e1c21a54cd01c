--- ORCLUS: clusters that each have an oriented subspace of their own, in which they are tight.
-- Aggarwal & Yu, Finding generalized projected clusters in high dimensional spaces, SIGMOD 2000.
-- k: clusters · l: dimensions of each subspace · k0_factor: seeds at the start, for each cluster
-- alpha: how much faster than the dimensions the number of seeds falls
-- outliers: points farther from their seed than the nearest other seed, in the seed's own subspace,
--   become noise · n_init: restarts, the smallest energy stays · rng · verbose
-- Fields: labels, centers k×d, bases k×d×l (columns: the directions of least extent), energy (mean
-- squared distance in the subspaces), history: seeds (k) and dimensions of each round.

local hy = require "hyades"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local ORCLUS = model.define("ORCLUS", { k = model.required, l = model.required, k0_factor = 15,
  alpha = 0.5, outliers = false, n_init = 1, rng = hy.rng, verbose = false })

-- A cluster is { n =, mean =, cov = }: enough to join two without their points. These functions
-- take several at once: n (b), mean (b×d), cov (b×d×d).
local function join(one, many)
  local n = many.n + one.n
  local share = (one.n / n:maximum(1)):reshape(-1, 1)
  local step = one.mean:reshape(1, -1) - many.mean
  local spread = (share * (1 - share)):reshape(-1, 1, 1)
  local w = share:reshape(-1, 1, 1)
  local d = step:size(2)
  return { n = n, mean = many.mean + share * step, cov = many.cov * (1 - w) +
    one.cov:reshape(1, d, d) * w + step:reshape(-1, d, 1) * step:reshape(-1, 1, d) * spread }
end

-- Mean squared distance within the dc directions of least extent, for each of the clusters.
local function energies(clusters, dc)
  local values = hy.eigh_batch(clusters.cov, { vectors = false })
  return values:narrow(2, 1, dc):sum(2)
end

-- The dc directions of least extent of each cluster; the first axes for one without points.
local function weakest(clusters, dc)
  local _, vectors = hy.eigh_batch(clusters.cov)
  local axes = hy.eye(clusters.cov:size(2), { dtype = "f64" }):unsqueeze(1)
  return hy.where(clusters.n:gt(0):reshape(-1, 1, 1), vectors, axes:expand(vectors:size()))
    :narrow(3, 1, dc):contiguous()
end

local function take(clusters, rows)
  return { n = clusters.n:index(rows), mean = clusters.mean:index(rows),
    cov = clusters.cov:index(rows) }
end

local function single(clusters, i)
  return { n = clusters.n[i]:item(), mean = clusters.mean[i], cov = clusters.cov[i] }
end

local function range(first, last)
  local list = {}
  for i = first, last do list[#list + 1] = i end
  return list
end

-- Energies of the unions of cluster i with those after it, as a Lua array by position.
local function pair_row(clusters, i, dc, alive)
  local others, row = {}, {}
  for _, j in ipairs(alive) do
    if j ~= i then others[#others + 1] = j end
  end
  if #others == 0 then return row end
  local one, many = single(clusters, i), take(clusters, others)
  local values = energies(join(one, many), dc)
  values = hy.where(many.n:eq(0), values * 0 - 1, values):totable() -- without points: first of all
  for at, j in ipairs(others) do row[j] = one.n == 0 and -1 or values[at] end
  return row
end

--- Join the clusters whose union has the smallest energy, until so many are left.
-- clusters: table n (b), mean (b×d), cov (b×d×d) · kc: how many stay · dc: dimensions of the energy
-- → clusters
function ORCLUS.merge(clusters, kc, dc)
  local alive = range(1, clusters.n:numel())
  local energy = {}
  for at, i in ipairs(alive) do
    energy[i] = pair_row(clusters, i, dc, table.move(alive, at, #alive, 1, {}))
  end
  while #alive > kc do
    local best, a, b = math.huge, nil, nil
    for p, i in ipairs(alive) do
      for q = p + 1, #alive do
        local value = energy[i][alive[q]]
        if value < best then best, a, b = value, i, alive[q] end
      end
    end
    local union = join(single(clusters, b), take(clusters, { a }))
    clusters.n:narrow(1, a, 1):copy(union.n)
    clusters.mean:narrow(1, a, 1):copy(union.mean)
    clusters.cov:narrow(1, a, 1):copy(union.cov)
    local rest = {}
    for _, i in ipairs(alive) do
      if i ~= b then rest[#rest + 1] = i end
    end
    alive = rest
    for j, value in pairs(pair_row(clusters, a, dc, alive)) do
      energy[math.min(a, j)][math.max(a, j)] = value
    end
  end
  return take(clusters, alive)
end

--- How fast dimensions fall when seeds fall by alpha, so that both arrive together.
-- k0, k: seeds at the start and at the end · d, l: dimensions likewise · alpha: number
-- → number
function ORCLUS.dimension_rate(k0, k, d, l, alpha)
  return math.exp(-math.log(d / l) * math.log(1 / alpha) / math.log(k0 / k))
end

-- Clusters around the seeds: an empty one keeps its place.
local function around(x, labels, seeds)
  local cov, mean, n = hy.label_covariances(x, labels, seeds:size(1))
  return { n = n, cov = cov, mean = hy.where(n:gt(0):reshape(-1, 1), mean, seeds) }
end

local function run(self, x, progress)
  local n, d, rng = x:size(1), x:size(2), self.rng:split()
  local kc, dc = math.min(n, self.k0_factor * self.k), d
  local rate = kc > self.k and ORCLUS.dimension_rate(kc, self.k, d, self.l, self.alpha)
  local seeds = x:index(hy.randperm(n, { rng = rng }):narrow(1, 1, kc)):to "f64"
  local bases = hy.eye(d, { dtype = "f64" }):unsqueeze(1):expand(kc, d, d):contiguous()
  local history = {}
  while kc > self.k do
    local labels = hy.oriented_sqdist(x, seeds, bases):argmin(2)
    local clusters = around(x, labels, seeds)
    kc, dc = math.max(self.k, kc * self.alpha // 1 | 0), math.max(self.l, dc * rate // 1 | 0)
    clusters = ORCLUS.merge(clusters, kc, dc)
    seeds, bases = clusters.mean, weakest(clusters, dc)
    history[#history + 1] = { k = kc, dims = dc }
    progress:step():set{ seeds = kc, dims = dc }
  end
  if dc > self.l then -- no round took place
    local labels = hy.oriented_sqdist(x, seeds, bases):argmin(2)
    bases = weakest(around(x, labels, seeds), self.l)
  end
  local distance, labels = hy.oriented_sqdist(x, seeds, bases):min(2)
  return { labels = labels, centers = seeds, bases = bases, history = history,
    energy = distance:to("f64"):mean():item() }
end

-- Noise: the points beyond their cluster's sphere of influence.
local function without_outliers(self, x)
  local k = self.k
  local between = hy.oriented_sqdist(self.centers, self.centers, self.bases) -- as columns see it
  between = between + hy.eye(k, { dtype = between.dtype }) * 1e300
  local reach, own = between:min(1), hy.oriented_sqdist(x, self.centers, self.bases):to "f64"
  local far = own:min(2):gt(reach:index(self.labels))
  return hy.where(far, hy.full({ 1 }, -1, { dtype = "index" }), self.labels)
end

function ORCLUS:fit(x)
  x = points("ORCLUS", x)
  local n, d = x:size(1), x:size(2)
  if n < self.k then
    error(("ORCLUS: k = %d needs at least as many points, got %d"):format(self.k, n), 0)
  end
  self.l = check.number("ORCLUS", "option l", self.l, 1, d, true, 4) // 1 | 0
  local factor = check.number("ORCLUS", "option k0_factor", self.k0_factor, 1, nil, true, 4)
  if not (self.alpha > 0 and self.alpha < 1) then
    error(("ORCLUS: option alpha must lie between 0 and 1, got %g"):format(self.alpha), 0)
  end
  self.k0_factor = factor // 1 | 0
  local rounds = math.ceil(math.log(factor) / math.log(1 / self.alpha))
  local progress <close> = hy.progress(self.n_init * rounds, { desc = "ORCLUS", verbose = self.verbose })
  local best
  for _ = 1, self.n_init do
    local found = run(self, x, progress)
    if not best or found.energy < best.energy then best = found end
  end
  for name, value in pairs(best) do self[name] = value end
  if self.outliers and self.k > 1 then self.labels = without_outliers(self, x) end
  return self
end

--- Distances from every row of x to every center, in the center's own subspace.
-- x: tensor n×d, or a dataset
-- → tensor n×k
function ORCLUS:transform(x)
  if not self.centers then error("ORCLUS: call fit first", 0) end
  return hy.oriented_sqdist(points("ORCLUS", x), self.centers, self.bases):sqrt()
end

--- The nearest center of every row of x, each in its own subspace.
-- x: tensor n×d, or a dataset
-- → index n
function ORCLUS:predict(x)
  return self:transform(x):argmin(2)
end

return ORCLUS
