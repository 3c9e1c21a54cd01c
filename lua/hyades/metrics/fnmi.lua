local partition = require "hyades.metrics.partition"
local nmi = require "hyades.metrics.nmi"

--- Fair nmi: nmi times e^(−|R − C| / R), so that a wrong number of clusters C costs. Amelio &
-- Pizzuti, 2015. R is the number of classes.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- → number in [0, 1]
local function fnmi(truth, labels)
  local p = partition.compare("fnmi", truth, labels)
  return nmi(truth, labels) * math.exp(-math.abs(#p.a - #p.b) / #p.a)
end

return fnmi
