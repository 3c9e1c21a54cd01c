local check = require "hyades.check"
local several = require "hyades.metrics.several"

--- Do several labelings have the right numbers of clusters? Each number of clusters in truth, noise
-- (-1) not counted, must occur as often among those of labels.
-- truth, labels: index tensors n×J, or arrays of labelings
-- options: strict=false, labels may hold more of them; true: it may not
--   remove_noise_spaces=true, leave out labelings with exactly one cluster beside noise
-- → boolean
local function correct_k(truth, labels, options)
  options = check.options("correct_k", options, { strict = false, remove_noise_spaces = true })
  local t, l = several.both("correct_k", truth, labels, options.remove_noise_spaces)
  local left = {}
  for _, one in ipairs(l) do left[one.clusters] = (left[one.clusters] or 0) + 1 end
  for _, one in ipairs(t) do
    left[one.clusters] = (left[one.clusters] or 0) - 1
    if left[one.clusters] < 0 then return false end
  end
  return not options.strict or #t == #l
end

return correct_k
