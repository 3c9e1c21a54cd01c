--- k-means that finds k: clusters are parted in two while that raises the Bayesian information
-- criterion (BIC). Pelleg & Moore, X-means, ICML 2000.
-- k_init: clusters to begin with · max_k: at most so many, and never more than points
-- check_global: keep the round whose clustering has the best BIC as a whole; otherwise the last one
-- merge: in the end join pairs of clusters, small ones first, where that raises the BIC
-- trials: of each split · n_init: restarts of the first k-means · verbose: show progress
-- Fields: labels, centers, k, inertia, bic; history, a row per round: { k=, bic=, inertia= }, and for
--   pictures the same as arrays: ks, scores (the BIC)
-- One variance for all clusters and features; the larger the BIC, the better.

local hy = require "hyades"
local centered = require "hyades.cluster.centered"
local check = require "hyades.check"
local grow = require "hyades.cluster.grow"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local XMeans = model.define("XMeans", { k_init = 2, max_k = math.huge, check_global = true,
  merge = false, trials = 10, n_init = 10, rng = hy.rng, verbose = false })

--- The Bayesian information criterion of a clustering.
-- sizes: array, points of each cluster · inertia: number · d: features
-- → number
function XMeans.criterion(sizes, inertia, d)
  local n, k, sum = 0, #sizes, 0
  for _, size in ipairs(sizes) do n = n + size end
  local variance = math.max(inertia / math.max(n - k, 1), 1e-12)
  for _, m in ipairs(sizes) do
    if m > 0 then
      sum = sum + m * (math.log(m) - math.log(n) - math.log(2 * math.pi) / 2
        - d / 2 * math.log(variance)) - (m - k) / 2
    end
  end
  return sum - k * (d + 1) / 2 * math.log(n)
end

local function scatter(x)
  local exact = x:to "f64"
  return (exact - exact:mean(1)):square():sum():item()
end

local function criterion_of(x, clustering)
  local sizes = clustering.labels:bincount(clustering.centers:size(1)):totable()
  return XMeans.criterion(sizes, clustering.inertia, x:size(2))
end

local function wants(members, parts)
  return criterion_of(members, parts) > XMeans.criterion({ members:size(1) }, scatter(members),
    members:size(2))
end

-- The first pair of clusters, small ones first, that had better be one; nil when there is none.
local function find_pair(x, labels, k)
  local sizes, order = labels:bincount(k):totable(), {}
  for c = 1, k do order[c] = c end
  table.sort(order, function(a, b)
    if sizes[a] ~= sizes[b] then return sizes[a] < sizes[b] end
    return a < b
  end)
  local parts, scatters = {}, {}
  for c = 1, k do
    parts[c] = x:index(labels:eq(c))
    scatters[c] = sizes[c] > 0 and scatter(parts[c]) or 0
  end
  for i = 1, k do
    for j = i + 1, k do
      local a, b = order[i], order[j]
      local union = hy.cat{ parts[a], parts[b] }
      local apart = XMeans.criterion({ sizes[a], sizes[b] }, scatters[a] + scatters[b], x:size(2))
      if XMeans.criterion({ sizes[a] + sizes[b] }, scatter(union), x:size(2)) > apart then
        return a, b, union
      end
    end
  end
end

-- Join pairs until none asks for it.
local function merge(x, found)
  while found.k > 1 do
    local a, b, union = find_pair(x, found.labels, found.k)
    if not a then return end
    local kept = { union:mean(1, { keep = true }) }
    for c = 1, found.k do
      if c ~= a and c ~= b then kept[#kept + 1] = found.centers:narrow(1, c, 1) end
    end
    local labels, centers, inertia = hy.kmeans(x, hy.cat(kept))
    found.labels, found.centers, found.inertia, found.k = labels, centers, inertia:item(), #kept
    found.bic = criterion_of(x, found)
  end
end

function XMeans:fit(x)
  x = points("XMeans", x)
  local n = x:size(1)
  check.number("XMeans", "option k_init", self.k_init, 1, n, true)
  check.number("XMeans", "option trials", self.trials, 1, nil, true)
  check.number("XMeans", "option max_k", self.max_k, self.k_init)
  local progress <close> = hy.progress(math.min(self.max_k, n), { desc = "XMeans", verbose = self.verbose })
  self.history, self.ks, self.scores = {}, {}, {}
  local best
  local function round(found)
    found.k, found.bic = found.centers:size(1), criterion_of(x, found)
    local i = #self.history + 1
    self.history[i] = { k = found.k, bic = found.bic, inertia = found.inertia }
    self.ks[i], self.scores[i] = found.k, found.bic
    if not best or not self.check_global or found.bic > best.bic then best = found end
    progress:step(found.k - progress.done):set{ bic = found.bic }
  end

  local first = hy.cluster.KMeans{ k = self.k_init, n_init = self.n_init,
    rng = self.rng:split() }:fit(x)
  round{ labels = first.labels, centers = first.centers, inertia = first.inertia }
  grow(x, first.labels, first.centers, { wants = wants, least = 3, max_k = math.min(self.max_k, n),
    trials = self.trials, rng = self.rng:split(), round = round })
  if self.merge then merge(x, best) end
  self.labels, self.centers, self.k = best.labels, best.centers, best.k
  self.inertia, self.bic = best.inertia, best.bic
  return self
end

XMeans.predict, XMeans.transform = centered.predict, centered.transform

return XMeans
