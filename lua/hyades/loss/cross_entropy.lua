local hy = require "hyades"
local check = require "hyades.check"
local guard = require "hyades.loss.guard"
local loss = hy.loss

--- Cross-entropy of logits.
-- logits: tensor n×k, before the softmax · target: labels (index tensor or array, 1..k; a row with
-- -1 does not count), or a tensor n×k of probabilities
-- options: weights, tensor k, one per class, labels only · mask, u8 tensor n, rows that count
-- → scalar tensor: mean over the samples, weighted by class where weights are given; 0 when no row
-- counts, infinite where the logit of a label is -inf
function loss.cross_entropy(logits, target, options)
  local given = check.options("loss.cross_entropy", options,
    { weights = check.optional, mask = check.optional })
  guard.tensor("loss.cross_entropy", "logits", logits)
  if type(target) ~= "table" then guard.tensor("loss.cross_entropy", "target", target) end
  if type(target) == "table" or target.dtype == "index" then
    return hy.cross_entropy(logits, target, given)
  end
  guard.same_shape("loss.cross_entropy", logits, target)
  if given.weights then
    error("loss.cross_entropy: class weights need labels, not probabilities", 2)
  end
  return hy.soft_cross_entropy(logits, target, given)
end

return loss.cross_entropy
