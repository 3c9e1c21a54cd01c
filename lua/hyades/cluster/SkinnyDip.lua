--- SkinnyDip: clusters are boxes that stand out of noise. UniDip on the first feature, then on the
-- second within each interval, and so on. Maurus & Plant, KDD 2016.
-- base: what finds the intervals, cluster.UniDip or cluster.TailoredDip
-- alpha, pvalue, n_boots, size_factor, rng: see UniDip
-- Fields: labels (−1: noise), k; warning when most values of a feature are ties. Without rng for
-- "bootstrap" nothing is random.

local hy = require "hyades"
local chance = require "hyades.cluster.dip_chance"
local dip_points = require "hyades.cluster.dip_points"
local model = require "hyades.model"
local UniDip = require "hyades.cluster.UniDip"

local SkinnyDip = model.define("SkinnyDip", { base = UniDip, alpha = 0.05, pvalue = "table",
  n_boots = 1000, size_factor = 2, rng = hy.rng }, { pvalue = chance.methods })

-- The boxes within these rows of x, from feature j on.
local function boxes(self, x, rows, j, found)
  if j > x:size(2) then
    found[#found + 1] = rows
    return
  end
  local sorted, order = x:narrow(2, j, 1):reshape(-1):index(rows):sort()
  for _, peak in ipairs((self.base.peaks(sorted, self))) do
    boxes(self, x, rows:index(order:narrow(1, peak.first, peak.last - peak.first + 1)), j + 1, found)
  end
end

function SkinnyDip:fit(x)
  x = dip_points.read(self, x)
  if type(self.base) ~= "table" or type(self.base.peaks) ~= "function" then
    error("SkinnyDip: option base must be cluster.UniDip or cluster.TailoredDip", 0)
  end
  self.warning = dip_points.ties(x)
  local n, found = x:size(1), {}
  boxes(self, x, hy.arange(1, n, { dtype = "f64" }):to "index", 1, found)
  local labels = {}
  for i = 1, n do labels[i] = -1 end
  for c, rows in ipairs(found) do
    for _, i in ipairs(rows:totable()) do labels[i] = c end
  end
  self.k, self.labels = #found, hy.tensor(labels, { dtype = "index" })
end

return SkinnyDip
