local loss = require("hyades").loss
local check = require "hyades.check"
local guard = require "hyades.loss.guard"

--- Swapped prediction: the balanced assignment of each view to prototypes is predicted from the
-- other view. Caron et al. (SwAV), NeurIPS 2020.
-- a, b: tensors n×k, scores (cosines) of two views of the same samples with k prototypes
-- options: temperature=0.1 of the prediction, epsilon=0.05 of the assignment, rounds=3 of Sinkhorn
-- → scalar tensor, the mean of both directions
function loss.swapped_prediction(a, b, options)
  local given = check.options("loss.swapped_prediction", options,
    { temperature = 0.1, epsilon = 0.05, rounds = 3 })
  guard.positive("loss.swapped_prediction", "temperature", given.temperature)
  guard.positive("loss.swapped_prediction", "epsilon", given.epsilon)
  guard.same_shape("loss.swapped_prediction", a, b)
  local function assignment(scores)
    local q = loss.sinkhorn(scores, { sharpness = 1 / given.epsilon, max_iter = given.rounds })
    return (q / q:sum(2, { keep = true })):to(scores.dtype)
  end
  local function predict(scores, q) return loss.cross_entropy(scores / given.temperature, q) end
  return (predict(a, assignment(b)) + predict(b, assignment(a))) / 2
end

return loss.swapped_prediction
