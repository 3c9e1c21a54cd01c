--- Planted clusterings in orthogonal subspaces.

local hy = require "hyades"
local check = require "hyades.check"
local Dataset = require "hyades.data.Dataset"

local planted = {}

local function counts(name, option, list)
  if type(list) ~= "table" or #list == 0 then
    error(("%s: option %s must be a list of integers, got %s"):format(name, option,
      check.describe(list)), 3)
  end
  for j, value in ipairs(list) do
    check.number(name, ("%s[%d]"):format(option, j), value, 1, nil, true, 4)
  end
end

-- One block of columns: blobs of equal size, labels in an order of their own.
local function block(o, k, m)
  local of_row = {}
  for i = 1, o.n do of_row[i] = (i - 1) % k + 1 end
  local y = hy.tensor(of_row, { dtype = "index" }):index(hy.randperm(o.n, { rng = o.rng }))
  local centers = hy.rand(k, m, { lo = -o.box, hi = o.box, rng = o.rng })
  return centers:index(y) + hy.randn(o.n, m, { rng = o.rng }) * o.std, y, centers
end

-- Rows anywhere in the box, four standard deviations wider, with the label −1.
local function scatter_outliers(o, x, y)
  local rows, reach = hy.randperm(o.n, { rng = o.rng }):narrow(1, 1, o.outliers), o.box + 4 * o.std
  local far = hy.rand(o.outliers, x:size(2), { lo = -reach, hi = reach, rng = o.rng })
  local order, list = {}, rows:totable()
  for i = 1, o.n do order[i] = i end
  for at, row in ipairs(list) do order[row] = o.n + at end
  local none = hy.full({ o.outliers, y:size(2) }, -1):to "index"
  return hy.cat({ x, far }, 1):index(order), hy.cat({ y, none }, 1):index(order)
end

local function make(name, o)
  if o.rng == true then o.rng = hy.rng end
  counts(name, "k", o.k)
  counts(name, "m", o.m)
  if #o.k ~= #o.m then
    error(("%s: k names %d subspaces and m %d"):format(name, #o.k, #o.m), 3)
  end
  check.number(name, "n", o.n, 1, nil, true)
  check.number(name, "std", o.std, 0)
  check.number(name, "box", o.box, 0)
  check.number(name, "outliers", o.outliers, 0, o.n, true)
  local parts, labels, centers, names = {}, {}, {}, {}
  for j, k in ipairs(o.k) do
    local x, y, middle = block(o, k, o.m[j])
    parts[j], centers[j] = x, middle
    if k > 1 then
      labels[#labels + 1], names[#names + 1] = y, {}
      for c = 1, k do names[#names][c] = tostring(c) end
    end
  end
  if #labels == 0 then error(name .. ": one k must be 2 or more", 3) end
  local x, y = hy.cat(parts, 2), hy.stack(labels, 2)
  if o.outliers > 0 then x, y = scatter_outliers(o, x, y) end
  local d = x:size(2)
  local V = o.rotate and hy.qr(hy.randn(d, d, { dtype = "f64", rng = o.rng })):to "f32" or hy.eye(d)
  local set = Dataset{ name = name:match "%w+$", x = x:mm(V:t()):contiguous(), y = y, names = names,
    centers = centers, source = name .. ", generated" }
  set.V = V
  return set
end

--- Several clusterings of the same points, independent of each other, each in a subspace of its own;
-- the subspaces are orthogonal, in a random rotation.
-- n=900: rows · k={3,3,1}: clusters of each subspace, 1: noise · m={2,2,2}: their dimensions
-- std=1: of every cluster · box=10: centers are uniform in [−box, box]^m
-- outliers=0: rows anywhere, with the label −1 · rotate=true · rng=hy.rng
-- → data set; y is n×S, a column for each k above 1; V d×d, its columns by subspace; centers, a list
function planted.nonredundant(options)
  return make("data.nonredundant", check.options("data.nonredundant", options, { n = 900,
    k = { 3, 3, 1 }, m = { 2, 2, 2 }, std = 1, box = 10, outliers = 0, rotate = true, rng = hy.rng }))
end

--- Clusters in a subspace, noise in the rest of space, in a random rotation.
-- n=600: rows · k=3: clusters · m=2: dimensions of the subspace · noise_dims=3
-- std=1, box=10, outliers=0, rotate=true, rng: as in data.nonredundant
-- → data set; V d×d, its columns of the subspace first; centers, a list of those of both
function planted.subspace(options)
  local o = check.options("data.subspace", options, { n = 600, k = 3, m = 2, noise_dims = 3, std = 1,
    box = 10, outliers = 0, rotate = true, rng = hy.rng })
  check.number("data.subspace", "k", o.k, 2, nil, true)
  check.number("data.subspace", "m", o.m, 1, nil, true)
  check.number("data.subspace", "noise_dims", o.noise_dims, 0, nil, true)
  local noise = o.noise_dims > 0
  o.k, o.m, o.noise_dims = { o.k, noise and 1 or nil }, { o.m, noise and o.noise_dims or nil }, nil
  local set = make("data.subspace", o)
  set.y, set.names = set.y:contiguous():reshape(-1), set.names[1]
  return set
end

return planted
