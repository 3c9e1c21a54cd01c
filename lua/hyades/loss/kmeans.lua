local hy = require "hyades"
local guard = require "hyades.loss.guard"
local loss = hy.loss

--- Squared distance of each row to its center, averaged over the rows. An embedding that is the
-- same everywhere is its best, so pair it with a reconstruction.
-- z: tensor n×d · centers: tensor k×d, a constant here · labels: index tensor n, optional; the
-- nearest center by default
-- → scalar tensor
function loss.kmeans(z, centers, labels)
  guard.tensor("loss.kmeans", "z", z)
  guard.tensor("loss.kmeans", "centers", centers)
  centers = centers:detach()
  labels = labels or hy.sqdist(z:detach(), centers):argmin(2)
  return (z - centers:index(labels)):square():sum(2):mean()
end

return loss.kmeans
