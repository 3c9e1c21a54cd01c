local check = require "hyades.check"
local internal = require "hyades.metrics.internal"

--- Calinski-Harabasz index: the variance between clusters over that within, both divided by their
-- degrees of freedom. Higher is better; 1 where no point differs from its center. Calinski &
-- Harabasz, 1974.
-- x: tensor n×d, or a dataset · labels: index tensor n or n×1, or an array of integers
-- options: drop_noise=false, noise (-1) is a cluster like any other; true leaves it out
-- → number, 0 or more
local function calinski_harabasz(x, labels, options)
  local drop = check.options("calinski_harabasz", options, { drop_noise = false }).drop_noise
  local p = internal.clusters("calinski_harabasz", x, labels, drop)
  local centers, squared = internal.centers(p)
  local within = squared:sum():item()
  if within == 0 then return 1.0 end
  local sizes = p.sizes:reshape(-1, 1)
  local away = centers - (centers * sizes):sum(1) / p.n
  local between = (away * away * sizes):sum():item()
  return (between / (p.k - 1)) / (within / (p.n - p.k))
end

return calinski_harabasz
