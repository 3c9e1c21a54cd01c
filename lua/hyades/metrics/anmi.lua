local check = require "hyades.check"
local several = require "hyades.metrics.several"
local nmi = require "hyades.metrics.nmi"

--- How well a clustering sums up an ensemble: its mean nmi with the clusterings there. Strehl &
-- Ghosh, JMLR 2002 (who divide by the geometric mean of the entropies).
-- labels: index tensor n or n×1, or an array of integers
-- ensemble: index tensor n×J, or an array of labelings
-- options: average="arithmetic" | "geometric" | "min" | "max", as in nmi
-- → number in [0, 1]
local function anmi(labels, ensemble, options)
  options = check.options("anmi", options, { average = "arithmetic" })
  local list, sum = several.read("anmi: ensemble", ensemble), 0
  for _, one in ipairs(list) do sum = sum + nmi(labels, one.labels, options) end
  return sum / #list
end

return anmi
