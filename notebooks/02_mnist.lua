-- %% [markdown]
-- # Deep clustering of all of MNIST
--
-- The steps of `01_dec.lua`, on 70,000 images of 28×28 pixels with the network of the DEC paper,
-- 784-500-500-2000-10. On two cores an epoch of pretraining takes about ten seconds.
--
-- `hyades notebooks/02_mnist.lua [--epochs P C] [--out DIR]`. The files are looked for in
-- `$HYADES_DATA/mnist` and in the cache, and fetched once if they are in neither.

-- %%
local hy = require "hyades"
local cluster, data, deep, metrics, nn, plot = hy.cluster, hy.data, hy.deep, hy.metrics, hy.nn, hy.plot

local fast = os.getenv "HYADES_FAST" == "1" -- a quick run, for tests
local out, pretraining, clustering = "out", fast and 1 or 20, fast and 1 or 20

local function whole_number(text)
  return math.tointeger(tonumber(text)) or error("--epochs needs two whole numbers", 0)
end

local position = 1
while arg and arg[position] do
  if arg[position] == "--out" then
    out = arg[position + 1] or error("--out needs a folder", 0)
    position = position + 2
  elseif arg[position] == "--epochs" then
    pretraining, clustering = whole_number(arg[position + 1]), whole_number(arg[position + 2])
    position = position + 3
  else
    error(("unknown option %s; there are --out DIR and --epochs P C"):format(arg[position]), 0)
  end
end

-- %%
local mnist = data.mnist{ split = fast and "test" or "all" }
print(mnist)

local started = hy.clock()
local function report(method, labels)
  print(("%-22s  ACC %.3f  NMI %.3f  ARI %.3f  after %4.0f s"):format(method,
    metrics.acc(mnist.y, labels), metrics.nmi(mnist.y, labels), metrics.ari(mnist.y, labels),
    hy.clock() - started))
end

local rng = hy.rng(1)
report("k-means", cluster.KMeans{ k = 10, n_init = 3, rng = rng:split() }:fit(mnist).labels)

-- %% [markdown]
-- Pretraining: 274 steps of 256 images make one epoch.

-- %%
local autoencoder = nn.Autoencoder{ layers = { 784, 500, 500, 2000, 10 }, rng = rng:split() }
print(autoencoder:summary())
autoencoder:fit(mnist, { epochs = pretraining, rng = rng:split(), progress = "pretraining" })
local z = autoencoder:transform(mnist)
report("autoencoder + k-means", cluster.KMeans{ k = 10, rng = rng:split() }:fit(z).labels)

-- %%
local dec = deep.DEC{ k = 10, net = autoencoder, epochs = clustering, rng = rng:split(),
  verbose = true }:fit(mnist)
report("DEC", dec.labels)

-- %%
os.execute(("mkdir -p '%s'"):format(out:gsub("'", "'\\''")))
local pictures = {
  embedding = plot.scatter{ dec:transform(mnist), color = mnist.y, names = mnist.names,
    title = "DEC on MNIST: the embedding, colored by digit" },
  confusion = plot.confusion(mnist.y, dec.labels, { names = mnist.names,
    title = "DEC on MNIST: digits and clusters" }),
}
for _, name in ipairs{ "embedding", "confusion" } do
  local path = ("%s/02_%s.png"):format(out, name)
  pictures[name]:save(path)
  print(path)
end
