--- LDA-k-means: k-means in a subspace and discriminant analysis of its clusters, in turns.
-- Ding & Li, Adaptive dimension reduction using discriminant analysis and k-means, ICML 2007.
-- k: clusters · n_dims: dimensions of the subspace (default max(1, k − 1))
-- max_iter: turns · kmeans_repetitions: restarts of each k-means · n_init: restarts of everything,
--   the smallest inertia stays (it is comparable only between subspaces of the same scaling)
-- rng · verbose
-- Fields: labels, rotation d×n_dims (its columns whiten the scatter within clusters; they are not
-- of unit length), centers k×n_dims in the subspace, inertia there, iterations, history (inertia of
-- each turn). With n_dims ≥ d it is plain k-means, and rotation the identity. The partitions may go
-- round in a circle; max_iter ends that.

local hy = require "hyades"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local LDAKmeans = model.define("LDAKmeans", { k = model.required, n_dims = check.optional,
  max_iter = 300, kmeans_repetitions = 10, n_init = 1, rng = hy.rng, verbose = false }, nil,
  { max_iter = 1, kmeans_repetitions = 1 })

local RIDGE = 1e-8 -- share of the mean variance within clusters

-- Scatter within clusters, regular.
local function regular(within)
  local d = within:size(1)
  local values = hy.eigh(within)
  local mean = within:diag():mean():item()
  if values[1]:item() > 1e-12 * values[d]:item() then return within end
  return within + hy.eye(d, { dtype = "f64" }) * (RIDGE * mean)
end

--- The directions that separate clusters best: eigenvectors of S_b·w = λ·S_w·w with the largest λ.
-- x: tensor n×d · labels: index n · n_dims: integer
-- → tensor d×n_dims (f64) with wᵀ·S_w·w = 1, or nil where the clusters have no extent; values λ
function LDAKmeans.discriminant(x, labels, n_dims)
  local total, within = hy.covariance(x), hy.covariance(x, labels)
  if within:diag():sum():item() <= 0 then return nil end
  within = regular(within)
  local values, vectors = hy.eigh(total - within, within) -- ascending
  local order = {}
  for i = 1, n_dims do order[i] = x:size(2) + 1 - i end
  return vectors:index(order, 2), values:index(order)
end

local function kmeans(self, z)
  return hy.cluster.KMeans{ k = self.k, n_init = self.kmeans_repetitions,
    rng = self.rng:split() }:fit(z)
end

-- One run: k-means and discriminant analysis until the partition repeats, whatever its names.
local function run(self, x, n_dims, progress)
  local rotation = hy.cluster.PCA{ k = math.min(n_dims, x:size(1)) }:fit(x).components:t()
  local found, labels = { history = {} }, nil
  for iteration = 1, self.max_iter do
    local km = kmeans(self, x:mm(rotation))
    found.labels, found.centers, found.inertia = km.labels, km.centers, km.inertia
    found.rotation, found.iterations = rotation, iteration
    found.history[iteration] = km.inertia
    progress:step():set{ inertia = km.inertia }
    if labels and hy.metrics.ari(labels, km.labels) == 1 then break end
    labels = km.labels
    rotation = LDAKmeans.discriminant(x, labels, n_dims) or rotation
  end
  return found
end

function LDAKmeans:fit(x)
  x = points("LDAKmeans", x)
  local d = x:size(2)
  if x:size(1) < self.k then
    error(("LDAKmeans: k = %d needs at least as many points, got %d"):format(self.k, x:size(1)), 0)
  end
  if x:size(1) < 2 then error("LDAKmeans: at least 2 points are needed, got " .. x:size(1), 0) end
  local n_dims = check.number("LDAKmeans", "option n_dims", self.n_dims or math.max(1, self.k - 1),
    1, nil, true, 4) // 1 | 0
  local dtype, best = x.dtype, nil
  x = x:to "f64"
  local progress <close> = hy.progress(self.max_iter * self.n_init,
    { desc = "LDAKmeans", verbose = self.verbose })
  if n_dims >= d then
    local km = kmeans(self, x)
    best = { labels = km.labels, centers = km.centers, inertia = km.inertia, iterations = 1,
      rotation = hy.eye(d, { dtype = "f64" }), history = { km.inertia } }
  else
    for _ = 1, self.n_init do
      local found = run(self, x, n_dims, progress)
      if not best or found.inertia < best.inertia then best = found end
    end
  end
  for name, value in pairs(best) do self[name] = value end
  self.rotation, self.centers = self.rotation:to(dtype), self.centers:to(dtype)
  return self
end

--- Coordinates of the rows of x in the subspace.
-- x: tensor n×d, or a dataset
-- → tensor n×n_dims
function LDAKmeans:transform(x)
  if not self.rotation then error("LDAKmeans: call fit first", 0) end
  return points("LDAKmeans", x):mm(self.rotation)
end

--- The nearest center in the subspace of every row of x.
-- x: tensor n×d, or a dataset
-- → index n
function LDAKmeans:predict(x)
  return (hy.nearest_center(self:transform(x), self.centers))
end

return LDAKmeans
