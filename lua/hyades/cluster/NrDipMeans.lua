--- Non-redundant clusterings whose numbers of clusters are found by the dip: NrKmeans, where every
-- cluster with more than one peak along some axis of its subspace is split, until none has.
-- A reconstruction after the idea of Mautz, Ye, Plant & Böhm, Non-redundant subspace clusterings with
-- Nr-Kmeans and Nr-DipMeans, TKDD 2020: of the method only its description was available, so results
-- need not agree with the published ones.
-- subspaces=2: clusterings · noise=true: one more subspace for what no clustering needs
-- mdl_for_noisespace=true: dimensions leave the noise space only where that saves bits
-- alpha=0.001: a cluster is split where the dip has a smaller probability · max_k=50: clusters
-- n_init=10: restarts of the first NrKmeans, with 2 clusters a subspace · max_iter=300 · rng
-- verbose=false
-- Fields: those of NrKmeans; history has a row for every split: subspace, cluster, p.

local hy = require "hyades"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"
local subspaces = require "hyades.cluster.subspaces"
local NrKmeans = require "hyades.cluster.NrKmeans"
local progress = require "hyades.progress"

local NrDipMeans = model.define("NrDipMeans", { subspaces = 2, noise = true, alpha = 0.001,
  max_k = 50, mdl_for_noisespace = true, n_init = 10, max_iter = 300, rng = hy.rng, verbose = false },
  nil, { subspaces = 1, max_k = 1, max_iter = 1 })

-- The smallest probability of the dips along the axes of the subspace, and the principal ones.
local function probability(z)
  local n = z:size(1)
  if n < 4 then return 1 end
  local centered = z - z:mean(1)
  local _, axes = hy.eigh(centered:t():mm(centered))
  local dip = hy.dip(hy.cat({ z, z:mm(axes) }, 2)):max():item()
  return hy.cluster.dip_pvalue(dip, n)
end

-- The cluster of subspace j with the least probability, below alpha: its place, p, two new centers.
local function find_split(self, state, j)
  local p, centers = state.points, state.centers[j]
  local z, cluster, least, found = p:project(state:columns(j)), nil, self.alpha, nil
  for c = 1, state:k(j) do
    local rows = state.labels[j]:eq(c):nonzero():reshape(-1)
    local value = probability(z:index(rows))
    if value < least then cluster, least, found = c, value, rows end
  end
  if not cluster then return nil end
  local halves = hy.cluster.KMeans{ k = 2, rng = self.rng:split() }:fit(z:index(found)).labels
  local two = hy.cluster_means(p.x:index(found), halves, 2) - p.mean
  local parts = { two }
  for c = 1, state:k(j) do
    if c ~= cluster then parts[#parts + 1] = centers:narrow(1, c, 1) end
  end
  return cluster, least, hy.cat(parts, 1)
end

-- Split one cluster of every subspace that has one to split. → the centers, or nil
local function split_all(self, state)
  local centers, any = { table.unpack(state.centers) }, false
  for j = 1, state:count() do
    local k = state:k(j)
    if k > 1 and k < self.max_k then
      local cluster, p, more = find_split(self, state, j)
      if cluster then
        self.history[#self.history + 1] = { subspace = j, cluster = cluster, p = p }
        centers[j], any = more, true
      end
    end
  end
  return any and centers or nil
end

-- The best of several NrKmeans with 2 clusters in every subspace.
local function begin(self, sample)
  local k, best = {}, nil
  for j = 1, self.subspaces do k[j] = 2 end
  if self.noise then k[#k + 1] = 1 end
  local inner = NrKmeans{ k = k, mdl_for_noisespace = self.mdl_for_noisespace }
  local bar <close> = hy.progress(self.n_init, { desc = "NrDipMeans", verbose = self.verbose })
  for _ = 1, self.n_init do
    local state = inner:begin(sample, k, self.rng:split())
    state:run(self.max_iter)
    if not best or state:cost() < best:cost() then best = state end
    bar:step():set{ cost = best:cost() }
  end
  return best, inner
end

function NrDipMeans:fit(x)
  x = points("NrDipMeans", x, true)
  check.number("NrDipMeans", "option alpha", self.alpha, 0, 1)
  local n, d, wanted = x:size(1), x:size(2), self.subspaces + (self.noise and 1 or 0)
  if d < wanted or n < 2 then
    error(("NrDipMeans: %d subspaces need at least as many columns and 2 points, got x %d×%d"):format(
      wanted, n, d), 0)
  end
  self.history = {}
  local state, inner = begin(self, subspaces.sample("NrDipMeans", x))
  local centers = split_all(self, state)
  while centers do
    state = subspaces.start(state.points, centers, { table.unpack(state.basis) }, inner)
    state:run(self.max_iter)
    if self.verbose then
      progress.say(("NrDipMeans: %d splits, cost %.6g"):format(#self.history, state:cost()))
    end
    centers = split_all(self, state)
  end
  for name, value in pairs(state:fields()) do self[name] = value end
  return self
end

for _, name in ipairs{ "basis", "transform", "transform_subspace", "predict" } do
  NrDipMeans[name] = NrKmeans[name]
end

return NrDipMeans
