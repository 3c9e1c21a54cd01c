local loss = require("hyades").loss
local check = require "hyades.check"
local guard = require "hyades.loss.guard"

--- Binary cross-entropy of logits. Never overflows. With "sum_dims" the reconstruction of pixels
-- in [0, 1] by a Bernoulli decoder.
-- logits: tensor, before the sigmoid · target: tensor of the same shape, in [0, 1]
-- options: reduction="mean_dims" (average all elements) or "sum_dims" (add those of a sample)
-- → scalar tensor
function loss.bce(logits, target, options)
  local given = check.options("loss.bce", options, { reduction = "mean_dims" })
  guard.choice("loss.bce", "reduction", given.reduction, { "sum_dims", "mean_dims" })
  guard.same_shape("loss.bce", logits, target)
  local value = logits:bce_with_logits(target):mean()
  return given.reduction == "sum_dims" and value * (target:numel() / target:size(1)) or value
end

return loss.bce
