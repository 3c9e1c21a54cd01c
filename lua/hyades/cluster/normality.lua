--- Anderson and Darling's test: could these values come from a normal distribution? Mean and variance
-- are estimated. Stephens, JASA 1974; D'Agostino & Stephens, Goodness-of-fit techniques, 1986.
-- x: tensor n, n ≥ 2
-- → p-value; A²; A² for the size of the sample. Equal values: 1, 0, 0.

local hy = require "hyades"

-- The share of samples with a larger statistic.
local function pvalue(a)
  if a < 0.2 then return 1 - math.exp(-13.436 + 101.14 * a - 223.73 * a * a) end
  if a < 0.34 then return 1 - math.exp(-8.318 + 42.796 * a - 59.938 * a * a) end
  if a < 0.6 then return math.exp(0.9177 - 4.279 * a - 1.38 * a * a) end
  return a <= 10 and math.exp(1.2937 - 5.709 * a + 0.0186 * a * a) or 3.7e-24
end

local function normality(x)
  x = x:to "f64"
  local n, deviation = x:numel(), x:std():item()
  if not (deviation > 0) then return 1.0, 0.0, 0.0 end
  local z = (x - x:mean()) / deviation
  local below = (((z:sort() / math.sqrt(2)):erf() + 1) / 2):clamp(1e-12, 1 - 1e-12)
  local rank = hy.arange(1, n):to "f64"
  local terms = (rank * 2 - 1) * below:log() + (2 * n + 1 - rank * 2) * (1 - below):log()
  local squared = -n - terms:sum():item() / n
  local sized = squared * (1 + 0.75 / n + 2.25 / n ^ 2)
  return pvalue(sized), squared, sized
end

return normality
