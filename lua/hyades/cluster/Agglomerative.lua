--- Agglomerative clustering: the two nearest clusters merge until k are left, or all are farther apart
-- than `height`. Lance & Williams 1967; by chains of nearest neighbors, Murtagh 1983.
-- k: clusters; or height: merge only what is nearer than this
-- linkage: what the distance of two clusters is: "ward" (how much the squared distances to the means
--   grow by the merge; two single points: their distance), "complete" (the farthest pair), "average"
--   (the mean of all pairs), "single" (the nearest pair)
-- metric: "euclidean", "sqeuclidean", "manhattan", "cosine", or "precomputed" (x is then the n×n
--   matrix of distances); ward takes the first and the last
-- memory: bytes that the distances of all pairs may take, 4·n·(n - 1) (default 1 GB: 16,000 points).
--   Beyond, ward computes them again and again, single needs none, and the others raise
-- Fields: labels (1 is the cluster of the first row, and so on), merges, a tensor (n - 1)×4 in f64 with
-- the lowest merge first: two nodes, their distance, and how many points are below; points are nodes
-- 1..n, and row t makes node n + t. (SciPy's linkage matrix, which counts from 0.) distances, its third
-- column.

local hy = require "hyades"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local names = { "ward", "complete", "average", "single" }

local Agglomerative = model.define("Agglomerative", { k = model.optional, height = model.optional,
  linkage = "ward", metric = "euclidean", memory = 1 << 30 }, { linkage = names,
  metric = { "euclidean", "sqeuclidean", "manhattan", "cosine", "precomputed" } })

local function fail(...) error("Agglomerative: " .. (...):format(select(2, ...)), 0) end

-- The labels when only the first `many` merges have happened.
local function labels_after(pairs_of, n, many)
  local parent, labels, label_of, found = {}, {}, {}, 0
  for i = 1, n + many do parent[i] = i end
  for t = 1, many do parent[pairs_of[t][1]], parent[pairs_of[t][2]] = n + t, n + t end
  for node = n + many, 1, -1 do parent[node] = parent[parent[node]] end -- parents come later
  for i = 1, n do
    local root = parent[i]
    if not label_of[root] then
      found = found + 1
      label_of[root] = found
    end
    labels[i] = label_of[root]
  end
  return hy.tensor(labels, { dtype = "index" })
end

local function check_cut(where, k, height, n)
  if (k == nil) == (height == nil) then
    error(where .. ": give either k, how many clusters, or height, where merging ends", 0)
  end
  if height ~= nil then
    check.number(where, "height", height, 0, nil, false, 0)
  elseif check.number(where, "k", k, 1, nil, true, 0) > n then
    error(("%s: k = %d needs at least as many points, got %d"):format(where, k, n), 0)
  end
end

--- Labels of the tree that was fitted, cut elsewhere.
-- options: k, how many clusters, or height: only merges at a distance up to it
-- → index n
function Agglomerative:cut(options)
  if not self.merges then fail "call fit first" end
  options = check.options("Agglomerative:cut", options,
    { k = check.optional, height = check.optional })
  local rows = self.merges:totable()
  local n, many = #rows + 1, 0
  check_cut("Agglomerative:cut", options.k, options.height, n)
  if options.k then return labels_after(rows, n, n - options.k) end
  while rows[many + 1] and rows[many + 1][3] <= options.height do many = many + 1 end
  return labels_after(rows, n, many)
end

local function unit_rows(x)
  local zero = x:norm(2):eq(0):nonzero()
  if zero:numel() > 0 then
    fail("row %d of x is 0 and has no direction for metric cosine", zero:reshape(-1)[1]:item())
  end
  return x:normalize(2)
end

-- Ward and single linkage of points do without the distances of all pairs.
local function check_memory(self, n)
  check.number("Agglomerative", "option memory", self.memory, 0, nil, true)
  local frugal = self.metric == "euclidean" and (self.linkage == "ward" or self.linkage == "single")
  if not frugal and 4 * n * (n - 1) > self.memory then
    fail('the distances of all pairs of %d points take %.3g GB, and memory allows %.3g; linkage "ward" '
      .. 'and "single" with metric "euclidean" need none of it', n, 4e-9 * n * (n - 1),
      self.memory / 1e9)
  end
end

function Agglomerative:fit(x)
  x = points("Agglomerative", x)
  check_cut("Agglomerative", self.k, self.height, x:size(1))
  check_memory(self, x:size(1))
  local method = 1
  while names[method] ~= self.linkage do method = method + 1 end
  local cosine = self.metric == "cosine"
  if self.linkage == "ward" and self.metric ~= "euclidean" and self.metric ~= "precomputed" then
    fail('linkage "ward" goes with metric "euclidean" or "precomputed", not %q', self.metric)
  end
  local merges = hy.linkage(cosine and unit_rows(x) or x, method, { memory = self.memory,
    squared = cosine or self.metric == "sqeuclidean", manhattan = self.metric == "manhattan",
    distances = self.metric == "precomputed" })
  if cosine then merges = merges * hy.tensor({ 1, 1, 0.5, 1 }, { dtype = "f64" }) end -- |a − b|²/2
  self.merges, self.distances = merges, merges:select(2, 3):clone()
  self.labels = self:cut{ k = self.k, height = self.height }
  return self
end

return Agglomerative
