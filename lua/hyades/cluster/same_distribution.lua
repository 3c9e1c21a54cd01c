--- Kolmogorov and Smirnov's test of two samples: could both come from one distribution?
-- The p-value is that of large samples with Stephens' correction for smaller ones (JRSS B 1970).
-- x: tensor n · y: tensor m
-- → p-value; the largest difference of the two distribution functions

local hy = require "hyades"

local function pvalue(lambda)
  if lambda < 0.2 then return 1.0 end -- the series needs many terms there, and gives 1
  local sum = 0
  for j = 1, 100 do sum = sum - (-1) ^ j * math.exp(-2 * j * j * lambda * lambda) end
  return math.max(0, math.min(1, 2 * sum))
end

local function same_distribution(x, y)
  local n, m = x:numel(), y:numel()
  local values, order = hy.cat{ x:to("f64"):reshape(n), y:to("f64"):reshape(m) }:sort()
  local steps = hy.cat{ hy.ones(n, { dtype = "f64" }) / n, hy.ones(m, { dtype = "f64" }) / -m }
  local difference = steps:index(order):cumsum(1):abs()
  -- between equal values the functions have not taken their whole step yet
  local whole = values:narrow(1, 1, n + m - 1):ne(values:narrow(1, 2, n + m - 1)):to "f64"
  local largest = (difference:narrow(1, 1, n + m - 1) * whole):max():item()
  local root = math.sqrt(n * m / (n + m))
  return pvalue((root + 0.12 + 0.11 / root) * largest), largest
end

return same_distribution
