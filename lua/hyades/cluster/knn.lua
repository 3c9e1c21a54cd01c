local hy = require "hyades"
local points = require "hyades.cluster.points"

--- The k nearest neighbors of every point among the others, nearest first, ties to the lowest
-- position. Exact.
-- x: tensor n×d (f32, f64, u8), or a dataset · k: integer, 1 to n - 1
-- → index n×k; Euclidean distances, f64 n×k
local function knn(x, k)
  return hy.knn(points("cluster.knn", x, true), k)
end

return knn
