local loss = require("hyades").loss
local check = require "hyades.check"
local guard = require "hyades.loss.guard"

--- Minus the mutual information of sample and cluster: mean entropy of the rows minus `balance`
-- times the entropy of the mean. 0 for uniform rows and for a single cluster, -log k at best; both
-- zeros are stationary, so start with small weights in the last layer.
-- Krause, Perona & Gomes (RIM), NIPS 2010; balance=4: Hu et al. (IMSAT), ICML 2017.
-- p: tensor n×k, rows are distributions · options: balance=1
-- → scalar tensor
function loss.mutual_information(p, options)
  local given = check.options("loss.mutual_information", options, { balance = 1 })
  guard.matrix("loss.mutual_information", "p", p)
  local rows = -(p * guard.log(p)):sum(2):mean()
  return rows - given.balance * guard.entropy(p:mean(1))
end

return loss.mutual_information
