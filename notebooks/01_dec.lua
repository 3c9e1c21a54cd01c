-- %% [markdown]
-- # Deep clustering of handwritten digits
--
-- k-means looks for round groups of points. Images of digits are not round groups: two sevens with
-- different slants share few pixels. Deep clustering first learns a *map* to a space where k-means'
-- idea of a cluster fits, and then lets map and clusters improve each other. This notebook does it
-- step by step on 1,797 real digits, and measures what each step gains.
--
-- Run it with `hyades notebooks/01_dec.lua`. Options: `--seeds 3` repeats everything and averages,
-- `--pretraining 100` and `--clustering 100` train for so many epochs, `--out FOLDER` says where
-- the pictures go.

-- %%
local hy = require "hyades"
local cluster, data, deep, metrics, nn, plot = hy.cluster, hy.data, hy.deep, hy.metrics, hy.nn, hy.plot

local options = hy.notebook{ seeds = 1, pretraining = { 40, fast = 12 }, clustering = { 50, fast = 3 } }

-- %% [markdown]
-- ## The data
--
-- Each digit is an image of 8×8 pixels, so a point with 64 coordinates between 0 and 1. The labels
-- `digits.y` are used for scoring only: clustering never sees them.

-- %%
local digits = data.digits()
print(digits)
hy.display(plot.images{ digits.x:narrow(1, 1, 30), shape = { 8, 8 }, columns = 10,
  title = "The first thirty" }, "digits")

-- %% [markdown]
-- ## How results are scored
--
-- Clusters carry no names, so each is matched to the digit that makes the most of it.
--
-- * **ACC**: share of points in the right cluster under the best one-to-one matching,
-- * **NMI**: how much the clusters tell about the digits, from 0 (nothing) to 1 (everything),
-- * **ARI**: agreement on pairs of points, 0 for chance and 1 for perfect.

-- %%
local methods = { "k-means", "autoencoder + k-means", "DEC", "IDEC" }
local scores = {}
for _, method in ipairs(methods) do scores[method] = {} end

local function score(method, labels, seconds)
  table.insert(scores[method], {
    acc = metrics.acc(digits.y, labels), nmi = metrics.nmi(digits.y, labels),
    ari = metrics.ari(digits.y, labels), seconds = seconds,
  })
end

-- Calls fn, and returns what it returns and how long it took.
local function timed(fn)
  local started = hy.clock()
  local result = fn()
  return result, hy.clock() - started
end

-- %% [markdown]
-- ## k-means on the pixels
--
-- The starting point. Each center is the mean of its members, so it can be looked at: where two ways
-- of writing are mixed, it is blurred.

-- %%
local function on_pixels(rng)
  local kmeans, seconds = timed(function()
    return cluster.KMeans{ k = 10, rng = rng:split() }:fit(digits)
  end)
  score("k-means", kmeans.labels, seconds)
  return kmeans
end

local rng = hy.rng(1)
hy.display(plot.centers(on_pixels(rng), { shape = { 8, 8 }, columns = 10,
  title = "k-means: the centers" }), "means")

-- %% [markdown]
-- ## Autoencoder and k-means
--
-- An autoencoder squeezes 64 numbers through 10 and learns to draw the image again from them. What it
-- must keep in the 10 numbers is what makes images differ, so k-means finds clearer groups there, in
-- the *embedding*.

-- %%
local function on_embedding(generator)
  local autoencoder, training = timed(function()
    return nn.Autoencoder{ layers = { 64, 500, 500, 2000, 10 }, rng = generator:split() }:fit(digits,
      { epochs = options.pretraining, rng = generator:split(), progress = "pretraining" })
  end)
  local embedded, seconds = timed(function()
    return cluster.KMeans{ k = 10, n_init = 20, rng = generator:split() }
      :fit(autoencoder:transform(digits))
  end)
  score("autoencoder + k-means", embedded.labels, training + seconds)
  return autoencoder, training
end

local autoencoder, training = on_embedding(rng)
hy.display(plot.history(autoencoder.history, { log = true, ylabel = "squared error of a digit",
  title = "The autoencoder learns to draw" }), "losses")

-- %% [markdown]
-- ## DEC and IDEC
--
-- **DEC** starts from that map and those centers. Every point gets a soft membership in each cluster,
-- and the network is trained to make memberships more certain: points move toward the centers that
-- they already lean to, and the map bends with them.
--
-- **IDEC** does the same, but must go on drawing the images, which keeps the map from bending so far
-- that unlike digits land on each other.
--
-- Both train the network they are given: each gets its own copy.

-- %%
local function deep_clustering(name, generator, net, before, after_epoch)
  local model, seconds = timed(function()
    return deep[name]{ k = 10, net = net:clone(), epochs = options.clustering,
      rng = generator:split(), verbose = true, after_epoch = after_epoch }:fit(digits)
  end)
  score(name, model.labels, before + seconds)
  return model
end

-- The embedding at the start and after some epochs of DEC.
local epochs = options.clustering
local embeddings, times = { autoencoder:transform(digits) }, { "autoencoder" }
local wanted = { [math.ceil(epochs / 10)] = true, [math.ceil(epochs / 3)] = true, [epochs] = true }
local function keep(model, record)
  if not wanted[record.epoch] then return end
  table.insert(embeddings, model.net:transform(digits))
  table.insert(times, ("DEC, epoch %d"):format(record.epoch))
end

local dec = deep_clustering("DEC", rng, autoencoder, training, keep)
local idec = deep_clustering("IDEC", rng, autoencoder, training)

-- %% [markdown]
-- The embedding has ten dimensions; the pictures show the two directions in which it varies most:
-- first on its way, all pictures in the same two directions, then at the end. The colors are the true
-- digits.

-- %%
hy.display(plot.snapshots{ embeddings, titles = times, color = digits.y, names = digits.names },
  "snapshots")
hy.display(plot.scatter{ dec:transform(digits), color = digits.y, names = digits.names,
  title = "DEC: the embedding, colored by digit" }, "embedding")

-- %% [markdown]
-- The centers are points of the embedding too, so the decoder can draw them: that is what IDEC
-- thinks the ten clusters look like.

-- %%
hy.display(plot.centers(idec, { shape = { 8, 8 }, columns = 10,
  title = "IDEC: decoded cluster centers" }), "centers")

-- %% [markdown]
-- Which digits does DEC confuse? Rows of the table are true digits, columns are clusters.

-- %%
hy.display(plot.confusion(digits.y, dec.labels, { names = digits.names,
  title = "DEC: digits and clusters" }), "confusion")

-- %% [markdown]
-- ## What each step gains
--
-- The same with other random numbers, if `--seeds` asks for it: differences between methods that are
-- smaller than the deviation between seeds mean little.

-- %%
for seed = 2, options.seeds do
  local generator = hy.rng(seed)
  on_pixels(generator)
  local net, seconds = on_embedding(generator)
  deep_clustering("DEC", generator, net, seconds)
  deep_clustering("IDEC", generator, net, seconds)
end

local function mean(values, name)
  local total = 0
  for _, value in ipairs(values) do total = total + value[name] end
  return total / #values
end

local function spread(values, name)
  if #values < 2 then return "" end
  local center, total = mean(values, name), 0
  for _, value in ipairs(values) do total = total + (value[name] - center) ^ 2 end
  return ("±%.3f"):format(math.sqrt(total / (#values - 1)))
end

-- %%
local repeated = options.seeds > 1
local head = repeated and "  %-12s" or "  %6s"
print(("\n%-22s"):format("method") .. head:rep(3):format("ACC", "NMI", "ARI") .. "  seconds")
for _, method in ipairs(methods) do
  local row = { ("%-22s"):format(method) }
  for _, name in ipairs{ "acc", "nmi", "ari" } do
    row[#row + 1] = ("  %6.3f%s"):format(mean(scores[method], name), spread(scores[method], name))
  end
  row[#row + 1] = ("  %7.1f"):format(mean(scores[method], "seconds"))
  print(table.concat(row))
end
print(("(%d digits, %d + %d epochs, %s; times include pretraining)"):format(digits.x:size(1),
  options.pretraining, options.clustering,
  repeated and "mean of " .. options.seeds .. " seeds" or "one seed"))

-- %% [markdown]
-- With all epochs, and over seeds, both deep methods gain several points of NMI over k-means. In ACC
-- the gain is smaller than the deviation: one digit that is cut in two, or two that are merged, cost
-- ten points of ACC at once. Notebook 05 asks what the embedding alone buys, 06 what the two methods
-- trade, and 09 how to read such a table.

-- %%
if #options.pictures > 0 then
  print("\npictures:")
  for _, path in ipairs(options.pictures) do print("  " .. path) end
end
