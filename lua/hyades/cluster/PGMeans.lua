--- A mixture of Gaussians that finds k: components are added until random projections of the points
-- look like projections of the mixture. Feng & Hamerly, PG-means, NIPS 2006.
-- alpha: significance of the test by Kolmogorov and Smirnov; ⌊−2.62·ln alpha⌋ + 1 projections are
--   tested · k_init: components to begin with · max_k: at most so many, and never more than points
-- trials: starts of a new component, half of them at the points that the mixture explains worst, half
--   at random; it begins with the points nearer to its center than to the means, and EM with all
--   components follows, the likeliest one stays
-- max_iter, tol, reg: of EM, as for GMM · verbose: show progress
-- Fields: labels, soft n×k, k, weights, means, covariances (f64), centers, log_likelihood; history, a
--   row per k: { k=, log_likelihood=, pvalue= }, the last one the smallest seen (tests end at the first
--   below alpha), and for pictures the same as arrays: ks, scores (the p-values)
-- Projections of many features look normal whatever the clusters: better after PCA.

local hy = require "hyades"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"
local same_distribution = require "hyades.cluster.same_distribution"

local PGMeans = model.define("PGMeans", { alpha = 0.001, k_init = 1, max_k = math.huge, trials = 10,
  max_iter = 100, tol = 1e-3, reg = 1e-6, rng = hy.rng, verbose = false })

-- Draws of the mixture seen along w: a mixture of the normal distributions N(wᵀμ, wᵀΣw).
local function projected_sample(mixture, w, m, rng)
  local k = mixture.weights:size(1)
  local mean, variance = mixture.means:mm(w):reshape(k), mixture.covariances:matmul(w):reshape(k, -1)
  local deviation = variance:mm(w):reshape(k):sqrt()
  local from = hy.categorical(mixture.weights, m, { rng = rng })
  return mean:index(from) + deviation:index(from) * hy.randn(m, { rng = rng, dtype = "f64" })
end

-- The smallest p-value of the projections, up to the first below alpha; and was there one?
local function rejected(x, mixture, alpha, rng)
  local n, smallest = x:size(1), 1.0
  local m = math.min(3 // alpha + 1, n)
  local level = m < n and alpha * math.sqrt(m / n) or alpha
  for _ = 1, -2.6198 * math.log(alpha) // 1 + 1 do
    local w = hy.randn(x:size(2), 1, { rng = rng, dtype = "f64" })
    w = w / w:norm()
    local z = x:mm(w)
    if z:min():item() < z:max():item() then
      local p = same_distribution(z, projected_sample(mixture, w, math.tointeger(m), rng))
      smallest = math.min(smallest, p)
      if p < level then return smallest, true end
    end
  end
  return smallest, false
end

-- The likeliest mixture with one more component.
local function add_component(self, x, mixture, options, rng)
  local n, best = x:size(1), nil
  local worst = (self.trials + 1) // 2
  local _, rows = mixture.density:topk(math.min(worst, n), 1, { largest = false })
  rows = hy.cat{ rows, hy.randint({ self.trials - rows:size(1) }, 1, n, { rng = rng }) }
  for trial = 1, self.trials do
    local centers = hy.cat{ mixture.means, x:index(rows:narrow(1, trial, 1)) }
    local start = hy.cluster.GMM.around(x, centers, "full", self.reg)
    local found = hy.cluster.GMM.em(x, start, options)
    if not best or found.log_likelihood > best.log_likelihood then best = found end
  end
  return best
end

function PGMeans:fit(x)
  x = points("PGMeans", x)
  local n, dtype = x:size(1), x.dtype
  check.number("PGMeans", "option alpha", self.alpha, 1e-9, 0.5)
  check.number("PGMeans", "option k_init", self.k_init, 1, n, true)
  check.number("PGMeans", "option trials", self.trials, 1, nil, true)
  check.number("PGMeans", "option max_k", self.max_k, self.k_init)
  check.number("PGMeans", "option reg", self.reg, 0, 1e300)
  local progress <close> = hy.progress(math.min(self.max_k, n),
    { desc = "PGMeans", verbose = self.verbose })
  local options = { covariance = "full", max_iter = self.max_iter, tol = self.tol, reg = self.reg }
  local rng = self.rng:split()
  local first = hy.cluster.GMM{ k = self.k_init, max_iter = self.max_iter, tol = self.tol,
    reg = self.reg, rng = self.rng:split() }:fit(x)
  x = x:to "f64"
  local mixture = hy.cluster.GMM.em(x, first, options)

  self.history, self.ks, self.scores = {}, {}, {}
  while true do
    local i, k = #self.history + 1, mixture.weights:size(1)
    local p, wants = rejected(x, mixture, self.alpha, rng)
    self.history[i] = { k = k, log_likelihood = mixture.log_likelihood, pvalue = p }
    self.ks[i], self.scores[i] = k, p
    progress:step(k - progress.done):set{ log_likelihood = mixture.log_likelihood, p = p }
    if not wants or k >= math.min(self.max_k, n) then break end
    mixture = add_component(self, x, mixture, options, rng)
  end
  for _, name in ipairs{ "weights", "means", "covariances", "soft", "log_likelihood" } do
    self[name] = mixture[name]
  end
  self.k = self.weights:size(1)
  self.centers, self.labels = self.means:to(dtype), self.soft:argmax(2)
  return self
end

--- How much of each row of x each component explains; rows sum to 1.
-- x: tensor n×d, or a dataset
-- → tensor n×k, f64
function PGMeans:assign(x)
  return (hy.cluster.GMM.expect(points("PGMeans", x),
    self.means and self or error("PGMeans: call fit first", 0)))
end

return PGMeans
