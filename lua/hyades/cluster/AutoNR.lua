--- Non-redundant clusterings without a word about how many: subspaces are split and merged for as long
-- as that shortens the description of the data. Leiber, Mautz, Plant & Böhm, Automatic parameter
-- selection for non-redundant clustering, SDM 2022.
-- n_init=15: repetitions of NrKmeans for every candidate, the first from the last result
-- max_k: most clusters in a subspace (default n)
-- max_subspaces: default d; the noise space counts
-- outliers=true: points that cost more bits in their cluster than by themselves get the label −1
-- mdl_for_noisespace=true: dimensions leave the noise space only where that saves bits
-- similarity=1e-5: noise spaces whose bits differ by less than this share count as the same, and then
--   one repetition is enough · max_iter=300
-- max_distance, precision: of the code, found in x unless given · rng · verbose=false: a line a try
-- noise_floor: true: only directions that vary more than noise does by chance leave the noise space;
--   false: as published; default: where there are fewer than 10 points a column (project design).
--   On planted clusterings with so few points it finds the right number of them in most runs, where
--   the published search adds several that are not there, or, with more columns than points, does
--   not end; clusters that lie close together it may join. With many points it would hide clusters.
-- keep_products=true: two clusterings stay two where one with a cluster for every pair of labels would
--   save bits but say nothing new: where less than a thousandth of the scatter of these clusters is
--   more than the sum of both (project design; the stick figures have 2e-7, four clusters that were
--   split into two by two 0.01); false: as published, they merge if that saves bits
-- Noise is coded with one variance: features of very different scale want data.standardize first.
-- Fields: labels n×S (the noise space's too), centers (list of k×d), clusters (of each), V, m, P,
-- mdl, costs (bits of each subspace), outlier_count; history, a row for every try: operation, full
-- (all of space, or one subspace by itself), k, cost (bits: all, or those of the subspaces tried),
-- accepted. The noise-space and product rules are of this library, not of the paper.

local hy = require "hyades"
local check = require "hyades.check"
local mdl = require "hyades.cluster.mdl"
local model = require "hyades.model"
local points = require "hyades.cluster.points"
local subspaces = require "hyades.cluster.subspaces"
local NrKmeans = require "hyades.cluster.NrKmeans"
local progress = require "hyades.progress"

local AutoNR = model.define("AutoNR", { n_init = 15, max_k = check.optional,
  max_subspaces = check.optional, outliers = true, mdl_for_noisespace = true, similarity = 1e-5,
  noise_floor = check.optional,
  keep_products = true, max_iter = 300, max_distance = check.optional,
  precision = check.optional, rng = hy.rng, verbose = false }, nil, { max_iter = 1 })

local points_for_each = 10 -- column: with fewer, splits look above the noise floor
local least_interaction = 1e-3 -- of two clusterings that may become their full product

-- ---- candidates --------------------------------------------------------------------------------

-- Fewer bits, and not by rounding.
local function saves(bits, than) return bits < than - 1e-9 * math.abs(than) end

local function sum(list)
  local total = 0
  for _, value in ipairs(list) do total = total + value end
  return total
end

local function sizes_of(state)
  local k = {}
  for j = 1, state:count() do k[j] = state:k(j) end
  return k
end

-- A finished run as a candidate: its state, the bits of its subspaces, and all of them.
local function finish(self, state)
  state:run(self.max_iter)
  local costs = state:costs()
  return { state = state, costs = costs, bits = sum(costs), total = mdl.total(costs) }
end

local function record(self, operation, candidate, full)
  local row = { operation = operation, full = full, k = sizes_of(candidate.state),
    cost = full and candidate.total or candidate.bits, accepted = false }
  self.history[#self.history + 1] = row
  if self.verbose then
    progress.say(("AutoNR: %s%s, k = %s: %.6g bits"):format(operation,
      full and " in all of space" or "", table.concat(row.k, " "), row.cost))
  end
  candidate.row = row
  return candidate
end

-- The best of several runs with these numbers of clusters, the first from `warm`, if there is one.
local function search(self, sample, k, repetitions, warm)
  local best
  for repetition = 1, repetitions do
    local state = repetition == 1 and warm
      and subspaces.start(sample, warm.centers, warm.basis, self.inner)
      or self.inner:begin(sample, k, self.rng:split())
    local found = finish(self, state)
    if not best or found.bits < best.bits then best = found end
  end
  return best
end

-- A run begins where another ended, with other centers.
local function continue(candidate, centers)
  return { centers = centers, basis = { table.unpack(candidate.state.basis) } }
end

-- ---- noise-space split -------------------------------------------------------------------------

-- The centers of subspace j with those of its widest cluster moved apart.
local function split_widest(state, j)
  local p, m, centers, labels = state.points, state:m(j), state.centers[j], state.labels[j]
  local v = state:columns(j)
  local spread = hy.center_distance(p:project(v), centers:mm(v), labels):reshape(-1, 1)
  local widest = hy.cluster_means(spread, labels, state:k(j)):reshape(-1):argmax():item()
  local rows = p.x:index(labels:eq(widest):nonzero():reshape(-1)):to "f64" - p.mean
  local center = centers:narrow(1, widest, 1)
  local step = ((rows - center) ^ 2):sum(1, { keep = true }) / (rows:size(1) * m)
  local parts = { center - step, center + step }
  for c = 1, state:k(j) do
    if c ~= widest then parts[#parts + 1] = centers:narrow(1, c, 1) end
  end
  return hy.cat(parts, 1)
end

-- Split one cluster into k and what is left to a noise space, k rising while that saves bits.
local function split_noise(self, sample, full)
  local k, repetitions, best, warm = sample.d == 1 and { 2 } or { 2, 1 }, self.n_init, nil, nil
  while k[1] <= self.most do
    local found = search(self, sample, k, repetitions, warm)
    record(self, "noise-space split", found, full)
    local state, count = found.state, found.state:count()
    if best and found.bits >= best.bits then break end
    local kept = count == #k and state:k(1) == k[1]
    if best and kept and #k == 2 and best.state:count() == 2 and best.state:m(2) == state:m(2)
      and math.abs(found.costs[2] - best.costs[2]) < self.similarity * math.abs(found.costs[2]) then
      repetitions = 1
    end
    best = found
    if state:k(1) == 1 then break end -- there was nothing to split
    warm = count == #k and continue(found, { split_widest(state, 1), state.centers[2] }) or nil
    k = { state:k(1) + 1, k[2] }
  end
  return best
end

-- ---- cluster-space split -----------------------------------------------------------------------

-- The two nearest centers become the point between them.
local function merge_nearest(centers)
  local k = centers:size(1)
  local far = hy.sqdist(centers, centers) + (hy.eye(k, { dtype = "f64" }) * math.huge):masked_fill(
    hy.eye(k):eq(0), 0)
  local at = far:reshape(-1):argmin():item() - 1
  local a, b = at // k + 1, at % k + 1
  local parts = { (centers:narrow(1, a, 1) + centers:narrow(1, b, 1)) / 2 }
  for c = 1, k do
    if c ~= a and c ~= b then parts[#parts + 1] = centers:narrow(1, c, 1) end
  end
  return hy.cat(parts, 1)
end

-- One step of the search: fewer clusters in the subspaces given, from where `from` ended.
local function fewer(self, sample, from, k, which)
  local state, kept, next_k = from.state, from.state:count() == #k, { table.unpack(k) }
  local centers = { table.unpack(state.centers) }
  for j = 1, #k do kept = kept and state:k(j) == k[j] end
  for _, j in ipairs(which) do
    next_k[j] = k[j] - 1
    if kept then centers[j] = merge_nearest(centers[j]) end
  end
  local found = search(self, sample, next_k, self.n_init, kept and continue(from, centers) or nil)
  return record(self, "cluster-space split", found, false), next_k
end

-- Replace a clustering by two in orthogonal subspaces, so that the pairs of labels can tell its
-- clusters apart.
local function split_clusters(self, sample, clusters)
  local k = { clusters, clusters }
  local function allowed(a, b) return a >= 2 and b >= 2 and a * b >= clusters end
  local found = record(self, "cluster-space split", search(self, sample, k, self.n_init), false)
  local best, best_k = found, k
  while allowed(k[1] - 1, k[2] - 1) do
    found, k = fewer(self, sample, found, k, { 1, 2 })
    if found.bits < best.bits then best, best_k = found, k end
  end
  if best.state:count() < 2 then return best end
  local side, follow, follow_k
  for j = 1, 2 do -- each subspace by itself
    local a, b = best_k[1] - (j == 1 and 1 or 0), best_k[2] - (j == 2 and 1 or 0)
    if allowed(a, b) then
      local tried, tried_k = fewer(self, sample, best, best_k, { j })
      if not follow or tried.bits < follow.bits then side, follow, follow_k = j, tried, tried_k end
    end
  end
  while follow and follow.bits < best.bits do
    best, best_k = follow, follow_k
    local a, b = best_k[1] - (side == 1 and 1 or 0), best_k[2] - (side == 2 and 1 or 0)
    if not allowed(a, b) then break end
    follow, follow_k = fewer(self, sample, best, best_k, { side })
  end
  return best
end

-- ---- all of space ------------------------------------------------------------------------------

-- The subspaces of a state, each with its centers and its own columns.
local function spaces_of(state)
  local V, _, P = state:rotation()
  local list = {}
  for j = 1, state:count() do
    list[j] = { centers = state.centers[j], k = state:k(j), v = subspaces.select_columns(V, P[j]),
      labels = state.labels[j], at = j }
  end
  return list
end

-- Run NrKmeans from these subspaces: many clusters first, one noise space.
local function run_all(self, operation, list)
  local sample = self.sample
  for at, space in ipairs(list) do space.at = at end
  table.sort(list, function(a, b) return a.k > b.k or a.k == b.k and a.at < b.at end)
  while #list > 1 and list[#list - 1].k == 1 do
    local last = table.remove(list)
    list[#list].v = hy.cat({ list[#list].v, last.v }, 2)
  end
  local centers, basis = {}, {}
  for j, space in ipairs(list) do
    centers[j] = space.centers
    if j < #list then basis[j] = space.v end
  end
  local state = subspaces.start(sample, centers, basis, self.inner)
  return record(self, operation, finish(self, state), true)
end

-- Means, in all of space, of the points with each label, relative to the mean of all.
local function full_centers(self, labels, k)
  return hy.cluster_means(self.sample.x, labels, k) - self.sample.mean
end

-- Subspace s of the best model gives way to those of a candidate found within its columns v, and
-- to noise in the others.
local function replace(self, s, found, v, others)
  local list = spaces_of(self.best.state)
  table.remove(list, s)
  for _, space in ipairs(spaces_of(found.state)) do
    list[#list + 1] = { k = space.k, v = v:mm(space.v),
      centers = full_centers(self, space.labels, space.k) }
  end
  if others then
    list[#list + 1] = { k = 1, v = others, centers = hy.zeros(1, v:size(1), { dtype = "f64" }) }
  end
  return run_all(self, found.row.operation, list)
end

local function accept(self, candidate)
  if not candidate or not saves(candidate.total, self.best.total) then return false end
  self.best, candidate.row.accepted, self.improved = candidate, true, true
  return true
end

-- ---- split phase -------------------------------------------------------------------------------

-- The points as they are seen within some columns.
local function within(self, v)
  return subspaces.sample("AutoNR", self.sample:project(v), self.sample:code())
end

-- Subspaces in the order in which they are tried: costly ones first, the noise space last.
local function order_of(best)
  local order = {}
  for j = 1, best.state:count() do order[j] = j end
  table.sort(order, function(a, b)
    local noise_a, noise_b = best.state:k(a) == 1, best.state:k(b) == 1
    if noise_a ~= noise_b then return noise_b end
    if best.costs[a] ~= best.costs[b] then return best.costs[a] > best.costs[b] end
    return a < b
  end)
  return order
end

-- The directions of a space whose scatter is above the noise floor, and the others.
local function above_noise(self, v)
  local scatter = v:t():mm(self.sample:scatter()):mm(v)
  local values, vectors = hy.eigh((scatter + scatter:t()) / 2)
  local m, count = v:size(2), math.tointeger(values:gt(self.floor):sum():item())
  return v:mm(vectors:narrow(2, m - count + 1, count)), v:mm(vectors:narrow(2, 1, m - count))
end

-- Try to split subspace s. → accepted
local function try_split(self, s)
  local state, alone = self.best.state, self.best.state:count() == 1
  local m, k = state:m(s), state:k(s)
  if m == 1 and k > 1 then return false end
  local v = spaces_of(state)[s].v
  if k == 1 and self.floor then
    local clear, noise = above_noise(self, v)
    if clear:size(2) == 0 then return false end
    local found = split_noise(self, within(self, clear), false)
    return accept(self, replace(self, s, found, clear, noise))
  end
  local sample = alone and self.sample or within(self, v)
  local found = k == 1 and split_noise(self, sample, alone) or split_clusters(self, sample, k)
  if alone then return accept(self, found) end
  if not found or not saves(found.bits, self.best.costs[s]) then return false end
  return accept(self, replace(self, s, found, v))
end

-- One sweep over the subspaces. → one was accepted
local function split_phase(self)
  for _, s in ipairs(order_of(self.best)) do
    if try_split(self, s) then return true end
  end
  return false
end

-- ---- merge phase -------------------------------------------------------------------------------

-- All sums of a center of one subspace and one of the other.
local function product(a, b)
  local parts = {}
  for i = 1, a:size(1) do parts[i] = a:narrow(1, i, 1) + b end
  return hy.cat(parts, 1)
end

-- The share of the scatter of the centers of all pairs of labels that is due to neither labeling
-- alone: 0 where the centers are sums of those of two orthogonal subspaces.
local function interaction(self, a, b, v)
  local none = hy.tensor({ -1 }, { dtype = "index" })
  local rows = (a.labels:ne(none):to "f64" * b.labels:ne(none):to "f64"):nonzero():reshape(-1)
  local z, y_a, y_b = self.sample:project(v):index(rows), a.labels:index(rows), b.labels:index(rows)
  local y_both = ((y_a:to "f64" - 1) * b.k + y_b:to "f64"):to "index"
  local function seen(labels, k) return hy.cluster_means(z, labels, k):index(labels) end
  local middle, both = z:mean(1), seen(y_both, a.k * b.k)
  local rest = both - seen(y_a, a.k) - seen(y_b, b.k) + middle
  local all = (both - middle):square():sum():item()
  return all > 0 and rest:square():sum():item() / all or 0
end

-- The best single clustering of the points seen by two subspaces, and all of space with it.
local function try_merge(self, spaces, i, j)
  local a, b = spaces[i], spaces[j]
  local alone = #spaces == 2
  local v = hy.cat({ a.v, b.v }, 2)
  local sample = alone and self.sample or within(self, v)
  local function seen(space)
    local inside = space.centers:mm(space.v):mm(space.v:t())
    return alone and inside or inside:mm(v)
  end
  local centers, best = product(seen(a), seen(b)), nil
  while centers:size(1) >= math.max(a.k, b.k) do
    if centers:size(1) <= self.most then
      local found = finish(self, subspaces.start(sample, { centers }, {}, self.inner))
      record(self, "cluster-space merge", found, alone)
      if best and found.bits >= best.bits then break end
      best, centers = found, found.state.centers[1]
    end
    if centers:size(1) < 2 then break end
    centers = merge_nearest(centers)
  end
  if self.keep_products and best and best.state:k(1) >= a.k * b.k
    and interaction(self, a, b, v) < least_interaction then
    return nil
  end
  if alone or not best then return best end
  if not saves(best.bits, self.best.costs[i] + self.best.costs[j]) then return nil end
  local list = {}
  for at, space in ipairs(spaces) do
    if at ~= i and at ~= j then list[#list + 1] = space end
  end
  local labels, k = best.state.labels[1], best.state:k(1)
  list[#list + 1] = { k = k, v = v, centers = full_centers(self, labels, k) }
  return run_all(self, "cluster-space merge", list)
end

-- Merge the best pair, again and again. → one was merged
local function merge_phase(self)
  local merged, again = false, true
  while again do
    local best
    local count = self.best.state:count()
    for i = 1, count - 1 do
      for j = i + 1, count do
        local spaces = spaces_of(self.best.state)
        local found = spaces[i].k > 1 and spaces[j].k > 1 and try_merge(self, spaces, i, j)
        if found and (not best or found.total < best.total) then best = found end
      end
    end
    again = accept(self, best)
    merged = merged or again
  end
  return merged
end

-- ---- fit ---------------------------------------------------------------------------------------

-- Scatter that a direction has by noise alone: singular values below the hard threshold of Gavish &
-- Donoho, The optimal hard threshold for singular values is 4/√3, IEEE Trans. Inf. Theory 2014.
-- With few points a column noise varies so unevenly by chance, and clusters differ so much in some
-- of its directions, that splitting it would save bits for ever: no bits are charged for V.
local function noise_floor(sample)
  local n, d = sample.n, sample.d
  local values, least = hy.eigh(sample:scatter()):totable(), math.max(d - n, 0)
  local beta, middle = math.min(n, d) / math.max(n, d), least + (d - least + 1) // 2
  local factor = 0.56 * beta ^ 3 - 0.95 * beta ^ 2 + 1.82 * beta + 1.43
  return factor ^ 2 * math.max(values[middle], 0)
end

local function prepare(self, x)
  local n, d = x:size(1), x:size(2)
  if d < 2 then error(("AutoNR: x must have 2 columns or more, got %d"):format(d), 0) end
  if n < 2 then error(("AutoNR: at least 2 points are needed, got %d"):format(n), 0) end
  self.most = check.number("AutoNR", "option max_k", self.max_k or n, 2, n, true)
  self.limit = check.number("AutoNR", "option max_subspaces", self.max_subspaces or d, 2, d, true)
  self.sample = subspaces.sample("AutoNR", x, mdl.code_of("AutoNR", x, self.max_distance,
    self.precision))
  local few = self.noise_floor == nil and n < points_for_each * d
  self.floor = (self.noise_floor or few) and noise_floor(self.sample) or nil
  self.inner = NrKmeans{ outliers = self.outliers, mdl_for_noisespace = self.mdl_for_noisespace,
    threshold = self.floor and -self.floor }
  self.history = {}
end

function AutoNR:fit(x)
  prepare(self, points("AutoNR", x, true))
  self.best = record(self, "start", search(self, self.sample, { 1 }, 1), true)
  self.best.row.accepted, self.improved = true, false
  repeat
    local going = self.best.state:count() < self.limit and split_phase(self)
    if not going and self.improved then
      self.improved = false
      going = merge_phase(self) and self.best.state:count() < self.limit
    end
  until not going
  local best = self.best
  for name, value in pairs(best.state:fields()) do self[name] = value end
  self.mdl, self.costs = best.total, best.costs
  for _, name in ipairs{ "best", "sample", "inner", "most", "limit", "improved",
    "floor" } do self[name] = nil end
  return self
end

for _, name in ipairs{ "basis", "transform", "transform_subspace", "predict",
  "dissolve_noise_space" } do
  AutoNR[name] = NrKmeans[name]
end

return AutoNR
