local loss = require("hyades").loss
local check = require "hyades.check"
local guard = require "hyades.loss.guard"

--- Negative log-likelihood of x under normal distributions with independent columns:
-- ½ Σ (log 2π + log σ² + (x − μ)² / σ²), summed over the columns, averaged over the rows.
-- x: tensor n×d · mean, log_var: tensors n×d, d, or numbers
-- → scalar tensor
function loss.gaussian_nll(x, mean, log_var)
  guard.matrix("loss.gaussian_nll", "x", x)
  for name, value in pairs{ mean = mean or false, log_var = log_var or false } do
    if type(value) ~= "number" and not guard.is_tensor(value) then
      error(("loss.gaussian_nll: %s must be a tensor or a number, got %s"):format(name,
        check.describe(value)), 2)
    end
  end
  local log_variance = x * 0 + log_var
  local scaled = (x - mean):square() * (-log_variance):exp()
  return (scaled + log_variance + math.log(2 * math.pi)):sum(2):mean() / 2
end

return loss.gaussian_nll
