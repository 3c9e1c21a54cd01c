local check = require "hyades.check"
local several = require "hyades.metrics.several"
local nmi = require "hyades.metrics.nmi"

--- How much the clusterings of an ensemble agree: the mean nmi of two of them.
-- labels: index tensor n×J, or an array of labelings, two at least
-- options: average="arithmetic" | "geometric" | "min" | "max", as in nmi
-- → number in [0, 1]
local function agreement(labels, options)
  options = check.options("agreement", options, { average = "arithmetic" })
  local list = several.read("agreement: labels", labels)
  if #list < 2 then error("agreement: labels holds one labeling; at least two are needed", 2) end
  local sum, pairs_seen = 0, 0
  for i = 1, #list do
    for j = i + 1, #list do
      sum = sum + nmi(list[i].labels, list[j].labels, { average = options.average })
      pairs_seen = pairs_seen + 1
    end
  end
  return sum / pairs_seen
end

return agreement
