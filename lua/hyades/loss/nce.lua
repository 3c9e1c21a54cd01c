local loss = require("hyades").loss
local check = require "hyades.check"
local guard = require "hyades.loss.guard"

--- Noise-contrastive estimation: tell each sample from its noise by their scores alone, averaged
-- over the samples. (1 + m) log 2 when all scores are 0. Gutmann & Hyvärinen, AISTATS 2010.
-- positive: tensor n, scores (unnormalized log-densities) of the samples · negative: tensor n×m,
-- scores of m draws of noise for each
-- options: log_noise=0, log(m · density of the noise), subtracted from all scores; log(m / size)
-- for a memory bank of that size
-- → scalar tensor
function loss.nce(positive, negative, options)
  local given = check.options("loss.nce", options, { log_noise = 0 })
  guard.matrix("loss.nce", "negative", negative)
  if not guard.is_tensor(positive) or positive:numel() ~= negative:size(1) then
    error(("loss.nce: positive must hold %d scores, one for each row of negative")
      :format(negative:size(1)), 2)
  end
  local real = (given.log_noise - positive):softplus():mean()
  return real + (negative - given.log_noise):softplus():sum(2):mean()
end

return loss.nce
