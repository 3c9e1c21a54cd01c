--- Dip'n'Sub: clusters that are intervals along several orthogonal directions, and those directions.
-- Along a direction that makes most points part of a cluster with several peaks, TailoredDip splits
-- these clusters; then the same in the orthogonal complement, until too few points are concerned.
-- Bauer, Leiber, Böhm & Plant, Extension of the Dip-test Repertoire, SDM 2023.
-- alpha: a cluster has several peaks when the p-value (of the fitted curve) is smaller
-- threshold: least share of points in such clusters · step, momentum: of the gradient descent
-- n_starts: features, and principal axes, that it starts from (default ⌊ln d⌋ + 1 each)
-- tails, outliers, size_factor: see TailoredDip · ties: "ignore" or "random" (rng), see DipExt
-- verbose: say the directions
-- Fields: labels, k, components (directions × d, orthonormal; one at least), history: { share, pvalues }
-- of every direction that was tried; warning when most values of a feature are ties.

local hy = require "hyades"
local axis = require "hyades.cluster.dip_axis"
local chance = require "hyades.cluster.dip_chance"
local check = require "hyades.check"
local dip_points = require "hyades.cluster.dip_points"
local model = require "hyades.model"
local points = require "hyades.cluster.points"
local TailoredDip = require "hyades.cluster.TailoredDip"
local progress = require "hyades.progress"

local DipNSub = model.define("DipNSub", { alpha = 0.01, threshold = 0.15, step = 0.1,
  momentum = 0.95, n_starts = check.optional, tails = true, outliers = false, size_factor = 2,
  ties = "ignore", rng = hy.rng, verbose = false }, { ties = { "ignore", "random" } })

local function pvalue(dip, n)
  return n < 4 and 1 or chance.curve(dip, n)
end

-- What the descent lowers: Σ |C| p, or −Σ |C| dip where every p is 0.
local function cost(dips, sizes)
  local sum, deepest = 0, 0
  for c, dip in ipairs(dips) do
    sum, deepest = sum + sizes[c] * pvalue(dip, sizes[c]), deepest + sizes[c] * dip
  end
  return sum > 0 and sum or -deepest, sum > 0
end

-- The cost along w, and the direction in which it falls, over n.
local function look(self, x, w, members, sizes)
  local z, dips, slopes, down = axis.along(x, w), {}, {}, hy.zeros(w:size(1), { dtype = "f64" })
  for c, rows in ipairs(members) do
    local gradients
    dips[c], gradients = 0, {}
    if sizes[c] >= 4 then
      dips[c], gradients = axis.dip(x, z, self.ties, self.rng, rows)
    end
    slopes[c] = gradients[1]
  end
  local value, by_pvalue = cost(dips, sizes)
  for c, slope in pairs(slopes) do
    local rate = by_pvalue and -chance.slope(dips[c], sizes[c]) or 1
    down = down + slope * (rate * sizes[c] / x:size(1))
  end
  return value, { down }
end

-- Where to start: the features with the lowest cost, and the principal axes. → array of tensors d
local function starts(self, x, members, sizes)
  local d, ordered, vectors = x:size(2), {}, {}
  local by_cluster = {}
  for c, rows in ipairs(members) do
    by_cluster[c] = sizes[c] >= 4 and hy.dip(x:index(rows)):totable()
  end
  for j = 1, d do
    local dips = {}
    for c, of in ipairs(by_cluster) do dips[c] = of and of[j] or 0 end
    ordered[j] = { j = j, cost = cost(dips, sizes) }
  end
  table.sort(ordered, function(a, b) return a.cost < b.cost or a.cost == b.cost and a.j < b.j end)
  local units, count = hy.eye(d, { dtype = "f64" }), math.min(d, self.n_starts or axis.default_starts(d))
  local _, principal = hy.eigh(x:t():mm(x))
  for i = 1, count do vectors[#vectors + 1] = units[ordered[i].j] end
  for i = 1, count do vectors[#vectors + 1] = principal:select(2, d + 1 - i):contiguous() end
  return vectors
end

-- The direction with the lowest cost that is found.
local function best_direction(self, x, members, sizes)
  if x:size(2) == 1 then return hy.ones(1, { dtype = "f64" }) end
  local best, best_value = nil, -math.huge
  local function evaluate(w)
    local value, gradients = look(self, x, w, members, sizes)
    return -value, gradients
  end
  for _, start in ipairs(starts(self, x, members, sizes)) do
    local w, value = axis.climb(evaluate, start, self.step, self.momentum)
    if value > best_value then best, best_value = w, value end
  end
  return best
end

-- The clusters along z: those with several peaks in parts. → clusters, share of points, p-values
local function split(self, z, members, sizes)
  local parts, concerned, p, n = {}, 0, {}, z:size(1)
  for c, rows in ipairs(members) do
    local sorted, order = z:index(rows):sort()
    p[c] = pvalue(hy.dip(sorted, { sorted = true }):item(), sizes[c])
    if p[c] < self.alpha then
      concerned = concerned + sizes[c] / n
      for _, peak in ipairs((TailoredDip.peaks(sorted, { alpha = self.alpha, pvalue = "function",
        size_factor = self.size_factor, tails = self.tails, outliers = self.outliers }))) do
        parts[#parts + 1] = rows:index(order:narrow(1, peak.first, peak.last - peak.first + 1))
      end
    else
      parts[#parts + 1] = rows
    end
  end
  return parts, concerned, p
end

local function labels_of(n, members)
  local labels = {}
  for i = 1, n do labels[i] = -1 end
  for c, rows in ipairs(members) do
    for _, i in ipairs(rows:totable()) do labels[i] = c end
  end
  return hy.tensor(labels, { dtype = "index" })
end

function DipNSub:fit(x)
  x = dip_points.read(self, x)
  self.warning = dip_points.ties(x)
  local n, d = x:size(1), x:size(2)
  x = x - x:mean(1)
  local basis, found = hy.eye(d, { dtype = "f64" }), {}
  local members = { hy.arange(1, n, { dtype = "f64" }):to "index" }
  self.history = {}
  for i = 1, d do
    local sizes = {}
    for c, rows in ipairs(members) do sizes[c] = rows:numel() end
    local w = best_direction(self, x, members, sizes)
    local parts, share, p = split(self, axis.along(x, w), members, sizes)
    self.history[i] = { share = share, pvalues = p }
    if self.verbose then
      progress.say(("DipNSub: direction %d, %.0f %% of the points in clusters with several "
        .. "peaks"):format(i, share * 100))
    end
    local splits = share >= self.threshold
    if splits or i == 1 then found[i] = axis.along(basis, w) end
    if not splits then break end
    members = parts
    if i < d then x, basis = axis.without(w, x, basis) end
  end
  self.components, self.k, self.labels = hy.stack(found), #members, labels_of(n, members)
end

--- Coordinates of the rows of x along the directions.
-- x: tensor n×d, or a dataset
-- → tensor n × directions, f64
function DipNSub:transform(x)
  if not self.components then error("DipNSub: call fit first", 0) end
  return points("DipNSub", x):to("f64"):mm(self.components:t())
end

return DipNSub
