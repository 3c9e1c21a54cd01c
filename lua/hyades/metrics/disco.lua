local hy = require "hyades"
local check = require "hyades.check"
local internal = require "hyades.metrics.internal"
local partition = require "hyades.metrics.partition"
local watched = require "hyades.watched"

-- Distance of every point to its min_points-th neighbor, the point itself counted.
local function core_distances(x, min_points, title)
  if min_points == 1 then return hy.zeros(x:size(1), { dtype = "f64" }) end
  local _, distances = watched(title, hy.knn, x, min_points - 1)
  return distances:select(2, min_points - 1):contiguous()
end

-- (x − y) / max(x, y), 0 where both are.
local function contrast(x, y)
  local larger = x:maximum(y)
  return ((x - y) / larger):masked_fill(larger:eq(0), 0)
end

-- Of every point: mean distance to the others of its cluster, smallest mean distance to another
-- cluster, and for noise how much sparser and how far off it is, against the cluster where that is
-- least.
local function measure(p, noise, core, merges, heights)
  local n = p.n
  local own, other = hy.zeros(n, { dtype = "f64" }), hy.full({ n }, math.huge, { dtype = "f64" })
  local apart, alone = other, hy.zeros(n, { dtype = "u8" })
  local sizes = p.sizes:totable()
  for c = 1, p.k do
    local members = p.labels:eq(c)
    if (members:to "f64" * noise:to "f64"):sum():item() == 0 then
      local sum, least = hy.tree_distances(merges, heights, members)
      own = members:where(sum / math.max(sizes[c] - 1, 1), own)
      other = members:where(other, other:minimum(sum / sizes[c]))
      if sizes[c] == 1 then alone = members:where(members, alone) end
      local sparsest = core:masked_select(members):max()
      apart = apart:minimum(contrast(core, sparsest)):minimum(contrast(least, sparsest))
    end
  end
  return own, other, apart, alone
end

--- DISCO: a density-based score of a clustering and its noise, in [-1, 1], higher is better. Beer,
-- Krieger, Weber, Ritzert, Assent & Plant, 2025. Distances are dc-distances, the longest edge between
-- two points on the spanning tree of mutual reachability. Points of clusters get their silhouette
-- among all that are not noise; noise gets the smaller of how much sparser it is, and how much
-- farther off, than the sparsest point of a cluster.
-- x: tensor n×d, or a dataset
-- labels: index tensor n or n×1, or an array of integers, -1 is noise
-- options: min_points=5, neighbors that make a core distance, the point itself counted
--   samples=false; true gives the value of every point (f64) instead of the mean
--   verbose=false, show progress
-- → number, or f64 n. Nothing but noise: -1. One cluster, no noise: 0. One cluster and noise: each
--   noise point is another cluster of its own for the silhouette (a convention of this library).
local function disco(x, labels, options)
  options = check.options("disco", options, { min_points = 5, samples = false, verbose = false })
  local min_points = check.number("disco", "min_points", options.min_points, 1, nil, true)
  local p = internal.read("disco", x, labels)
  local noise = partition.noise(labels)
  local outside = noise:sum():item()
  local clusters = p.k - (outside > 0 and 1 or 0)
  if min_points > p.n then
    error(("disco: option min_points is %d and x has %d rows"):format(min_points, p.n), 2)
  end
  local values
  if clusters == 0 then
    values = hy.full({ p.n }, -1, { dtype = "f64" })
  elseif clusters == 1 and outside == 0 then
    values = hy.zeros(p.n, { dtype = "f64" })
  else
    local core = core_distances(p.x, min_points, options.verbose and "disco: neighbors")
    local edges, heights = watched(options.verbose and "disco: tree", hy.mst, p.x, core)
    local merges = hy.single_linkage(edges)
    local own, other, apart, alone = measure(p, noise, core, merges, heights)
    if clusters == 1 then
      local _, least = hy.tree_distances(merges, heights, noise)
      other = least
    end
    values = noise:where(apart, contrast(other, own):masked_fill(alone, 0))
  end
  return options.samples and values or values:mean():item()
end

return disco
