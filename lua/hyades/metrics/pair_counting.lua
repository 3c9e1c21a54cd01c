local hy = require "hyades"
local check = require "hyades.check"
local partition = require "hyades.metrics.partition"
local several = require "hyades.metrics.several"

local function ratio(x, y)
  return y > 0 and x / y or 0.0
end

local function of_one(truth, labels, drop_noise)
  local p = partition.compare("pair_counting", truth, labels, drop_noise)
  local tp, a, b, all = partition.pair_counts(p)
  return tp, b - tp, a - tp, all - a - b + tp
end

local function of_several(truth, labels, options)
  local t, l = several.both("pair_counting", truth, labels, options.remove_noise_spaces)
  t = hy.stack(several.columns(t, options.drop_noise), 2)
  l = hy.stack(several.columns(l, options.drop_noise), 2)
  local counts = hy.together(t, l):totable()
  for i = 1, 4 do counts[i] = math.tointeger(counts[i]) end
  return table.unpack(counts)
end

--- Agreement on pairs of points: together or apart in both labelings. Of several labelings, a pair
-- is together where any of them puts both points into one cluster.
-- truth, labels: index tensors n or n×1, or arrays of integers; index tensors n×J, or arrays of
--   labelings
-- options: drop_noise=false, leave out the points that are -1 in truth or labels; of several
--   labelings, a point that is -1 in one of them is with no other there (otherwise all -1 are
--   together, as in a cluster)
--   remove_noise_spaces=true, of several labelings leave out those with a single cluster
-- → { tp=, fp=, fn=, tn=, jaccard=, rand=, precision=, recall=, f1=, fowlkes_mallows= }; the first
--   four are integers, a ratio with denominator 0 is 0
local function pair_counting(truth, labels, options)
  options = check.options("pair_counting", options, { drop_noise = false,
    remove_noise_spaces = true })
  local tp, fp, fn, tn
  if several.is(truth) or several.is(labels) then
    tp, fp, fn, tn = of_several(truth, labels, options)
  else
    tp, fp, fn, tn = of_one(truth, labels, options.drop_noise)
  end
  return {
    tp = tp, fp = fp, fn = fn, tn = tn,
    jaccard = ratio(tp, tp + fp + fn),
    rand = ratio(tp + tn, tp + fp + fn + tn),
    precision = ratio(tp, tp + fp),
    recall = ratio(tp, tp + fn),
    f1 = ratio(2 * tp, 2 * tp + fp + fn),
    fowlkes_mallows = ratio(tp, math.sqrt(tp + fn) * math.sqrt(tp + fp)),
  }
end

return pair_counting
