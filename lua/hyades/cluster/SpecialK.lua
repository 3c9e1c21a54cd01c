--- Spectral clustering that finds k: one more cluster as long as every two of them lie farther apart
-- than halves of one cluster would. Hess & Duivesteijn, k is the magic number, ECML PKDD 2019.
-- alpha: significance · dims: eigenvectors of the embedding · similarity: "NAM", neighbors within one
--   radius, weighted by distance; "SAM", the nearest neighbors, normalized by degree; or a symmetric
--   tensor n×n · n_neighbors: of a point, without itself · percentage: of the points have so many
--   within the radius · pairs: of clusters that are tested, those with the largest cuts
-- max_k: at most so many · n_init: restarts of k-means · verbose: show progress
-- Fields: labels, k; embedding n×dims, eigenvalues (f64); history, a row per k tried: { k=, bound= }, the
--   largest log probability bound of its pairs (k is refused above ln alpha), and for pictures the same
--   as arrays: ks, scores (the bounds)
-- A pair of n points can only tell with (ln n − ln alpha) / 1.5 dims or more: with fewer k is 1.
-- The graph is a dense n×n tensor: 4·n² bytes, 1.6 GB for 20,000 points; up to 2,000 points twice that.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local SpecialK = model.define("SpecialK", { alpha = 0.01, dims = 200, similarity = "NAM",
  n_neighbors = 5, percentage = 0.99, pairs = 10, max_k = math.huge, n_init = 10, rng = hy.rng,
  verbose = false })

local BLOCK = 1024 -- rows of the graph that are made together
local EXACT = 2000 -- points up to which all eigenvectors are found
local ROUNDS = 8 -- of products with the square of a larger graph

-- Calls visit(first row, distances of the rows of a block to all points) for consecutive blocks.
local function each_block(x, title, visit)
  local n = x:size(1)
  local progress <close> = hy.progress(n, { desc = title or "", verbose = title and true or false })
  for first = 1, n, BLOCK do
    local size = math.min(BLOCK, n - first + 1)
    visit(first, hy.sqdist(x:narrow(1, first, size), x):sqrt())
    progress:step(size)
  end
end

-- The graph, still 0; large ones in single precision.
local function empty_graph(n)
  return hy.zeros(n, n, { dtype = n > EXACT and "f32" or "f64" })
end

-- Makes both triangles their mean, block by block: a second graph would not fit beside a large one.
local function symmetrize(graph)
  local n = graph:size(1)
  for i = 1, n, BLOCK do
    local rows = math.min(BLOCK, n - i + 1)
    for j = i, n, BLOCK do
      local columns = math.min(BLOCK, n - j + 1)
      local upper = graph:narrow(1, i, rows):narrow(2, j, columns)
      local lower = graph:narrow(1, j, columns):narrow(2, i, rows)
      local mean = (upper + lower:t()) / 2
      upper:copy(mean)
      lower:copy(mean:t())
    end
  end
  return graph
end

-- Distances below the radius that gives most points their neighbors.
local function radius_graph(x, k, percentage, title)
  local n, farthest = x:size(1), {}
  each_block(x, title and title .. ": radius", function(_, distances)
    farthest[#farthest + 1] = distances:topk(k + 1, 2, { largest = false }):narrow(2, k + 1, 1)
  end)
  local sorted = hy.cat(farthest):reshape(n):sort()
  local radius = sorted[math.floor((n - 1) * percentage) + 1]:item()
  local graph = empty_graph(n)
  each_block(x, title and title .. ": graph", function(first, distances)
    graph:narrow(1, first, distances:size(1)):copy(distances:masked_fill(distances:gt(radius), 0))
  end)
  return symmetrize(graph)
end

-- Distances to the nearest neighbors, made symmetric and divided by the roots of both degrees.
local function neighbor_graph(x, k, title)
  local n = x:size(1)
  local graph = empty_graph(n)
  each_block(x, title and title .. ": graph", function(first, distances)
    local kth = distances:topk(k + 1, 2, { largest = false }):narrow(2, k + 1, 1)
    graph:narrow(1, first, distances:size(1)):copy(distances:masked_fill(distances:gt(kth), 0))
  end)
  symmetrize(graph)
  local root = (graph:sum(2) + 1e-30):sqrt()
  for first = 1, n, BLOCK do
    local size = math.min(BLOCK, n - first + 1)
    local rows = graph:narrow(1, first, size)
    rows:copy(rows / root:narrow(1, first, size):reshape(size, 1) / root)
  end
  return graph
end

-- The m eigenvalues of largest magnitude of a symmetric matrix, and their vectors as columns. Large
-- matrices: subspace iteration (Halko, Martinsson & Tropp 2011), which has the leading ones exactly.
local function largest_pairs(graph, m, rng, title)
  local n = graph:size(1)
  local basis
  if n > EXACT and n > 2 * m then
    basis = hy.randn(n, math.min(n, m + 20), { rng = rng, dtype = graph.dtype })
    local progress <close> = hy.progress(ROUNDS,
      { desc = (title or "") .. ": eigenvectors", verbose = title and true or false })
    for _ = 1, ROUNDS do
      basis = hy.qr(graph:mm(graph:mm(basis)))
      progress:step()
    end
    graph, basis = (basis:t():mm(graph:mm(basis))):to "f64", basis:to "f64"
  end
  local values, vectors = hy.eigh((graph + graph:t()) / 2)
  local _, order = values:abs():topk(m, 1)
  vectors = vectors:index(order, 2)
  return values:index(order), basis and basis:mm(vectors) or vectors
end

--- The log probability bound that two groups of rows come from one distribution: matrix Bernstein.
-- a: tensor n×m · b: tensor o×m
-- → number, at most 0
function SpecialK.bound(a, b)
  local n, dims = a:size(1) + b:size(1), a:size(2)
  local rows = hy.cat{ a, b }:to "f64"
  local norms = rows:square():sum(1):sqrt()
  local z = (rows - rows:mean(1)) / hy.where(norms:eq(0), hy.ones(dims, { dtype = "f64" }), norms)
  local variance = z:square():mean():item()
  local function pull(first, size)
    return z:narrow(1, first, size):sum(1):square():sum():item() / size
  end
  local t = math.max(pull(1, a:size(1)), pull(a:size(1) + 1, b:size(1))) - variance * dims
  local room = dims * variance + t / 3
  return room > 0 and math.min(0, math.log(n) - t * t / 2 / room) or 0.0
end

-- Pairs of clusters, those first that the graph holds together most.
local function closest_pairs(graph, labels, k, most)
  local hot = hy.one_hot(labels, k, { dtype = graph.dtype })
  local cuts, list = hot:t():mm(graph:mm(hot)):totable(), {}
  for a = 1, k do
    for b = a + 1, k do list[#list + 1] = { a, b, cut = cuts[a][b] } end
  end
  table.sort(list, function(p, q)
    if p.cut ~= q.cut then return p.cut > q.cut end
    return p[1] < q[1] or p[1] == q[1] and p[2] < q[2]
  end)
  return table.move(list, 1, math.min(most, #list), 1, {})
end

-- The largest bound of the pairs that are tested; the search ends at the first above `level`.
local function largest_bound(self, graph, labels, k, level)
  local worst, groups = -math.huge, {}
  for c = 1, k do groups[c] = self.embedding:index(labels:eq(c)) end
  for _, pair in ipairs(closest_pairs(graph, labels, k, self.pairs)) do
    local a, b = groups[pair[1]], groups[pair[2]]
    if a:size(1) == 0 or b:size(1) == 0 then return 0.0 end
    worst = math.max(worst, SpecialK.bound(a, b))
    if worst > level then return worst end
  end
  return worst
end

local function graph_of(self, x, title)
  local n, given = x:size(1), self.similarity
  if class.kind(given) == "tensor" then
    if given:dim() ~= 2 or given:size(1) ~= n or given:size(2) ~= n then
      error(("SpecialK: similarity must be %d×%d like the points, got %s"):format(n, n,
        table.concat(given:size(), "×")), 0)
    end
    return given:to "f64"
  end
  local neighbors = math.min(self.n_neighbors, n - 1)
  if given == "NAM" then return radius_graph(x, neighbors, self.percentage, title) end
  if given == "SAM" then return neighbor_graph(x, neighbors, title) end
  error(('SpecialK: option similarity must be "NAM", "SAM" or a tensor n×n, got %s'):format(
    check.describe(given)), 0)
end

local function check_options(self)
  check.number("SpecialK", "option alpha", self.alpha, 0, 1)
  check.number("SpecialK", "option percentage", self.percentage, 0, 1)
  check.number("SpecialK", "option max_k", self.max_k, 1)
  for _, name in ipairs{ "dims", "n_neighbors", "pairs" } do
    check.number("SpecialK", "option " .. name, self[name], 1, nil, true)
  end
end

function SpecialK:fit(x)
  x = points("SpecialK", x)
  check_options(self)
  local n, level = x:size(1), math.log(self.alpha)
  local title = self.verbose and "SpecialK"
  local graph = graph_of(self, x, title)
  self.eigenvalues, self.embedding = largest_pairs(graph, math.min(self.dims, n), self.rng:split(),
    title)
  local progress <close> = hy.progress(math.min(self.max_k, n),
    { desc = "SpecialK", verbose = self.verbose })
  self.embedding = self.embedding:abs() * self.eigenvalues:abs():sqrt()

  self.k, self.labels = 1, hy.ones(n):to "index"
  self.history, self.ks, self.scores = {}, {}, {}
  for k = 2, math.min(self.max_k, n) do
    local labels = hy.cluster.KMeans{ k = k, n_init = self.n_init, rng = self.rng:split() }
      :fit(self.embedding).labels
    local bound = largest_bound(self, graph, labels, k, level)
    self.history[k - 1] = { k = k, bound = bound }
    self.ks[k - 1], self.scores[k - 1] = k, bound
    progress:step():set{ bound = bound }
    if bound > level then break end
    self.k, self.labels = k, labels
  end
  return self
end

--- There is no place for new points in an embedding of the old ones: raises.
-- x: tensor n×d
function SpecialK.predict()
  error("SpecialK: new points have no place in the embedding; fit them together with the others", 0)
end

return SpecialK
