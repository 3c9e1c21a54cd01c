local pair_counting = require "hyades.metrics.pair_counting"

--- Fowlkes-Mallows index: the geometric mean of precision and recall on pairs of points.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: drop_noise=false, leave out the points that are -1 in truth or labels
-- → number in [0, 1]
local function fowlkes_mallows(truth, labels, options)
  return pair_counting(truth, labels, options).fowlkes_mallows
end

return fowlkes_mallows
