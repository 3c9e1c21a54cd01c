--- FOSSCLU: one subspace for all clusters, rotated until a Gaussian mixture in it and a single
--- Gaussian in the rest explain the data best.
-- Goebl, He, Plant & Böhm, Finding the optimal subspace for clustering, ICDM 2014. This is a
-- reconstruction: of the paper only the abstract was at hand (EM, one common subspace, optimal
-- rigid transform).
-- k: clusters · n_dims: dimensions of the cluster space; without it 1..k−1 are tried and the
--   smallest BIC stays · init: "pca" or "random", the first rotation
-- em_iter: EM iterations between two rotations · max_iter: rotations · tol: stop when the
--   log-likelihood gains less, relatively · n_init: restarts · rng · verbose
-- Fields: labels, soft n×k, V d×d (columns: cluster space, then the rest), m = { n_dims, d − n_dims }
-- and P (their columns), weights (k), means k×n_dims and covariances (k×n_dims×n_dims) in the cluster
-- space, centers k×d, log_likelihood, bic, iterations, history (log-likelihood of each rotation).
-- As any mixture with full covariances it is drawn to features that are constant within a cluster,
-- such as the pixels at an edge: reduce such data by PCA first.

local hy = require "hyades"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local FOSSCLU = model.define("FOSSCLU", { k = model.required, n_dims = check.optional, init = "pca",
  em_iter = 5, max_iter = 50, tol = 1e-6, n_init = 1, rng = hy.rng, verbose = false },
  { init = { "pca", "random" } }, { em_iter = 1, max_iter = 1 })

local RIDGE = 1e-6 -- share of the mean variance that is added to every covariance
local SWEEPS = 3 -- of a rotation between EM iterations, which need only be better

local function eye(n) return hy.eye(n, { dtype = "f64" }) end

-- Σ ln of the diagonal of the Cholesky factor, twice: ln det.
local function log_det(covariance)
  return covariance:numel() == 0 and 0 or
    2 * hy.cholesky(covariance):diag():log():sum():item()
end

-- The mixture that the responsibilities describe. A component that hardly any point is left in
-- starts again at the point that is explained worst.
local function mixture(z, soft, ridge, density)
  local weights, means, covariances = hy.gmm_m_step(z, soft, { reg = ridge })
  for c, count in ipairs(soft:sum(1):totable()) do
    if density and count < z:size(2) + 1 then
      local worst = density:argmin(1):item()
      density = density:masked_fill(hy.arange(1, z:size(1)):eq(worst), math.huge)
      means:narrow(1, c, 1):copy(z:narrow(1, worst, 1))
      covariances:narrow(1, c, 1):copy(hy.covariance(z, { ddof = 0 }) + eye(z:size(2)) * ridge)
      weights:narrow(1, c, 1):copy(weights:narrow(1, c, 1):maximum(1 / z:size(1)))
    end
  end
  return { weights = weights, means = means, covariances = covariances }
end

-- Responsibilities n×k, and the log density of every row of z.
local function expect(mix, z)
  return hy.gmm_e_step(z, mix.weights, mix.means, mix.covariances)
end

--- What the rotation minimizes, with points shared out: half of n_c ln det of each component's
-- covariance in the cluster space, and of n ln det of all points' in the rest.
-- V: tensor d×d · m: dimensions of the cluster space · covariances: k×d×d · counts: k ·
-- total: d×d, the covariance of all points
-- → number
function FOSSCLU.objective(V, m, covariances, counts, total)
  local d, f = V:size(1), 0
  local inside, outside = V:narrow(2, 1, m), V:narrow(2, m + 1, d - m)
  for c, count in ipairs(counts:totable()) do
    f = f + count / 2 * log_det(inside:t():mm(covariances[c]):mm(inside))
  end
  return f + counts:sum():item() / 2 * log_det(outside:t():mm(total):mm(outside))
end

--- The rotation that minimizes the objective, by turns in one plane after the other.
-- Arguments as for objective · sweeps: over all planes, at most (default 20)
-- → tensor d×d
function FOSSCLU.rotate(V, m, covariances, counts, total, sweeps)
  if m == V:size(1) then return V end
  -- ln det(V_Nᵀ·Σ·V_N) = ln det Σ + ln det(V_Cᵀ·Σ⁻¹·V_C): only the cluster space is left
  local inverse = hy.inverse(total)
  local a = hy.cat({ covariances, ((inverse + inverse:t()) / 2):unsqueeze(1) }, 1)
  local weights = hy.cat{ counts / 2, counts:sum():reshape(1) / 2 }
  return (hy.rotate_apart(a, weights, V, { m = m, sweeps = sweeps or 20 }))
end

local function first_rotation(self, data, rng)
  if self.init == "random" then
    return (hy.qr(hy.randn(data.d, data.d, { rng = rng, dtype = "f64" })))
  end
  local _, vectors = hy.eigh_largest(data.total, data.d)
  return vectors
end

-- Log-likelihood of the rest: one Gaussian around the origin.
local function rest(data, V, m)
  local d = data.d
  if m == d then return 0 end
  local outside = V:narrow(2, m + 1, d - m)
  local covariance = outside:t():mm(data.total):mm(outside)
  local one = { weights = hy.ones(1, { dtype = "f64" }), covariances = covariance:unsqueeze(1),
    means = hy.zeros(1, d - m, { dtype = "f64" }) }
  return (select(2, expect(one, data.x:mm(outside)))):sum():item()
end

local function run(self, data, m, progress)
  local rng = self.rng:split()
  local V = first_rotation(self, data, rng)
  local z = data.x:mm(V:narrow(2, 1, m))
  local start = hy.cluster.KMeans{ k = self.k, n_init = 10, rng = rng }:fit(z).labels
  local soft = hy.one_hot(start, self.k):to "f64"
  local mix = mixture(z, soft, data.ridge)
  local found = { V = V, history = {}, log_likelihood = -math.huge }
  for iteration = 1, self.max_iter do
    local density
    for _ = 1, self.em_iter do
      soft, density = expect(mix, z)
      mix = mixture(z, soft, data.ridge, density)
    end
    local weights, means, covariances = hy.gmm_m_step(data.x, soft, { reg = data.ridge })
    V = FOSSCLU.rotate(V, m, covariances, weights * data.x:size(1), data.total, SWEEPS)
    z = data.x:mm(V:narrow(2, 1, m))
    mix = mixture(z, soft, data.ridge)
    soft, density = expect(mix, z)
    local likelihood = density:sum():item() + rest(data, V, m)
    local gain = likelihood - found.log_likelihood
    found.history[iteration], found.iterations = likelihood, iteration
    found.V, found.mix, found.soft, found.means = V, mix, soft, means
    found.log_likelihood = likelihood
    progress:step():set{ log_likelihood = likelihood }
    if gain <= self.tol * math.abs(likelihood) then break end
  end
  local k, d = self.k, data.d
  local parameters = k * m + k * m * (m + 1) / 2 + k - 1 + (d - m) + (d - m) * (d - m + 1) / 2
    + m * (d - m)
  found.bic = parameters * math.log(data.x:size(1)) - 2 * found.log_likelihood
  return found
end

local function positions(first, last)
  local list = {}
  for i = first, last do list[#list + 1] = i end
  return list
end

local function keep(self, found, m, mean, dtype)
  local d = found.V:size(1)
  self.V, self.m, self.P = found.V:to(dtype), { m, d - m }, { positions(1, m), positions(m + 1, d) }
  self.weights = found.mix.weights
  local offset = mean:reshape(1, -1):mm(found.V:narrow(2, 1, m))
  self.means, self.covariances = found.mix.means + offset, found.mix.covariances
  self.centers = (found.means + mean):to(dtype)
  self.soft, self.labels = found.soft, found.soft:argmax(2)
  for _, name in ipairs{ "log_likelihood", "bic", "iterations", "history" } do
    self[name] = found[name]
  end
end

function FOSSCLU:fit(x)
  x = points("FOSSCLU", x)
  local n, d = x:size(1), x:size(2)
  if n < self.k or n < 2 then
    error(("FOSSCLU: k = %d needs at least %d points, got %d"):format(self.k,
      math.max(2, self.k), n), 0)
  end
  local first, last = 1, math.max(1, math.min(self.k - 1, d))
  if self.n_dims then
    first = check.number("FOSSCLU", "option n_dims", self.n_dims, 1, d, true, 4) // 1 | 0
    last = first
  end
  local total, mean = hy.covariance(x, { ddof = 0 })
  local ridge = RIDGE * total:diag():mean():item()
  if ridge == 0 then error("FOSSCLU: all rows of x are equal", 0) end
  local data = { x = x:to "f64" - mean, d = d, ridge = ridge, total = total + eye(d) * ridge }

  local best, best_m
  local progress <close> = hy.progress((last - first + 1) * self.n_init * self.max_iter,
    { desc = "FOSSCLU", verbose = self.verbose })
  for m = first, last do
    local of_m
    for _ = 1, self.n_init do
      local found = run(self, data, m, progress)
      if not of_m or found.log_likelihood > of_m.log_likelihood then of_m = found end
    end
    if not best or of_m.bic < best.bic then best, best_m = of_m, m end
  end
  keep(self, best, best_m, mean, x.dtype)
  return self
end

--- Coordinates of the rows of x in the cluster space.
-- x: tensor n×d, or a dataset
-- → tensor n×m
function FOSSCLU:transform(x)
  if not self.V then error("FOSSCLU: call fit first", 0) end
  return points("FOSSCLU", x):mm(self.V:narrow(2, 1, self.m[1]))
end

--- How much each row of x belongs to each component; rows sum to 1.
-- x: tensor n×d
-- → tensor n×k
function FOSSCLU:assign(x)
  return (expect(self, self:transform(x):to "f64"))
end

return FOSSCLU
