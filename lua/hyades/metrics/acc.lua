local hy = require "hyades"
local check = require "hyades.check"
local partition = require "hyades.metrics.partition"

--- Clustering accuracy: the share of points that agree under the best one-to-one matching of
-- clusters to classes. Clusters beyond the number of classes count as errors.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: drop_noise=false, leave out the points that are -1 in truth or labels
-- → number in (0, 1]
local function acc(truth, labels, options)
  local drop = check.options("acc", options, { drop_noise = false }).drop_noise
  truth, labels = partition.read("acc", truth, labels, drop)
  local _, cost = hy.hungarian(-hy.contingency(truth, labels))
  return -cost:item() / truth:numel()
end

return acc
