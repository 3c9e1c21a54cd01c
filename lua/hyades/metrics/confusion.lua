local hy = require "hyades"
local partition = require "hyades.metrics.partition"

--- How many points each class (row) shares with each cluster (column); ids in ascending order.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- → tensor f64 R×C
local function confusion(truth, labels)
  return hy.contingency(partition.read("confusion", truth, labels))
end

return confusion
