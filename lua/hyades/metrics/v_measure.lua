local check = require "hyades.check"
local partition = require "hyades.metrics.partition"

--- V-measure: the harmonic mean of homogeneity and completeness, nmi with the arithmetic average
-- when beta is 1. Rosenberg & Hirschberg, 2007.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: beta=1, above 1 completeness weighs more
--   drop_noise=false, leave out the points that are -1 in truth or labels
-- → number in [0, 1]
local function v_measure(truth, labels, options)
  options = check.options("v_measure", options, { beta = 1, drop_noise = false })
  local beta = check.number("v_measure", "beta", options.beta, 0)
  local p = partition.compare("v_measure", truth, labels, options.drop_noise)
  local information, ha, hb = partition.information(p)
  local h, c = ha > 0 and information / ha or 1.0, hb > 0 and information / hb or 1.0
  return h + c > 0 and (1 + beta) * h * c / (beta * h + c) or 0.0
end

return v_measure
