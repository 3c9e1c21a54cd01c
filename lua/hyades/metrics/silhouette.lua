local hy = require "hyades"
local check = require "hyades.check"
local internal = require "hyades.metrics.internal"
local watched = require "hyades.watched"

--- Silhouette: how much nearer points are to their own cluster than to the next one, (b − a) /
-- max(a, b) with the mean distance a to the others of the own cluster and b to the points of the
-- nearest other one; 0 for clusters of one point. Rousseeuw, 1987. Memory grows with n, not n².
-- x: tensor n×d, or a dataset · labels: index tensor n or n×1, or an array of integers
-- options: samples=false; true gives the value of every point (f64) instead of the mean
--   drop_noise=false, noise (-1) is a cluster like any other; true leaves it out
--   verbose=false, show progress
-- → number in [-1, 1], or f64 n
local function silhouette(x, labels, options)
  options = check.options("silhouette", options, { samples = false, drop_noise = false,
    verbose = false })
  local p = internal.clusters("silhouette", x, labels, options.drop_noise)
  local own, other = watched(options.verbose and "silhouette", hy.label_distances, p.x, p.labels)
  local larger = own:maximum(other)
  local values = ((other - own) / larger):masked_fill(larger:eq(0), 0)
  values = values:masked_fill(p.sizes:index(p.labels):eq(1), 0)
  return options.samples and values or values:mean():item()
end

return silhouette
