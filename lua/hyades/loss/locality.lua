local loss = require("hyades").loss
local check = require "hyades.check"
local guard = require "hyades.loss.guard"

-- The neighbors of every row: n×k×d.
local function embedded(z, neighbors)
  local n, d = z:size(1), z:size(2)
  if guard.is_tensor(neighbors) and neighbors.dtype == "index" then
    return z:index(neighbors:reshape(neighbors:numel())):reshape(n, -1, d)
  elseif guard.is_tensor(neighbors) and neighbors:numel() % (n * d) == 0 then
    return neighbors:reshape(n, -1, d)
  end
  error(("loss.locality: neighbors must be positions n×k, or embedded neighbors n×k×d for z %d×%d,"
    .. " got %s"):format(n, d, guard.is_tensor(neighbors) and table.concat(neighbors:size(), "×")
    or check.describe(neighbors)), 3)
end

--- Locality: neighbors in the data stay near in the embedding. For each row the squared distances
-- to its neighbors, weighted and added, averaged over the rows. An embedding that is the same
-- everywhere is its best. He & Niyogi, NIPS 2003; for clustering Huang et al. (DEN), ICPR 2014.
-- z: tensor n×d · neighbors: index tensor n×k of rows of z, or their embedding n×k×d, found once in
-- the data · weights: tensor n×k such as loss.heat(distances), 1 by default
-- → scalar tensor
function loss.locality(z, neighbors, weights)
  guard.matrix("loss.locality", "z", z)
  local n = z:size(1)
  local gap = (z:unsqueeze(2) - embedded(z, neighbors)):square():sum(3)
  if weights then
    guard.tensor("loss.locality", "weights", weights)
    weights = weights:reshape(n, -1)
    guard.same_shape("loss.locality: weights", weights, gap)
    gap = gap * weights
  end
  return gap:sum() / n
end

return loss.locality
