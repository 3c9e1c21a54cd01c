local check = require "hyades.check"
local partition = require "hyades.metrics.partition"

--- Variation of information in nats: H(truth) + H(labels) − 2 I. A distance, 0 for the same
-- partition. Meilă, 2007.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: drop_noise=false, leave out the points that are -1 in truth or labels
-- → number, 0 or more
local function vi(truth, labels, options)
  local drop = check.options("vi", options, { drop_noise = false }).drop_noise
  local p = partition.compare("vi", truth, labels, drop)
  if partition.same(p) then return 0.0 end
  local information, ha, hb = partition.information(p)
  return ha + hb - 2 * information
end

return vi
