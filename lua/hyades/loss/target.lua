local loss = require("hyades").loss
local check = require "hyades.check"
local guard = require "hyades.loss.guard"

--- The sharpened form of a soft assignment: squared, divided by cluster frequency, a constant.
-- Xie, Girshick & Farhadi, ICML 2016.
-- q: tensor n×k, rows sum to 1 · options: power=2 (larger sharpens more; DBC), balanced=true
-- (false leaves the frequencies out; DIMVC)
-- → tensor n×k, rows sum to 1, without gradient
function loss.target(q, options)
  local given = check.options("loss.target", options, { power = 2, balanced = true })
  guard.positive("loss.target", "power", given.power)
  guard.tensor("loss.target", "q", q)
  q = q:detach()
  local log_weight = guard.log(q) * given.power
  if given.balanced then log_weight = log_weight - guard.log(q:sum(1, { keep = true })) end
  return log_weight:softmax(2)
end

return loss.target
