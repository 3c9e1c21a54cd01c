--- k-medians: the k centers with the smallest sum of city-block distances to the points around.
-- Bradley, Mangasarian & Street, Clustering via concave minimization, NIPS 1996.
-- k: clusters · init: as for KMeans ("k-means++", "random", a tensor k×d, a constructor, a function)
-- n_init: restarts, the best one stays (default 10, 1 when init is a tensor) · max_iter: iterations
-- rng · verbose
-- Fields: labels, centers (medians by coordinate), inertia (the sum of distances), iterations;
-- history, one row per restart. A single far point moves a median less than a mean.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local KMedians = model.define("KMedians", { k = model.required, init = "k-means++",
  n_init = check.optional, max_iter = 300, rng = hy.rng, verbose = false })

function KMedians:fit(x)
  x = points("KMedians", x, true)
  local best
  if x:size(1) < self.k then
    error(("KMedians: k = %d needs at least as many points, got %d"):format(self.k, x:size(1)), 0)
  end
  local restarts = self.n_init or (class.kind(self.init) == "tensor" and 1 or 10)
  local progress <close> = hy.progress(restarts, { desc = "KMedians", verbose = self.verbose })
  self.history = {}
  for restart = 1, restarts do
    local start = model.on_behalf(hy.cluster.KMeans{ k = self.k, init = self.init, n_init = 1,
      max_iter = 0, rng = self.rng:split() }, self):fit(x).centers
    local labels, centers, inertia, iterations = hy.kmedians(x, start, { max_iter = self.max_iter })
    local found = { labels = labels, centers = centers, inertia = inertia:item(),
      iterations = iterations:item() // 1 | 0 }
    self.history[restart] = { inertia = found.inertia, iterations = found.iterations }
    progress:step():set{ inertia = found.inertia }
    if not best or found.inertia < best.inertia then best = found end
  end
  for name, value in pairs(best) do self[name] = value end
  return self
end

local function fitted_centers(self)
  return self.centers or error("KMedians: call fit first", 0)
end

--- City-block distances from every row of x to every center.
-- x: tensor n×d, or a dataset
-- → tensor n×k
function KMedians:transform(x)
  local centers = fitted_centers(self)
  return hy.manhattan(points("KMedians", x), centers)
end

--- The nearest center of every row of x.
-- x: tensor n×d, or a dataset
-- → index n
function KMedians:predict(x)
  return self:transform(x):argmin(2)
end

return KMedians
