local check = require "hyades.check"
local multi_confusion = require "hyades.metrics.multi_confusion"

--- How little several clusterings of the same points repeat each other: the mean variation of
-- information, in nats, of two of them. Higher is less redundant; how high depends on the data.
-- labels: index tensor n×J, or an array of labelings, two at least
-- options: remove_noise_spaces=true, leave out labelings with exactly one cluster beside noise (-1)
-- → number, 0 or more
local function average_vi(labels, options)
  options = check.options("average_vi", options, { remove_noise_spaces = true })
  return multi_confusion(labels, labels, { metric = "vi", aggregate = "mean_wo_diag",
    remove_noise_spaces = options.remove_noise_spaces })
end

return average_vi
