local loss = require("hyades").loss
local check = require "hyades.check"
local guard = require "hyades.loss.guard"

--- Adversarial loss of samples that a generator makes, by the logits of a critic: with `real` what
-- the critic lowers, cross-entropy of real and made, 2 log 2 when it cannot tell; without, what the
-- generator lowers, log 2 then (the form that does not saturate). Goodfellow et al., NIPS 2014.
-- made: tensor, logits of made samples; detach these for the critic · real: tensor, logits of real
-- samples, optional · options: label=1, of the real ones; 0.9 keeps the critic unsure
-- → scalar tensor
function loss.gan(made, real, options)
  local given = check.options("loss.gan", options, { label = 1 })
  check.number("loss.gan", "label", given.label, 0, 1)
  for name, logits in pairs{ made = made or false, real = real } do
    if not guard.is_tensor(logits) then
      error(("loss.gan: expected tensors of logits, got %s for %s"):format(check.describe(logits), name), 2)
    end
  end
  if not real then return (-made):softplus():mean() end
  return made:softplus():mean() + (real:softplus() - real * given.label):mean()
end

return loss.gan
