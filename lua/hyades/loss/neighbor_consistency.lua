local loss = require("hyades").loss
local check = require "hyades.check"
local guard = require "hyades.loss.guard"

--- Neighbor consistency: a sample and one of its neighbors fall into the same cluster, and the
-- clusters are balanced. -balance · log k at best. Van Gansbeke et al. (SCAN), ECCV 2020.
-- logits, neighbors: tensors n×k, of the samples and of a random neighbor of each
-- options: balance=5, weight of the entropy of the mean
-- → scalar tensor
function loss.neighbor_consistency(logits, neighbors, options)
  local given = check.options("loss.neighbor_consistency", options, { balance = 5 })
  guard.matrix("loss.neighbor_consistency", "logits", logits)
  guard.same_shape("loss.neighbor_consistency", logits, neighbors)
  local agree = (guard.log_softmax(logits) + guard.log_softmax(neighbors)):logsumexp(2)
  return -agree:mean() - given.balance * guard.entropy(logits:softmax(2):mean(1))
end

return loss.neighbor_consistency
