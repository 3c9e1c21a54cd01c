--- Minimum description length of clusterings in subspaces: what each costs in bits, so that models
-- with other numbers of subspaces, clusters and dimensions can be compared. Leiber, Mautz, Plant &
-- Böhm, Automatic parameter selection for non-redundant clustering, SDM 2022.
-- A code is made once for all the data: `max_distance` (the largest between two points) bounds
-- where a center may lie, `precision` (the smallest gap between two values of a feature, averaged)
-- says to how many digits. The cost of points is a density code, so it may be negative.

local hy = require "hyades"
local check = require "hyades.check"

local mdl = {}
local Code = {}
Code.__index = Code

local function log2(value) return math.log(value, 2) end

--- Bits of a whole number by the universal prior: log2 2.865064 + log2 z + log2 log2 z + …
-- z: integer, 0 or more; 0 costs as much as 1
-- → number
function mdl.integer(z)
  local bits, rest = log2(2.865064), z
  while rest > 1 do
    rest = log2(rest)
    if rest > 0 then bits = bits + rest end
  end
  return bits
end

local pairs_at_hand = 2 ^ 34 -- multiplications that the exact largest distance may take

--- The largest distance between two rows of x.
-- x: tensor n×d
-- → number, flag: exact; for many points it is twice the largest distance to the mean instead
function mdl.max_distance(x)
  local n, d = x:size(1), x:size(2)
  if x.dtype == "u8" then x = x:to "f32" end
  if n * n * d > pairs_at_hand then
    local _, far = hy.nearest_center(x, x:mean(1, { keep = true }))
    return 2 * math.sqrt(far:max():item()), false
  end
  local largest, block = 0, math.max(1, 2 ^ 22 // n)
  for first = 1, n, block do
    local rows = x:narrow(1, first, math.min(block, n - first + 1))
    largest = math.max(largest, hy.sqdist(rows, x):max():item())
  end
  return math.sqrt(largest), true
end

--- Mean over the features of the smallest gap between two different values; constant features are
-- left out.
-- x: tensor n×d · where: string, who asks, for the error of constant points
-- → number
function mdl.precision(x, where)
  local n, d = x:size(1), x:size(2)
  local sum, count, block = 0, 0, math.max(1, 2 ^ 22 // n)
  for first = 1, n > 1 and d or 0, block do
    local columns = x:narrow(2, first, math.min(block, d - first + 1))
    local sorted = columns:t():contiguous():to("f64"):sort(2)
    local gaps = sorted:narrow(2, 2, n - 1) - sorted:narrow(2, 1, n - 1)
    local least = gaps:masked_fill(gaps:le(0), math.huge):min(2)
    local varies = least:lt(math.huge)
    count = count + varies:sum():item()
    sum = sum + least:masked_fill(least:ge(math.huge), 0):sum():item()
  end
  if count == 0 then
    error(where .. ": every column of x is constant: there is nothing to describe", 0)
  end
  return sum / count
end

--- A code for n points.
-- n: integer · max_distance, precision: numbers above 0
-- → code with the methods below
function mdl.code(n, max_distance, precision)
  return setmetatable({ n = n, max_distance = max_distance, precision = precision,
    log_distance = log2(max_distance), log_precision = log2(precision) }, Code)
end

--- The code for points, by what is given and what they say.
-- where: string, who asks, for errors · x: tensor n×d · max_distance, precision: numbers, or nil
-- → code; flag: the largest distance is exact
function mdl.code_of(where, x, max_distance, precision)
  for name, value in pairs{ max_distance = max_distance, precision = precision } do
    if type(value) ~= "number" or not (value > 0 and value < math.huge) then
      error(("%s: option %s must be a number above 0, got %s"):format(where, name,
        check.describe(value)), 0)
    end
  end
  local exact = true
  if not max_distance then max_distance, exact = mdl.max_distance(x) end
  precision = precision or mdl.precision(x, where)
  if not (max_distance > 0 and precision > 0) then
    error(("%s: the rows of x are %g apart at most, told apart at %g: too small for its type; scale "
      .. "it up"):format(where, max_distance, precision), 0)
  end
  return mdl.code(x:size(1), max_distance, precision), exact
end

--- Bits of a position anywhere in m dimensions.
function Code:uniform(m) return m * self.log_distance end

--- Bits that give m numbers their precision.
function Code:digits(m) return -m * self.log_precision end

--- Bits of a center in m dimensions.
function Code:center(m) return self:uniform(m) + self:digits(m) end

--- Bits of points around their centers under one spherical Gaussian.
-- m: dimensions · n: points · trace: sum of their squared distances · unit: what lengths are measured
-- in (1), for the question whether there is any distance
-- → number
function mdl.gaussian(m, n, trace, unit)
  if n <= 1 or m == 0 or trace <= 1e-15 * (unit or 1) ^ 2 then return 0 end
  return n * m / (2 * math.log(2)) * (1 + math.log(2 * math.pi) + math.log(trace)
    - math.log(n * m))
end

--- The bits of a subspace that change when dimensions move between two of them.
-- m: dimensions · k: clusters · outliers: how many · trace: of the scatter of the others
-- → number
function Code:rotation(m, k, outliers, trace)
  return mdl.integer(m) + k * self:center(m) + mdl.gaussian(m, self.n - outliers, trace, self.precision)
    + outliers * self:uniform(m)
end

--- All bits of a subspace: its model, the labels, the points.
-- m, k, outliers, trace: as in rotation; outliers nil: none are looked for
-- → number
function Code:subspace(m, k, outliers, trace)
  local o = outliers or 0
  local bits = self:rotation(m, k, o, trace) + mdl.integer(k) + log2(self.n) / 2
    + (self.n - o) * log2(k) + self.n * self:digits(m)
  if outliers then bits = bits + mdl.integer(o) + o * log2(self.n) end
  return bits
end

--- Bits for the number of subspaces, and all of their bits.
-- costs: array of the bits of each subspace
-- → number
function mdl.total(costs)
  local bits = mdl.integer(#costs)
  for _, cost in ipairs(costs) do bits = bits + cost end
  return bits
end

--- Squared distance to the center beyond which a point costs less as an outlier, the center kept.
-- m: dimensions · k: clusters · trace: sum of the squared distances of all points to their centers
-- → number; infinite where no point differs from its center
function Code:outlier_distance(m, k, trace)
  local n = self.n
  if trace <= 0 or n < 2 or m == 0 then return math.huge end
  local bits = self:uniform(m) + log2(n) - log2(k)
  local exponent = 2 * math.log(2) * bits / m - 1 - math.log(2 * math.pi / (m * n))
    - math.log(trace)
  return trace * (1 - (n - 1) / n * math.exp(-exponent / (n - 1)))
end

return mdl
