-- %% [markdown]
-- # How many clusters are there?
--
-- k-means wants to be told k. This script shows three curves that people read k from, and seven
-- methods that find it by themselves, first on points whose clusters are known, then on real digits
-- where the question is harder than it looks.
--
-- Run it with `hyades notebooks/08_how_many_clusters.lua`; `--out FOLDER` says where pictures go.

-- %%
local hy = require "hyades"
local cluster, data, metrics, plot = hy.cluster, hy.data, hy.metrics, hy.plot

local fast = hy.notebook().fast -- a quick run, for tests

-- %% [markdown]
-- ## Points with six clusters
--
-- Six round groups in the plane, some of them close together: no rule is needed to see them, and yet the
-- methods below do not all agree.

-- %%
local blobs = data.blobs{ n = fast and 600 or 1200, k = 6, d = 2, std = 1, rng = hy.rng(27) }
hy.display(plot.scatter{ blobs.x, color = blobs.y, title = "Six clusters" }, "points")

-- %% [markdown]
-- ## Three curves
--
-- **Inertia**, what k-means makes small, falls with every further cluster; people look for the bend.
--
-- **Silhouette** compares, for each point, the distance to its own cluster and to the next one; the
-- best k is where its mean is largest.
--
-- **Gap** compares the inertia with that of points without clusters in the same box. k is the first
-- one whose gap is not beaten by the next by more than its standard error.

-- %%
local most = 10
local gap = cluster.GapStatistic{ max_k = most, references = fast and 5 or 10, rng = hy.rng(1) }
  :fit(blobs)
local silhouettes, best = {}, 2
for k = 2, most do
  local labels = cluster.KMeans{ k = k, rng = hy.rng(2) }:fit(blobs).labels
  silhouettes[k - 1] = metrics.silhouette(blobs.x, labels)
  if silhouettes[k - 1] > silhouettes[best - 1] then best = k end
end
local from_two = {}
for k = 2, most do from_two[k - 1] = k end

hy.display(plot.grid{ columns = 3,
  plot.line{ { gap.ks, gap.inertias }, title = "Inertia", xlabel = "clusters" },
  plot.line{ { from_two, silhouettes }, title = "Silhouette", xlabel = "clusters" },
  plot.line{ { gap.ks, gap.gaps }, title = "Gap", xlabel = "clusters" } }, "curves")
print(("largest silhouette: k = %d · gap statistic: k = %s"):format(best, tostring(gap.k)))

-- %% [markdown]
-- ## Methods that decide by themselves
--
-- Each begins with few clusters and asks, again and again, whether one of them is really two. They
-- differ in the question:
--
-- * **X-means**: does the split make the data cheaper to describe (BIC)?
-- * **G-means**: do the points of the cluster, seen along a line, look normal?
-- * **PG-means**: does the whole mixture, seen along random lines, fit?
-- * **Dip-means**: do the members see distances with two peaks?
-- * **Projected dip-means**: has the cluster two peaks along an axis?
-- * **SkinnyDip**: which intervals of each axis have a peak of their own? It keeps noise apart.
-- * **SpecialK**: is the cut between two clusters of a neighbor graph too deep to be chance?

-- %%
local methods = {
  { "X-means", function(rng) return cluster.XMeans{ rng = rng } end },
  { "G-means", function(rng) return cluster.GMeans{ rng = rng } end },
  { "PG-means", function(rng) return cluster.PGMeans{ rng = rng } end },
  { "Dip-means", function(rng) return cluster.DipMeans{ rng = rng } end },
  { "Projected dip-means", function(rng) return cluster.ProjectedDipMeans{ rng = rng } end },
  { "SkinnyDip", function() return cluster.SkinnyDip{} end },
  { "SpecialK", function(rng) return cluster.SpecialK{ rng = rng } end },
}

-- How many clusters a labeling has; noise (−1) is none.
local function count(labels)
  return labels:to("f64"):clamp(0, math.huge):unique():gt(0):sum():item()
end

local function compare(title, x, y)
  print(("\n%-32s %3s  %5s  %5s  %s"):format(title, "k", "ARI", "NMI", "seconds"))
  for _, method in ipairs(methods) do
    local started = hy.clock()
    local labels = method[2](hy.rng(1)):fit(x).labels
    print(("%-32s %3d  %5.2f  %5.2f  %7.2f"):format(method[1], count(labels), metrics.ari(y, labels),
      metrics.nmi(y, labels), hy.clock() - started))
  end
end

compare(("%d points, 6 clusters"):format(blobs.x:size(1)), blobs.x, blobs.y)

-- %% [markdown]
-- ## Real data does not consist of round groups
--
-- The ten digits, by their main directions. Each way of writing a digit is a group of its own, groups
-- touch, and every method has its own idea of what counts: in all 1,797 digits X-means sees 140
-- clusters, G-means 19, and the methods of the dip, which look for a second peak, only one.
-- Read the number that comes out as an answer to *the method's* question, and look at the clusters.

-- %%
local digits = data.digits()
local rows = fast and digits.x:narrow(1, 1, 600) or digits.x
local truth = fast and digits.y:narrow(1, 1, 600) or digits.y
local z = cluster.PCA{ k = 10 }:fit(rows):transform(rows)
compare(("%d digits, 10 classes"):format(rows:size(1)), z, truth)
