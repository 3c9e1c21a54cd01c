local check = require "hyades.check"
local internal = require "hyades.metrics.internal"

--- Davies-Bouldin index: the mean over clusters of the worst ratio of the spread of two clusters, mean
-- distances to their centers, to the distance of the centers. Lower is better. Davies & Bouldin, 1979.
-- x: tensor n×d, or a dataset · labels: index tensor n or n×1, or an array of integers
-- options: drop_noise=false, noise (-1) is a cluster like any other; true leaves it out
-- → number, 0 or more; and a sentence where centers coincide (their ratio is taken for 0), or nil
local function davies_bouldin(x, labels, options)
  local drop = check.options("davies_bouldin", options, { drop_noise = false }).drop_noise
  local p = internal.clusters("davies_bouldin", x, labels, drop)
  local centers, squared = internal.centers(p)
  local spread = internal.means(p, squared:sqrt())
  local sum, coincide = 0, false
  for c = 1, p.k do
    local away <close> = centers - centers:narrow(1, c, 1)
    local apart = away:mul(away):sum(2):sqrt() -- differences: equal centers are 0 apart, exactly
    local same = apart:eq(0)
    local ratio = ((spread + spread:narrow(1, c, 1)) / apart):masked_fill(same, 0)
    sum = sum + ratio:max():item()
    coincide = coincide or same:sum():item() > 1
  end
  return sum / p.k, coincide and "some centers coincide; their ratio counts 0" or nil
end

return davies_bouldin
