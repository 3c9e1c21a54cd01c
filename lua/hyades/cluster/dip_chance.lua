--- How likely a dip is among samples from one peak: what cluster.dip_pvalue and the methods that
-- decide by it share.

local hy = require "hyades"

local chance = { methods = { "function", "table", "bootstrap" } }

local function exp(value)
  return type(value) == "number" and math.exp(value) or value:exp()
end

local function steepness(n)
  return 17.30784022 * math.sqrt(n) + 12.04917889
end

--- A curve fitted to many samples, for any n and differentiable.
-- Bauer et al., SDM 2023.
-- dip: number or tensor · n: sample size, from 4
-- → number or tensor
function chance.curve(dip, n)
  local e = exp(6.5 - dip * steepness(n))
  return 1 - 1 / ((1 + e * 1.6) ^ 0.625 * 0.6 + (1 + e * 0.2) ^ 5 * 0.4)
end

--- Derivative of the curve in the dip.
-- dip: number · n: sample size
-- → number
function chance.slope(dip, n)
  if n < 4 then return 0 end
  local b = steepness(n)
  local e = math.exp(6.5 - b * dip)
  local height = 0.6 * (1 + 1.6 * e) ^ 0.625 + 0.4 * (1 + 0.2 * e) ^ 5
  return -b * e * (0.6 * (1 + 1.6 * e) ^ -0.375 + 0.4 * (1 + 0.2 * e) ^ 4) / height ^ 2
end

-- The smallest position in an ascending array whose value is at least this; #values + 1 for none.
local function lower_bound(values, least)
  local low, high = 1, #values + 1
  while low < high do
    local middle = (low + high) // 2
    if values[middle] < least then low = middle + 1 else high = middle end
  end
  return low
end

-- Quantiles of √n·dip for this n, between those of the table's two nearest sizes.
local function quantiles_of(n, rows)
  local at = 1
  while rows[at].n < n do at = at + 1 end
  if rows[at].n == n then return rows[at] end
  local below, above, between = rows[at - 1], rows[at], {}
  local share = (n - below.n) / (above.n - below.n)
  for i = 1, #below do between[i] = below[i] + share * (above[i] - below[i]) end
  return between
end

local function by_table(n)
  local rows = require "hyades.cluster.dip_table"
  local quantiles, shares = quantiles_of(n, rows), rows.shares
  local least = 1 / (2 * n) * (1 + 1e-9) -- every dip is at least 1/(2n)
  return function(dip)
    local value = dip * math.sqrt(n)
    local i = lower_bound(quantiles, value)
    if dip <= least or i == 1 then return 1.0 end
    if i > #quantiles then return 0.0 end
    local low, high = quantiles[i - 1], quantiles[i]
    return 1 - shares[i - 1] - (value - low) / (high - low) * (shares[i] - shares[i - 1])
  end
end

local function by_bootstrap(n, samples, rng, title)
  local progress <close> = hy.progress(samples, { desc = title or "", verbose = title and true or false })
  local parts, at_once = {}, math.max(1, math.min(samples, 1000000 // n)) -- samples held at a time
  for first = 1, samples, at_once do
    local columns = math.min(at_once, samples - first + 1)
    parts[#parts + 1] = hy.dip(hy.rand(n, columns, { dtype = "f64", rng = rng }))
    progress:step(columns)
  end
  local dips = hy.cat(parts):sort():totable()
  return function(dip) return (samples + 1 - lower_bound(dips, dip)) / samples end
end

--- The probabilities of dips of n values.
-- n: integer · method: "function", "table" (the curve beyond its sizes) or "bootstrap", which draws
-- n_boots samples now · n_boots: integer · rng: generator
-- title: string, of a line of progress while they are drawn, optional
-- → function: dip, a number → number from 0 to 1
function chance.of(n, method, n_boots, rng, title)
  if n < 4 then return function() return 1.0 end end
  if method == "bootstrap" then return by_bootstrap(n, n_boots, rng, title) end
  local rows = method == "table" and require "hyades.cluster.dip_table"
  if rows and n <= rows[#rows].n then return by_table(n) end
  return function(dip) return chance.curve(dip, n) end
end

return chance
