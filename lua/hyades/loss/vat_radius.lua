local hy = require "hyades"
local check = require "hyades.check"
local guard = require "hyades.loss.guard"
local loss = hy.loss

local block = 1024 -- rows whose distances are held at a time

--- How far loss.vat may move each sample: a quarter of the distance to its 10th neighbor. Computed
-- once, on all data. Hu et al. (IMSAT), ICML 2017.
-- x: tensor n×d · options: neighbors=10, scale=0.25
-- → tensor n
function loss.vat_radius(x, options)
  local given = check.options("loss.vat_radius", options, { neighbors = 10, scale = 0.25 })
  guard.matrix("loss.vat_radius", "x", x)
  local n, parts = x:size(1), {}
  check.number("loss.vat_radius", "neighbors", given.neighbors, 1, n - 1, true)
  for first = 1, n, block do
    local rows = x:narrow(1, first, math.min(block, n - first + 1))
    local nearest = hy.sqdist(rows, x):topk(given.neighbors + 1, 2, { largest = false })
    parts[#parts + 1] = nearest:narrow(2, given.neighbors + 1, 1):reshape(-1):sqrt()
  end
  return hy.cat(parts, 1) * given.scale
end

return loss.vat_radius
