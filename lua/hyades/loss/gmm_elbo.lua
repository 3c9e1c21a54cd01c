local hy = require "hyades"
local check = require "hyades.check"
local guard = require "hyades.loss.guard"
local loss = hy.loss

local function bounded(log_var) return log_var:clamp(-10, 10) end

--- Mixture prior of a variational autoencoder: the bound on the evidence without its
-- reconstruction, per sample. Jiang et al. (VaDE), IJCAI 2017. The share of component c in a
-- sample is that of its drawn code z, with gradient.
-- code: { mean=, log_var=, z= }, tensors n×d, z = mean + e^(log_var/2) · noise
-- mixture: { logits= tensor k, mean= tensor k×d, log_var= tensor k×d }; log-variances are held
-- within ±10
-- → scalar tensor; the shares, tensor n×k
function loss.gmm_elbo(code, mixture)
  code = check.options("loss.gmm_elbo: code", code,
    { mean = check.required, log_var = check.required, z = check.required })
  mixture = check.options("loss.gmm_elbo: mixture", mixture,
    { logits = check.required, mean = check.required, log_var = check.required })
  guard.matrix("loss.gmm_elbo", "code.mean", code.mean)
  guard.same_shape("loss.gmm_elbo: code", code.mean, code.log_var)
  guard.same_shape("loss.gmm_elbo: code", code.mean, code.z)
  guard.same_shape("loss.gmm_elbo: mixture", mixture.mean, mixture.log_var)
  local log_var, log_lambda = bounded(code.log_var), bounded(mixture.log_var)
  local inverse, size = (-log_lambda):exp(), log_lambda:sum(2) -- 1/λ k×d, log |λ| k
  local function distances(points) -- n×k, Σ (points − μ)² / λ
    return ((points:unsqueeze(2) - mixture.mean):square() * inverse):sum(3)
  end
  local log_pi = mixture.logits:log_softmax(-1)
  local log_gamma = (log_pi - (distances(code.z) + size) / 2):log_softmax(2):maximum(-1e30)
  local gamma = log_gamma:exp()
  local spread = log_var:exp():mm(inverse:t())
  local prior = (gamma * (distances(code.mean) + size + spread)):sum(2) / 2 -- log 2π cancels
  local shares = (gamma * (log_gamma - log_pi)):sum(2)
  return (prior + shares - (log_var + 1):sum(2) / 2):mean(), gamma
end

return loss.gmm_elbo
