local hy = require "hyades"
local check = require "hyades.check"
local guard = require "hyades.loss.guard"
local loss = hy.loss

--- Self-labeling by confidence: samples that a weak view decides with certainty give labels for
-- the strong view; rare labels count more. Van Gansbeke et al. (SCAN), ECCV 2020.
-- weak, strong: tensors n×k, logits of two views of the same samples; weak is constant
-- options: confidence=0.99
-- → scalar tensor, weighted mean cross-entropy; 0, without gradient, when no sample is certain
function loss.self_label(weak, strong, options)
  local given = check.options("loss.self_label", options, { confidence = 0.99 })
  guard.matrix("loss.self_label", "weak", weak)
  guard.same_shape("loss.self_label", weak, strong)
  local certainty, label = weak:detach():softmax(2):max(2)
  label = hy.where(certainty:gt(given.confidence), label, -1)
  return loss.cluster_classification(strong, label)
end

return loss.self_label
