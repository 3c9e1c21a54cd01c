--- Principal components: the orthogonal directions of largest variance.
-- k: components (default: as many as there are, min(n, d))
-- solver: "full" (eigenvectors of the covariance; with n < d singular vectors of the points),
--   "randomized" (for few components of large d: Halko, Martinsson & Tropp, SIAM Review 2011), or
--   "auto": "randomized" where min(n, d) is above 2,048 and k at most a tenth of it
-- rng: generator of the randomized solver · verbose=false: show progress
-- Fields: components k×d, mean, explained_variance (k, f64), explained_variance_ratio (k, f64),
-- singular_values (k, f64). The largest loading of every component is positive.

local hy = require "hyades"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"
local watched = require "hyades.watched"

local PCA = model.define("PCA", { k = check.optional, solver = "auto", rng = hy.rng,
  verbose = false },
  { solver = { "auto", "full", "randomized" } })

local BLOCK = 4096 -- rows of which a centered copy is made at a time
local ROUNDS = 4 -- products with the covariance

-- Each row times the sign of its entry of largest magnitude.
local function with_positive_peak(rows)
  local peak = rows:gather(2, rows:abs():argmax(2, { keep = true }))
  return rows * peak:sign()
end

-- The solvers give components as rows, variances, the sum of all variances, and the mean.

local function by_covariance(x, k)
  local covariance, mean = hy.covariance(x, { fast = true })
  local values, vectors = hy.eigh_largest(covariance, k)
  return vectors:t(), values, covariance:diag():sum():item(), mean
end

-- The mean, and the sum of squared deviations: the center and the cost of one cluster of all.
local function moments(x)
  local start = hy.zeros(1, x:size(2), { dtype = x.dtype == "u8" and "f32" or x.dtype })
  local _, center, scatter = hy.kmeans(x, start, { max_iter = 1 })
  return center:reshape(-1), scatter:item()
end

local function by_singular_values(x, k)
  x = x:to "f64"
  local mean = moments(x)
  local _, s, v = hy.svd(x - mean)
  local variance = s ^ 2 / (x:size(1) - 1)
  return v:t():narrow(1, 1, k), variance:narrow(1, 1, k), variance:sum():item(), mean
end

-- Calls visit(block) for blocks of centered rows.
local function each_block(x, mean, visit)
  for first = 1, x:size(1), BLOCK do
    local rows = x:narrow(1, first, math.min(BLOCK, x:size(1) - first + 1)):to(mean.dtype)
    local block <close> = rows - mean
    visit(block)
  end
end

-- The space that the leading components span, by subspace iteration from a random start; in it
-- the covariance is small enough for eigh.
local function by_random_space(x, k, rng)
  local n, d = x:size(1), x:size(2)
  local mean, scatter = moments(x)
  local columns = math.min(k + math.max(10, k), n, d) -- values that fall slowly want many more
  local q = hy.randn(d, columns, { rng = rng, dtype = mean.dtype })
  for _ = 1, ROUNDS do
    local product = hy.zeros(d, columns, { dtype = mean.dtype })
    each_block(x, mean, function(block) product = product + block:t():mm(block:mm(q)) end)
    q = hy.qr(product)
  end
  local within = hy.zeros(columns, columns, { dtype = "f64" })
  each_block(x, mean, function(block)
    local z = block:mm(q):to "f64"
    within = within + z:t():mm(z)
  end)
  local values, vectors = hy.eigh_largest((within + within:t()) / (2 * (n - 1)), k)
  return (q:to "f64"):mm(vectors):t(), values, scatter / (n - 1), mean
end

function PCA:fit(x)
  x = points("PCA", x, true)
  local n, d = x:size(1), x:size(2)
  local k = self.k or math.min(n, d)
  if n < 2 then error(("PCA: at least 2 points are needed, got %d"):format(n), 0) end
  if math.type(k) ~= "integer" or k < 1 or k > math.min(n, d) then
    error(("PCA: option k must be an integer from 1 to min(n, d) = %d, got %s"):format(
      math.min(n, d), tostring(k)), 0)
  end

  local large = math.min(n, d) > 2048 and k * 10 <= math.min(n, d)
  local randomized = self.solver == "randomized" or self.solver == "auto" and large
  local solve = randomized and by_random_space or n < d and by_singular_values or by_covariance
  local components, variance, total, mean = watched(self.verbose and "PCA", solve, x, k,
    self.rng:split())

  local dtype = x.dtype == "u8" and "f32" or x.dtype
  self.mean, self.components = mean:to(dtype), with_positive_peak(components):to(dtype)
  self.explained_variance = variance:clamp(0, math.huge)
  self.explained_variance_ratio = self.explained_variance / (total > 0 and total or 1)
  self.singular_values = (self.explained_variance * (n - 1)):sqrt()
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

return PCA
