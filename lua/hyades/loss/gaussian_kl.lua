local loss = require("hyades").loss
local check = require "hyades.check"
local guard = require "hyades.loss.guard"

--- Kullback-Leibler divergence of one normal distribution with independent columns from another:
-- ½ Σ (log λ − log σ² + (σ² + (m − μ)²) / λ − 1), summed over the columns, averaged over the rows.
-- mean, log_var: tensors n×m, of the first
-- prior: { mean= m or n×m (or a number), log_var= } of the other; the standard normal unless given
-- → scalar tensor, with gradients to both
function loss.gaussian_kl(mean, log_var, prior)
  guard.matrix("loss.gaussian_kl", "mean", mean)
  guard.same_shape("loss.gaussian_kl", mean, log_var)
  if prior == nil then
    return (mean:square() + log_var:exp() - log_var - 1):sum(2):mean() / 2
  end
  prior = check.options("loss.gaussian_kl: prior", prior, { mean = 0, log_var = 0 })
  local scaled = (log_var:exp() + (mean - prior.mean):square()) * (-(log_var * 0 + prior.log_var)):exp()
  return (scaled + prior.log_var - log_var - 1):sum(2):mean() / 2
end

return loss.gaussian_kl
