local loss = require("hyades").loss
local guard = require "hyades.loss.guard"

--- What is lost when z is turned by v and back: squared length of z − z v vᵀ, averaged over the
-- rows. It keeps the columns of v near orthonormal; for d×m with m < d it is the cost of
-- reconstruction ICA. Le et al. (RICA), NIPS 2011; for clusters Miklautz et al. (ENRC), AAAI 2020.
-- z: tensor n×d, detach it to train v alone · v: tensor d×m
-- → scalar tensor
function loss.orthogonality(z, v)
  guard.matrix("loss.orthogonality", "z", z)
  guard.matrix("loss.orthogonality", "v", v)
  return (z:mm(v):mm(v:t()) - z):square():sum(2):mean()
end

return loss.orthogonality
