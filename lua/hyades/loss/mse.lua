local hy = require "hyades"
local guard = require "hyades.loss.guard"
local loss = hy.loss

--- Mean squared error over all elements.
-- output, target: tensors of one shape
-- → scalar tensor
function loss.mse(output, target)
  guard.same_shape("loss.mse", output, target)
  return hy.mean_square_error(output, target)
end

return loss.mse
