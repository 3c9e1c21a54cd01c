local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local internal = require "hyades.metrics.internal"
local several = require "hyades.metrics.several"

-- Positions of the columns of V that span each subspace, checked: every column once.
local function subspaces_of(P, count, d)
  if P == nil and count == 1 then
    P = { {} }
    for l = 1, d do P[1][l] = l end
  end
  if type(P) ~= "table" or #P ~= count then
    error(("mdl: option P must name the columns of V for each of %d labelings"):format(count), 0)
  end
  local seen, total = {}, 0
  for _, columns in ipairs(P) do
    for _, l in ipairs(columns) do
      if math.type(l) ~= "integer" or l < 1 or l > d or seen[l] then
        error(("mdl: option P names column %s; every column from 1 to %d belongs to one subspace")
          :format(tostring(l), d), 0)
      end
      seen[l], total = true, total + 1
    end
  end
  if total ~= d then error(("mdl: option P names %d of %d columns"):format(total, d), 0) end
  return P
end

local function rotation_of(V, d)
  if V == nil then return hy.eye(d, { dtype = "f64" }) end
  if class.kind(V) ~= "tensor" or V:dim() ~= 2 or V:size(1) ~= d or V:size(2) ~= d then
    error(("mdl: option V must be a tensor %d×%d"):format(d, d), 0)
  end
  return V:to "f64"
end

-- Sum of the squared distances to the centers, in a subspace and without outliers.
local function scatter(x, basis, labels)
  local p = internal.read("mdl", x:mm(basis), labels, true)
  local _, squared = internal.centers(p)
  return squared:sum():item()
end

--- Description length in bits of one or several clusterings of the same points, each in a subspace of
-- its own: what NrKmeans and AutoNR minimize. Lower is better, and only comparable on the same
-- points. Leiber, Mautz, Plant & Böhm, SDM 2022.
-- x: tensor n×d, or a dataset
-- labels: index tensor n×S, or an array of labelings, a noise space included; -1 marks outliers
-- options: V, tensor d×d, orthonormal; nil: the features as they are
--   P: array of arrays, the columns of V of each subspace; may be left out for a single labeling
--   outliers=false; true counts the bits of an outlier search that found none, too
--   max_distance, precision: of the code, as in NrKmeans; taken from x when nil
-- → number
local function mdl(x, labels, options)
  options = check.options("mdl", options, { V = check.optional, P = check.optional, outliers = false,
    max_distance = check.optional, precision = check.optional })
  local cost = require "hyades.cluster.mdl"
  local p = several.read("mdl: labels", labels)
  if #p == 0 then error("mdl: labels must hold a labeling at least", 0) end
  x = internal.read("mdl", x, p[1].labels).x:to "f64"
  local d = x:size(2)
  local P, V = subspaces_of(options.P, #p, d), rotation_of(options.V, d)
  local code = cost.code_of("mdl", x, options.max_distance, options.precision)
  local bits = {}
  for j, one in ipairs(p) do
    local m, outliers = #P[j], math.tointeger(one.noise:sum():item())
    local trace = m > 0 and scatter(x, V:index(P[j], 2), one.labels) or 0
    if outliers == 0 and not options.outliers then outliers = nil end
    bits[j] = code:subspace(m, one.clusters, outliers, trace)
  end
  return cost.total(bits)
end

return mdl
