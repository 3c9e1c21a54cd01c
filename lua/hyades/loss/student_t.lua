local hy = require "hyades"
local loss = hy.loss

--- Student-t similarity of each row of z to each center; rows sum to 1, however far the points.
-- Van der Maaten & Hinton, JMLR 2008; for clusters Xie, Girshick & Farhadi, ICML 2016.
-- z: tensor n×d · centers: tensor k×d · alpha: degrees of freedom, 1
-- → tensor n×k
function loss.student_t(z, centers, alpha)
  return hy.student_t(z, centers, { alpha = alpha })
end

return loss.student_t
