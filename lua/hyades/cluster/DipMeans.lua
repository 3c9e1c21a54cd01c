--- Dip-means: k-means that finds k. Every member of a cluster views the others; where many see
-- distances with more than one peak, the cluster splits. Kalogeratos & Likas, NIPS 2012.
-- alpha: a viewer votes for a split when the p-value of its dip is smaller · viewers: share of the
--   members that must vote · max_k: clusters at most
-- pvalue: "table", "function" or "bootstrap" (n_boots samples), as in cluster.dip_pvalue
-- n_split_trials: pairs of centers tried for a split, the best stays · verbose: say the splits
-- Fields: labels, centers, k, inertia; scores (array: the mean dip of the viewers that vote, 0 where
-- too few do) and viewer_shares of the final clusters; history: { k, inertia, split = the cluster
-- that is split next } of every step; warning when most distances from the first row are ties.
-- O(n²) distances, in blocks.

local hy = require "hyades"
local centered = require "hyades.cluster.centered"
local chance = require "hyades.cluster.dip_chance"
local check = require "hyades.check"
local dip_points = require "hyades.cluster.dip_points"
local growing = require "hyades.cluster.dip_growing"
local model = require "hyades.model"

local DipMeans = model.define("DipMeans", { alpha = 0.001, viewers = 0.01, pvalue = "table",
  n_boots = 1000, n_split_trials = 10, max_k = check.optional, rng = hy.rng, verbose = false },
  { pvalue = chance.methods })

local BLOCK = 1 << 20 -- distances held at a time

--- The dip of the distances from every row to all rows.
-- x: tensor n×d, f64 · title: string, of a line of progress, optional
-- → tensor n
function DipMeans.viewer_dips(x, title)
  local n, dips = x:size(1), {}
  local size = math.max(1, BLOCK // n)
  local progress <close> = hy.progress(n, { desc = title or "", verbose = title and true or false })
  for first = 1, n, size do
    local viewers = x:narrow(1, first, math.min(size, n - first + 1))
    local distances <close> = hy.sqdist(viewers, x):sqrt()
    dips[#dips + 1] = hy.dip(distances:t())
    progress:step(viewers:size(1))
  end
  return hy.cat(dips)
end

-- Score: the mean dip of the viewers that vote for a split, 0 where they are too few.
local function judge(self, members)
  local n = members:size(1)
  local p = chance.of(n, self.pvalue, self.n_boots, self.rng)
  local sum, votes = 0, 0
  for _, dip in ipairs(DipMeans.viewer_dips(members,
    self.verbose and "DipMeans: viewers"):totable()) do
    if p(dip) < self.alpha then sum, votes = sum + dip, votes + 1 end
  end
  local share = votes / n
  return { score = share > self.viewers and sum / votes or 0, share = share }
end

function DipMeans:fit(x)
  x = dip_points.read(self, x)
  self.warning = dip_points.ties(hy.sqdist(x, x:narrow(1, 1, 1)), "distances from the first row")
  local verdicts = growing.fit(self, x, {
    judge = function(members) return judge(self, members) end,
    asks = function(verdict) return verdict.score > 0 end,
    first = function(a, b) return a.score > b.score end,
  })
  self.scores, self.viewer_shares = {}, {}
  for c, verdict in ipairs(verdicts) do
    self.scores[c], self.viewer_shares[c] = verdict.score, verdict.share
  end
end

DipMeans.predict, DipMeans.transform = centered.predict, centered.transform

return DipMeans
