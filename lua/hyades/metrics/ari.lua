local check = require "hyades.check"
local partition = require "hyades.metrics.partition"

--- Adjusted Rand index: agreement on pairs, corrected for chance. Hubert & Arabie, 1985.
-- 1 for the same partition, about 0 for random ones; it may be negative.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: drop_noise=false, leave out the points that are -1 in truth or labels
-- → number
local function ari(truth, labels, options)
  local drop = check.options("ari", options, { drop_noise = false }).drop_noise
  local p = partition.compare("ari", truth, labels, drop)
  if partition.same(p) then return 1.0 end
  local both, a, b, all = partition.pair_counts(p)
  local expected = a / all * b
  return (both - expected) / ((a + b) / 2 - expected)
end

return ari
