local check = require "hyades.check"
local partition = require "hyades.metrics.partition"

--- Normalized mutual information: 1 for the same partition, 0 for independent ones.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: average="arithmetic" | "geometric" | "min" | "max" of the two entropies
--   drop_noise=false, leave out the points that are -1 in truth or labels
-- → number in [0, 1]
local function nmi(truth, labels, options)
  options = check.options("nmi", options, { average = "arithmetic", drop_noise = false })
  local average = partition.average("nmi", options.average)
  local p = partition.compare("nmi", truth, labels, options.drop_noise)
  if partition.same(p) then return 1.0 end
  if #p.a == 1 or #p.b == 1 then return 0.0 end
  local information, ha, hb = partition.information(p)
  return information / average(ha, hb)
end

return nmi
