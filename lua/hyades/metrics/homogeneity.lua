local partition = require "hyades.metrics.partition"

--- Homogeneity: 1 when every cluster holds points of a single class. I / H(truth).
-- truth, labels: index tensors n or n×1, or arrays of integers
-- → number in [0, 1]
local function homogeneity(truth, labels)
  local information, h = partition.information(partition.compare("homogeneity", truth, labels))
  return h > 0 and information / h or 1.0
end

return homogeneity
