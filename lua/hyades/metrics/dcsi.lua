local hy = require "hyades"
local check = require "hyades.check"
local internal = require "hyades.metrics.internal"
local watched = require "hyades.watched"

-- The middle value, the mean of both where there are two.
local function median(values)
  local sorted, n = values:sort():totable(), values:numel()
  return (sorted[(n + 1) // 2] + sorted[n // 2 + 1]) / 2
end

-- The core points of a class and its connectedness, the longest edge of the tree that spans them.
-- nil where they are not defined.
local function core_of(x, min_points, title)
  if x:size(1) <= 2 * min_points then return nil end
  local _, distances = watched(title, hy.knn, x, 2 * min_points)
  local radius = median(distances:select(2, 2 * min_points))
  local core = x:index(distances:select(2, min_points):le(radius))
  if core:size(1) < 2 then return nil end
  local _, lengths = watched(title, hy.mst, core)
  return { points = core, connectedness = lengths:max():item() }
end

local function separation(a, b)
  local _, squared = hy.nearest_center(a.points, b.points)
  return math.sqrt(squared:min():item())
end

local function score(sep, conn)
  return conn > 0 and sep / (sep + conn) or 1.0
end

-- All pairs of the classes that have core points.
local function compare(cores, k)
  local matrix, least, most, sum, pairs_seen = {}, math.huge, 0, 0, 0
  for i = 1, k do
    matrix[i] = {}
    for j = 1, k do matrix[i][j] = 0 / 0 end
  end
  for i = 1, k do
    for j = i + 1, k do
      if cores[i] and cores[j] then
        local sep, conn = separation(cores[i], cores[j]),
          math.max(cores[i].connectedness, cores[j].connectedness)
        matrix[i][j] = score(sep, conn)
        matrix[j][i] = matrix[i][j]
        least, most = math.min(least, sep), math.max(most, conn)
        sum, pairs_seen = sum + matrix[i][j], pairs_seen + 1
      end
    end
  end
  return { separation = least, connectedness = most, mean = sum / pairs_seen,
    pairwise = hy.tensor(matrix, { dtype = "f64" }) }
end

--- Density cluster separability index: s / (1 + s) for the ratio s of the smallest distance between
-- core points of two classes to the longest edge in the trees that span the core points of each.
-- Gauss, Scheipl & Herrmann, 2023. Higher is better. Core points: those whose min_points-th neighbor
-- in the class is no farther than the median distance of the 2·min_points-th.
-- x: tensor n×d, or a dataset · labels: index tensor n or n×1, or an array of integers
-- options: min_points=5, the point itself not counted
--   drop_noise=false, noise (-1) is a class like any other; true leaves it out
--   verbose=false, show progress
-- → number in [0, 1]; and { separation=, connectedness=, pairwise= f64 k×k, the index of each pair
--   (NaN: none), mean= of these, warning= a sentence where classes were skipped, or nil }: classes
--   of at most 2·min_points points, or with fewer than two core points, take no part
local function dcsi(x, labels, options)
  options = check.options("dcsi", options, { min_points = 5, drop_noise = false,
    verbose = false })
  local min_points = check.number("dcsi", "min_points", options.min_points, 1, nil, true)
  local p = internal.clusters("dcsi", x, labels, options.drop_noise)
  local cores, skipped = {}, 0
  for c = 1, p.k do
    local rows = p.x:index(p.labels:eq(c)):to "f64"
    cores[c] = core_of(rows, min_points,
      options.verbose and ("dcsi: class %d of %d"):format(c, p.k)) or false
    if not cores[c] then skipped = skipped + 1 end
  end
  if p.k - skipped < 2 then
    error(("dcsi: only %d of %d classes have more than %d points and two core points; at least 2 are "
      .. "needed"):format(p.k - skipped, p.k, 2 * min_points), 2)
  end
  local found = compare(cores, p.k)
  found.warning = skipped > 0 and ("%d of %d classes are too small and were skipped"):format(skipped,
    p.k) or nil
  return score(found.separation, found.connectedness), found
end

return dcsi
