--- Curved clusters in the plane: what k-means cannot find.

local hy = require "hyades"
local check = require "hyades.check"
local Dataset = require "hyades.data.Dataset"

local toy = {}

local function plane(x, y)
  return hy.stack({ x, y }, 2)
end

-- Options that all take; n rows over k arms, the first arms get what is left over.
local function begin(name, given, defaults)
  defaults.n, defaults.noise, defaults.rng = defaults.n or 500, defaults.noise or 0.05, hy.rng
  local options = check.options(name, given, defaults)
  if options.rng == true then options.rng = hy.rng end
  check.number(name, "n", options.n, 1, nil, true)
  check.number(name, "noise", options.noise, 0)
  return options
end

-- Points of every arm at uniform t in [from, to], noise added, in random order.
local function arms(name, options, k, from, to, curve)
  local n, rng = options.n, options.rng
  local parts, of_row = {}, {}
  for arm = 1, k do
    local size = (n + k - arm) // k
    parts[arm] = curve(arm, hy.rand(size, { lo = from, hi = to, rng = rng }))
    for _ = 1, size do of_row[#of_row + 1] = arm end
  end
  local x = hy.cat(parts, 1) + hy.randn(n, 2, { rng = rng }) * options.noise
  local order = hy.randperm(n, { rng = rng })
  local names = {}
  for arm = 1, k do names[arm] = tostring(arm) end
  return Dataset{ name = name, x = x:index(order), names = names,
    y = hy.tensor(of_row, { dtype = "index" }):index(order), source = "data." .. name
      .. ", generated" }
end

--- Two half circles that reach into each other: (cos t, sin t) and (1 − cos t, ½ − sin t).
-- n=500: rows · noise=0.05: standard deviation around the curve · rng=hy.rng
-- → data set with 2 columns and 2 classes
function toy.moons(options)
  options = begin("data.moons", options, {})
  return arms("moons", options, 2, 0, math.pi, function(arm, t)
    if arm == 1 then return plane(t:cos(), t:sin()) end
    return plane(1 - t:cos(), 0.5 - t:sin())
  end)
end

--- Two circles around one center, of radius 1 and `factor`.
-- n=500: rows · factor=0.5 · noise=0.05: standard deviation around the curve · rng=hy.rng
-- → data set with 2 columns and 2 classes
function toy.circles(options)
  options = begin("data.circles", options, { factor = 0.5 })
  check.number("data.circles", "factor", options.factor, 0)
  return arms("circles", options, 2, 0, 2 * math.pi, function(arm, t)
    local radius = arm == 1 and 1 or options.factor
    return plane(t:cos() * radius, t:sin() * radius)
  end)
end

--- Spiral arms: radius 0.2 + t / 2π at the angle t + 2πa / arms, for t in [0, 3π].
-- n=500: rows · arms=2 · noise=0.05: standard deviation around the curve · rng=hy.rng
-- → data set with 2 columns and one class an arm
function toy.spirals(options)
  options = begin("data.spirals", options, { arms = 2 })
  local k = check.number("data.spirals", "arms", options.arms, 1, nil, true)
  return arms("spirals", options, k, 0, 3 * math.pi, function(arm, t)
    local radius, angle = 0.2 + t / (2 * math.pi), t + 2 * math.pi * arm / k
    return plane(angle:cos() * radius, angle:sin() * radius)
  end)
end

return toy
