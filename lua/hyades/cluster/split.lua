--- Tries to part a cluster in two: random members r and what lies opposite, 2·mean − r, begin as
-- centers, the best of several trials stays. X-means and its relatives part one cluster by itself;
-- with the centers of the other clusters beside, k-means runs over all of them.
-- x: tensor n×d, the points that k-means runs over
-- options: rng=hy.rng · trials=10 · members: tensor m×d, the points of the cluster, x unless given
--   others: tensor k×d, centers that stay beside it
-- → labels (index n; the parts are the last two), centers, inertia (a number)
-- A later trial counts as better when its inertia is lower by more than a millionth.

local hy = require "hyades"
local check = require "hyades.check"

local function split(x, options)
  local given = check.options("split", options,
    { rng = hy.rng, trials = 10, members = check.optional, others = check.optional })
  local members = given.members or x
  local mean = members:to("f64"):mean(1, { keep = true }):to(x.dtype)
  local best
  for _ = 1, given.trials do
    local row = hy.randint({ 1 }, 1, members:size(1), { rng = given.rng })
    local r = members:index(row)
    local start = { r, mean * 2 - r }
    if given.others then table.insert(start, 1, given.others) end
    local labels, centers, inertia = hy.kmeans(x, hy.cat(start))
    inertia = inertia:item()
    if not best or best.inertia - inertia > 1e-6 * best.inertia then
      best = { labels = labels, centers = centers, inertia = inertia }
    end
  end
  return best.labels, best.centers, best.inertia
end

return split
