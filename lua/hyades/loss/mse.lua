local loss = require("hyades").loss
local guard = require "hyades.loss.guard"

--- Mean squared error over all elements.
-- output, target: tensors of one shape
-- → scalar tensor
function loss.mse(output, target)
  guard.same_shape("loss.mse", output, target)
  return (output - target):square():mean()
end

return loss.mse
