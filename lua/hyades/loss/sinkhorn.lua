local hy = require "hyades"
local check = require "hyades.check"
local guard = require "hyades.loss.guard"
local loss = hy.loss

--- Equal partition by optimal transport: the assignment nearest to the scores whose columns all
-- weigh the same, by Sinkhorn's rounds on logarithms in f64. Cuturi, NIPS 2013; labels by its
-- argmax: Asano, Rupprecht & Vedaldi (SeLa), ICLR 2020.
-- scores: tensor n×k, logits or log-probabilities: what is constant in a row makes no difference
-- options: sharpness=25 times the scores, shares (tensor or array k, equal by default), tol=1e-3
-- largest change of a logarithm, max_iter=1000
-- → tensor n×k, f64, without gradient: rows sum to 1/n, columns to their shares
function loss.sinkhorn(scores, options)
  local given = check.options("loss.sinkhorn", options,
    { sharpness = 25, shares = check.optional, tol = 1e-3, max_iter = 1000 })
  guard.matrix("loss.sinkhorn", "scores", scores)
  guard.positive("loss.sinkhorn", "sharpness", given.sharpness)
  check.number("loss.sinkhorn", "max_iter", given.max_iter, 1, nil, true)
  local m = scores:detach():to("f64") * given.sharpness
  local n, k = m:size(1), m:size(2)
  local log_shares = guard.shares("loss.sinkhorn", given.shares, k, "f64"):log():reshape(1, k)
  local rows, columns = nil, hy.zeros({ 1, k }, { dtype = "f64" })
  for _ = 1, given.max_iter do
    rows = -math.log(n) - (m + columns):logsumexp(2, { keep = true })
    local new = log_shares - (m + rows):logsumexp(1, { keep = true })
    local change = (new - columns):abs():max():item()
    columns = new
    if change < given.tol then break end
  end
  return (m + rows + columns):exp()
end

return loss.sinkhorn
