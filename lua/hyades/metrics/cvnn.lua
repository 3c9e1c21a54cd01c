local hy = require "hyades"
local check = require "hyades.check"
local points = require "hyades.cluster.points"
local internal = require "hyades.metrics.internal"
local several = require "hyades.metrics.several"
local watched = require "hyades.watched"

-- Largest share of foreign neighbors of a cluster, and the sum of mean distances within.
local function parts(p, near, title)
  local own = watched(title, hy.label_distances, p.x, p.labels)
  local theirs = p.labels:index(near:reshape(-1)):reshape(near:size(1), near:size(2))
  local foreign = theirs:ne(p.labels:reshape(-1, 1)):mean(2)
  return internal.means(p, foreign):max():item(), internal.means(p, own):sum():item()
end

local function largest(list, name)
  local most = 0
  for _, one in ipairs(list) do most = math.max(most, one[name]) end
  return most
end

--- CVNN: clustering validation by nearest neighbors, separation plus compactness; lower is better.
-- Liu, Li, Xiong, Gao, Wu & Wu, 2013. Separation: the mean share of a point's neighbors that lie
-- outside of its cluster, of the worst cluster. Compactness: the mean distance within a cluster (0
-- for one point), summed. Of one labeling the sum of both, which means nothing on other data; of
-- several, both are divided by their largest value there.
-- x: tensor n×d, or a dataset
-- labels: index tensor n or n×1, or an array of integers; index tensor n×J, or an array of labelings
-- options: k=5 neighbors, the point itself not counted
--   drop_noise=false, noise (-1) is a cluster like any other; true leaves it out
--   verbose=false, show progress
-- → number; of several labelings an array of numbers, all 0 where a largest value is 0
local function cvnn(x, labels, options)
  options = check.options("cvnn", options, { k = 5, drop_noise = false, verbose = false })
  check.number("cvnn", "k", options.k, 1, nil, true)
  x = points("cvnn", x, true)
  local list, near, title = {}, nil, options.verbose and "cvnn"
  local labelings = several.is(labels) and several.read("cvnn: labels", labels) or { { labels = labels } }
  for i, one in ipairs(labelings) do
    local p = internal.clusters("cvnn", x, one.labels, options.drop_noise)
    if options.k >= p.n then
      error(("cvnn: option k is %d; it must be below the number of points, %d"):format(options.k, p.n), 2)
    end
    if not near or options.drop_noise then
      near = watched(title and title .. " neighbors", hy.knn, p.x, options.k)
    end
    local separation, compactness = parts(p, near, title and title .. " distances")
    list[i] = { separation = separation, compactness = compactness }
  end
  if not several.is(labels) then return list[1].separation + list[1].compactness end
  local separation, compactness = largest(list, "separation"), largest(list, "compactness")
  local values = {}
  for i, one in ipairs(list) do
    values[i] = separation > 0 and compactness > 0
      and one.separation / separation + one.compactness / compactness or 0.0
  end
  return values
end

return cvnn
