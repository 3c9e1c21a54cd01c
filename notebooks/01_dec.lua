-- %% [markdown]
-- # Deep clustering of handwritten digits
--
-- k-means looks for round groups of points. Images of digits are not round groups: two sevens with
-- different slants share few pixels. Deep clustering first learns a *map* to a space where k-means'
-- idea of a cluster fits, and then lets map and clusters improve each other. This script does it
-- step by step on 1,797 real digits, and measures what each step gains.
--
-- Run it with `hyades notebooks/01_dec.lua`. Options: `--seeds 3` repeats everything and averages,
-- `--epochs 100 100` trains longer (pretraining, clustering), `--out DIR` says where pictures go.

-- %%
local hy = require "hyades"
local cluster, data, deep, metrics, nn, plot = hy.cluster, hy.data, hy.deep, hy.metrics, hy.nn, hy.plot

local fast = os.getenv "HYADES_FAST" == "1" -- a quick run, for tests
local settings = { out = "out", seeds = 1, pretraining = fast and 12 or 40, clustering = fast and 3 or 50 }

local function whole_number(text, option)
  return math.tointeger(tonumber(text)) or error(option .. " needs a whole number", 0)
end

local position = 1
while arg and arg[position] do
  local option = arg[position]
  if option == "--out" then
    settings.out = arg[position + 1] or error("--out needs a folder", 0)
  elseif option == "--seeds" then
    settings.seeds = whole_number(arg[position + 1], option)
  elseif option == "--epochs" then
    settings.pretraining = whole_number(arg[position + 1], option)
    settings.clustering = whole_number(arg[position + 2], option)
    position = position + 1
  else
    error(("unknown option %s; there are --out DIR, --seeds N and --epochs P C"):format(option), 0)
  end
  position = position + 2
end

-- %% [markdown]
-- ## The data
--
-- Each digit is an image of 8×8 pixels, so a point with 64 coordinates between 0 and 1. The labels
-- `digits.y` are used for scoring only: clustering never sees them.

-- %%
local digits = data.digits()
print(digits)

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
-- ## One run
--
-- **k-means on the pixels** is the starting point.
--
-- **Autoencoder + k-means.** An autoencoder squeezes 64 numbers through 10 and learns to draw the
-- image again from them. What it must keep in the 10 numbers is what makes images differ, so k-means
-- finds clearer groups there, in the *embedding*.
--
-- **DEC** starts from that map and those centers. Every point gets a soft membership in each cluster,
-- and the network is trained to make memberships more certain: points move toward the centers that
-- they already lean to, and the map bends with them.
--
-- **IDEC** does the same, but must go on drawing the images, which keeps the map from bending so far
-- that unlike digits land on each other.

-- %%
local function run(seed)
  local rng = hy.rng(seed)
  local kmeans, kmeans_time = timed(function()
    return cluster.KMeans{ k = 10, rng = rng:split() }:fit(digits)
  end)
  score("k-means", kmeans.labels, kmeans_time)

  local autoencoder, pretraining_time = timed(function()
    return nn.Autoencoder{ layers = { 64, 500, 500, 2000, 10 }, rng = rng:split() }:fit(digits,
      { epochs = settings.pretraining, rng = rng:split(), progress = "pretraining" })
  end)
  local embedded, embedded_time = timed(function()
    return cluster.KMeans{ k = 10, n_init = 20, rng = rng:split() }
      :fit(autoencoder:transform(digits))
  end)
  score("autoencoder + k-means", embedded.labels, pretraining_time + embedded_time)

  -- Both methods train the network they are given: each gets its own copy.
  local function deep_clustering(name)
    local model, seconds = timed(function()
      return deep[name]{ k = 10, net = autoencoder:clone(), epochs = settings.clustering,
        rng = rng:split(), verbose = true }:fit(digits)
    end)
    score(name, model.labels, pretraining_time + seconds)
    return model
  end
  return deep_clustering "DEC", deep_clustering "IDEC", autoencoder
end

local dec, idec, autoencoder = run(1)
for seed = 2, settings.seeds do run(seed) end

-- %% [markdown]
-- ## What each step gains

-- %%
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

local repeated = settings.seeds > 1
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
  settings.pretraining, settings.clustering,
  repeated and "mean of " .. settings.seeds .. " seeds" or "one seed"))

-- %% [markdown]
-- ## Pictures
--
-- The embedding has ten dimensions; the scatter plot shows the two directions in which it varies
-- most. The centers are points of the embedding too, so the decoder can draw them: that is what
-- IDEC thinks the ten clusters look like. Rows of the confusion matrix are true digits.

-- %%
os.execute(("mkdir -p '%s'"):format(settings.out:gsub("'", "'\\''")))
local pictures = {}

local function save(name, figure)
  local path = ("%s/01_%s.png"):format(settings.out, name)
  figure:save(path)
  pictures[#pictures + 1] = path
end

save("embedding", plot.scatter{ dec:transform(digits), color = digits.y, names = digits.names,
  title = "DEC: the embedding, colored by digit" })
save("centers", plot.centers(idec, { shape = { 8, 8 }, columns = 5,
  title = "IDEC: decoded cluster centers" }))
save("confusion", plot.confusion(digits.y, dec.labels, { names = digits.names,
  title = "DEC: digits and clusters" }))
save("losses", plot.history({ pretraining = autoencoder.history },
  { title = "Squared error of a digit, as the autoencoder learns to draw", log = true }))

-- %%
print("\npictures:")
for _, path in ipairs(pictures) do print("  " .. path) end
