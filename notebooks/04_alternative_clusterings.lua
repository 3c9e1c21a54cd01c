-- %% [markdown]
-- # Several right clusterings of one data set
--
-- A person can be grouped by profession or by age, a picture by what it shows or by its colors. Both
-- groupings are right, and an algorithm that must give one answer gives a mixture of the two. NrKmeans
-- looks for several clusterings at once, each in a subspace of its own; AutoNR also finds out how many
-- there are, and with how many clusters.
--
-- Run it with `hyades notebooks/04_alternative_clusterings.lua`; `--out FOLDER` says where pictures go.

-- %%
local hy = require "hyades"
local cluster, data, metrics, plot = hy.cluster, hy.data, hy.metrics, hy.plot

local fast = hy.notebook().fast -- a quick run, for tests

-- %% [markdown]
-- ## Stick figures
--
-- 900 drawings of 20×20 pixels: three positions of the arms, three of the legs, 100 figures of every
-- combination. So there are two right answers with three clusters each, and `figures.y` has two
-- columns.

-- %%
local figures = data.stickfigures()
print(figures)
local examples = {}
for arms = 0, 2 do
  for legs = 0, 2 do
    for i = 1, figures.x:size(1) do
      if figures.y[{ i, 1 }]:item() == arms + 1 and figures.y[{ i, 2 }]:item() == legs + 1 then
        examples[#examples + 1] = i
        break
      end
    end
  end
end
hy.display(plot.images{ figures.x:index(examples), columns = 9,
  title = "One figure of each kind" }, "figures")

local kmeans = cluster.KMeans{ k = 9, rng = hy.rng(1) }:fit(figures)
local names = { "arms", "legs" }
local function show(title, labels)
  local table_of = metrics.multi_confusion(figures.y, labels, { metric = "nmi" }):totable()
  print(("\n%s\n  %-8s %s"):format(title, "NMI", "clustering 1, 2, …"))
  for i, row in ipairs(table_of) do
    local cells = {}
    for j, value in ipairs(row) do cells[j] = ("%.2f"):format(value) end
    print(("  %-8s %s"):format(names[i], table.concat(cells, "  ")))
  end
end
show("k-means with 9 clusters, one answer for two questions", kmeans.labels:reshape(-1, 1))

-- %% [markdown]
-- ## NrKmeans
--
-- `k = { 3, 3, 1 }` asks for two clusterings with three clusters each, and a *noise space* with one
-- cluster, which takes the directions that neither of them needs. Space is rotated so that every
-- clustering gets the directions in which its clusters are tight.

-- %%
local nr = cluster.NrKmeans{ k = { 3, 3, 1 }, n_init = 10, rng = hy.rng(1) }:fit(figures)
show(("NrKmeans, dimensions %s"):format(table.concat(nr.m, " + ")), nr.labels)

-- %% [markdown]
-- The mean picture of every cluster shows what a clustering is about: one row has three positions of
-- the arms over blurred legs, the other three positions of the legs under blurred arms.

-- %%
local means = hy.cat({ nr.centers[1], nr.centers[2] }, 1)
hy.display(plot.images{ means, shape = { 20, 20 }, columns = 3,
  title = "Cluster means, a clustering a row" }, "means")

local views = {}
for s = 1, 2 do
  local z = nr:transform_subspace(figures, s)
  views[s] = plot.scatter{ z:narrow(2, 1, math.min(2, z:size(2))), color = nr.labels:select(2, s),
    title = "Subspace " .. s }
end
hy.display(plot.grid{ columns = 2, table.unpack(views) }, "subspaces")

-- %% [markdown]
-- ## AutoNR
--
-- Nobody told us to look for two clusterings. AutoNR begins with one space and one cluster, and tries
-- to split clusters and spaces and to merge them again. What decides is the *description length*: the
-- bits that it takes to write down the subspaces, the centers, the labels, and how far every point is
-- from its center. A clustering that is there pays for itself; one that is not does not. Points that
-- are cheaper to write down by themselves are outliers, with the label −1.

-- %%
local started = hy.clock()
local auto = cluster.AutoNR{ n_init = fast and 5 or 15, rng = hy.rng(1) }:fit(figures)
print(("\nAutoNR tried %d models in %.1f s and kept: clusters %s, dimensions %s, outliers %s")
  :format(#auto.history, hy.clock() - started, table.concat(auto.clusters, " + "),
    table.concat(auto.m, " + "), table.concat(auto.outlier_count, " + ")))
show("AutoNR", auto.labels)

-- %% [markdown]
-- It finds both clusterings, and one that nobody wrote into the file: its clusters hold all kinds of
-- arms and legs. The mean pictures show them, a clustering a row, and the numbers say what tells the
-- clusters of the last row apart: how bright the pictures are, which the other two ignore. No figure is
-- an outlier in any of them.

-- %%
local all_means, rows = {}, {}
for s, k in ipairs(auto.clusters) do
  if k > 1 then
    rows[#rows + 1] = ("clustering %d"):format(s)
    all_means[#all_means + 1] = auto.centers[s]
  end
end
hy.display(plot.images{ hy.cat(all_means, 1), shape = { 20, 20 }, columns = 3,
  title = "AutoNR: cluster means, a clustering a row" }, "auto_means")
hy.display(plot.heatmap{ metrics.multi_confusion(figures.y, auto.labels, { metric = "nmi" }),
  rows = names, columns = rows, decimals = 2, title = "AutoNR: NMI with what was drawn" }, "confusion")

-- The share of the variance of some values that a labeling explains.
local function explained(values, labels)
  local means_of = hy.cluster_means(values:reshape(-1, 1), labels, labels:max():item())
  local within = (values - means_of:index(labels):reshape(-1)):square():sum():item()
  return 1 - within / (values - values:mean()):square():sum():item()
end

local brightness = figures.x:to("f64"):mean(2)
for s = 1, #rows do
  print(("%s explains %.0f %% of the variance of brightness"):format(rows[s],
    100 * explained(brightness, auto.labels:select(2, s):contiguous())))
end

-- %% [markdown]
-- The description length of the models that were kept falls with every split that pays for itself.

-- %%
local path = { {}, {} }
for i, try in ipairs(auto.history) do
  if try.full and try.accepted then
    table.insert(path[1], i)
    table.insert(path[2], try.cost / 1e6)
  end
end
hy.display(plot.line{ path, title = "AutoNR: models that were kept", xlabel = "try",
  ylabel = "description length, Mbit" }, "path")
