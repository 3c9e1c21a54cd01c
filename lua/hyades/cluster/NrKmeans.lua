--- Non-redundant k-means: several clusterings of the same points, each in a subspace of its own, the
-- subspaces orthogonal to each other. Mautz, Ye, Plant & Böhm, Discovering non-redundant k-means
-- clusterings in optimal subspaces, KDD 2018.
-- k: list of the numbers of clusters, one a subspace (default { 3, 3 }); a 1 at the end is the noise
--   space, which holds what no clustering needs
-- init: first centers of every subspace: "k-means++", a constructor such as cluster.KMeans, a function
--   (x, k, rng) that returns centers k×d, or a list with a tensor k×d for each
-- V_init: first rotation d×d, random otherwise · P_init: list of lists of its columns, one a subspace
-- m_init: list of the first numbers of dimensions
-- mdl_for_noisespace=false: dimensions leave the noise space only where that saves bits
-- outliers=false: points that cost more bits in their cluster than by themselves get the label −1
-- n_init=1: restarts, the best stays; about half of the single starts find the best rotation, so take
--   10 where it matters · cost_type="default" (scatter) or "mdl" (bits): what best means
-- max_iter=300 · threshold: eigenvalues below it move a dimension (default: below rounding)
-- max_distance, precision: of the code, found in x unless given · rng · verbose=false
-- Fields: labels n×S (the noise space's too), centers (list of k×d), clusters (of each), V d×d, m,
-- P (lists of columns of V), inertia, mdl (with outliers, mdl_for_noisespace or cost_type "mdl"),
-- iterations, outlier_count, clusters_lost, subspaces_lost (they ran empty), history (a row a
-- restart, its costs after every step).

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local mdl = require "hyades.cluster.mdl"
local model = require "hyades.model"
local points = require "hyades.cluster.points"
local subspaces = require "hyades.cluster.subspaces"

local NrKmeans = model.define("NrKmeans", { k = { 3, 3 }, init = "k-means++",
  V_init = check.optional, P_init = check.optional, m_init = check.optional,
  mdl_for_noisespace = false, outliers = false, n_init = 1, cost_type = "default", max_iter = 300,
  threshold = check.optional, max_distance = check.optional, precision = check.optional,
  rng = hy.rng, verbose = false }, { cost_type = { "default", "mdl" } }, { max_iter = 1 })

-- ---- what is asked for --------------------------------------------------------------------------

local name_of = model.name_of

local function fail(self, problem, ...) error(name_of(self) .. ": " .. problem:format(...), 0) end

local function read_k(self, n, d)
  local k = self.k
  if math.tointeger(k) then k = { k } end
  if type(k) ~= "table" or #k == 0 then
    fail(self, "option k must be a list of integers, got %s", check.describe(k))
  end
  local list = {}
  for j, count in ipairs(k) do
    count = check.number(name_of(self), ("option k[%d]"):format(j), count, 1, nil, true)
    list[j] = math.tointeger(count)
    if n < count then fail(self, "k[%d] = %d needs at least as many points, got %d", j, count, n) end
    if count == 1 and j < #k then
      fail(self, "k[%d] = 1 is a noise space, which must come last, and only once", j)
    end
  end
  if d < #list then fail(self, "%d subspaces need at least as many columns, got %d", #list, d) end
  return list
end

-- Dimensions of every subspace: as equal as can be, what is left over to random ones.
local function first_sizes(self, count, d, rng)
  for _, name in ipairs{ "m_init", "P_init" } do
    if self[name] and type(self[name]) ~= "table" then
      fail(self, "option %s must be a list, got %s", name, check.describe(self[name]))
    end
  end
  local sizes, sum = self.m_init and { table.unpack(self.m_init) }, 0
  if not sizes and self.P_init then
    sizes = {}
    for j, list in ipairs(self.P_init) do
      if type(list) ~= "table" then fail(self, "option P_init must be a list of lists of columns") end
      sizes[j] = #list
    end
  elseif not sizes then
    sizes = {}
    local order = hy.randperm(count, { rng = rng }):totable()
    for at, j in ipairs(order) do sizes[j] = d // count + (at <= d % count and 1 or 0) end
  end
  for j = 1, count do
    sum = sum + check.number(name_of(self), ("option m_init[%d]"):format(j), sizes[j], 1, d, true)
  end
  if #sizes ~= count or sum ~= d then
    fail(self, "m_init must be %d sizes that add up to %d", count, d)
  end
  return sizes
end

local function check_rotation(self, d)
  local v = self.V_init
  if class.kind(v) ~= "tensor" or v:dim() ~= 2 or v:size(1) ~= d or v:size(2) ~= d then
    fail(self, "option V_init must be a tensor %d×%d, got %s", d, d,
      class.kind(v) == "tensor" and table.concat(v:size(), "×") or type(v))
  end
  v = v:to "f64"
  local off = (v:mm(v:t()) - hy.eye(d, { dtype = "f64" })):abs():max():item()
  if not (off <= 1e-6) then fail(self, "option V_init is not orthonormal: V·Vᵀ is off by %g", off) end
  return v
end

local function check_positions(self, count, d)
  local lists = self.P_init
  local seen, sum = {}, 0
  for _, list in ipairs(lists) do
    for _, column in ipairs(list) do
      if seen[column] or not (math.tointeger(column) and column >= 1 and column <= d) then
        fail(self, "option P_init must hold every column from 1 to %d once, got %s", d, tostring(column))
      end
      seen[column], sum = true, sum + 1
    end
  end
  if #lists ~= count or sum ~= d then
    fail(self, "option P_init must divide %d columns among %d subspaces", d, count)
  end
  return lists
end

-- The columns of V for all subspaces but the last.
local function first_basis(self, sizes, d, rng)
  local basis, used = {}, 0
  if not self.V_init and not self.P_init then
    local v = hy.qr(hy.randn(d, d - sizes[#sizes], { dtype = "f64", rng = rng }))
    for j = 1, #sizes - 1 do
      basis[j] = v:narrow(2, used + 1, sizes[j]):contiguous()
      used = used + sizes[j]
    end
    return basis
  end
  local v = self.V_init and check_rotation(self, d)
    or hy.qr(hy.randn(d, d, { dtype = "f64", rng = rng }))
  local lists = self.P_init and check_positions(self, #sizes, d)
  local order = not lists and hy.randperm(d, { rng = rng }):totable()
  for j = 1, #sizes - 1 do
    basis[j] = subspaces.select_columns(v, lists and lists[j]
      or table.move(order, used + 1, used + sizes[j], 1, {}))
    used = used + sizes[j]
  end
  return basis
end

-- Centers of every subspace to begin with. Seeds come one candidate at a time: the greedy choice
-- would give all subspaces nearly the same ones.
local function first_centers(self, sample, k, rng)
  local centers = {}
  for j, count in ipairs(k) do
    local init, rows = self.init, nil
    if type(init) == "table" and not class.is_class(init) then init = init[j] end
    if init == "k-means++" or count == 1 then
      rows = hy.kmeans_plusplus(sample.x, count, { rng = rng, candidates = 1 })
    elseif type(init) == "function" or class.is_class(init) or class.kind(init) == "tensor" then
      local one = setmetatable({ k = count, init = init, rng = rng }, NrKmeans)
      rows = model.start_centers(model.on_behalf(one, self), sample.x)
    else
      fail(self, 'option init must be "k-means++", a constructor, a function or a list of tensors, got %s',
        check.describe(self.init))
    end
    centers[j] = rows:to "f64" - sample.mean
  end
  return centers
end

-- ---- fit ----------------------------------------------------------------------------------------

--- The state of a restart before its first step.
-- sample: from subspaces.sample · k: list of integers · rng
-- → state of subspaces.lua
function NrKmeans:begin(sample, k, rng)
  if self.threshold then check.number(name_of(self), "option threshold", self.threshold) end
  local sizes = first_sizes(self, #k, sample.d, rng)
  local centers = first_centers(self, sample, k, rng)
  return subspaces.start(sample, centers, first_basis(self, sizes, sample.d, rng), self)
end

-- Runs a state; its row of the history.
local function run(self, state)
  local costs = {}
  local iterations = state:run(self.max_iter, function(cost) costs[#costs + 1] = cost end)
  return { cost = self.cost_type == "mdl" and state:mdl() or state:cost(), iterations = iterations,
    costs = costs }
end

function NrKmeans:fit(x)
  x = points(name_of(self), x, true)
  local k = read_k(self, x:size(1), x:size(2))
  local sample = subspaces.sample(name_of(self), x)
  if self.max_distance or self.precision then
    sample.given_code = mdl.code_of(name_of(self), x, self.max_distance, self.precision)
  end
  local best, lowest
  local progress <close> = hy.progress(self.n_init, { desc = name_of(self), verbose = self.verbose })
  self.history = {}
  for restart = 1, self.n_init do
    local state = self:begin(sample, k, self.rng:split())
    local row = run(self, state)
    self.history[restart] = row
    if not best or row.cost < lowest then
      best, lowest, self.iterations = state, row.cost, row.iterations
    end
    progress:step():set{ cost = lowest }
  end
  for name, value in pairs(best:fields(self.cost_type == "mdl")) do self[name] = value end
  return self
end

-- ---- afterwards ---------------------------------------------------------------------------------

local function fitted(self)
  return self.V or error(name_of(self) .. ": call fit first", 0)
end

--- The columns of V that span subspace j.
-- j: integer
-- → tensor d×m
function NrKmeans:basis(j)
  local v = fitted(self)
  if not self.P[j] then
    error(("%s: there are %d subspaces, not %s"):format(name_of(self), #self.P, tostring(j)), 2)
  end
  return subspaces.select_columns(v, self.P[j])
end

--- Coordinates of the rows of x in all subspaces, one after the other.
-- x: tensor n×d, or a dataset
-- → tensor n×d
function NrKmeans:transform(x)
  local v = fitted(self)
  return points(name_of(self), x):to(v.dtype):mm(v)
end

--- Coordinates of the rows of x in subspace j.
-- x: tensor n×d, or a dataset · j: integer
-- → tensor n×m
function NrKmeans:transform_subspace(x, j)
  local v = self:basis(j)
  return points(name_of(self), x):to(v.dtype):mm(v)
end

--- The nearest center of every row of x in every subspace. No point is an outlier here.
-- x: tensor n×d, or a dataset
-- → index n×S
function NrKmeans:predict(x)
  local columns = {}
  for j = 1, fitted(self) and #self.P do
    local v = self:basis(j)
    columns[j] = hy.nearest_center(self:transform_subspace(x, j), self.centers[j]:mm(v))
  end
  return hy.stack(columns, 2)
end

-- The bits of every subspace if they had these columns.
local function bits_of(self, state, lists)
  local costs = {}
  for j, list in ipairs(lists) do
    local v = subspaces.select_columns(self.V:to "f64", list)
    costs[j] = state:bits(j, v)
  end
  return mdl.total(costs)
end

-- Gives the columns of the noise space to the others, each where all bits are fewest.
local function by_bits(self, state, lists, columns)
  for _, column in ipairs(columns) do
    local best, fewest
    for _, list in ipairs(lists) do
      list[#list + 1] = column
      local bits = bits_of(self, state, lists)
      if not best or bits < fewest then best, fewest = list, bits end
      list[#list] = nil
    end
    best[#best + 1] = column
  end
end

--- Divide the dimensions of the noise space among the other subspaces, and drop it.
-- x: what was fitted · options: by="random" or "mdl" (each dimension where it costs fewest bits) ·
-- rng=hy.rng
-- → the model
function NrKmeans:dissolve_noise_space(x, options)
  local where = name_of(self) .. ":dissolve_noise_space"
  options = check.options(where, options, { by = "random", rng = hy.rng })
  local last = fitted(self) and #self.clusters
  if last == 1 or self.clusters[last] > 1 then return self end
  local lists, columns = {}, self.P[last]
  for j = 1, last - 1 do lists[j] = { table.unpack(self.P[j]) } end
  if options.by == "random" then
    local rng = options.rng == true and hy.rng or options.rng
    for _, column in ipairs(columns) do
      local list = lists[hy.randperm(last - 1, { rng = rng }):totable()[1]]
      list[#list + 1] = column
    end
  elseif options.by == "mdl" then
    local sample = subspaces.sample(name_of(self), points(name_of(self), x, true))
    by_bits(self, subspaces.fixed(sample, self), lists, columns)
  else
    error(('%s: option by must be "random" or "mdl", got %s'):format(where,
      check.describe(options.by)), 2)
  end
  self.P, self.m = lists, {}
  for j, list in ipairs(lists) do self.m[j] = #list end
  self.labels = self.labels:narrow(2, 1, last - 1):contiguous()
  self.clusters[last], self.centers[last], self.outlier_count[last] = nil, nil, nil
  return self
end

return NrKmeans
