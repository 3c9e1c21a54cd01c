local hy = require "hyades"
local check = require "hyades.check"
local guard = require "hyades.loss.guard"
local loss = hy.loss

--- Cluster classification: cross-entropy with pseudo-labels from a clustering, each cluster with
-- the same weight in total. Caron et al. (DeepCluster), ECCV 2018; Hsu & Lin (CCNN), 2018.
-- After a new clustering match its labels with the old ones, or start the head anew.
-- logits: tensor n×k · labels: index tensor n or array, 1..k; -1 leaves a row out
-- options: balanced=true (weights 1 / size of the cluster, false: all rows weigh the same),
-- sizes: tensor k, of the clusters in all data; those in this batch by default
-- → scalar tensor
function loss.cluster_classification(logits, labels, options)
  local given = check.options("loss.cluster_classification", options,
    { balanced = true, sizes = check.optional })
  guard.matrix("loss.cluster_classification", "logits", logits)
  if not given.balanced then return loss.cross_entropy(logits, labels) end
  if type(labels) == "table" then labels = hy.tensor(labels, { dtype = "index" }) end
  local sizes = given.sizes or hy.bincount(labels, logits:size(2))
  local weights = 1 / sizes:maximum(1)
  return loss.cross_entropy(logits, labels, { weights = weights:to(logits.dtype) })
end

return loss.cluster_classification
