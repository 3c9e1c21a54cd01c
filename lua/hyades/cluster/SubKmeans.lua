--- k-means in the subspace in which it separates best: a rotation divides space into a clustered part
-- and a noise space that holds one cluster; both sizes are found. Mautz, Ye, Plant & Böhm, Towards an
-- optimal subspace for k-means, KDD 2017.
-- The difference of the scatters has rank k − 1, so the clustered part has at most k − 1 dimensions,
-- and once it spans the centers every assignment is that of Lloyd: results differ from k-means by the
-- first assignment, in a random half of space, by outliers, and by mdl_for_noisespace.
-- k=8: clusters · init: first centers, as in KMeans · V_init: first rotation d×d, its columns the
--   clustered part, then the noise space · m_init: first size of the clustered part (half of space)
-- mdl_for_noisespace=false: dimensions leave the noise space only where that saves bits
-- outliers=false: points that cost more bits in their cluster than by themselves get the label −1
-- n_init=1 · cost_type="default" (scatter) or "mdl" (bits): which restart is best · max_iter=300
-- threshold: eigenvalues below it make a dimension (default: below rounding; a fixed number counts
--   rounding as structure where the scatter is large)
-- max_distance, precision: of the code, found in x unless given · rng · verbose=false
-- batch: rows of a mini-batch, for data that many full passes would be too much for: centers move
--   with every batch, the rotation every 10, `passes` (3) times through the data (project design)
-- Fields: labels n, centers k×d, V d×d (clustered part, then noise space), m and P (sizes, and lists of
-- columns of V, of both), inertia, mdl (as in NrKmeans), iterations, outlier_count, clusters_lost,
-- history.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local model = require "hyades.model"
local points = require "hyades.cluster.points"
local subspaces = require "hyades.cluster.subspaces"
local NrKmeans = require "hyades.cluster.NrKmeans"

local SubKmeans = model.define("SubKmeans", { k = 8, init = "k-means++", V_init = check.optional,
  m_init = check.optional, mdl_for_noisespace = false, outliers = false, n_init = 1,
  cost_type = "default", max_iter = 300, threshold = check.optional, max_distance = check.optional,
  precision = check.optional, batch = check.optional, passes = 3, rng = hy.rng, verbose = false },
  { cost_type = { "default", "mdl" } }, { max_iter = 1, passes = 1 })

local function fail(problem, ...) error("SubKmeans: " .. problem:format(...), 0) end

-- The fields of two subspaces, one of them noise, as those of one clustering.
local function publish(self, found, d)
  local clustered = #found.m == 2 or found.clusters[1] > 1
  for _, name in ipairs{ "V", "inertia", "mdl", "iterations", "history", "clusters_lost" } do
    self[name] = found[name]
  end
  self.m = clustered and { found.m[1], found.m[2] or 0 } or { 0, d }
  self.P = clustered and { found.P[1], found.P[2] or {} } or { {}, found.P[1] }
  self.labels = found.labels:narrow(2, 1, 1):contiguous():reshape(-1)
  self.centers, self.outlier_count = found.centers[1], found.outlier_count[1]
  return self
end

-- ---- mini-batches ------------------------------------------------------------------------------

local every = 10 -- batches between two rotations
local patience = 20 -- batches that a center may starve

-- Puts the centers that starve on the rows of the batch that are farthest from theirs.
local function feed(state, starving, rows, fair)
  local centers, seen, order = state.centers[1], state.counts[1]:totable(), nil
  for c, count in ipairs(seen) do
    starving[c] = count < 0.01 * fair and (starving[c] or 0) + 1 or 0
    if starving[c] >= patience then
      order = order or select(2, select(2, hy.nearest_center(rows, centers)):sort(1,
        { descending = true })):totable()
      local far = rows:narrow(1, table.remove(order, 1), 1)
      centers:narrow(1, c, 1):copy(far)
      seen[c], starving[c] = 1, 0
    end
  end
  state.counts[1] = hy.tensor(seen, { dtype = "f64" })
end

-- Moves every center towards the mean of its rows of a batch, by their share of all it has seen.
local function follow(state, rows)
  local v = state.basis[1]
  local centers = state.centers[1]
  local _, means, counts = hy.nearest_means(rows, centers:mm(v):mm(v:t()))
  local seen = state.counts[1] + counts
  local share = (counts / seen:clamp(1, math.huge)):reshape(-1, 1)
  state.centers[1] = centers + (means - centers) * share
  state.counts[1] = seen
  local total = seen:sum()
  state.centers[2] = (state.centers[1] * seen:reshape(-1, 1)):sum(1, { keep = true }) / total
  state.counts[2] = total:reshape(1)
end

local function fit_batches(self, inner, x)
  local sample, rng = subspaces.sample("SubKmeans", x), self.rng:split()
  local state = inner:begin(sample, inner.k, rng)
  local n, size, starving = sample.n, math.min(self.batch, sample.n), {}
  state.counts = { hy.zeros(self.k, { dtype = "f64" }), hy.zeros(1, { dtype = "f64" }) }
  state.outliers = { 0, 0 }
  local batches = n // size
  local progress <close> = hy.progress(self.passes * batches, { desc = "SubKmeans", verbose = self.verbose })
  for pass = 1, self.passes do
    local order = hy.randperm(n, { rng = rng })
    for b = 1, batches do
      local rows = sample.x:index(order:narrow(1, (b - 1) * size + 1, size)):to "f64" - sample.mean
      follow(state, rows)
      feed(state, starving, rows, size * ((pass - 1) * batches + b) / self.k)
      if b % every == 0 or b == batches then state:rotate(1, 2) end
      progress:step()
    end
  end
  state:assign_all(true)
  local fields = state:fields(self.cost_type == "mdl")
  fields.iterations, fields.history = self.passes, { { cost = fields.inertia } }
  return fields
end

-- ---- fit ----------------------------------------------------------------------------------------

local function range(from, to)
  local list = {}
  for i = from, to do list[#list + 1] = i end
  return list
end

-- The same as non-redundant k-means with a noise space.
local function with_noise_space(self, d)
  local options = { k = { self.k, self.k > 1 and d > 1 and 1 or nil }, init = self.init }
  for _, name in ipairs{ "V_init", "mdl_for_noisespace", "outliers", "n_init", "cost_type",
    "max_iter", "threshold", "max_distance", "precision", "rng", "verbose" } do
    options[name] = self[name]
  end
  if class.kind(self.init) == "tensor" then options.init = { self.init } end
  if #options.k == 2 and (self.m_init or self.V_init) then
    local m = check.number("SubKmeans", "option m_init", self.m_init or d // 2, 1, d - 1, true)
    options.m_init = { m, d - m }
    options.P_init = self.V_init and { range(1, m), range(m + 1, d) }
  end
  return model.on_behalf(NrKmeans(options), self)
end

function SubKmeans:fit(x)
  x = points("SubKmeans", x, true)
  local n, d = x:size(1), x:size(2)
  if n < self.k then fail("k = %d needs at least as many points, got %d", self.k, n) end
  local inner = with_noise_space(self, d)
  if not self.batch then return publish(self, inner:fit(x), d) end
  if #inner.k < 2 then fail("mini-batches want k and the columns of x to be 2 or more") end
  return publish(self, fit_batches(self, inner, x), d)
end

local function fitted(self)
  return self.V or error("SubKmeans: call fit first", 0)
end

--- Coordinates of the rows of x in the clustered part.
-- x: tensor n×d, or a dataset
-- → tensor n×m
function SubKmeans:transform(x)
  local v = fitted(self)
  return points("SubKmeans", x):to(v.dtype):mm(v:narrow(2, 1, self.m[1]))
end

--- Coordinates of the rows of x in the noise space.
-- x: tensor n×d, or a dataset
-- → tensor n×(d − m)
function SubKmeans:transform_noise(x)
  local v = fitted(self)
  return points("SubKmeans", x):to(v.dtype):mm(v:narrow(2, self.m[1] + 1, self.m[2]))
end

--- The nearest center of every row of x in the clustered part. No point is an outlier here.
-- x: tensor n×d, or a dataset
-- → index n
function SubKmeans:predict(x)
  local v = fitted(self):narrow(2, 1, self.m[1])
  local z = self:transform(x)
  if self.m[1] == 0 then return hy.ones({ z:size(1) }, { dtype = "index" }) end
  return (hy.nearest_center(z, self.centers:mm(v)))
end

return SubKmeans
