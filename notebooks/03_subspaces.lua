-- %% [markdown]
-- # Clusters in a subspace
--
-- Measure enough things about anything, and most of the columns say nothing about its clusters. Worse,
-- they may vary more than the ones that do: then the picture that everybody draws first, the two
-- principal components, shows nothing. SubKmeans clusters and turns space at the same time, so that
-- a few directions hold all that separates the clusters, and the rest hold noise.
--
-- Run it with `hyades notebooks/03_subspaces.lua`; `--out FOLDER` says where pictures go.

-- %%
local hy = require "hyades"
local cluster, data, metrics, plot = hy.cluster, hy.data, hy.metrics, hy.plot

local fast = hy.notebook().fast -- a quick run, for tests

-- %% [markdown]
-- ## Three clusters in five dimensions
--
-- Two directions hold three clusters at the corners of a triangle. Three more hold one wide cloud each,
-- wider than the triangle. Then everything is turned at random, so that no single column shows
-- anything.

-- %%
local rng = hy.rng(1)
local n, radius, noise = 900, 3.2, 2.8
local corners = {}
for c = 1, 3 do
  local angle = 2 * math.pi * c / 3
  corners[c] = { radius * math.cos(angle), radius * math.sin(angle) }
end
local truth = hy.randint({ n }, 1, 3, { rng = rng }):to "index"
local clustered = hy.tensor(corners):index(truth) + hy.randn(n, 2, { rng = rng }) * 0.8
local flat = hy.cat({ clustered, hy.randn(n, 3, { rng = rng }) * noise }, 2)
local turn = hy.qr(hy.randn(5, 5, { rng = rng }))
local x = flat:mm(turn)

local kmeans = cluster.KMeans{ k = 3, rng = hy.rng(2) }:fit(x)
local sub = cluster.SubKmeans{ k = 3, n_init = 10, rng = hy.rng(2) }:fit(x)
print(("k-means    NMI %.3f"):format(metrics.nmi(truth, kmeans.labels)))
print(("SubKmeans  NMI %.3f, %d dimensions for the clusters and %d for noise")
  :format(metrics.nmi(truth, sub.labels), sub.m[1], sub.m[2]))

-- %% [markdown]
-- Both find the clusters: on given centers SubKmeans assigns points as k-means does, and its cluster
-- space never needs more than k − 1 dimensions. What it adds is the *view*. The columns of `V` are the
-- new axes, first those of the clusters, then those of noise.

-- %%
local pca = cluster.PCA{ k = 2 }:fit(x)
local z = x:mm(sub.V)
hy.display(plot.grid{ columns = 3,
  plot.scatter{ pca:transform(x), color = truth, title = "Principal components" },
  plot.scatter{ z:narrow(2, 1, 2), color = sub.labels, title = "SubKmeans: cluster space",
    xlabel = "axis 1", ylabel = "axis 2" },
  plot.scatter{ z:narrow(2, 3, 2), color = sub.labels, title = "SubKmeans: noise space",
    xlabel = "axis 3", ylabel = "axis 4" } }, "views")

-- %% [markdown]
-- ## Traffic signs
--
-- Pictures of four signs (70 km/h, yield, ahead only, keep right), 32×32 pixels in three colors:
-- 3,072 columns. They were taken in sun, rain and dusk, and k-means sees mostly that. Two ways of
-- evening out the light change the result far more than the choice of the algorithm does.

-- %%
local ok, first = pcall(data.gtsrb)
if not ok then
  print("\nwithout traffic signs: " .. tostring(first))
else
  local preparations = {
    { "levels equalized", first },
    { "standardized", data.gtsrb{ equalize = false, standardize = "image" } },
  }
  print(("\n%-18s %-10s %5s  %5s  %s"):format("traffic signs", "method", "NMI", "ACC", "cluster space"))
  for _, preparation in ipairs(preparations) do
    local name, signs = table.unpack(preparation)
    local function show(method, model)
      print(("%-18s %-10s %5.3f  %5.3f  %s"):format(name, method, metrics.nmi(signs.y, model.labels),
        metrics.acc(signs.y, model.labels), model.m and model.m[1] .. " of 3,072 dimensions" or ""))
      return model
    end
    local restarts = fast and 1 or 5
    show("k-means", cluster.KMeans{ k = 4, n_init = restarts, rng = hy.rng(3) }:fit(signs))
    local found = show("SubKmeans", cluster.SubKmeans{ k = 4, n_init = restarts, rng = hy.rng(3) }
      :fit(signs))
    hy.display(plot.grid{ columns = 2,
      plot.scatter{ found:transform(signs):narrow(2, 1, 2), color = signs.y, names = signs.names,
        title = "Cluster space, colored by sign", xlabel = "axis 1", ylabel = "axis 2" },
      plot.images{ found.centers:reshape(4, 3, 32, 32), columns = 2, title = "Cluster means" } },
      "signs_" .. name:match "^%a+")
  end
end
