--- Scores of the classical methods over ten seeds: a part of `make quality`, which takes a minute.

local hy = require "hyades"
local cluster, data, metrics = hy.cluster, hy.data, hy.metrics

local seeds = 10

--- Mean and deviation of a list.
local function spread(values)
  local t = hy.tensor(values, { dtype = "f64" })
  return ("%.3f ± %.3f"):format(t:mean():item(), t:std():item())
end

--- Scores of a fit with every seed: `score` gives a table name → number.
local function measure(title, fit, score)
  local lists, names, started = {}, {}, hy.clock()
  for seed = 1, seeds do
    for name, value in pairs(score(fit(hy.rng(seed)))) do
      if not lists[name] then
        lists[name] = {}
        table.insert(names, name)
      end
      table.insert(lists[name], value)
    end
  end
  local seconds = (hy.clock() - started) / seeds
  table.sort(names)
  for _, name in ipairs(names) do
    print(("%-38s %-22s %s  %6.2f s"):format(title, name, spread(lists[name]), seconds))
  end
end

local function one_labeling(set)
  return function(model)
    return { NMI = metrics.nmi(set.y, model.labels), ARI = metrics.ari(set.y, model.labels) }
  end
end

-- The best match of every true labeling, and the share of seeds that found both exactly.
local function all_labelings(set)
  return function(model)
    local found = metrics.multi_confusion(set.y, model.labels):max(2):totable()
    local exact = math.min(table.unpack(found)) > 1 - 1e-9
    return { ["NMI, first"] = found[1], ["NMI, second"] = found[2], ["both exact"] = exact and 1 or 0 }
  end
end

print(("classical methods, %d seeds, seconds of a fit"):format(seeds))
local function with(name, run)
  local ok, set = pcall(data[name])
  if ok then run(set) else print(name .. " was not measured: " .. tostring(set)) end
end

with("stickfigures", function(set)
  measure("Stickfigures, NrKmeans {3,3,1}", function(rng)
    return cluster.NrKmeans{ k = { 3, 3, 1 }, n_init = 10, rng = rng }:fit(set)
  end, all_labelings(set))
  measure("Stickfigures, AutoNR", function(rng)
    return cluster.AutoNR{ rng = rng }:fit(set)
  end, all_labelings(set))
end)

with("optdigits", function(set)
  for _, method in ipairs{ "KMeans", "SubKmeans", "LDAKmeans", "MiniBatchKMeans", "KMedoids" } do
    measure("Optdigits, " .. method, function(rng)
      return cluster[method]{ k = 10, rng = rng }:fit(set)
    end, one_labeling(set))
  end
  for _, kind in ipairs{ "full", "tied", "diag", "spherical" } do
    measure("Optdigits, GMM " .. kind, function(rng)
      return cluster.GMM{ k = 10, covariance = kind, rng = rng }:fit(set)
    end, one_labeling(set))
  end
end)
