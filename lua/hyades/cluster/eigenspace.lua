--- The eigenvectors to the k largest eigenvalues of a symmetric operator that is known by its
-- products only, all values within [-1, 1]. A block of vectors is filtered by a Chebyshev polynomial,
-- which is small over the values that are not wanted, and turned into Ritz vectors, again and again;
-- eigenvalues that occur several times do no harm. Zhou, Saad, Tiago & Chelikowsky, J. Comput. Phys.
-- 2006.
-- apply: function(tensor n×m, f64) → the operator times it · n, k: integers · rng: generator
-- options: tol=1e-7, largest residual of a vector · max_iter=200 filterings
-- → values (f64 k, descending), vectors (f64 n×k), how many filterings; nil as the last where these
-- were not enough

local hy = require "hyades"
local check = require "hyades.check"

local degree = 16 -- of the polynomial
local least = -0.9 -- the filter ends here at the lowest, so that its values stay finite

-- T(operator)·x for the polynomial that stays within ±1 over [-1, top].
local function filter(apply, x, top)
  local half, middle = (top + 1) / 2, (top - 1) / 2
  local before, now = x, (apply(x) - x * middle) / half
  for _ = 2, degree do
    before, now = now, (apply(now) - now * middle) * (2 / half) - before
  end
  return now
end

local function eigenspace(apply, n, k, rng, options)
  options = check.options("eigenspace", options, { tol = 1e-7, max_iter = 200 })
  local m = math.min(n, k + math.max(8, k))
  local x = hy.qr(hy.randn(n, m, { dtype = "f64", rng = rng }))
  for round = 0, options.max_iter do
    local product = apply(x)
    local small = x:t():mm(product)
    local values, turn = hy.eigh_largest((small + small:t()) / 2, m)
    x, product = x:mm(turn), product:mm(turn)
    local wrong = (product - x * values):narrow(2, 1, k):norm(1):max():item()
    local enough = wrong <= options.tol or m == n
    if enough or round == options.max_iter then
      return values:narrow(1, 1, k), x:narrow(2, 1, k), enough and round or nil
    end
    local top = math.min(math.max(values[m]:item(), least), 1 - 1e-6)
    x = hy.qr(filter(apply, x, top))
  end
end

return eigenspace
