--- One figure of every kind, with everything that needs room.
local hy = require "hyades"
local samples = require "tests.plot.samples"
local plot = hy.plot
local points, classes = samples.points, samples.classes

local LONG = "a title that is longer than the figure it stands on is wide, and more of it, and then "
  .. "still more of it, until nobody reads on"
local NAMES = { "a rather long class name", "b", "c" }

local function thousand(n)
  local labels = {}
  for i = 1, n do labels[i] = i % 1000 + 1 end
  return labels
end

local function chain(n)
  local rows = { { 1, 2, 1 } }
  for i = 2, n - 1 do rows[i] = { i + 1, n + i - 1, i ^ 1.3 } end
  return rows
end

--- All of them.
-- theme: "light" or "dark"
-- → table name → figure
return function(theme)
  local rng = hy.rng(1)
  local z, y = points(50), classes(50)
  local net = hy.nn.Autoencoder{ layers = { 16, 8, 2 }, rng = rng }
  local plane = hy.tensor(points(60))
  local model = hy.cluster.KMeans{ k = 3, rng = rng }:fit(plane)
  local x = hy.rand(40, 16, { rng = rng })
  local run = { { epoch = 1, loss = 3 }, { epoch = 2, loss = 1 }, { epoch = 3, loss = 0.5 } }
  local before = plot.theme()
  plot.theme(theme)
  local all = {
    scatter = plot.scatter{ z, color = y, names = NAMES, title = LONG, xlabel = "x", ylabel = "y",
      centers = { { 1, 2 }, { 3, 4 } }, true_labels = y },
    numbers = plot.scatter{ z, color = hy.rand(50, { rng = rng }), title = "t", label = LONG },
    thousand = plot.scatter{ points(2000), color = thousand(2000) },
    small = plot.scatter{ z, width = 200, height = 160, xlabel = "x", ylabel = "y", title = LONG },
    line = plot.line{ { dec = { 3, 2, 1 }, idec = { 1e6, 2e6, 5e6 } }, xlabel = LONG,
      ylabel = LONG },
    runs = plot.line{ hy.rand(5, 40, { rng = rng }), title = "runs" },
    wide = plot.line{ { { 0, 900000 }, { 1, 2 } }, title = "wide numbers" },
    log = plot.line{ { 1e-8, 1, 1e9 }, log = true, title = "log" },
    log_log = plot.line{ { { 10, 1000, 20000 }, { 0.1, 3, 500 } }, log = "xy" },
    gaps = plot.line{ { 1, 0 / 0, 3, -1 }, log = true, xlabel = "x" },
    bar = plot.bar{ { { 0.1, 0.9 }, { 0.5, -0.4 } }, names = { "one", LONG },
      series = { "ACC", "NMI" }, errors = { { 0.1, 0.2 }, { 0.01, 0.1 } } },
    box = plot.box{ { a = { 1, 2, 3, 4, 50 }, [LONG] = { 3, 4, 5 } }, ylabel = "y" },
    hist = plot.hist{ { 1, 2, 2, 3, 3, 3, 4, 4, 5, 12345.5 }, xlabel = "value" },
    hists = plot.hist{ { a = { 1, 2, 2, 3 }, b = { 2, 3, 3, 9 } }, density = true },
    heatmap = plot.heatmap{ { { 1, 2.5 }, { 0 / 0, -4 } }, rows = { "r", LONG },
      columns = { LONG, "s" }, label = "how much" },
    large_heatmap = plot.heatmap{ hy.rand(120, 150, { rng = rng }), title = "many" },
    confusion = plot.confusion(classes(60), classes(60), { names = NAMES, title = "counts" }),
    images = plot.images(hy.rand(7, 12, { rng = rng }), { shape = { 3, 4 },
      titles = { LONG, "b" }, title = "seven", color = { 1, 2, 3, 1, 2, 3, -1 }, names = NAMES }),
    centers = plot.centers({ centers = x:narrow(1, 1, 5) }, { title = "centers" }),
    pairs = plot.pairs{ points(50, 3), color = y, names = NAMES, title = "pairs" },
    silhouette = plot.silhouette{ plane, model.labels, title = "silhouette" },
    reachability = plot.reachability{ { 1 / 0, 0.2, 0.3, 2, 0.1 }, color = { 1, 1, 1, 2, 2 },
      eps = 1 },
    tree = plot.tree{ chain(20), k = 3, color = classes(20), title = "tree" },
    folded = plot.tree{ chain(200), limit = 12 },
    history = plot.history({ DEC = run, IDEC = run }),
    neighbors = plot.neighbors{ x, query = { 1, 7 }, k = 4, title = "near", color = classes(40),
      names = NAMES },
    traversal = plot.traversal{ net, z = plane, title = "along" },
    way = plot.traversal{ net, from = { 0, 0 }, to = { 1, 1 }, steps = 5 },
    manifold = plot.manifold{ net, z = plane, steps = 4, title = "plane" },
    regions = plot.regions{ model, plane, title = "regions", steps = 40 },
    snapshots = plot.snapshots{ { points(50, 3), points(50, 3) }, color = y, names = NAMES,
      titles = { "epoch 0", LONG }, title = "snapshots" },
  }
  all.grid = plot.grid{ all.line, all.images, all.hist, title = LONG }
  plot.theme(before)
  return all
end
