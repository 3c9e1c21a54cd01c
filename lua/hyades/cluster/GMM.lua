--- A mixture of Gaussians, fitted by expectation maximization.
-- Dempster, Laird & Rubin, Journal of the Royal Statistical Society B, 1977.
-- k: components · covariance: "full", one matrix each; "tied", one for all; "diag", variances of the
--   features each; "spherical", one variance each
-- init: first centers, as a constructor (default cluster.KMeans), the name of an init of KMeans, a
--   tensor k×d or a function (x, k, rng); every point begins in the component of the nearest one
-- n_init: restarts, the likeliest one stays · max_iter: steps of EM
-- tol: stop when the mean log-likelihood of a point gains less · reg: added to every variance
-- verbose: show progress
-- Fields: labels, soft n×k, weights k, means k×d, covariances k×d×d (tied 1×d×d, diag k×1×d,
--   spherical k×1×1), all f64; centers, the means in the type of x; log_likelihood of all points,
--   bic, aic; iterations, converged; history, a row per iteration: { log_likelihood=, reset= }, where
--   reset names a component that had too few points (fewer than d + 1 with full covariances, than 2
--   otherwise) and began anew at the point explained worst; warnings, a list.

local hy = require "hyades"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local GMM = model.define("GMM", { k = model.required, covariance = "full",
  init = hy.cluster.KMeans, n_init = 1, max_iter = 100, tol = 1e-3, reg = 1e-6, rng = hy.rng,
  verbose = false },
  { covariance = { "full", "tied", "diag", "spherical" } })

-- What all points scatter around their mean, less what the means of the components do.
local function tied(x, soft, reg)
  local weights, means = hy.gmm_m_step(x, soft, { diagonal = true })
  local _, center, all = hy.gmm_m_step(x, soft:sum(2, { keep = true }), { reg = reg })
  local apart = means - center
  return weights, means, all - apart:t():mm(apart * weights:reshape(-1, 1))
end

-- The M-step of each kind of covariances.
local steps = {
  full = function(x, soft, reg) return hy.gmm_m_step(x, soft, { reg = reg }) end,
  tied = tied,
  diag = function(x, soft, reg) return hy.gmm_m_step(x, soft, { diagonal = true, reg = reg }) end,
  spherical = function(x, soft, reg)
    local weights, means, variances = hy.gmm_m_step(x, soft, { diagonal = true, reg = reg })
    return weights, means, variances:mean(3, { keep = true })
  end,
}

-- How many numbers say where the components are, how wide, and how heavy.
local function free_parameters(kind, k, d)
  local triangle = d * (d + 1) // 2
  local spread = { full = k * triangle, tied = triangle, diag = k * d, spherical = k }
  return k * d + spread[kind] + k - 1
end

--- The E-step: what the components explain of every row of x.
-- x: tensor n×d · mixture: table with weights, means, covariances
-- → responsibilities n×k, log density of the rows n, both f64
function GMM.expect(x, mixture)
  return hy.gmm_e_step(x, mixture.weights, mixture.means, mixture.covariances)
end

--- The M-step: the mixture that fits these responsibilities best.
-- x: tensor n×d · soft: tensor n×k · kind: as the option covariance · reg: added to every variance
-- → table with weights, means, covariances
function GMM.maximize(x, soft, kind, reg)
  local weights, means, covariances = steps[kind](x, soft, reg)
  return { weights = weights, means = means, covariances = covariances }
end

-- The lightest component begins anew at the point explained worst, as wide as the others are on
-- average, if it has too few points.
local function revive(mixture, x, density, kind)
  local n, k = x:size(1), mixture.weights:size(1)
  local least = kind == "full" and x:size(2) + 1 or 2
  local c, weights = mixture.weights:argmin():item(), mixture.weights
  if n < k * least or weights[c]:item() * n >= least then return nil end
  mixture.means[c]:copy(x[density:argmin():item()])
  if mixture.covariances:size(1) == k then
    mixture.covariances[c]:copy((mixture.covariances * weights:reshape(-1, 1, 1)):sum(1))
  end
  local list = weights:totable()
  list[c] = 1 / k
  mixture.weights = hy.tensor(list, { dtype = "f64" }) / (1 - weights[c]:item() + 1 / k)
  return c
end

--- EM from a given mixture.
-- x: tensor n×d · mixture: table with weights, means, covariances (they stay as they are)
-- options: covariance, max_iter, tol, reg as for GMM · step: function(log_likelihood), optional
-- → table with weights, means, covariances, soft, density n, log_likelihood, history, converged
function GMM.em(x, mixture, options)
  local kind, n = options.covariance, x:size(1)
  local soft, density = GMM.expect(x, mixture)
  local total, resets = density:sum():item(), 0
  local history, converged = {}, false
  while #history < options.max_iter and not converged do
    local before = total
    mixture = GMM.maximize(x, soft, kind, options.reg)
    local reset = resets < soft:size(2) and revive(mixture, x, density, kind) or nil
    resets = resets + (reset and 1 or 0)
    soft, density = GMM.expect(x, mixture)
    total = density:sum():item()
    history[#history + 1] = { log_likelihood = total, reset = reset }
    converged = not reset and math.abs(total - before) < options.tol * n
    if options.step then options.step(total) end
  end
  return { weights = mixture.weights, means = mixture.means, covariances = mixture.covariances,
    soft = soft, density = density, log_likelihood = total, history = history,
    converged = converged }
end

--- The mixture where every point belongs to the component of its nearest center.
-- x: tensor n×d · centers: tensor k×d · kind, reg: as for GMM.maximize
-- → table with weights, means, covariances
function GMM.around(x, centers, kind, reg)
  local hard = hy.one_hot(hy.nearest_center(x, centers), centers:size(1), { dtype = "f64" })
  return GMM.maximize(x, hard, kind, reg)
end

local function restart(self, x, title)
  local progress <close> = hy.progress(self.max_iter, { desc = title, verbose = self.verbose })
  local start = GMM.around(x, model.start_centers(self, x), self.covariance, self.reg)
  return GMM.em(x, start, { covariance = self.covariance, max_iter = self.max_iter,
    tol = self.tol, reg = self.reg, step = function(log_likelihood)
      progress:step():set{ log_likelihood = log_likelihood }
    end })
end

function GMM:fit(x)
  x = points("GMM", x)
  local n, d = x:size(1), x:size(2)
  if n < self.k then
    error(("GMM: k = %d needs at least as many points, got %d"):format(self.k, n), 0)
  end
  check.number("GMM", "option reg", self.reg, 0, 1e300)

  local best
  for i = 1, self.n_init do
    local found = restart(self, x, ("GMM %d/%d"):format(i, self.n_init))
    if not best or found.log_likelihood > best.log_likelihood then best = found end
  end
  for _, name in ipairs{ "weights", "means", "covariances", "soft", "log_likelihood", "history",
    "converged" } do self[name] = best[name] end
  self.iterations = #self.history
  self.centers, self.labels = self.means:to(x.dtype), self.soft:argmax(2)
  local free = free_parameters(self.covariance, self.k, d)
  self.bic = free * math.log(n) - 2 * self.log_likelihood
  self.aic = 2 * free - 2 * self.log_likelihood

  self.warnings = {}
  local used = self.labels:bincount(self.k):gt(0):sum():item()
  if used < self.k then self:warn(("only %d of %d components hold points"):format(used, self.k)) end
  if not self.converged then
    self:warn(("no convergence in %d steps; raise max_iter or tol"):format(self.max_iter))
  end
  return self
end

local function fitted(self)
  return self.means and self or error("GMM: call fit first", 0)
end

--- How much of each row of x each component explains; rows sum to 1.
-- x: tensor n×d, or a dataset
-- → tensor n×k, f64
function GMM:assign(x)
  return (GMM.expect(points("GMM", x), fitted(self)))
end

--- Log density of the rows of x.
-- x: tensor n×d, or a dataset
-- → tensor n, f64
function GMM:score(x)
  local _, density = GMM.expect(points("GMM", x), fitted(self))
  return density
end

-- A matrix l for each component, so that l·z has its covariance when z has the identity.
local function roots(self, d)
  local each, list = self.covariances, {}
  for c = 1, self.k do
    local one = each[each:size(1) == 1 and 1 or c]
    if one:size(1) == d and one:size(2) == d then
      list[c] = hy.cholesky(one:contiguous())
    else
      list[c] = hy.diag(one:sqrt():reshape(-1):expand(d):contiguous())
    end
  end
  return list
end

--- Points drawn from the mixture.
-- n: how many · options: rng=hy.rng
-- → tensor n×d, f64; the component of each, index n
function GMM:sample(n, options)
  local rng = check.options("GMM.sample", options, { rng = hy.rng }).rng
  n = math.tointeger(check.number("GMM.sample", "n", n, 1, 2 ^ 31 - 1, true))
  local d = fitted(self).means:size(2)
  local labels = hy.categorical(self.weights, n, { rng = rng })
  local noise = hy.randn(n, d, { rng = rng, dtype = "f64" })
  local x = self.means:index(labels)
  for c, root in ipairs(roots(self, d)) do
    local rows = labels:eq(c):nonzero():reshape(-1)
    if rows:size(1) > 0 then x = hy.scatter_add(x, rows, noise:index(rows):mm(root:t())) end
  end
  return x, labels
end

return GMM
