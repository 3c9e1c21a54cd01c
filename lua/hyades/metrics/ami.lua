local hy = require "hyades"
local check = require "hyades.check"
local partition = require "hyades.metrics.partition"

local EPS = 1e-15 -- a smaller denominator is taken for this, with its sign

local function expected_information(p)
  local a = hy.tensor(p.a, { dtype = "f64" })
  return hy.expected_mutual_information(a, hy.tensor(p.b, { dtype = "f64" })):item()
end

--- Adjusted mutual information: nmi corrected for chance. Vinh, Epps & Bailey, JMLR 2010.
-- 1 for the same partition, about 0 for random ones; it may be negative.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: average="arithmetic" | "geometric" | "min" | "max" of the two entropies
--   drop_noise=false, leave out the points that are -1 in truth or labels
-- → number
local function ami(truth, labels, options)
  options = check.options("ami", options, { average = "arithmetic", drop_noise = false })
  local average = partition.average("ami", options.average)
  local p = partition.compare("ami", truth, labels, options.drop_noise)
  if partition.same(p) then return 1.0 end
  if #p.a == 1 or #p.b == 1 then return 0.0 end
  local information, ha, hb = partition.information(p)
  local expected = expected_information(p)
  local range = average(ha, hb) - expected
  if math.abs(range) < EPS then range = range < 0 and -EPS or EPS end
  return (information - expected) / range
end

return ami
