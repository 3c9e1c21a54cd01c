--- Scores of the deep methods on real data: `make quality`.
-- One line per method × data × seed goes into the file that is named as argument; lines that are
-- there already are not computed again, so a run that was stopped goes on where it was.
-- QUALITY=mnist runs one data set, SEEDS=n the number of seeds (3).

local hy = require "hyades"
local cluster, data, deep, metrics, nn = hy.cluster, hy.data, hy.deep, hy.metrics, hy.nn

local path = arg[1] or "quality.csv"
local seeds = math.tointeger(os.getenv "SEEDS" or 3) or error "SEEDS must be a whole number"
local only = os.getenv "QUALITY"

-- What DEC and DCN reach with other options: DEC starts in an embedding of a fair size, in which
-- memberships are not all alike; DCN's clusters weigh more.
local recipe = { DEC = { std = 2, options = {} },
  DCN = { options = { reduction = "mean_dims", cluster_weight = 0.05, lr = 1e-3 } } }

--- What runs on each data set: the network of the DEC paper, unless it has another activation; epochs
-- of pretraining and clustering; net: the set whose networks it shares.
local sets = {
  { name = "digits", load = data.digits, pretraining = 100, clustering = 100 },
  { name = "usps", load = data.usps, pretraining = 100, clustering = 150 },
  { name = "mnist", load = data.mnist, pretraining = 50, clustering = 50 },
  { name = "mnist-recipe", net = "mnist", load = data.mnist, pretraining = 50, clustering = 30,
    recipe = recipe },
  { name = "mnist-leaky", load = data.mnist, pretraining = 50, clustering = 50,
    activation = nn.LeakyReLU },
}
local methods = { "k-means", "AE + k-means", "DEC", "IDEC", "DCN" }

-- ---- the file -----------------------------------------------------------------------------------

local function key(set, method, seed) return ("%s,%s,%d"):format(set, method, seed) end

local results = {} -- key → { acc, nmi, ari, seconds of pretraining, of clustering, peak MB }

assert(io.open(path, "a")):close() -- is there from now on
for line in io.lines(path) do
  local name, values = line:match "^([^,]+,[^,]+,%d+),(.*)$"
  if name then
    results[name] = {}
    for value in values:gmatch "[^,]+" do table.insert(results[name], tonumber(value)) end
  end
end

local function keep(set, method, seed, y, labels, cost)
  local name = key(set, method, seed)
  results[name] = { metrics.acc(y, labels), metrics.nmi(y, labels), metrics.ari(y, labels),
    cost.pretraining, cost.seconds, cost.peak }
  local line = ("%s,%.4f,%.4f,%.4f,%.1f,%.1f,%.0f"):format(name, table.unpack(results[name]))
  local file = assert(io.open(path, "a"))
  file:write(line, "\n")
  file:close()
  print(line)
end

-- ---- the runs -----------------------------------------------------------------------------------

-- Is this line still to be computed?
local function missing(set, method, seed)
  return not results[key(set.name, method, seed)] and (not set.recipe or set.recipe[method] ~= nil)
end

local function any_missing(set, seed)
  for _, method in ipairs(methods) do
    if missing(set, method, seed) then return true end
  end
end

--- The largest memory of this process so far, in MB; counted anew after `forget_peak`.
local function peak()
  for line in io.lines "/proc/self/status" do
    local kilobytes = line:match "^VmHWM:%s*(%d+)"
    if kilobytes then return tonumber(kilobytes) / 1000 end
  end
end

local function forget_peak()
  collectgarbage()
  local file = io.open("/proc/self/clear_refs", "w")
  if file then file:write("5"):close() end
end

local function timed(fn)
  local started = hy.clock()
  return fn(), hy.clock() - started
end

--- The pretrained network of a set and seed, and its seconds. It is kept beside the results, for a
-- run that goes on later.
local function pretrained(set, x, seed, rng)
  local file = ("%s-%s-%d.hyades"):format(path:gsub("%.csv$", ""), set.net or set.name, seed)
  if io.open(file) then
    local kept = hy.load(file)
    return kept.net, kept.seconds
  end
  local net, seconds = timed(function()
    return nn.Autoencoder{ layers = { x.x:size(2), 500, 500, 2000, 10 },
      activation = set.activation or nn.ReLU, rng = rng:split() }:fit(x,
      { epochs = set.pretraining, rng = rng:split(), progress = set.name })
  end)
  hy.save(file, { net = net, seconds = seconds })
  return net, seconds
end

local function deep_model(method, net, set, rng)
  local options = { k = 10, net = net, epochs = set.clustering, rng = rng }
  for name, value in pairs(set.recipe and set.recipe[method].options or {}) do options[name] = value end
  return deep[method](options)
end

local function run_seed(set, x, seed)
  -- the network and every method have a stream of their own: each scores the same alone
  local rng, streams = hy.rng(seed), {}
  local net, pretraining = pretrained(set, x, seed, rng:split())
  for _, method in ipairs(methods) do streams[method] = rng:split() end
  for _, method in ipairs(methods) do
    if missing(set, method, seed) then
      forget_peak()
      local model, seconds = timed(function()
        if method == "k-means" then
          return cluster.KMeans{ k = 10, rng = streams[method] }:fit(x)
        elseif method == "AE + k-means" then
          return cluster.KMeans{ k = 10, n_init = 20, rng = streams[method] }:fit(net:transform(x))
        end
        local own = net:clone()
        if set.recipe and set.recipe[method].std then own:rescale(x, set.recipe[method].std) end
        return deep_model(method, own, set, streams[method]):fit(x)
      end)
      keep(set.name, method, seed, x.y, model.labels,
        { pretraining = method == "k-means" and 0 or pretraining, seconds = seconds, peak = peak() })
    end
  end
end

-- Mean and, of scores, deviation of column i of some results.
local function cell(rows, i)
  local values = {}
  for j, row in ipairs(rows) do values[j] = row[i] end
  local t = hy.tensor(values, { dtype = "f64" })
  if i > 3 then return t:mean():item() end
  return ("%.3f ± %.3f "):format(t:mean():item(), #values > 1 and t:std():item() or 0)
end

local function report()
  print(("\n%-12s %-14s %5s  %-14s %-14s %-14s %12s %10s %8s"):format("data", "method", "seeds", "ACC",
    "NMI", "ARI", "pretraining", "clustering", "peak MB"))
  for _, set in ipairs(sets) do
    for _, method in ipairs(methods) do
      local rows = {}
      for seed = 1, seeds do rows[#rows + 1] = results[key(set.name, method, seed)] end
      if #rows > 0 then
        print(("%-12s %-14s %5d  %-14s %-14s %-14s %10.0f s %8.0f s %8.0f"):format(set.name, method,
          #rows, cell(rows, 1), cell(rows, 2), cell(rows, 3), cell(rows, 4), cell(rows, 5),
          cell(rows, 6)))
      end
    end
  end
end

for _, set in ipairs(sets) do
  if not only or only == set.name then
    local ok, x = pcall(set.load)
    if not ok then
      print(set.name .. " was not measured: " .. tostring(x))
    else
      for seed = 1, seeds do
        if any_missing(set, seed) then run_seed(set, x, seed) end
      end
    end
  end
end
report()
