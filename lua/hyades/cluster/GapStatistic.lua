--- How many clusters k-means should look for: where its inertia falls farthest below that of points
-- without clusters. Tibshirani, Walther & Hastie, JRSS B 2001.
-- max_k: 1 .. max_k clusters are tried, at most as many as points · references: sets of uniform points
-- box: they fill a box along the "pca" axes of x or along its "features"
-- log: compare logarithms of the inertia · n_init: restarts of k-means · verbose: show progress
-- Fields: k, the smallest one with gap(k) ≥ gap(k+1) − error(k+1), nil when there is none; labels and
--   centers of that k (nil: of the k with the largest gap, and `warnings` says so); arrays by number of
--   clusters: ks, gaps, errors, inertias, expected (mean of the references' log inertia), scores (the
--   gaps); history, the same as rows { k=, gap=, error=, inertia= }

local hy = require "hyades"
local centered = require "hyades.cluster.centered"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local GapStatistic = model.define("GapStatistic", { max_k = 10, references = 10, box = "pca",
  log = true, n_init = 10, rng = hy.rng, verbose = false }, { box = { "pca", "features" } })

local FLOOR = 1e-300 -- for the logarithm of an inertia of 0

-- A function that gives sets of uniform points where x lies.
local function uniform_like(x, box)
  local exact = x:to "f64"
  local mean = exact:mean(1)
  local axes = hy.eye(x:size(2), { dtype = "f64" })
  local moved = exact - mean
  if box == "pca" then
    local _, vectors = hy.eigh(moved:t():mm(moved))
    axes = vectors
  end
  local z = moved:mm(axes)
  local low, high = z:min(1), z:max(1)
  return function(rng)
    local u = hy.rand(x:size(1), x:size(2), { rng = rng, dtype = "f64" })
    return ((low + u * (high - low)):mm(axes:t()) + mean):to(x.dtype)
  end
end

-- Mean and standard deviation of a list, of n values as they are.
local function spread(list)
  local sum, squares = 0, 0
  for _, value in ipairs(list) do sum = sum + value end
  local mean = sum / #list
  for _, value in ipairs(list) do squares = squares + (value - mean) ^ 2 end
  return mean, math.sqrt(squares / #list)
end

--- The number of clusters from gaps and their errors.
-- gaps, errors: arrays by number of clusters
-- → the smallest k with gap(k) ≥ gap(k+1) − error(k+1), or nil
function GapStatistic.choose(gaps, errors)
  for k = 1, #gaps - 1 do
    if gaps[k] >= gaps[k + 1] - errors[k + 1] then return k end
  end
  return nil
end

local function cluster_with(self, x, k, rng)
  return hy.cluster.KMeans{ k = k, n_init = self.n_init, rng = rng }:fit(x)
end

-- The inertia, or its logarithm, that counts.
local function measure(self, inertia)
  return self.log and math.log(math.max(inertia, FLOOR)) or inertia
end

function GapStatistic:fit(x)
  x = points("GapStatistic", x)
  check.number("GapStatistic", "option max_k", self.max_k, 1, nil, true)
  check.number("GapStatistic", "option references", self.references, 1, nil, true)
  local most = math.tointeger(math.min(self.max_k, x:size(1)))
  local progress <close> = hy.progress(most * (self.references + 1),
    { desc = "GapStatistic", verbose = self.verbose })
  local expected, found = {}, {}
  for k = 1, most do
    found[k], expected[k] = cluster_with(self, x, k, self.rng:split()), {}
    progress:step()
  end
  local draw = uniform_like(x, self.box)
  for i = 1, self.references do -- the same sets for every k
    local reference = draw(self.rng:split())
    for k = 1, most do
      expected[k][i] = measure(self, cluster_with(self, reference, k, self.rng:split()).inertia)
      progress:step()
    end
  end

  self.ks, self.gaps, self.errors, self.inertias = {}, {}, {}, {}
  self.expected, self.history = {}, {}
  for k = 1, most do
    local mean, deviation = spread(expected[k])
    self.ks[k], self.expected[k], self.inertias[k] = k, mean, found[k].inertia
    self.gaps[k] = mean - measure(self, found[k].inertia)
    self.errors[k] = deviation * math.sqrt(1 + 1 / self.references)
    self.history[k] = { k = k, gap = self.gaps[k], error = self.errors[k],
      inertia = found[k].inertia }
  end
  self.scores, self.k, self.warnings = self.gaps, GapStatistic.choose(self.gaps, self.errors), {}
  local used = self.k
  if not used then
    used = hy.tensor(self.gaps, { dtype = "f64" }):argmax():item()
    self:warn(("no k up to %d meets the rule; labels are those of %d, which has the largest gap")
      :format(most, used))
  end
  self.labels, self.centers = found[used].labels, found[used].centers
  return self
end

GapStatistic.predict, GapStatistic.transform = centered.predict, centered.transform

return GapStatistic
