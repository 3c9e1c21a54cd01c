local hy = require "hyades"
local check = require "hyades.check"
local partition = require "hyades.metrics.partition"

--- How many points each class (row) shares with each cluster (column); ids in ascending order.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: drop_noise=false, leave out the points that are -1 in truth or labels
-- → tensor f64 R×C
local function confusion(truth, labels, options)
  local drop = check.options("confusion", options, { drop_noise = false }).drop_noise
  return hy.contingency(partition.read("confusion", truth, labels, drop))
end

return confusion
