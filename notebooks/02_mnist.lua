-- %% [markdown]
-- # Deep clustering of all of MNIST
--
-- The steps of notebook 01, on 70,000 images of 28×28 pixels with the network of the DEC paper,
-- 784-500-500-2000-10 with ReLU. On two cores an epoch of pretraining takes about ten seconds, so the
-- whole takes a quarter of an hour; `--fast` looks at the 10,000 test images for a minute, in small
-- steps.
--
-- `hyades notebooks/02_mnist.lua` runs it, `--pretraining 50 --clustering 50` for the scores of the
-- README. The files are looked for in `$HYADES_DATA/mnist` and in the cache, and fetched once if they
-- are in neither.

-- %%
local hy = require "hyades"
local cluster, data, deep, metrics, nn, plot = hy.cluster, hy.data, hy.deep, hy.metrics, hy.nn, hy.plot

local options = hy.notebook{ pretraining = { 20, fast = 5 }, clustering = { 20, fast = 2 },
  batch = { 256, fast = 64 } }
local mnist = data.mnist{ split = options.fast and "test" or "all" }
print(mnist)
hy.display(plot.images{ mnist.x:narrow(1, 1, 40), shape = { 28, 28 }, columns = 20,
  title = "The first forty" }, "digits")

-- %% [markdown]
-- ## k-means on 784 pixels
--
-- Here pixels are a poor measure: writers place, slant and size their digits as they like, and k-means
-- sees every shift as a difference. About half of the points end in the right cluster.

-- %%
local started = hy.clock()
local function report(method, labels)
  print(("%-22s  ACC %.3f  NMI %.3f  ARI %.3f  after %4.0f s"):format(method,
    metrics.acc(mnist.y, labels), metrics.nmi(mnist.y, labels), metrics.ari(mnist.y, labels),
    hy.clock() - started))
end

local rng = hy.rng(1)
local kmeans = cluster.KMeans{ k = 10, n_init = 3, rng = rng:split() }:fit(mnist)
report("k-means", kmeans.labels)
hy.display(plot.centers(kmeans, { shape = { 28, 28 }, columns = 10,
  title = "k-means: the centers" }), "means")

-- %% [markdown]
-- ## Pretraining
--
-- The autoencoder draws each image from ten numbers. One epoch is 274 steps of 256 images.

-- %%
local autoencoder = nn.Autoencoder{ layers = { 784, 500, 500, 2000, 10 }, activation = nn.ReLU,
  rng = rng:split() }
print(autoencoder:summary())
autoencoder:fit(mnist, { epochs = options.pretraining, batch = options.batch, rng = rng:split(),
  progress = "pretraining" })
hy.display(plot.history(autoencoder.history, { log = true, ylabel = "squared error of an image",
  title = "The autoencoder learns to draw" }), "losses")

-- %%
local some = mnist.x:narrow(1, 1, 20)
hy.display(plot.images{ hy.cat({ some, autoencoder:decode(autoencoder:transform(some)) }, 1)
  :clamp(0, 1), shape = { 28, 28 }, columns = 20, title = "Images, and what ten numbers keep" },
  "drawn_again")
local embedded = cluster.KMeans{ k = 10, rng = rng:split() }:fit(autoencoder:transform(mnist))
report("autoencoder + k-means", embedded.labels)

-- %% [markdown]
-- ## DEC and IDEC
--
-- Each continues from a copy of that network.

-- %%
local function deep_clustering(name)
  local model = deep[name]{ k = 10, net = autoencoder:clone(), epochs = options.clustering,
    batch = options.batch, rng = rng:split(), verbose = true }:fit(mnist)
  report(name, model.labels)
  return model
end

local dec = deep_clustering "DEC"
local idec = deep_clustering "IDEC"

-- %% [markdown]
-- ## What came out
--
-- The embedding in its two main directions, the centers as IDEC's decoder draws them, and the digits
-- that go where they do not belong. On all of MNIST after 50 + 50 epochs, IDEC was ahead with each of
-- three seeds (README); after fewer epochs, or on the test images alone, the order may be another one,
-- and one run proves nothing.

-- %%
hy.display(plot.scatter{ dec:transform(mnist), color = mnist.y, names = mnist.names,
  title = "DEC on MNIST: the embedding, colored by digit" }, "embedding")
hy.display(plot.centers(idec, { shape = { 28, 28 }, columns = 10,
  title = "IDEC: decoded cluster centers" }), "centers")
hy.display(plot.confusion(mnist.y, idec.labels, { names = mnist.names,
  title = "IDEC on MNIST: digits and clusters" }), "confusion")
