--- DipInit: k-means on the features of DipExt, one more at a time. The first centers are the means
-- of k equally large parts of the best feature. Schelling, Bauer, Behzadi & Plant, ECML PKDD 2020.
-- k: clusters · n_features: features, else as many as DipExt keeps by `threshold`
-- max_iter, tol: of k-means · step, momentum, threshold, n_starts, scale, ties, rng, verbose: see
-- DipExt
-- Fields: labels, centers (k × features), inertia in these features, features (the fitted DipExt).
-- Nothing is random unless ties is "random" or "all".

local hy = require "hyades"
local check = require "hyades.check"
local axis = require "hyades.cluster.dip_axis"
local DipExt = require "hyades.cluster.DipExt"
local dip_points = require "hyades.cluster.dip_points"
local model = require "hyades.model"

local DipInit = model.define("DipInit", { k = model.required, n_features = check.optional,
  max_iter = 300, tol = 1e-4, step = 0.1, momentum = 0.95, threshold = 0.5,
  n_starts = check.optional, scale = true, ties = "ignore", rng = hy.rng, verbose = false },
  { ties = axis.ties })

-- Means of k parts of the values that are equally large.
local function parts(values, k)
  local n, sorted = values:numel(), values:sort()
  local means = {}
  for c = 1, k do
    local first, last = (c - 1) * n // k + 1, c * n // k
    means[c] = sorted:narrow(1, first, last - first + 1):mean()
  end
  return hy.stack(means):reshape(k, 1)
end

-- Mean of one feature in each cluster; that of all points where a cluster is empty.
local function means(feature, labels, k)
  local member = labels:reshape(-1, 1):eq(hy.arange(1, k, { dtype = "f64" }):to "index"):to "f64"
  local count, sum = member:sum(1), member:t():mm(feature:reshape(-1, 1)):reshape(-1)
  local mean = hy.where(count:gt(0), sum / count:clamp(1, math.huge), feature:mean():expand(k))
  return mean:reshape(k, 1)
end

function DipInit:fit(x)
  x = dip_points.read(self, x)
  check.number("DipInit", "option n_features", self.n_features or 1, 1, x:size(2), true)
  check.number("DipInit", "option tol", self.tol, 0)
  if x:size(1) < self.k then
    error(("DipInit: k = %d needs at least as many points, got %d"):format(self.k, x:size(1)), 0)
  end
  self.features = DipExt{ k = self.n_features, step = self.step, momentum = self.momentum,
    threshold = self.threshold, n_starts = self.n_starts, scale = self.scale, ties = self.ties,
    rng = self.rng, verbose = self.verbose }:fit(x)
  self.warning = self.features.warning
  local z = self.features:transform(x)
  local centers, labels, inertia = parts(z:select(2, 1), self.k), nil, nil
  for m = 1, z:size(2) do
    if m > 1 then centers = hy.cat({ centers, means(z:select(2, m), labels, self.k) }, 2) end
    labels, centers, inertia = hy.kmeans(z:narrow(2, 1, m), centers,
      { max_iter = self.max_iter, tol = self.tol })
  end
  self.labels, self.centers, self.inertia = labels, centers, inertia:item()
end

--- The features of DipExt.
-- x: tensor n×d, or a dataset
-- → tensor n × features, f64
function DipInit:transform(x)
  if not self.features then error("DipInit: call fit first", 0) end
  return self.features:transform(x)
end

--- The nearest center, in the features.
-- x: tensor n×d, or a dataset
-- → index n
function DipInit:predict(x)
  return (hy.nearest_center(self:transform(x), self.centers))
end

return DipInit
