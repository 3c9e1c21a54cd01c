local purity = require "hyades.metrics.purity"

--- Leaf purity of a tree: the share of points that belong to the largest class of their leaf.
-- truth: index tensor n or n×1, or an array of integers · labels: likewise, the leaf of each point
-- → number in (0, 1]
local function leaf_purity(truth, labels)
  return purity(truth, labels)
end

return leaf_purity
