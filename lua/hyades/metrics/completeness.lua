local check = require "hyades.check"
local partition = require "hyades.metrics.partition"

--- Completeness: 1 when all points of a class lie in the same cluster. I / H(labels).
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: drop_noise=false, leave out the points that are -1 in truth or labels
-- → number in [0, 1]
local function completeness(truth, labels, options)
  local drop = check.options("completeness", options, { drop_noise = false }).drop_noise
  local p = partition.compare("completeness", truth, labels, drop)
  local information, _, h = partition.information(p)
  return h > 0 and information / h or 1.0
end

return completeness
