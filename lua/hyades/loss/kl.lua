local loss = require("hyades").loss
local guard = require "hyades.loss.guard"

--- Kullback-Leibler divergence KL(p ‖ q) of each row, averaged over the rows.
-- p, q: tensors n×k, rows are distributions; p is usually a constant
-- → scalar tensor
function loss.kl(p, q)
  guard.same_shape("loss.kl", p, q)
  return (p * (guard.log(p) - guard.log(q))):sum(2):mean()
end

return loss.kl
