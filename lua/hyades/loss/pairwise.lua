local hy = require "hyades"
local check = require "hyades.check"
local guard = require "hyades.loss.guard"
local loss = hy.loss

--- Pairs: two samples whose assignments are alike belong together, two that differ do not, and
-- those between are left out; mean of −log of the cosine, or of one minus it, over the chosen
-- pairs, a sample with itself included. Chang et al. (deep adaptive clustering), ICCV 2017.
-- p: tensor n×k, rows are distributions
-- options: upper=0.95 and lower=0.455, limits of the cosine that choose the pairs · clean: tensor
-- n×k that chooses them instead of p, by default p, in any case a constant
-- → scalar tensor, 0 without pairs
function loss.pairwise(p, options)
  local given = check.options("loss.pairwise", options,
    { upper = 0.95, lower = 0.455, clean = check.optional })
  guard.matrix("loss.pairwise", "p", p)
  if given.lower > given.upper then
    error(("loss.pairwise: lower %g lies above upper %g"):format(given.lower, given.upper), 2)
  end
  local clean = given.clean or p
  guard.same_shape("loss.pairwise: clean", p, clean)
  local chooses = hy.cosine_matrix(clean:detach())
  local together, apart = chooses:gt(given.upper):to(p.dtype), chooses:lt(given.lower):to(p.dtype)
  local alike = hy.cosine_matrix(p):clamp(1e-6, 1 - 1e-6)
  local pairs_chosen = (together + apart):sum():maximum(1)
  return -(together * alike:log() + apart * (-alike):log1p()):sum() / pairs_chosen
end

return loss.pairwise
