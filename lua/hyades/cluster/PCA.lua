--- Principal components: the orthogonal directions of largest variance.
-- k: components (default: as many as there are, min(n, d))
-- Fields: components k×d, mean, explained_variance (k, f64), explained_variance_ratio (k, f64).
-- The largest loading of every component is positive.

local hy = require "hyades"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local PCA = model.define("PCA", { k = check.optional })

local BLOCK = 8192 -- rows that are held in f64 at a time

-- Calls visit(block) for consecutive blocks of rows, in f64.
local function each_block(x, visit)
  for first = 1, x:size(1), BLOCK do
    visit(x:narrow(1, first, math.min(BLOCK, x:size(1) - first + 1)):to "f64")
  end
end

local function covariance(x)
  local n, d = x:size(1), x:size(2)
  local sum, scatter = hy.zeros(d, { dtype = "f64" }), hy.zeros(d, d, { dtype = "f64" })
  each_block(x, function(block) sum = sum + block:sum(1) end)
  local mean = sum / n
  each_block(x, function(block)
    local centered = block - mean
    scatter = scatter + centered:t():mm(centered)
  end)
  return scatter / (n - 1), mean
end

-- Each row times the sign of its entry of largest magnitude.
local function with_positive_peak(rows)
  local peak = rows:gather(2, rows:abs():argmax(2, { keep = true }))
  return rows * peak:sign()
end

function PCA:fit(x)
  x = points("PCA", x)
  local n, d = x:size(1), x:size(2)
  local k = self.k or math.min(n, d)
  if n < 2 then error(("PCA: at least 2 points are needed, got %d"):format(n), 0) end
  if math.type(k) ~= "integer" or k < 1 or k > math.min(n, d) then
    error(("PCA: option k must be an integer from 1 to min(n, d) = %d, got %s"):format(
      math.min(n, d), tostring(k)), 0)
  end

  check.finite("PCA", "x", x, 0)
  local cov, mean = covariance(x)
  local values, vectors = hy.eigh(cov) -- ascending, one vector per column
  local order = {}
  for i = 1, k do order[i] = d + 1 - i end
  local variance = values:clamp(0, math.huge)
  self.mean = mean:to(x.dtype)
  self.components = with_positive_peak(vectors:t():index(order)):to(x.dtype)
  self.explained_variance = variance:index(order)
  local total = variance:sum():item()
  self.explained_variance_ratio = self.explained_variance / (total > 0 and total or 1)
  return self
end

local function fitted_components(self)
  return self.components or error("PCA: call fit first", 0)
end

--- Coordinates of the rows of x along the components.
-- x: tensor n×d, or a dataset
-- → tensor n×k
function PCA:transform(x)
  local components = fitted_components(self)
  return (points("PCA", x) - self.mean):mm(components:t())
end

--- Points from coordinates: what the components can tell of them.
-- z: tensor n×k
-- → tensor n×d
function PCA:inverse_transform(z)
  return z:mm(fitted_components(self)) + self.mean
end

--- Fit x and return its coordinates.
-- x: tensor n×d, or a dataset
-- → tensor n×k
function PCA:fit_transform(x)
  return self:fit(x):transform(x)
end

return PCA
