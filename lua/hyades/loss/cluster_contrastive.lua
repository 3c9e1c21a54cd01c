local loss = require("hyades").loss
local check = require "hyades.check"
local guard = require "hyades.loss.guard"

--- Cluster-level contrast: InfoNCE of the columns of two assignments, a column and its other view
-- against all other columns, minus the entropies of both means, without which clusters die.
-- Li et al. (CC), AAAI 2021.
-- pa, pb: tensors n×k, rows are distributions, two views of the same samples
-- options: temperature=1
-- → scalar tensor
function loss.cluster_contrastive(pa, pb, options)
  local given = check.options("loss.cluster_contrastive", options, { temperature = 1 })
  guard.matrix("loss.cluster_contrastive", "pa", pa)
  guard.same_shape("loss.cluster_contrastive", pa, pb)
  return loss.info_nce(pa:t(), pb:t(), { temperature = given.temperature })
    - guard.entropy(pa:mean(1)) - guard.entropy(pb:mean(1))
end

return loss.cluster_contrastive
