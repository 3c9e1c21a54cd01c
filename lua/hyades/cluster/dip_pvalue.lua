local hy = require "hyades"
local check = require "hyades.check"

--- How large dips are by chance: a curve fitted to many samples, for any n and differentiable.
-- Bauer et al. (DipEncoder), KDD 2023.
local function by_function(dip, n)
  local b = 17.30784022 * math.sqrt(n) + 12.04917889
  local e = math.exp(6.5 - b * dip)
  return 1 - 1 / (0.6 * (1 + 1.6 * e) ^ 0.625 + 0.4 * (1 + 0.2 * e) ^ 5)
end

--- The share of uniform samples with as large a dip.
local function by_bootstrap(dip, n, given)
  local samples, larger = given.n_boots, 0
  local at_once = math.max(1, math.min(samples, 1000000 // n)) -- columns held at a time
  for first = 1, samples, at_once do
    local columns = math.min(at_once, samples - first + 1)
    local dips = hy.dip(hy.rand(n, columns, { dtype = "f64", rng = given.rng }))
    larger = larger + dips:ge(dip):sum():item()
  end
  return larger / samples
end

--- The probability that n values from one peak have a dip at least this large: small for several
-- peaks.
-- dip: number · n: how many values it came from
-- options: method="function", a fitted curve, or "bootstrap", counted in n_boots=1000 uniform
-- samples drawn with rng=hy.rng
-- → number from 0 to 1; 1 for fewer than 4 values
local function dip_pvalue(dip, n, options)
  local given = check.options("cluster.dip_pvalue", options,
    { method = "function", n_boots = 1000, rng = hy.rng })
  check.number("cluster.dip_pvalue", "dip", dip, 0, 0.25)
  check.number("cluster.dip_pvalue", "n", n, 0, 2 ^ 30, true)
  if given.method ~= "function" and given.method ~= "bootstrap" then
    error(('cluster.dip_pvalue: method must be "function" or "bootstrap", got %s'):format(
      check.describe(given.method)), 2)
  end
  if n < 4 then return 1.0 end
  if given.method == "function" then return by_function(dip, n) end
  check.number("cluster.dip_pvalue", "n_boots", given.n_boots, 1, 1e9, true)
  return by_bootstrap(dip, math.tointeger(n), given)
end

return dip_pvalue
