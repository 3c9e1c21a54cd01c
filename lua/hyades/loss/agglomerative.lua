local hy = require "hyades"
local check = require "hyades.check"
local guard = require "hyades.loss.guard"
local loss = hy.loss

--- Agglomerative clustering as a network sees it: two samples of a cluster are nearer to each other
-- than to any sample of another one, by a margin. Mean over all triplets of the batch of
-- max(0, gamma · ‖i − j‖² − ‖i − k‖² + margin). Yang, Parikh & Batra (JULE), CVPR 2016, who draw 20
-- of the k at random. It holds pairs × n numbers.
-- z: tensor n×d, rows of length 1 in the paper · labels: index tensor n or array; -1 is left out
-- options: gamma=1, margin=0.2
-- → scalar tensor, 0 without triplets
function loss.agglomerative(z, labels, options)
  local given = check.options("loss.agglomerative", options, { gamma = 1, margin = 0.2 })
  guard.matrix("loss.agglomerative", "z", z)
  if type(labels) == "table" then labels = hy.tensor(labels, { dtype = "index" }) end
  local n = z:size(1)
  if not guard.is_tensor(labels) or labels.dtype ~= "index" or labels:numel() ~= n then
    error(("loss.agglomerative: labels must be an index tensor or array of %d"):format(n), 2)
  end
  local member = hy.one_hot(labels):to(z.dtype)
  local known, same = member:sum(2, { keep = true }), member:mm(member:t())
  local pairs_ij = (same - hy.eye(n, { dtype = z.dtype })):gt(0):nonzero() -- both orders, i ≠ j
  local i, j = pairs_ij:narrow(2, 1, 1), pairs_ij:narrow(2, 2, 1)
  local others = (known:mm(known:t()) - same):index(i:reshape(-1)) -- pairs×n, 1 for every k
  local count = others:sum():item()
  if count == 0 then return z:sum() * 0 end
  local far = hy.sqdist(z, z):index(i:reshape(-1))
  local hinge = (far:gather(2, j) * given.gamma - far + given.margin):relu()
  return (hinge * others):sum() / count
end

return loss.agglomerative
