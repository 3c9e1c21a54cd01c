--- Planted clusters.

local hy = require "hyades"
local check = require "hyades.check"
local Dataset = require "hyades.data.Dataset"

--- Round Gaussian clusters of equal size, in random order.
-- n=500: rows · k=5: clusters · d=2: columns · std=1: of every cluster
-- box=10: centers are uniform in [−box, box]^d · rng=hy.rng
-- → data set; centers k×d are in `centers`
local function blobs(options)
  options = check.options("data.blobs", options,
    { n = 500, k = 5, d = 2, std = 1, box = 10, rng = hy.rng })
  local rng = options.rng == true and hy.rng or options.rng
  for _, name in ipairs{ "n", "k", "d" } do
    check.number("data.blobs", name, options[name], 1, nil, true)
  end
  check.number("data.blobs", "std", options.std, 0)
  check.number("data.blobs", "box", options.box, 0)
  local box = options.box
  local centers = hy.rand(options.k, options.d, { lo = -box, hi = box, rng = rng })
  local of_row = {}
  for i = 1, options.n do of_row[i] = (i - 1) % options.k + 1 end
  local y = hy.tensor(of_row, { dtype = "index" }):index(hy.randperm(options.n, { rng = rng }))
  local x = centers:index(y) + hy.randn(options.n, options.d, { rng = rng }) * options.std
  local names = {}
  for i = 1, options.k do names[i] = tostring(i) end
  return Dataset{ name = "blobs", x = x, y = y, names = names, centers = centers,
    source = "data.blobs, generated" }
end

return blobs
