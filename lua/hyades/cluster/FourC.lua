--- 4C: connected clusters of points around which the data spread along the same few directions.
-- Böhm, Kailing, Kröger & Zimek, Computing clusters of correlation connected objects, SIGMOD 2004.
-- eps: radius of a neighborhood · min_samples: correlation neighbors (itself included) of a core
-- max_dim: largest correlation dimension of a member · delta: share of the largest variance from
--   which a direction counts as strong · kappa: how much the other directions weigh · verbose
-- Fields: labels (noise -1), dims (correlation dimension of each point), core (u8).
-- Deterministic; a border point goes to the cluster that reaches it first, the lowest.

local hy = require "hyades"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local FourC = model.define("FourC", { eps = model.required, min_samples = 5,
  max_dim = model.required, delta = 0.1, kappa = 50, verbose = false })

local BLOCK = 1 << 22 -- numbers in the covariances that are held at a time

--- Correlation dimension and weights of the axes: 1 for strong ones, kappa for the others.
-- values: tensor b×d, variances, ascending · delta, kappa: numbers · eps: the radius
-- → dims (f64, b), weights b×d. Where all points of a ball are equal: 0, and kappa for all axes
function FourC.weigh(values, delta, kappa, eps)
  local largest = values:max(2, { keep = true })
  local spread = largest:gt(1e-20 * eps ^ 2)
  local strong = hy.where(spread, (values - largest * delta):gt(0), largest:lt(0))
  return strong:to("f64"):sum(2), hy.where(strong, values * 0 + 1, values * 0 + kappa)
end

-- Correlation dimension of every point, and the squared correlation distance to its neighbors.
local function correlations(self, x, start, list)
  local n, d = x:size(1), x:size(2)
  local some = math.max(1, BLOCK // (d * d))
  local dims, distance = {}, {}
  local progress <close> = hy.progress(n, { desc = "FourC", verbose = self.verbose })
  for first = 1, n, some do
    local count = math.min(some, n - first + 1)
    local values, axes = hy.eigh_batch(hy.neighbor_covariances(x, start, list, first, count))
    local dim, weights = FourC.weigh(values, self.delta, self.kappa, self.eps)
    dims[#dims + 1] = dim
    distance[#distance + 1] = hy.neighbor_sqdist(x, start, list, axes, weights, first, count)
    progress:step(count)
  end
  return hy.cat(dims), hy.cat(distance)
end

function FourC:fit(x)
  x = points("FourC", x)
  if x:size(1) == 0 then error("FourC: x has no rows", 0) end
  check.number("FourC", "option kappa", self.kappa, 1, nil, false, 4)
  check.number("FourC", "option delta", self.delta, 0, 1, false, 4)
  check.number("FourC", "option min_samples", self.min_samples, 1, nil, true, 4)
  check.number("FourC", "option max_dim", self.max_dim, 0, nil, true, 4)
  if not (type(self.eps) == "number" and self.eps > 0 and self.eps < math.huge) then
    error(("FourC: option eps must be a positive number, got %s"):format(
      check.describe(self.eps)), 0)
  end
  -- κ ≥ 1 makes no distance smaller: correlation neighbors are among the Euclidean ones
  local start, list = hy.radius_neighbors(x, self.eps)
  local dims, distance = correlations(self, x, start, list)
  start, list = hy.mutual_neighbors(start, list, distance, self.eps ^ 2 * (1 + 1e-12))

  local n, at = x:size(1), start:to "f64"
  local flat = dims:le(self.max_dim)
  local many = (at:narrow(1, 2, n) - at:narrow(1, 1, n)):ge(self.min_samples)
  self.core = hy.where(flat, many, many:ne(many))
  self.labels, self.dims = hy.grow_clusters(start, list, self.core, flat), dims
  return self
end

return FourC
