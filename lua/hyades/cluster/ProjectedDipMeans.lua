--- Projected dip-means: k-means that finds k. A cluster whose points have more than one peak along
-- some axis splits. Chamalis & Likas, 2018 (rebuilt from a description).
-- alpha: a cluster splits when the p-value of its largest dip is smaller; it is not corrected for the
--   number of axes · n_random_projections: directions with coefficients uniform in [0, 1), beside
--   the features and the principal axes · max_k: clusters at most
-- pvalue: "table", "function" or "bootstrap" (n_boots samples), as in cluster.dip_pvalue
-- n_split_trials: pairs of centers tried for a split, the best stays · verbose: say the splits
-- Fields: labels, centers, k, inertia; dips and pvalues (arrays) of the final clusters; history:
-- { k, inertia, split = the cluster that is split next } of every step; warning when most values of
-- a feature are ties. The smallest p-value splits first; among equal ones the largest √n·dip.

local hy = require "hyades"
local centered = require "hyades.cluster.centered"
local chance = require "hyades.cluster.dip_chance"
local check = require "hyades.check"
local dip_points = require "hyades.cluster.dip_points"
local growing = require "hyades.cluster.dip_growing"
local model = require "hyades.model"

local ProjectedDipMeans = model.define("ProjectedDipMeans", { alpha = 0.001,
  n_random_projections = 0, pvalue = "table", n_boots = 1000, n_split_trials = 10,
  max_k = check.optional, rng = hy.rng, verbose = false },
  { pvalue = chance.methods })

-- Coordinates along the principal axes that hold more than rounding; nil when there are none.
local function principal(members)
  local pca = hy.cluster.PCA{}:fit(members)
  local variance = pca.explained_variance
  local k = variance:gt(variance:max() * 1e-12):sum():item()
  return k > 0 and pca:transform(members):narrow(2, 1, math.tointeger(k)) or nil
end

--- The largest dip of points along features, principal axes and random directions.
-- x: tensor n×d, f64 · n_random: integer · rng: generator
-- → number
function ProjectedDipMeans.largest_dip(x, n_random, rng)
  if x:size(1) < 4 then return 0 end
  local dip = hy.dip(x):max():item()
  local along = principal(x)
  if along then dip = math.max(dip, hy.dip(along):max():item()) end
  if n_random > 0 then
    local directions = hy.rand(x:size(2), n_random, { dtype = "f64", rng = rng })
    dip = math.max(dip, hy.dip(x:mm(directions)):max():item())
  end
  return dip
end

local function judge(self, members)
  local n = members:size(1)
  local dip = ProjectedDipMeans.largest_dip(members, self.n_random_projections, self.rng)
  return { dip = dip, p = chance.of(n, self.pvalue, self.n_boots, self.rng)(dip),
    spread = math.sqrt(n) * dip }
end

function ProjectedDipMeans:fit(x)
  x = dip_points.read(self, x)
  self.warning = dip_points.ties(x)
  local verdicts = growing.fit(self, x, {
    judge = function(members) return judge(self, members) end,
    asks = function(verdict) return verdict.p < self.alpha end,
    first = function(a, b) return a.p < b.p or a.p == b.p and a.spread > b.spread end,
  })
  self.dips, self.pvalues = {}, {}
  for c, verdict in ipairs(verdicts) do
    self.dips[c], self.pvalues[c] = verdict.dip, verdict.p
  end
end

ProjectedDipMeans.predict, ProjectedDipMeans.transform = centered.predict, centered.transform

return ProjectedDipMeans
