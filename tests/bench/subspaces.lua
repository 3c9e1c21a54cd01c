--- Clusterings in subspaces, and how their time grows with the points.

local hy = require "hyades"
local cluster, data = hy.cluster, hy.data

-- A data set, or nil where its files are missing.
local function loaded(name, options)
  local found, load = pcall(function() return data[name] end)
  if not found then return nil end
  local ok, set = pcall(load, options)
  return ok and set or nil
end

-- Seconds of one fit, after a first small one has loaded what is loaded on use.
local function seconds(bench, name, options, x)
  local function fit()
    options.rng = hy.rng(1)
    cluster[name](options):fit(x)
  end
  return bench.shortest(fit, 1)
end

return function(bench)
  local function row(what, name, options, set, limit)
    if not set then return print(("  %-44s missing"):format(what)) end
    bench.row(what, seconds(bench, name, options, set.x), "s", limit)
  end

  bench.section("subspaces", function()
    print("clusterings in subspaces; limits: what was asked for, and Python on a quiet 2-core Zen 4")
    row("SubKmeans MNIST 10,000×784, k = 10", "SubKmeans", { k = 10 },
      loaded("mnist", { split = "test" }), "2 s (Python 20.5 s)")
    row("SubKmeans GTSRB 7,410×3,072, k = 4", "SubKmeans", { k = 4 },
      loaded("gtsrb", { classes = { 4, 13, 35, 38 }, size = 32 }), "10 s (Python unfinished at 200 s)")
    local figures = loaded "stickfigures"
    row("NrKmeans {3,3,1} Stickfigures, 10 restarts", "NrKmeans", { k = { 3, 3, 1 }, n_init = 10 },
      figures, "0.5 s (Python 4.8 s)")
    row("AutoNR Stickfigures, 400 raw pixels", "AutoNR", {}, figures,
      "10 s (Python unfinished at 147 s)")
  end)

  bench.section("growth", function()
    print("exponent of the time from 10,000 to 1,000,000 points, 20 iterations; limit: 1.15")
    local cases = {
      { "KMeans", { k = 5, n_init = 1, max_iter = 20 }, { k = 5, m = 4, noise_dims = 12 } },
      { "SubKmeans", { k = 5, max_iter = 20 }, { k = 5, m = 4, noise_dims = 12 } },
      { "NrKmeans", { k = { 3, 3, 1 }, max_iter = 20 }, { k = { 3, 3, 1 }, m = { 2, 2, 12 } } },
    }
    for _, case in ipairs(cases) do
      local name, options, shape = table.unpack(case)
      local sizes, times = { 10000, 100000, 1000000 }, {}
      for i, n in ipairs(sizes) do
        shape.n, shape.rng = n, hy.rng(1)
        local set = name == "NrKmeans" and data.nonredundant(shape) or data.subspace(shape)
        times[i] = seconds(bench, name, options, set.x)
      end
      bench.row(name .. " 16 columns, 1,000,000 points", times[3], "s",
        ("exponent %.2f"):format(bench.exponent(sizes, times)))
    end
  end)
end
