--- What the internal measures share: points with labels, and what is known about the clusters.

local hy = require "hyades"
local partition = require "hyades.metrics.partition"
local points = require "hyades.cluster.points"

local internal = {}

local BLOCK = 1 << 20 -- numbers that are taken to f64 at a time

local function need_finite(name, x)
  if x.dtype == "u8" then return end
  local sums = x:sum(2)
  local bad = (sums - sums):ne(0)
  if bad:sum():item() == 0 then return end
  local row = bad:nonzero():totable()[1][1]
  error(("%s: x is NaN or infinite, or its sum overflows, in row %d; every value must be finite")
    :format(name, row), 0)
end

--- Points and their labels, checked.
-- name: string, the measure, for errors
-- x: tensor n×d, or a dataset · labels: index tensor n or n×1, or an array of integers
-- drop_noise: flag, leave out the points that are noise
-- → { x=, labels= index n from 1 to k, n=, k=, sizes= f64 k }; nil, n where all points are noise
function internal.read(name, x, labels, drop_noise)
  x = points(name, x, true)
  local ids = partition.labels(name .. ": labels", labels)
  if ids:numel() ~= x:size(1) then
    error(("%s: x has %d rows and labels has %d"):format(name, x:size(1), ids:numel()), 0)
  end
  if x:size(1) == 0 then error(name .. ": x has no rows", 0) end
  need_finite(name, x)
  if drop_noise then
    local kept = partition.noise(labels):eq(0)
    if kept:sum():item() < x:size(1) then x, ids = x:index(kept), ids:index(kept) end
  end
  if ids:numel() == 0 then error(name .. ": labels calls every point noise", 0) end
  local _, rank, sizes = ids:unique()
  return { x = x, labels = rank, n = x:size(1), k = sizes:numel(), sizes = sizes }
end

--- The same, with at least two clusters and fewer than points.
-- name, x, labels, drop_noise: as in internal.read
-- → as internal.read
function internal.clusters(name, x, labels, drop_noise)
  local p = internal.read(name, x, labels, drop_noise)
  if p.k < 2 or p.k >= p.n then
    error(("%s: labels holds %d cluster%s for %d points; it needs at least 2, and fewer than points")
      :format(name, p.k, p.k == 1 and "" or "s", p.n), 0)
  end
  return p
end

--- Centers of the clusters, and how far their points are.
-- p: from internal.read
-- → f64 k×d, f64 n (squared distance of each point to its center, by differences)
function internal.centers(p)
  local d = p.x:size(2)
  local rows = math.max(1, BLOCK // math.max(d, 1))
  local centers = hy.zeros(p.k, d, { dtype = "f64" })
  local function blocks(visit)
    for first = 1, p.n, rows do
      local size = math.min(rows, p.n - first + 1)
      local x <close> = p.x:narrow(1, first, size):to "f64"
      visit(x, p.labels:narrow(1, first, size), first, size)
    end
  end
  blocks(function(x, labels)
    local means, counts = hy.label_means(x, labels, p.k)
    centers = centers + means * (counts / p.sizes):reshape(-1, 1)
  end)
  local squared = hy.zeros(p.n, { dtype = "f64" })
  blocks(function(x, labels, first, size)
    local away <close> = x - centers:index(labels)
    squared:narrow(1, first, size):copy(away:mul(away):sum(2))
  end)
  return centers, squared
end

--- Mean of a value over the points of each cluster.
-- p: from internal.read · values: f64 n
-- → f64 k
function internal.means(p, values)
  local means = hy.label_means(values:reshape(-1, 1), p.labels, p.k)
  return means:reshape(-1)
end

return internal
