local hy = require "hyades"
local check = require "hyades.check"
local guard = require "hyades.loss.guard"
local loss = hy.loss

--- Cross-entropy of logits.
-- logits: tensor n×k, before the softmax · target: labels (index tensor or array, 1..k; a row with
-- -1 does not count), or a tensor n×k of probabilities
-- options: weights, tensor k, one per class; labels only
-- → scalar tensor: mean over the samples, weighted by class where weights are given; 0 when no row
-- counts
function loss.cross_entropy(logits, target, options)
  local given = check.options("loss.cross_entropy", options, { weights = check.optional })
  guard.tensor("loss.cross_entropy", "logits", logits)
  if type(target) ~= "table" then guard.tensor("loss.cross_entropy", "target", target) end
  local log_p = guard.log_softmax(logits)
  if type(target) ~= "table" and target.dtype ~= "index" then
    guard.same_shape("loss.cross_entropy", logits, target)
    if given.weights then
      error("loss.cross_entropy: class weights need labels, not probabilities", 2)
    end
    return -(target * log_p):sum(2):mean()
  end
  local picked = hy.one_hot(target, logits:size(2)):to(logits.dtype)
  if given.weights then picked = picked * given.weights end
  return -(picked * log_p):sum() / picked:sum():maximum(guard.tiny)
end

return loss.cross_entropy
