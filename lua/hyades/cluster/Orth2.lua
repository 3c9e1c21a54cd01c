--- Clustering in orthogonal spaces: after each k-means all points lose the principal axes of its
-- centers, and the next k-means sees what is left. Cui, Fern & Dy, Non-redundant multi-view clustering
-- via orthogonalization, ICDM 2007 (method 2).
-- k={3,3}: list of the numbers of clusters · explained_variance=0.9: each k-means sees the principal
--   components that hold this share (1: everything) · n_init=10, max_iter=300: of the k-means
-- rng · verbose=false
-- Fields: labels n×S, centers (list of k×d, of the data as that clustering saw them, the mean at 0),
-- inertia (list), steps (what predict repeats), warning where fewer clusterings than asked were found.

local hy = require "hyades"
local orthogonal = require "hyades.cluster.orthogonal"

return orthogonal("Orth2", function(centers, k)
  local count = math.min(k - 1, centers:size(2))
  local _, _, axes = hy.svd(centers - centers:mean(1))
  return { axes = axes:narrow(2, 1, count):contiguous() } -- x (1 − AᵀA), the rows of A as columns
end, function(known, x)
  return x - x:mm(known.axes):mm(known.axes:t())
end)
