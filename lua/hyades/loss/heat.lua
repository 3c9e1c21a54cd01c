local loss = require("hyades").loss
local guard = require "hyades.loss.guard"

--- Heat kernel of squared distances to neighbors, e^(−d/t): the weights for loss.locality.
-- distances: tensor n×k, squared · t: number, the mean of the distances by default
-- → tensor n×k, without gradient
function loss.heat(distances, t)
  guard.matrix("loss.heat", "distances", distances)
  distances = distances:detach()
  t = t or math.max(distances:mean():item(), guard.tiny)
  guard.positive("loss.heat", "t", t)
  return (distances / -t):exp()
end

return loss.heat
