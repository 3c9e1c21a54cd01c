local loss = require("hyades").loss
local guard = require "hyades.loss.guard"

--- Assignment hardening, the loss of DEC: KL between a soft assignment and its target.
-- Xie, Girshick & Farhadi, ICML 2016.
-- q: tensor n×k · target: tensor n×k, optional; by default that of these rows
-- → scalar tensor
function loss.hardening(q, target)
  guard.tensor("loss.hardening", "q", q)
  return loss.kl(target or loss.target(q), q)
end

return loss.hardening
