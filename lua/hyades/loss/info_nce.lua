local hy = require "hyades"
local check = require "hyades.check"
local guard = require "hyades.loss.guard"
local loss = hy.loss

--- InfoNCE of two views (NT-Xent): every row should be more alike to its other view, by the cosine,
-- than to all other 2n − 2 rows. log(2n − 1) when all rows are equal, near 0 at best.
-- Van den Oord, Li & Vinyals, 2018; Chen et al. (SimCLR), ICML 2020.
-- a, b: tensors n×d, two views of the same samples, normalized here
-- options: temperature=0.5, anchors="both" or "first" (the rows of a only)
-- → scalar tensor
function loss.info_nce(a, b, options)
  local given = check.options("loss.info_nce", options, { temperature = 0.5, anchors = "both" })
  guard.positive("loss.info_nce", "temperature", given.temperature)
  guard.choice("loss.info_nce", "anchors", given.anchors, { "both", "first" })
  guard.matrix("loss.info_nce", "a", a)
  guard.same_shape("loss.info_nce", a, b)
  local n = a:size(1)
  local z = hy.cat({ a, b }, 1):normalize(2)
  local alike = z:mm(z:t()) / given.temperature
  alike = alike:masked_fill(hy.eye(2 * n, { dtype = "u8" }), -math.huge)
  local positive = (z:narrow(1, 1, n) * z:narrow(1, n + 1, n)):sum(2):mean() / given.temperature
  local rows = alike:logsumexp(2)
  return (given.anchors == "first" and rows:narrow(1, 1, n) or rows):mean() - positive
end

return loss.info_nce
