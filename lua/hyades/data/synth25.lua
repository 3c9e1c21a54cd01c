--- Few dimensions with clusters among many without.

local hy = require "hyades"
local check = require "hyades.check"
local scale = require "hyades.data.scale"
local Dataset = require "hyades.data.Dataset"

--- SYNTH-25: four round Gaussians in the plane, their centers the corners of a square of side
-- `distance` (in standard deviations), and Gaussian columns without any cluster; every column then
-- has mean 0 and variance 1.
-- n=12000: rows · noise_dims=25 · distance=10 · rng=hy.rng
-- → data set with 2 + noise_dims columns and 4 classes
local function synth25(options)
  options = check.options("data.synth25", options,
    { n = 12000, noise_dims = 25, distance = 10, rng = hy.rng })
  local rng = options.rng == true and hy.rng or options.rng
  local n = check.number("data.synth25", "n", options.n, 4, nil, true)
  check.number("data.synth25", "noise_dims", options.noise_dims, 0, nil, true)
  local half = check.number("data.synth25", "distance", options.distance, 0) / 2
  local corners = hy.tensor{ { -half, -half }, { -half, half }, { half, -half }, { half, half } }
  local of_row = {}
  for i = 1, n do of_row[i] = (i - 1) % 4 + 1 end
  local y = hy.tensor(of_row, { dtype = "index" }):index(hy.randperm(n, { rng = rng }))
  local x = corners:index(y) + hy.randn(n, 2, { rng = rng })
  if options.noise_dims > 0 then
    x = hy.cat({ x, hy.randn(n, options.noise_dims, { rng = rng }) }, 2)
  end
  return Dataset{ name = "synth25", x = (scale.standardize(x)), y = y,
    names = { "1", "2", "3", "4" }, source = "data.synth25, generated" }
end

return synth25
