local hy = require "hyades"
local check = require "hyades.check"
local points = require "hyades.cluster.points"
local watched = require "hyades.watched"

--- The k nearest neighbors of every point among the others, nearest first, ties to the lowest
-- position. Exact.
-- x: tensor n×d (f32, f64, u8), or a dataset · k: integer, 1 to n - 1
-- options: verbose=false, show progress
-- → index n×k; Euclidean distances, f64 n×k
local function knn(x, k, options)
  local verbose = check.options("cluster.knn", options, { verbose = false }).verbose
  x = points("cluster.knn", x, true)
  check.number("cluster.knn", "k", k, 1, x:size(1) - 1, true)
  return watched(verbose and "knn", hy.knn, x, k)
end

return knn
