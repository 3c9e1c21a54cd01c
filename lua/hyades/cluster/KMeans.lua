--- k-means: the k centers with the smallest sum of squared distances to the points around them.
-- Lloyd, Least squares quantization in PCM, 1982. Arthur & Vassilvitskii, k-means++, SODA 2007.
-- k: clusters
-- init: "k-means++", "random" (rows of x), a tensor k×d, a constructor such as cluster.KMeans, or
--   a function (x, k, rng) that returns centers k×d
-- n_init: restarts, the best one stays (default 10, 1 when init is a tensor) · max_iter: iterations
-- fit(x, { weights = }): how much each row counts, tensor n or array, 0 or more (default: all alike)
-- tol: stop when the centers move less than this share of the mean variance · verbose: show progress
-- Fields: labels, centers, inertia, iterations; history, one row per restart; warning, or nil.

local hy = require "hyades"
local centered = require "hyades.cluster.centered"
local check = require "hyades.check"
local class = require "hyades.class"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local KMeans = model.define("KMeans", { k = model.required, init = "k-means++",
  n_init = check.optional, max_iter = 300, tol = 1e-4, rng = hy.rng, verbose = false })

local starts = {
  ["k-means++"] = function(x, k, rng, weights)
    if not weights then return (hy.kmeans_plusplus(x, k, { rng = rng })) end
    return (hy.kmeans_plusplus(x, k, weights, { rng = rng }))
  end,
  random = function(x, k, rng)
    return x:index(hy.randperm(x:size(1), { rng = rng }):narrow(1, 1, k))
  end,
}

-- Centers to begin with, from any kind of init.
local function start(self, x, rng, weights)
  local init, centers = self.init, nil
  if class.kind(init) == "tensor" then
    centers = init
  elseif class.is_class(init) then
    local first = model.on_behalf(init{ k = self.k, rng = rng }, self)
    centers = first:fit(x, init == KMeans and { weights = weights }).centers
  elseif type(init) == "function" then
    centers = init(x, self.k, rng)
  elseif starts[init] then
    centers = starts[init](x, self.k, rng, weights)
  else
    error(('%s: option init must be "k-means++", "random", a tensor, a constructor or a function, '
      .. "got %s"):format(model.name_of(self), check.describe(init)), 0)
  end
  local fits = class.kind(centers) == "tensor" and centers:dim() == 2
    and centers:size(1) == self.k and centers:size(2) == x:size(2)
  if not fits then
    error(("%s: init must give centers %d×%d, got %s"):format(model.name_of(self), self.k, x:size(2),
      class.kind(centers) == "tensor" and table.concat(centers:size(), "×") or type(centers)), 0)
  end
  return centers:to(x.dtype == "u8" and "f32" or x.dtype)
end

local function run(self, x, rng, weights)
  local given = { x, start(self, x, rng, weights), weights }
  given[#given + 1] = { max_iter = self.max_iter, tol = self.tol }
  local labels, centers, inertia, iterations = hy.kmeans(table.unpack(given))
  return { labels = labels, centers = centers, inertia = inertia:item(),
    iterations = math.tointeger(iterations:item()) }
end

function KMeans:fit(x, options)
  x = points(model.name_of(self), x, true)
  local weights = check.options("KMeans:fit", options or nil, { weights = check.optional }).weights
  if type(weights) == "table" and class.kind(weights) ~= "tensor" then
    weights = hy.tensor(weights, { dtype = "f64" })
  end
  local restarts = self.n_init or (class.kind(self.init) == "tensor" and 1 or 10)
  check.number(model.name_of(self), "option tol", self.tol, 0)
  if x:size(1) < self.k then
    error(("%s: k = %d needs at least as many points, got %d"):format(model.name_of(self), self.k,
      x:size(1)), 0)
  end

  local best
  local progress <close> = hy.progress(restarts, { desc = "KMeans", verbose = self.verbose })
  self.history = {}
  for restart = 1, restarts do
    local result = run(self, x, self.rng:split(), weights)
    self.history[restart] = { inertia = result.inertia, iterations = result.iterations }
    if not best or result.inertia < best.inertia then best = result end
    progress:step():set{ inertia = best.inertia }
  end

  self.labels, self.centers = best.labels, best.centers
  self.inertia, self.iterations = best.inertia, best.iterations
  local used = self.labels:bincount(self.k):gt(0):sum():item()
  self.warning = used < self.k and ("only %d of %d clusters are in use: x has too few distinct "
    .. "rows"):format(used, self.k) or nil
  return self
end

KMeans.predict, KMeans.transform = centered.predict, centered.transform

return KMeans
