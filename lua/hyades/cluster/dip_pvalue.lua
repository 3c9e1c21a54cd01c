local hy = require "hyades"
local chance = require "hyades.cluster.dip_chance"
local check = require "hyades.check"
local class = require "hyades.class"

local function check_method(method)
  for _, known in ipairs(chance.methods) do
    if method == known then return end
  end
  error(('cluster.dip_pvalue: method must be "%s", got %s'):format(
    table.concat(chance.methods, '" or "'), check.describe(method)), 3)
end

-- A tensor of dips; only the curve has a gradient.
local function of_tensor(dips, n, given, title)
  if given.method == "function" and n >= 4 then return chance.curve(dips, n) end
  local of, values = chance.of(n, given.method, given.n_boots, given.rng, title), {}
  for i, dip in ipairs(dips:detach():reshape(-1):totable()) do values[i] = of(dip) end
  return hy.tensor(values, { dtype = dips.dtype }):reshape(dips:size())
end

--- The probability that n values from one peak have a dip at least this large: small for several
-- peaks.
-- dip: number, or a tensor of dips · n: how many values each came from
-- options: method="function", the curve of Bauer et al. (SDM 2023), through which gradients pass;
-- "table", quantiles of uniform samples (up to n = 72,000, the curve beyond; 0 for dips larger than
-- any of its samples had); or "bootstrap", counted in n_boots=1000 uniform samples drawn with
-- rng=hy.rng; verbose=false, show progress of these
-- → number from 0 to 1, or a tensor like dip; 1 for fewer than 4 values
local function dip_pvalue(dip, n, options)
  local given = check.options("cluster.dip_pvalue", options,
    { method = "function", n_boots = 1000, rng = hy.rng, verbose = false })
  check_method(given.method)
  check.number("cluster.dip_pvalue", "n", n, 0, 2 ^ 30, true)
  check.number("cluster.dip_pvalue", "n_boots", given.n_boots, 1, 1e9, true)
  n = math.tointeger(n)
  local title = given.verbose and "dip_pvalue"
  if class.kind(dip) == "tensor" then return of_tensor(dip, n, given, title) end
  check.number("cluster.dip_pvalue", "dip", dip, 0, 0.25)
  return chance.of(n, given.method, given.n_boots, given.rng, title)(dip)
end

return dip_pvalue
