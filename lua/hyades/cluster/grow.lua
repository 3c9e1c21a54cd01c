--- Clusters that part in two until none wants to: the loop of X-means and G-means.
-- x: tensor n×d · labels: index n and centers: tensor k×d to begin with
-- options: wants: function(members, parts) → boolean, should this cluster be parted? members: tensor
--   m×d; parts: { labels=, centers=, inertia= } of its split · least: a cluster of fewer points
--   stays whole · max_k · trials · rng · round: function(result), called with labels, centers,
--   inertia after k-means has run over all clusters
-- → labels, centers of the last round

local hy = require "hyades"
local split = require "hyades.cluster.split"

-- The centers after one round of splits, and whether there was any.
local function part_all(x, labels, centers, options)
  local k, list, parted = centers:size(1), {}, false
  local total = k
  for c = 1, k do
    local members = x:index(labels:eq(c))
    list[c] = centers:narrow(1, c, 1)
    if members:size(1) >= options.least and total < options.max_k then
      local parts = {}
      parts.labels, parts.centers, parts.inertia = split(members,
        { rng = options.rng, trials = options.trials })
      if options.wants(members, parts) then
        list[c], total, parted = parts.centers, total + 1, true
      end
    end
  end
  return hy.cat(list), parted
end

local function grow(x, labels, centers, options)
  while true do
    local more, parted = part_all(x, labels, centers, options)
    if not parted then return labels, centers end
    local inertia
    labels, centers, inertia = hy.kmeans(x, more)
    options.round{ labels = labels, centers = centers, inertia = inertia:item() }
  end
end

return grow
