local check = require "hyades.check"
local partition = require "hyades.metrics.partition"

--- Purity: the share of points that belong to the largest class of their cluster. Not symmetric;
-- 1 when every point is a cluster of its own.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: drop_noise=false, leave out the points that are -1 in truth or labels
-- → number in (0, 1]
local function purity(truth, labels, options)
  local drop = check.options("purity", options, { drop_noise = false }).drop_noise
  local p = partition.compare("purity", truth, labels, drop)
  local largest = {}
  for _, cell in ipairs(p.cells) do
    local count, _, j = table.unpack(cell)
    largest[j] = math.max(largest[j] or 0, count)
  end
  local sum = 0
  for _, count in ipairs(largest) do sum = sum + count end
  return sum / p.n
end

return purity
