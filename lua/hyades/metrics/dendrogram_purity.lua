local class = require "hyades.class"
local partition = require "hyades.metrics.partition"

-- The leaf of each point, from 1 on.
local function leaves_of(labels, n, leaves)
  if labels == nil then
    if n ~= leaves then
      error(("dendrogram_purity: the tree has %d leaves and truth %d points; say in labels which "
        .. "leaf holds each point"):format(leaves, n), 0)
    end
    return nil
  end
  local list = class.kind(labels) == "tensor"
    and partition.labels("dendrogram_purity: labels", labels):totable() or labels
  if type(list) ~= "table" or #list ~= n then
    error(("dendrogram_purity: truth has %d points and labels has %s"):format(n,
      type(list) == "table" and #list or "none"), 0)
  end
  for i, leaf in ipairs(list) do
    if math.type(leaf) ~= "integer" or leaf < 1 or leaf > leaves then
      error(("dendrogram_purity: labels: element %d is %s; leaves are 1 to %d"):format(i,
        tostring(leaf), leaves), 0)
    end
  end
  return list
end

-- Points of each class below each leaf: arrays class → count.
local function count_leaves(truth, labels, leaves)
  local _, rank = truth:unique()
  local counts = {}
  for leaf = 1, leaves do counts[leaf] = {} end
  for i, id in ipairs(rank:totable()) do
    local count = counts[labels and labels[i] or i]
    count[id] = (count[id] or 0) + 1
  end
  return counts
end

local function total(counts)
  local sum = 0
  for _, count in pairs(counts) do sum = sum + count end
  return sum
end

-- Takes a child out of the forest of nodes that have no parent yet.
local function take(nodes, child, row)
  child = math.tointeger(child)
  local node = child and nodes[child]
  if not node then
    error(("dendrogram_purity: merges: row %d names a node that does not exist by then, or was "
      .. "merged before"):format(row), 0)
  end
  nodes[child] = nil
  return node
end

--- Dendrogram purity: over all pairs of points of one class, the mean share of that class among the
-- points below their lowest common node. 1 where every class is a subtree. Heller & Ghahramani, 2005.
-- truth: index tensor n or n×1, or an array of integers
-- labels: likewise, the leaf 1..B that holds each point; nil: point i is leaf i
-- merges: tensor (B - 1)×2 or wider, or an array of rows: the two nodes that become node B + row
-- → number in (0, 1]; raises where no two points share a class
local function dendrogram_purity(truth, labels, merges)
  truth = partition.labels("dendrogram_purity: truth", truth)
  local rows = class.kind(merges) == "tensor" and merges:totable() or merges
  if type(rows) ~= "table" then
    error("dendrogram_purity: merges must be a tensor or an array of rows, got " .. type(rows), 2)
  end
  local leaves = #rows + 1
  local nodes = count_leaves(truth, leaves_of(labels, truth:numel(), leaves), leaves)
  local weights, pure = 0, 0
  for _, counts in ipairs(nodes) do
    local size = total(counts)
    for _, count in pairs(counts) do
      local weight = count * (count - 1) / 2
      weights, pure = weights + weight, pure + weight * count / size
    end
  end
  for row, children in ipairs(rows) do
    local left, right = take(nodes, children[1], row), take(nodes, children[2], row)
    local size = total(left) + total(right)
    for id, count in pairs(left) do
      local weight = count * (right[id] or 0)
      weights, pure = weights + weight, pure + weight * (count + (right[id] or 0)) / size
      right[id] = (right[id] or 0) + count
    end
    nodes[leaves + row] = right
  end
  if weights == 0 then error("dendrogram_purity: no two points share a class", 2) end
  return pure / weights
end

return dendrogram_purity
