--- DipExt: the directions along which data has the most peaks, as features. From the best axes the
-- gradient of the dip leads to better directions; then the same in the orthogonal complement.
-- Schelling, Bauer, Behzadi & Plant, Utilizing Structure-rich Features to improve Clustering, ECML
-- PKDD 2020.
-- k: features (default: while their dips are at least `threshold` times the largest)
-- step, momentum: of the ascent · n_starts: axes that it starts from (default ⌊ln d⌋ + 1)
-- scale: stretch each feature to [0, its dip] · ties: where several rows may be the corners of the
--   modal triangle take the first ("ignore"), any ("random", rng) or the best ("all", at most 256)
-- verbose: say the dips
-- Fields: components (k×d, orthonormal, by descending dip), dips (array), low, factor (of scaling);
-- warning when most values of a feature are ties.

local hy = require "hyades"
local axis = require "hyades.cluster.dip_axis"
local check = require "hyades.check"
local dip_points = require "hyades.cluster.dip_points"
local model = require "hyades.model"
local points = require "hyades.cluster.points"
local progress = require "hyades.progress"

local DipExt = model.define("DipExt", { k = check.optional, step = 0.1, momentum = 0.95,
  threshold = 0.5, n_starts = check.optional, scale = true, ties = "ignore", rng = hy.rng,
  verbose = false }, { ties = axis.ties })

-- The direction of the largest dip that is found: never worse than the best axis. → tensor d, dip
local function best_direction(self, x)
  local d = x:size(2)
  local dips, order = hy.dip(x):sort{ descending = true }
  local units = hy.eye(d, { dtype = "f64" })
  local best, best_dip = units[order[1]:item()], dips[1]:item()
  local starts = d == 1 and 0 or math.min(d, self.n_starts or axis.default_starts(d))
  local function evaluate(w) return axis.dip(x, axis.along(x, w), self.ties, self.rng) end
  for i = 1, starts do
    local w, dip = axis.climb(evaluate, units[order[i]:item()], self.step, self.momentum)
    if dip > best_dip then best, best_dip = w, dip end
  end
  return best, best_dip
end

-- Directions in the space of x and their dips, in the order of discovery.
local function directions(self, x)
  local d = x:size(2)
  local basis, found, dips, largest = hy.eye(d, { dtype = "f64" }), {}, {}, 0
  for i = 1, self.k or d do
    local w, dip = best_direction(self, x)
    if not self.k and dip < largest * self.threshold then break end
    if self.verbose then progress.say(("DipExt: direction %d has dip %.6g"):format(i, dip)) end
    largest = math.max(largest, dip)
    found[i], dips[i] = axis.along(basis, w), dip
    if i < d then x, basis = axis.without(w, x, basis) end
  end
  return hy.stack(found), hy.tensor(dips, { dtype = "f64" })
end

function DipExt:fit(x)
  x = dip_points.read(self, x)
  local d = x:size(2)
  check.number("DipExt", "option k", self.k or 1, 1, d, true)
  self.warning = dip_points.ties(x)
  local mean = x:mean(1)
  local components, dips = directions(self, x - mean)
  local sorted, order = dips:sort{ descending = true }
  self.components, self.dips = components:index(order), sorted:totable()

  local z = x:mm(self.components:t())
  self.low = z:min(1)
  local width = z:max(1) - self.low
  self.factor = sorted / hy.where(width:gt(0), width, hy.ones(width:size(1), { dtype = "f64" }))
end

--- The features of the rows of x.
-- x: tensor n×d, or a dataset
-- → tensor n×k, f64; with scale=true every feature of the fitted data lies in [0, its dip]
function DipExt:transform(x)
  if not self.components then error("DipExt: call fit first", 0) end
  local z = points("DipExt", x):to("f64"):mm(self.components:t())
  return self.scale and (z - self.low) * self.factor or z
end

return DipExt
