local partition = require "hyades.metrics.partition"

local function ratio(x, y)
  return y > 0 and x / y or 0.0
end

--- Agreement on pairs of points: together or apart in both labelings.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- → { tp=, fp=, fn=, tn=, jaccard=, rand=, precision=, recall=, f1=, fowlkes_mallows= }; the first
--   four are integers, a ratio with denominator 0 is 0
local function pair_counting(truth, labels)
  local tp, a, b, all = partition.pair_counts(partition.compare("pair_counting", truth, labels))
  local fp, fn, tn = b - tp, a - tp, all - a - b + tp
  return {
    tp = tp, fp = fp, fn = fn, tn = tn,
    jaccard = ratio(tp, tp + fp + fn),
    rand = ratio(tp + tn, all),
    precision = ratio(tp, tp + fp),
    recall = ratio(tp, tp + fn),
    f1 = ratio(2 * tp, 2 * tp + fp + fn),
    fowlkes_mallows = ratio(tp, math.sqrt(a) * math.sqrt(b)),
  }
end

return pair_counting
