-- %% [markdown]
-- # Reading a result
--
-- A clustering always returns something. Is it a fact about the data, an accident of the random
-- numbers, or a failure that looks like a result? This notebook takes one clustering apart, first as
-- you must when nobody knows the true labels, then with labels, and ends with a failure, so that you
-- have seen one.
--
-- `hyades notebooks/09_reading_a_result.lua` runs it.

-- %%
local hy = require "hyades"
local data, deep, metrics, nn, plot = hy.data, hy.deep, hy.metrics, hy.nn, hy.plot

local options = hy.notebook{ seeds = { 6, fast = 3 }, pretraining = { 40, fast = 15 },
  epochs = { 30, fast = 8 } }
local digits = data.digits()

local function idec(seed)
  local rng = hy.rng(seed)
  local net = nn.Autoencoder{ layers = { 64, 256, 10 }, rng = rng:split() }:fit(digits,
    { epochs = options.pretraining, batch = 128, lr = 2e-3, rng = rng:split() })
  return deep.IDEC{ k = 10, net = net, epochs = options.epochs, batch = 128, lr = 1e-3,
    rng = rng:split() }:fit(digits)
end

local model = idec(1)
local labels, z = model.labels, model:transform(digits)
print(model)

-- %% [markdown]
-- # Without labels
--
-- ## Sizes first
--
-- The cheapest look finds the worst failures: an empty cluster, or one that has swallowed half of
-- the data. The model watches for this while it trains; what it noticed is in `warnings`.

-- %%
local sizes = labels:bincount(10):totable()
print(#model.warnings == 0 and "no warnings" or table.concat(model.warnings, "\n"))
hy.display(plot.bar{ sizes, title = "Points in each cluster", xlabel = "cluster" }, "sizes")

-- %% [markdown]
-- Unequal sizes are no failure: real groups differ. Here the share of a cluster would be about 180 if
-- all were alike.
--
-- ## What is a cluster about?
--
-- Three rows of pictures say more than any index: the center as the decoder draws it, the member
-- *nearest* to it, and the member *farthest* from it, where the cluster is least itself.

-- %%
local centers = model.centers:detach()
local distance = hy.sqdist(z, centers)
local own = distance:min(2)

local function extreme(c, farthest)
  local members = labels:eq(hy.tensor({ c }, { dtype = "index" })):nonzero():reshape(-1)
  local d = own:index(members)
  local at = farthest and d:argmax() or d:argmin()
  return digits.x:index(members:narrow(1, at:item(), 1))
end

local near, far = {}, {}
for c = 1, 10 do near[c], far[c] = extreme(c, false), extreme(c, true) end
hy.display(plot.images{ hy.cat({ model.net:decode(centers), hy.cat(near, 1), hy.cat(far, 1) }, 1)
  :clamp(0, 1), columns = 10, title = "Center, nearest and farthest member of each cluster" },
  "members")

-- %% [markdown]
-- ## Is a neighbor a friend?
--
-- Some points, and what lies next to them in the embedding. If the embedding is any good, a row shows
-- one kind of thing.

-- %%
hy.display(plot.neighbors{ digits.x, query = { 4, 9, 10, 28 }, k = 9, z = z,
  title = "Points and their nearest neighbors in the embedding" }, "neighbors")

-- %% [markdown]
-- ## How well are clusters apart?
--
-- The silhouette of a point compares its own cluster with the next one: 1 is far inside, 0 on the
-- border, below 0 in the wrong place. But *where* are distances measured? In its own embedding a deep
-- method looks splendid, because it has pulled the clusters together itself. The same labels in the
-- space of pixels look modest. Never compare silhouettes of two methods in two spaces.

-- %%
print(("mean silhouette: %.2f in the embedding, %.2f in pixels"):format(
  metrics.silhouette(z, labels), metrics.silhouette(digits.x, labels)))
hy.display(plot.grid{ columns = 2,
  plot.silhouette{ z, labels, title = "In the embedding" },
  plot.silhouette{ digits.x, labels, title = "In pixels" } }, "silhouettes")

-- %% [markdown]
-- ## Would it come out again?
--
-- The strongest test without labels: do it again with other random numbers, and compare the
-- *results with each other*. ARI is 1 for the same grouping, whatever the clusters are called, and 0
-- for what chance gives.

-- %%
local runs = { labels }
for seed = 2, options.seeds do runs[seed] = idec(seed).labels end

local agreement, total, pairs_seen = {}, 0, 0
for i = 1, #runs do
  agreement[i] = {}
  for j = 1, #runs do
    agreement[i][j] = metrics.ari(runs[i], runs[j])
    if i < j then total, pairs_seen = total + agreement[i][j], pairs_seen + 1 end
  end
end
print(("two runs agree with ARI %.2f on average"):format(total / pairs_seen))
hy.display(plot.heatmap{ agreement, title = "ARI between runs", xlabel = "seed", ylabel = "seed",
  decimals = 2 }, "stability")

-- %% [markdown]
-- What changes with the seed is not a fact about the data. So look at what does *not* change: for
-- every cluster of the first run, the share of its pairs of points that stay together in the other
-- runs.

-- %%
local function together(c)
  local members = labels:eq(hy.tensor({ c }, { dtype = "index" })):nonzero():reshape(-1)
  local sum, n = 0, members:numel()
  for run = 2, #runs do
    local counts = runs[run]:index(members):bincount(10):to "f64"
    sum = sum + ((counts * (counts - 1)):sum():item() / (n * (n - 1)))
  end
  return sum / (#runs - 1)
end

local stable = {}
for c = 1, 10 do stable[c] = together(c) end
hy.display(plot.bar{ stable, title = "Share of pairs that stay together in other runs",
  xlabel = "cluster", decimals = 2 }, "stable clusters")

-- %% [markdown]
-- Clusters near 1 come out every time; the low ones are cut in other places by other runs. Report the
-- first, and be careful with the second. (Stable is necessary, not sufficient: a method may make the
-- same mistake every time.)
--
-- # With labels
--
-- ## Numbers, and the table behind them
--
-- When true labels exist, scores are quick, and each hides something. The table of counts hides
-- nothing: rows are digits, columns are clusters.

-- %%
print(("ACC %.3f   NMI %.3f   ARI %.3f"):format(metrics.acc(digits.y, labels),
  metrics.nmi(digits.y, labels), metrics.ari(digits.y, labels)))
hy.display(plot.confusion(digits.y, labels, { names = digits.names, title = "Digits and clusters" }),
  "confusion")

-- %% [markdown]
-- A row spread over two columns is a digit that was *split*: two ways of writing it. A column with
-- two dark cells has *merged* two digits. The scores say that something is wrong; only the table
-- says what. Compare it with the bars above: the clusters that cut a digit in two or mix two digits
-- are mostly those that other runs do not repeat.
--
-- ## What NMI hides
--
-- The next labelings know nothing: every point gets a random cluster. Watch what the scores say as
-- the number of clusters grows.

-- %%
local counts = { 2, 10, 30, 100, 300, 900 }
local by_chance = { nmi = {}, ami = {}, ari = {} }
local truth = digits.y
for i, k in ipairs(counts) do
  local random = hy.randint({ truth:numel() }, 1, k, { rng = hy.rng(i) }):to "index"
  for name, list in pairs(by_chance) do list[i] = metrics[name](truth, random) end
end
hy.display(plot.line{ { counts, by_chance.nmi }, { counts, by_chance.ami }, { counts, by_chance.ari },
  names = { "NMI", "AMI", "ARI" }, log = "x", xlabel = "clusters", ylabel = "score",
  title = "Scores of random labels" }, "chance")

-- %% [markdown]
-- NMI rewards having many clusters, even random ones. ARI and AMI are corrected for chance and stay
-- at 0. So: compare NMI only between results with the same number of clusters, and add ARI or AMI.
--
-- Nor does one score tell *which* mistake was made. Three labelings made from the truth:

-- %%
local array = truth:totable()
local function changed(fn)
  local out = {}
  for i, label in ipairs(array) do out[i] = fn(label, i) end
  return out
end

local mistakes = {
  { "two digits merged", changed(function(y) return y == 9 and 4 or y end) },
  { "one digit split in two", changed(function(y, i) return y == 9 and i % 2 == 0 and 11 or y end) },
  { "5 % of the points anywhere", changed(function(y, i)
    return i % 20 == 0 and i // 20 % 10 + 1 or y
  end) },
}
print(("%-28s %5s  %5s  %5s  %11s  %12s"):format("", "ACC", "NMI", "ARI", "homogeneity", "completeness"))
for _, mistake in ipairs(mistakes) do
  local name, made = mistake[1], mistake[2]
  print(("%-28s %.3f  %.3f  %.3f  %11.3f  %12.3f"):format(name, metrics.acc(array, made),
    metrics.nmi(array, made), metrics.ari(array, made), metrics.homogeneity(array, made),
    metrics.completeness(array, made)))
end

-- %% [markdown]
-- Merging costs *homogeneity*, splitting costs *completeness*, and scattered errors cost both. The
-- three orders by ACC, NMI and ARI differ, so whoever picks the score picks the winner: choose it
-- before you see results.
--
-- # A failure
--
-- The loss "every point near its center", without a decoder that objects, has a perfect solution:
-- everything in one place. This is what the way there looks like.

-- %%
local rng = hy.rng(1)
local broken = deep.Joint{ k = 10, layers = { 64, 256, 10 }, rec_weight = 0, lr = 5e-3, batch = 128,
  pretrain = { epochs = 5 }, epochs = options.fast and 15 or 40, rng = rng,
  loss = function(points, found) return hy.sqdist(points, found):min(2):mean() end }:fit(digits)

local shrunk = broken:transform(digits)
print(("spread of the embedding: %.2g, of the good model: %.2g"):format(shrunk:var(1):sum():item(),
  z:var(1):sum():item()))
print(("last loss %.2g · NMI %.3f"):format(broken.history[#broken.history].loss,
  metrics.nmi(digits.y, broken.labels)))
for _, warning in ipairs(broken.warnings) do print("warning: " .. warning) end
hy.display(plot.grid{ columns = 2,
  plot.history(broken.history, { log = true, title = "The loss looks wonderful" }),
  plot.images{ broken.net:decode(broken.centers:detach()):clamp(0, 1), shape = { 8, 8 }, columns = 5,
    title = "The centers do not" } }, "collapse")

-- %% [markdown]
-- The loss falls by orders of magnitude, which is what a success looks like too. What gives it away
-- is the spread of the embedding, the warnings, and the pictures: look at them before the score.
--
-- # In short
--
-- 1. Sizes and warnings: did it fail?
-- 2. Centers, nearest and farthest members, neighbors: what is it about?
-- 3. Several seeds: what of it is stable?
-- 4. Silhouettes, in one space for all methods.
-- 5. With labels: the table first, then two scores, one of them corrected for chance.
