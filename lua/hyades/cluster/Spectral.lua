--- Spectral clustering: k-means in the space of the k smoothest functions on a graph of the points, the
-- lowest eigenvectors of its normalized Laplacian 1 − D^(−½) A D^(−½), rows brought to length 1. Shi &
-- Malik, PAMI 2000; Ng, Jordan & Weiss, NIPS 2001.
-- k: clusters
-- affinity: what joins two points: "neighbors" (1 where each is among the nearest of the other, ½ where
--   only one is), "rbf" (e^(−gamma · squared distance)), or "precomputed" (x is then the symmetric n×n
--   matrix A ≥ 0; a graph, or what a method has learned). The diagonal does not count
-- neighbors: how many, for affinity "neighbors" (10; at most n - 1)
-- gamma: for "rbf", default 1 / (features · variance of x)
-- n_init: restarts of k-means, 10 · rng · verbose: show warnings
-- memory: bytes that the n×n matrix of "rbf" may take, 8·n² (default 1 GB); "neighbors" needs none
-- Fields: labels, values (the k lowest eigenvalues of the Laplacian, f64 ascending: as many zeros as
--   the graph has parts), embedding (f64 n×k), warnings

local hy = require "hyades"
local check = require "hyades.check"
local eigenspace = require "hyades.cluster.eigenspace"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local Spectral = model.define("Spectral", { k = model.required, affinity = "neighbors",
  neighbors = 10, gamma = model.optional, n_init = 10, memory = 1 << 30, rng = hy.rng,
  verbose = false }, { affinity = { "neighbors", "rbf", "precomputed" } })

local few = 500 -- points up to which the matrix is taken apart as a whole
local tiny = 1e-12 -- the degree of a point that nothing joins

local function fail(...) error("Spectral: " .. (...):format(select(2, ...)), 0) end

local function no_diagonal(a)
  return a - hy.diag(hy.diag(a))
end

local function rbf(self, x)
  local n = x:size(1)
  if 8 * n * n > self.memory then
    fail('affinity "rbf" of %d points takes %.3g GB, and memory allows %.3g; affinity "neighbors" '
      .. "needs none of it", n, 8e-9 * n * n, self.memory / 1e9)
  end
  x = x:to "f64"
  local gamma = self.gamma
  if gamma == nil then
    local variance = x:var{ ddof = 0 }:item()
    gamma = 1 / (x:size(2) * (variance > 0 and variance or 1))
  end
  local a = (hy.sqdist(x, x) * -check.number("Spectral", "gamma", gamma, 0, nil, false, 0)):exp()
  return (a + a:t()) / 2
end

local function given(x)
  if x:size(1) ~= x:size(2) then
    fail("x must be square to be a matrix of affinities, got %s", table.concat(x:size(), "×"))
  end
  x = x:to "f64"
  if x:min():item() < 0 then fail("x holds the negative affinity %g", x:min():item()) end
  if (x - x:t()):abs():max():item() > 1e-6 * x:max():item() then
    fail "x must be symmetric to be a matrix of affinities"
  end
  return (x + x:t()) / 2
end

-- The matrix of all pairs, as it works on columns, and the degrees.
local function full_graph(a)
  a = no_diagonal(a)
  return function(x) return a:mm(x) end, a:sum(1)
end

-- Half the arrows from each point to its nearest, and half of those back.
local function neighbor_graph(self, x)
  local n = x:size(1)
  local near = hy.knn(x, math.min(math.tointeger(self.neighbors), n - 1))
  local function apply(y)
    local sum = hy.zeros(y:size(), { dtype = "f64" })
    for j = 1, near:size(2) do
      local to = near:select(2, j)
      sum = (sum + y:index(to)):scatter_add(to, y)
    end
    return sum / 2
  end
  return apply, apply(hy.ones({ n, 1 }, { dtype = "f64" })):reshape(n)
end

-- The k largest eigenvalues of D^(−½) A D^(−½), and their vectors.
local function top(self, apply, degree)
  local n = degree:size(1)
  local scale = degree:maximum(tiny):rsqrt():reshape(n, 1)
  local function normalized(x) return apply(x * scale) * scale end
  if n <= few then
    local s = normalized(hy.eye(n, { dtype = "f64" }))
    return hy.eigh_largest((s + s:t()) / 2, self.k)
  end
  local values, vectors, rounds = eigenspace(normalized, n, self.k, self.rng:split())
  if not rounds then self:warn "the eigenvectors have not settled; the labels may be rough" end
  return values, vectors
end

function Spectral:fit(x)
  x = points("Spectral", x)
  self.warnings = {}
  local n = x:size(1)
  check.number("Spectral", "option neighbors", self.neighbors, 1, nil, true, 0)
  if n < self.k then fail("k = %d needs at least as many points, got %d", self.k, n) end
  local apply, degree
  if n == 1 then
    apply, degree = full_graph(hy.zeros({ 1, 1 }, { dtype = "f64" }))
  elseif self.affinity == "neighbors" then
    apply, degree = neighbor_graph(self, x)
  else
    apply, degree = full_graph(self.affinity == "rbf" and rbf(self, x) or given(x))
  end
  local alone = degree:le(tiny):sum():item()
  if alone > 0 then self:warn(("%d points are joined to no other"):format(alone)) end
  local values, vectors = top(self, apply, degree)
  self.values = 1 - values
  self.embedding = vectors:normalize(2)
  self.labels = hy.cluster.KMeans{ k = self.k, n_init = self.n_init, rng = self.rng:split() }
    :fit(self.embedding).labels
  return self
end

return Spectral
