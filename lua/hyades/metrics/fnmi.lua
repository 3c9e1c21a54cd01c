local check = require "hyades.check"
local partition = require "hyades.metrics.partition"
local nmi = require "hyades.metrics.nmi"

--- Fair nmi: nmi times e^(−|R − C| / R), so that a wrong number of clusters C costs. Amelio &
-- Pizzuti, 2015. R is the number of classes.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: drop_noise=false, leave out the points that are -1 in truth or labels
-- → number in [0, 1]
local function fnmi(truth, labels, options)
  local drop = check.options("fnmi", options, { drop_noise = false }).drop_noise
  local p = partition.compare("fnmi", truth, labels, drop)
  return nmi(truth, labels, { drop_noise = drop }) * math.exp(-math.abs(#p.a - #p.b) / #p.a)
end

return fnmi
