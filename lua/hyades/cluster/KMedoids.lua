--- k-medoids: the k points with the smallest sum of distances from all points to the nearest one.
-- FasterPAM: Schubert & Rousseeuw, Fast and eager k-medoids clustering, Information Systems 2021.
-- k: clusters
-- metric: "euclidean", "sqeuclidean", "manhattan", "cosine", or "precomputed" (x is then the n×n
--   matrix of distances)
-- method: "fasterpam" (swap a medoid for a point as soon as that gains), or "alternate" (every
--   cluster's most central member; faster to a worse end)
-- init: "random", "build" (Kaufman & Rousseeuw 1990), "k-medoids++", an index tensor of k rows, a
--   tensor k×d or a constructor (the nearest points to its centers), or a function (x, k, rng) →
--   one of these
-- n_init: restarts, the best one stays (default 1 for "build" and given starts, else 10)
-- max_iter: passes over the points · rng · verbose
-- memory: bytes up to which the matrix of distances is kept (default 1 GB); beyond, its rows are
--   computed again in every pass
-- Fields: labels, medoids (index k, rows of x), centers (these rows; not when precomputed), inertia
-- (the sum of distances), iterations (passes), history, one row per restart.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local KMedoids = model.define("KMedoids", { k = model.required, metric = "euclidean",
  method = "fasterpam", init = "random", n_init = check.optional, max_iter = 300,
  memory = 1 << 30, rng = hy.rng, verbose = false }, { method = { "fasterpam", "alternate" },
  metric = { "euclidean", "sqeuclidean", "manhattan", "cosine", "precomputed" } }, { memory = 0 })

local function fail(...) error("KMedoids: " .. (...):format(select(2, ...)), 0) end

-- Half the squared distance of rows of length 1 is 1 − cos.
local function unit_rows(x)
  local norm = x:norm(2, { keep = true })
  local zero = norm:eq(0):reshape(-1):nonzero()
  if zero:numel() > 0 then
    fail("row %d of x is 0 and has no direction for metric cosine", zero:reshape(-1)[1]:item())
  end
  return x / norm
end

-- The k different rows nearest to the centers, one after the other.
local function rows_near(x, centers)
  local distance, taken, rows = hy.sqdist(centers:to(x.dtype), x), {}, {}
  for c = 1, centers:size(1) do
    for _, row in ipairs((select(2, distance:select(1, c):sort())):totable()) do
      if not taken[row] then
        taken[row], rows[c] = true, row
        break
      end
    end
  end
  return hy.tensor(rows, { dtype = "index" })
end

local starts = {
  random = function(x, k, rng) return hy.randperm(x:size(1), { rng = rng }):narrow(1, 1, k) end,
  build = function(x, k, _, how) return hy.kmedoids_build(x, k, how) end,
  ["k-medoids++"] = function(x, k, rng, how)
    if how.distances then fail 'init "k-medoids++" needs points, not metric "precomputed"' end
    return (select(2, hy.kmeans_plusplus(x, k, { rng = rng })))
  end,
}

-- First medoids, from any kind of init.
local function start(self, x, rng, how)
  local init = self.init
  if type(init) == "function" then init = init(x, self.k, rng) end
  if starts[init] then return starts[init](x, self.k, rng, how) end
  if class.is_class(init) then init = init{ k = self.k, rng = rng }:fit(x).centers end
  if class.kind(init) ~= "tensor" then
    fail('option init must be "random", "build", "k-medoids++", a tensor, a constructor or a '
      .. "function, got %s", check.describe(self.init))
  end
  if init.dtype == "index" then
    if init:numel() ~= self.k then fail("init must give %d rows, got %d", self.k, init:numel()) end
    return init:reshape(-1)
  end
  if how.distances or init:dim() ~= 2 or init:size(1) ~= self.k or init:size(2) ~= x:size(2) then
    fail("init must give %d rows of x (index) or centers %d×%d, got %s", self.k, self.k, x:size(2),
      table.concat(init:size(), "×"))
  end
  return rows_near(x, init)
end

local function restarts(self)
  local given = self.init == "build" or class.kind(self.init) == "tensor"
  return self.n_init or (given and 1 or 10)
end

function KMedoids:fit(x)
  x = points("KMedoids", x)
  local given = x
  local n = x:size(1)
  if n < self.k then fail("k = %d needs at least as many points, got %d", self.k, n) end
  if self.metric == "cosine" then x = unit_rows(x) end
  local how = { distances = self.metric == "precomputed", manhattan = self.metric == "manhattan",
    squared = self.metric == "sqeuclidean" or self.metric == "cosine", memory = self.memory }
  local scale = self.metric == "cosine" and 0.5 or 1

  local best
  local progress <close> = hy.progress(restarts(self), { desc = "KMedoids", verbose = self.verbose })
  self.history = {}
  for restart = 1, restarts(self) do
    local first = start(self, x, self.rng:split(), how)
    local labels, medoids, inertia, passes = hy.kmedoids(x, first, { max_iter = self.max_iter,
      alternate = self.method == "alternate", squared = how.squared, manhattan = how.manhattan,
      distances = how.distances, memory = how.memory })
    local found = { labels = labels, medoids = medoids, inertia = inertia:item() * scale,
      iterations = passes:item() // 1 | 0 }
    self.history[restart] = { inertia = found.inertia, iterations = found.iterations }
    progress:step():set{ inertia = found.inertia }
    if not best or found.inertia < best.inertia then best = found end
  end
  for name, value in pairs(best) do self[name] = value end
  self.centers = not how.distances and given:index(self.medoids) or nil
  return self
end

--- Distances from every row of x to every medoid. With metric "precomputed" x holds the distances
-- to all points that were fitted.
-- x: tensor n×d, or a dataset
-- → tensor n×k
function KMedoids:transform(x)
  if not self.medoids then fail "call fit first" end
  x = points("KMedoids", x)
  if self.metric == "precomputed" then return x:index(self.medoids, 2) end
  if self.metric == "manhattan" then return hy.manhattan(x, self.centers) end
  if self.metric == "cosine" then return hy.sqdist(unit_rows(x), unit_rows(self.centers)) * 0.5 end
  local squared = hy.sqdist(x, self.centers)
  return self.metric == "sqeuclidean" and squared or squared:sqrt()
end

--- The nearest medoid of every row of x.
-- x: tensor n×d, or a dataset
-- → index n
function KMedoids:predict(x)
  return self:transform(x):argmin(2)
end

return KMedoids
