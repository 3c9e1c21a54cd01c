local partition = require "hyades.metrics.partition"

--- Completeness: 1 when all points of a class lie in the same cluster. I / H(labels).
-- truth, labels: index tensors n or n×1, or arrays of integers
-- → number in [0, 1]
local function completeness(truth, labels)
  local information, _, h = partition.information(partition.compare("completeness", truth, labels))
  return h > 0 and information / h or 1.0
end

return completeness
