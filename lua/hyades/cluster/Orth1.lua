--- Orthogonal clustering: after each k-means every point loses its part along the center of its own
-- cluster, and the next k-means sees what is left. Cui, Fern & Dy, Non-redundant multi-view clustering
-- via orthogonalization, ICDM 2007 (method 1).
-- k={3,3}: list of the numbers of clusters · explained_variance=0.9: each k-means sees the principal
--   components that hold this share (1: everything) · n_init=10, max_iter=300: of the k-means
-- rng · verbose=false
-- Fields: labels n×S, centers (list of k×d, of the data as that clustering saw them, the mean at 0),
-- inertia (list), steps (what predict repeats), warning where fewer clusterings than asked were found.

local orthogonal = require "hyades.cluster.orthogonal"

-- x − μ (μᵀx) / (μᵀμ) with the center of each row; centers at 0 take nothing.
return orthogonal("Orth1", function(centers)
  local length = (centers ^ 2):sum(2, { keep = true })
  return { centers = centers, scaled = centers / length:masked_fill(length:eq(0), 1) }
end, function(known, x, labels)
  local along = (x * known.scaled:index(labels)):sum(2, { keep = true })
  return x - known.centers:index(labels) * along
end)
