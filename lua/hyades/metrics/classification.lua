local hy = require "hyades"
local check = require "hyades.check"
local partition = require "hyades.metrics.partition"

local function ratio(x, y)
  return y > 0 and x / y or 0.0
end

local function scores(precision, recall)
  return { precision = precision, recall = recall,
    f1 = ratio(2 * precision * recall, precision + recall) }
end

local function mean(rows, name)
  local sum = 0
  for _, row in ipairs(rows) do sum = sum + row[name] end
  return sum / #rows
end

--- What a classifier would score that gives every cluster the class it matches best: clusters and
-- classes are matched one to one, as in acc; the points of clusters without a class are errors. (Of
-- several matchings that are equally good, one is taken; accuracy and micro do not depend on it.)
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: drop_noise=false, leave out the points that are -1 in truth or labels
-- → { accuracy=, macro=, micro=, classes= }: classes, in ascending order of the ids in truth, and
--   macro, the mean over them, hold precision=, recall= and f1= (0 for a class without a cluster),
--   classes also points= and cluster= (positions among the sorted ids, -1: none); micro pools the
--   points: all three are the accuracy there, since each point gets one class or counts as an error
local function classification(truth, labels, options)
  local drop = check.options("classification", options, { drop_noise = false }).drop_noise
  local t, l = partition.read("classification", truth, labels, drop)
  local table_of = hy.contingency(t, l)
  local match = hy.hungarian(-table_of):totable()
  local counts, sizes = table_of:totable(), table_of:sum(1):totable()
  local classes, right, all = {}, 0, t:numel()
  for i, row in ipairs(counts) do
    local j, points = match[i], 0
    for _, count in ipairs(row) do points = points + count end
    local hit = j > 0 and row[j] or 0
    right = right + hit
    classes[i] = scores(ratio(hit, j > 0 and sizes[j] or 0), ratio(hit, points))
    classes[i].points, classes[i].cluster = math.tointeger(points), j
  end
  local macro = { precision = mean(classes, "precision"), recall = mean(classes, "recall"),
    f1 = mean(classes, "f1") }
  local accuracy = right / all
  return { accuracy = accuracy, macro = macro, micro = scores(accuracy, accuracy), classes = classes }
end

return classification
