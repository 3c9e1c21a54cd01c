--- Orthogonal subspaces with a clustering each: the state that NrKmeans, SubKmeans and AutoNR move.
-- The scatter of a clustering is S = T − AᵀA: T is that of all points around their mean, and the few
-- rows of A are the centers, times the roots of their counts, and the outliers. So the difference of
-- two scatters has the rank of those rows, and no d×d eigenproblem is ever solved where it does.
-- The last subspace (the noise space, if there is one) has no basis of its own: it is what the
-- others leave. Centers are kept relative to the mean of all points.

local hy = require "hyades"
local mdl = require "hyades.cluster.mdl"

local block_rows = 8192 -- that are held in f64 at a time
local rounding = 4 * 2.2e-16 -- of an eigenvalue, times dimensions and the total scatter

-- ---- the points --------------------------------------------------------------------------------

local Sample = {}
Sample.__index = Sample

--- The points of a fit with what all its runs share.
-- where: string, whose fit it is, for errors · x: tensor n×d
-- code: what mdl.code gave, made from x when it is first needed
-- → sample
local function sample(where, x, code)
  local n = x:size(1)
  local one = hy.ones({ n }, { dtype = "index" })
  local mean = hy.cluster_means(x, one, 1)
  local distance = hy.center_distance(x, mean, one)
  return setmetatable({ where = where, x = x, n = n, d = x:size(2), mean = mean, one = one,
    distance = distance, total = distance:sum():item(), given_code = code }, Sample)
end

--- The code in which the description length of these points is measured.
function Sample:code()
  if not self.given_code then
    self.given_code, self.exact = mdl.code_of(self.where, self.x)
  end
  return self.given_code
end

--- Rows first..first+size−1, centered, in f64.
function Sample:rows(first, size)
  return self.x:narrow(1, first, size):to "f64" - self.mean
end

--- Coordinates of the centered points along the columns of v.
-- v: tensor d×m · → f64 n×m
function Sample:project(v)
  local parts = {}
  for first = 1, self.n, block_rows do
    parts[#parts + 1] = self:rows(first, math.min(block_rows, self.n - first + 1)):mm(v)
  end
  return #parts == 1 and parts[1] or hy.cat(parts, 1)
end

--- The scatter matrix T of all points, d×d, computed when it is first needed.
function Sample:scatter()
  if not self.matrix then
    self.matrix = hy.zeros(self.d, self.d, { dtype = "f64" })
    for first = 1, self.n, block_rows do
      local rows = self:rows(first, math.min(block_rows, self.n - first + 1))
      self.matrix = self.matrix + rows:t():mm(rows)
    end
  end
  return self.matrix
end

--- vᵀTv of every column v.
-- v: tensor d×m · → f64 m
function Sample:energy(v)
  return (self:scatter():mm(v) * v):sum(1)
end

-- ---- small algebra -----------------------------------------------------------------------------

local function squares(a) return (a * a):sum():item() end

local function select_columns(a, list)
  return #list == 0 and a:narrow(2, 1, 0) or a:t():index(list):t():contiguous()
end

-- The positions 1..m of values below a threshold; values ascend.
local function below(values, threshold)
  local count, list = 0, values:totable()
  while count < #list and list[count + 1] < threshold do count = count + 1 end
  return count, list
end

-- ---- the state ---------------------------------------------------------------------------------

local Subspaces = {}
Subspaces.__index = Subspaces

--- Where a run begins.
-- points: sample · centers: array of f64 k×d, relative to the mean
-- basis: array of f64 d×m for all but the last · options: outliers, mdl, threshold
-- → state
local function start(points, centers, basis, options)
  local s = setmetatable({ points = points, centers = {}, basis = basis, labels = {}, counts = {},
    outliers = {}, far = {}, clusters_lost = 0, subspaces_lost = 0, find_outliers = options.outliers,
    mdl_for_noisespace = options.mdl_for_noisespace, threshold = options.threshold }, Subspaces)
  for j, rows in ipairs(centers) do s.centers[j] = rows end
  return s
end

--- How many subspaces.
function Subspaces:count() return #self.centers end

--- Clusters of subspace j.
function Subspaces:k(j) return self.centers[j]:size(1) end

--- Dimensions of subspace j.
function Subspaces:m(j)
  if j < #self.centers then return self.basis[j]:size(2) end
  local left = self.points.d
  for i = 1, j - 1 do left = left - self.basis[i]:size(2) end
  return left
end

-- What the rows keep when the subspaces in the list lose their part.
local function without(self, rows, except)
  local kept = rows
  for i = 1, #self.centers - 1 do
    if i ~= except then kept = kept - rows:mm(self.basis[i]):mm(self.basis[i]:t()) end
  end
  return kept
end

-- The part of rows that lies in subspace j.
local function inside(self, rows, j)
  if j == #self.centers then return without(self, rows) end
  return rows:mm(self.basis[j]):mm(self.basis[j]:t())
end

-- The rows of A, S = T − AᵀA.
local function factor(self, j)
  local rows = self.centers[j] * self.counts[j]:sqrt():reshape(-1, 1)
  return self.outliers[j] > 0 and hy.cat({ rows, self.far[j] }, 1) or rows
end

-- Squares of the rows of A within subspace j.
local function explained(self, j)
  local a = factor(self, j)
  if j < #self.centers then return squares(a:mm(self.basis[j])) end
  local left = squares(a)
  for i = 1, j - 1 do left = left - squares(a:mm(self.basis[i])) end
  return left
end

--- What the run minimizes: the scatter within the clusters, each in its subspace.
function Subspaces:cost()
  local cost = self.points.total
  for j = 1, #self.centers do cost = cost - explained(self, j) end
  return math.max(cost, 0)
end

-- A trace that is 0 but for rounding is 0.
local function clean(self, trace)
  return trace > rounding * self.points.d * self.points.total and trace or 0
end

-- Scatter of all points within subspace j.
local function energy(self, j)
  if j < #self.centers then return self.points:energy(self.basis[j]):sum():item() end
  local left = self.points.total
  for i = 1, j - 1 do left = left - energy(self, i) end
  return left
end

--- Scatter within the clusters of subspace j, there.
function Subspaces:trace(j)
  return clean(self, energy(self, j) - explained(self, j))
end

--- The bits of every subspace.
-- → array
function Subspaces:costs()
  local costs, code = {}, self.points:code()
  for j = 1, #self.centers do
    costs[j] = code:subspace(self:m(j), self:k(j), self.find_outliers and self.outliers[j] or nil,
      self:trace(j))
  end
  return costs
end

--- The bits of subspace j if its basis were v.
-- j: integer · v: f64 d×m
-- → number
function Subspaces:bits(j, v)
  local trace = self.points:energy(v):sum():item() - squares(factor(self, j):mm(v))
  return self.points:code():subspace(v:size(2), self:k(j), nil, clean(self, trace))
end

--- All bits.
function Subspaces:mdl() return mdl.total(self:costs()) end

-- ---- assignment --------------------------------------------------------------------------------

-- Without the clusters that got no point.
local function drop_empty(self, j, labels, means, counts)
  local kept, number, list = {}, {}, counts:totable()
  for c, count in ipairs(list) do
    if count > 0 then kept[#kept + 1] = c end
    number[c] = math.max(#kept, 1)
  end
  if #kept < #list then
    self.clusters_lost = self.clusters_lost + #list - #kept
    labels = hy.tensor(number, { dtype = "index" }):index(labels)
    means, counts = means:index(kept), counts:index(kept)
  end
  self.labels[j], self.centers[j], self.counts[j] = labels, means - self.points.mean, counts
end

--- Give every point the nearest center of subspace j as it appears there, and move the centers to
--- the means of their points.
function Subspaces:assign(j)
  local p = self.points
  self.outliers[j], self.far[j] = 0, nil
  if self:k(j) == 1 then
    self.labels[j], self.centers[j] = p.one, hy.zeros(1, p.d, { dtype = "f64" })
    self.counts[j] = hy.full({ 1 }, p.n, { dtype = "f64" })
    return
  end
  drop_empty(self, j, hy.nearest_means(p.x, inside(self, self.centers[j], j) + p.mean))
end

-- Squared distance of every point to its center within subspace j.
local function distances(self, j)
  local p, centers, labels = self.points, self.centers[j], self.labels[j]
  local function along(i)
    return hy.center_distance(self.seen[i], centers:mm(self.basis[i]), labels)
  end
  if j < #self.centers then return along(j) end
  local all = centers:size(1) == 1 and p.distance
    or hy.center_distance(p.x, centers + p.mean, labels)
  for i = 1, j - 1 do all = all - along(i) end
  return all:clamp(0, math.huge)
end

--- Label −1 for the points that cost less by themselves than in their cluster of subspace j; the
--- centers are the means of the others. No cluster loses all of its points.
function Subspaces:mark_outliers(j)
  local p, k = self.points, self:k(j)
  local distance = distances(self, j)
  local limit = p:code():outlier_distance(self:m(j), k, clean(self, distance:sum():item()))
  local mask = distance:gt(limit)
  if mask:sum():item() == 0 then return end
  local labels = self.labels[j]:masked_fill(mask, -1)
  local counts = labels:bincount(k):totable()
  for c = 1, k do
    if counts[c] == 0 then
      labels = hy.where(self.labels[j]:eq(c), self.labels[j], labels)
    end
  end
  local rows = labels:eq(-1):nonzero():reshape(-1)
  self.outliers[j] = rows:size(1)
  if self.outliers[j] == 0 then return end
  local means, members = hy.cluster_means(p.x, labels, k)
  self.labels[j], self.centers[j], self.counts[j] = labels, means - p.mean, members
  self.far[j] = p.x:index(rows):to "f64" - p.mean
end

--- One assignment of all subspaces.
-- first: flag, the labels of a noise space are not there yet
function Subspaces:assign_all(first)
  for j = 1, #self.centers do
    if self:k(j) ~= 1 or first or self.find_outliers then self:assign(j) end
  end
  if not self.find_outliers then return end
  self.seen = {} -- coordinates of the points along each basis
  for j, v in ipairs(self.basis) do self.seen[j] = self.points:project(v) end
  for j = 1, #self.centers do self:mark_outliers(j) end
  self.seen = nil
end

-- ---- rotation ----------------------------------------------------------------------------------

-- How much the scatter of subspace j counts, so that outliers do not make it small.
local function weight(self, j)
  return self.points.n / (self.points.n - self.outliers[j])
end

-- Eigenvalues, ascending, and vectors (d×r) of S_i − S_j in the space of both; a factor of low rank
-- where the weights agree. The space is spanned by `both`, or is what the others leave.
local function difference(self, i, j, both)
  local wi, wj = weight(self, i), weight(self, j)
  local function within(rows)
    return both and rows:mm(both) or without(self, rows, i)
  end
  local ai, aj = within(factor(self, i)), within(factor(self, j))
  if wi == wj then
    local signs = hy.cat({ hy.full({ aj:size(1) }, wj, { dtype = "f64" }),
      hy.full({ ai:size(1) }, -wi, { dtype = "f64" }) }, 1)
    return hy.eigh_low_rank(hy.cat({ aj, ai }, 1), signs)
  end
  local t = within(within(self.points:scatter()):t()) * (wi - wj)
  local d = t - ai:t():mm(ai) * wi + aj:t():mm(aj) * wj
  return hy.eigh((d + d:t()) / 2)
end

-- The dimensions that subspace i takes from the noise space when every further one must save bits.
local function by_description_length(self, i, vectors, most)
  local noise, p, code = #self.centers, self.points, self.points:code()
  local v = vectors:narrow(2, 1, most)
  local ai, an = factor(self, i), factor(self, noise)
  local all = p:energy(v)
  local own = (all - (ai:mm(v) ^ 2):sum(1)):totable()
  local taken = (all - (an:mm(v) ^ 2):sum(1)):totable()
  local m, trace, other = self:m(i) + self:m(noise), 0, p.total - squares(an)
  for l = 1, noise - 1 do -- what the noise space and subspace i hold together
    if l ~= i then
      other = other - p:energy(self.basis[l]):sum():item() + squares(an:mm(self.basis[l]))
    end
  end
  local best = math.huge
  for r = 1, most do
    trace, other = trace + own[r], other - taken[r]
    local bits = code:rotation(r, self:k(i), self.outliers[i], clean(self, trace))
      + code:rotation(m - r, 1, self.outliers[noise], clean(self, other))
    if bits >= best then return r - 1 end
    best = bits
  end
  return most
end

--- Divide the dimensions of subspaces i and j anew: the eigenvectors of the difference of their
--- scatters with negative values lie better in i, all others in j.
function Subspaces:rotate(i, j)
  local last = j == #self.centers
  local both = not last and hy.cat({ self.basis[i], self.basis[j] }, 2) or nil
  if both and both:size(2) == 0 then return end
  local values, vectors = difference(self, i, j, both)
  local noise = last and self:k(j) == 1
  local threshold = noise and self.threshold or -rounding * self.points.d * self.points.total
  local r = below(values, threshold)
  r = math.min(r, both and both:size(2) or self:m(i) + self:m(j))
  if noise and self.mdl_for_noisespace then
    r = by_description_length(self, i, vectors, r)
  end
  local first = vectors:narrow(2, 1, r):contiguous()
  if last then
    self.basis[i] = first
    return
  end
  local q = both:size(2)
  local full = hy.qr(first, { full = true })
  self.basis[i] = both:mm(full:narrow(2, 1, r))
  self.basis[j] = both:mm(full:narrow(2, r + 1, q - r))
end

--- Divide the dimensions of all pairs anew; subspaces without any go.
function Subspaces:rotate_all()
  for i = 1, #self.centers - 1 do
    for j = i + 1, #self.centers do self:rotate(i, j) end
  end
  for j = #self.centers, 1, -1 do
    if self:m(j) == 0 then self:remove(j) end
  end
end

--- Take subspace j away. Its dimensions go to the last one.
function Subspaces:remove(j)
  local count = #self.centers
  if count == 1 then return end
  table.remove(self.basis, math.min(j, count - 1)) -- the last one is always what is left
  for _, list in ipairs{ self.centers, self.labels, self.counts, self.outliers, self.far } do
    for at = j, count do list[at] = list[at + 1] end
  end
  self.subspaces_lost = self.subspaces_lost + 1
end

-- ---- the whole run -----------------------------------------------------------------------------

local function same(before, labels)
  if #before ~= #labels then return false end
  for j, list in ipairs(labels) do
    if list:ne(before[j]):sum():item() > 0 then return false end
  end
  return true
end

--- Assign and rotate until the labels repeat.
-- max_iter: integer · visit: function called with the cost after each step, optional
-- → iterations
function Subspaces:run(max_iter, visit)
  local before = {}
  for iteration = 1, max_iter do
    self:assign_all(iteration == 1)
    if visit then visit(self:cost()) end
    if same(before, self.labels) then return iteration end
    before = { table.unpack(self.labels) }
    self:rotate_all()
    if visit then visit(self:cost()) end
    if #before > #self.labels then before = {} end
  end
  return max_iter
end

-- Positions from..to
local function range(from, to)
  local list = {}
  for i = from, to do list[#list + 1] = i end
  return list
end

--- The rotation as one matrix: columns of the first subspace, of the second, …
-- → f64 d×d, sizes (array), positions (array of arrays)
function Subspaces:rotation()
  local sizes, positions, used = {}, {}, 0
  for j = 1, #self.centers do
    sizes[j] = self:m(j)
    positions[j] = range(used + 1, used + sizes[j])
    used = used + sizes[j]
  end
  if #self.basis == 0 then return hy.eye(self.points.d, { dtype = "f64" }), sizes, positions end
  local known = #self.basis == 1 and self.basis[1] or hy.cat(self.basis, 2)
  return (hy.qr(known, { full = true })), sizes, positions
end

--- An orthonormal basis of subspace j.
-- → f64 d×m
function Subspaces:columns(j)
  if j < #self.centers then return self.basis[j] end
  local V, _, P = self:rotation()
  return select_columns(V, P[j])
end

--- What a fitted model publishes.
-- measured: flag, the description length is wanted in any case
-- → table of fields
function Subspaces:fields(measured)
  local x, V, m, P = self.points.x, self:rotation()
  V = V:to(x.dtype == "u8" and "f32" or x.dtype)
  local fields = { V = V, m = m, P = P, labels = hy.stack(self.labels, 2), inertia = self:cost(),
    centers = {}, clusters = {}, outlier_count = {}, clusters_lost = self.clusters_lost,
    subspaces_lost = self.subspaces_lost }
  for j, rows in ipairs(self.centers) do
    fields.centers[j] = (rows + self.points.mean):to(V.dtype)
    fields.clusters[j], fields.outlier_count[j] = rows:size(1), self.outliers[j]
  end
  if measured or self.find_outliers or self.mdl_for_noisespace then fields.mdl = self:mdl() end
  return fields
end

--- The state that a fitted model ended in, without its outliers.
-- points: sample · model: with centers, labels n×S, V and P
-- → state
local function fixed(points, model)
  local centers, basis, V = {}, {}, model.V:to "f64"
  for j, rows in ipairs(model.centers) do
    centers[j] = rows:to "f64" - points.mean
    if j < #model.centers then basis[j] = select_columns(V, model.P[j]) end
  end
  local state = start(points, centers, basis, {})
  for j, rows in ipairs(centers) do
    state.labels[j] = model.labels:narrow(2, j, 1):contiguous():reshape(-1)
    state.counts[j], state.outliers[j] = state.labels[j]:bincount(rows:size(1)), 0
  end
  return state
end

return { sample = sample, fixed = fixed, start = start, select_columns = select_columns }
