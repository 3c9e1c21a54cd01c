local check = require "hyades.check"
local partition = require "hyades.metrics.partition"

--- Homogeneity: 1 when every cluster holds points of a single class. I / H(truth).
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: drop_noise=false, leave out the points that are -1 in truth or labels
-- → number in [0, 1]
local function homogeneity(truth, labels, options)
  local drop = check.options("homogeneity", options, { drop_noise = false }).drop_noise
  local information, h = partition.information(partition.compare("homogeneity", truth, labels, drop))
  return h > 0 and information / h or 1.0
end

return homogeneity
