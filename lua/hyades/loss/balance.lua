local loss = require("hyades").loss
local guard = require "hyades.loss.guard"

--- Balanced assignments: KL between the mean assignment and the wanted shares of the clusters,
-- log k minus its entropy where these are equal. Few rows are noisy: about (k − 1)/2n too large.
-- p: tensor n×k, rows are distributions · shares: tensor or array k, equal by default
-- → scalar tensor
function loss.balance(p, shares)
  guard.matrix("loss.balance", "p", p)
  local wanted = guard.shares("loss.balance", shares, p:size(2), p.dtype)
  local mean = p:mean(1)
  return -guard.entropy(mean) - (mean * wanted:log()):sum()
end

return loss.balance
