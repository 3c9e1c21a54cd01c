local hy = require "hyades"
local check = require "hyades.check"
local points = require "hyades.cluster.points"
local watched = require "hyades.watched"

--- The minimum spanning tree of the points. With core distances c, two points are max(distance, c of
-- either) apart: mutual reachability. O(n²) time, O(n) memory.
-- x: tensor n×d (f32, f64, u8), or a dataset
-- options: core, tensor n of core distances, such as the last column of cluster.knn
--   verbose=false, show progress
-- → index (n - 1)×2, the ends of each edge, shortest first; their lengths, f64 n - 1
local function mst(x, options)
  local given = check.options("cluster.mst", options, { core = check.optional, verbose = false })
  return watched(given.verbose and "mst", hy.mst, points("cluster.mst", x, true), given.core)
end

return mst
