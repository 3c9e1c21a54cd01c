local loss = require("hyades").loss
local guard = require "hyades.loss.guard"

--- Self-augmentation: predictions for changed samples are drawn to those for the clean ones, which
-- are constant. Their cross-entropy, so KL up to a constant. Hu et al. (IMSAT), ICML 2017.
-- clean: tensor n×k, logits of x · augmented: tensor n×k, logits of the changed x
-- → scalar tensor
function loss.self_augmentation(clean, augmented)
  guard.same_shape("loss.self_augmentation", clean, augmented)
  return loss.cross_entropy(augmented, clean:detach():softmax(2))
end

return loss.self_augmentation
