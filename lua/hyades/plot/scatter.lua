local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local core = require "hyades.core"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local palette = require "hyades.plot.palette"

local DEFAULTS = {
  color = check.optional, names = check.optional, title = check.optional, xlabel = check.optional,
  ylabel = check.optional, size = check.optional, alpha = check.optional, annotate = false,
  width = check.optional, height = 480,
}

-- Two columns of z; more are projected on the two directions of largest variance.
local function plane(fn, z)
  local columns = numbers.is_tensor(z) and z:dim() == 2 and z:size(2)
    or type(z) == "table" and type(z[1]) == "table" and #z[1]
  local projected
  if columns and columns > 2 then
    local x = numbers.is_tensor(z) and z or core.tensor((numbers.matrix(fn, "z", z)))
    local pca = require("hyades.cluster.PCA"){ k = 2 }:fit(x)
    z, projected = pca:transform(x), {}
    for i, ratio in ipairs(pca.explained_variance_ratio:totable()) do
      projected[i] = ("PCA %d (%.0f%% of the variance)"):format(i, 100 * ratio)
    end
  end
  local rows, d = numbers.matrix(fn, "z", z)
  if d < 2 then numbers.fail(fn, "z: expected points with 2 columns or more, got 1") end
  local xs, ys = {}, {}
  for i, row in ipairs(rows) do
    xs[i], ys[i] = row[1], row[2]
    if xs[i] - xs[i] ~= 0 or ys[i] - ys[i] ~= 0 then
      numbers.fail(fn, "z: expected finite numbers, row %d has another", i)
    end
  end
  return xs, ys, projected
end

-- Colors per point, and a legend or a color bar that explains them.
local function colors(fn, o, n)
  if o.color == nil then return function() return palette.cluster(1) end end
  local values = numbers.vector(fn, "color", o.color)
  if #values ~= n then
    numbers.fail(fn, "color: expected %d entries, one per point, got %d", n, #values)
  end
  for i = 1, n do
    if not math.tointeger(values[i]) then
      local lo, hi = numbers.range{ values }
      if not lo then numbers.fail(fn, "color: expected finite numbers, got none") end
      lo, hi = axes.limits(lo, hi, 0)
      local function heat(k)
        local v = values[k]
        return v == v and palette.heat("viridis", (v - lo) / (hi - lo)) or palette.noise
      end
      return heat, nil, { map = "viridis", lo = lo, hi = hi }
    end
  end
  local labels = numbers.labels(fn, "color", values, n)
  local entries, of = palette.classes(labels, o.names)
  return function(i) return of[labels[i]].color end, entries, nil, labels
end

-- Neighbors in a file often share a class: a stride through the points keeps one class from hiding
-- the others.
local function mixed(n)
  local stride = math.floor(n * 0.61803398875) | 1
  local function gcd(a, b) return b == 0 and a or gcd(b, a % b) end
  while gcd(n, stride) ~= 1 do stride = stride + 2 end
  return function(i) return i * stride % n + 1 end
end

local function median(values)
  table.sort(values)
  return values[#values // 2 + 1]
end

-- The name of every cluster at the median of its points, on a white halo.
local function annotate(canvas, entries, labels, xs, ys, X, Y)
  for _, entry in ipairs(entries) do
    local px, py = {}, {}
    for i = 1, #labels do
      if labels[i] == entry.id then px[#px + 1], py[#py + 1] = xs[i], ys[i] end
    end
    if entry.id ~= -1 then
      local x, y, size, halo = X(median(px)), Y(median(py)) + 5, 14, 1.8
      for a = 0, 11 do
        local dx, dy = halo * math.cos(a * math.pi / 6), halo * math.sin(a * math.pi / 6)
        canvas:text(entry.name, x + dx, y + dy, size, 0xffffff, 0.5, 0, true)
      end
      canvas:text(entry.name, x, y, size, palette.ink, 0.5, 0, true)
    end
  end
end

--- Points in the plane, colored by cluster or by a number.
-- z: tensor n×d or array of rows; more than 2 columns are projected by PCA ·
-- color: labels (−1: noise, gray) or numbers that are not all integers ·
-- names: array of class names by label ·
-- annotate: boolean, names at the medians · size: radius · alpha: number in 0 … 1 ·
-- title, xlabel, ylabel: string · width, height: numbers
-- → figure
return function(...)
  local fn = "plot.scatter"
  local data, given = numbers.arguments(fn, 1, nil, ...)
  local o = check.options(fn, given, DEFAULTS)
  local xs, ys, projected = plane(fn, data[1])
  local n = #xs
  local color, entries, bar, labels = colors(fn, o, n)
  local r = o.size or math.max(0.8, math.min(4, 4 * (100 / n) ^ 0.22))
  local alpha = o.alpha or math.max(0.35, math.min(0.9, 0.9 * (1000 / n) ^ 0.2))
  local order = mixed(n)

  local x = { label = o.xlabel or projected and projected[1] }
  local y = { label = o.ylabel or projected and projected[2] }
  local lo, hi = numbers.range{ xs }
  x.lo, x.hi = axes.limits(lo, hi, 0.04)
  lo, hi = numbers.range{ ys }
  y.lo, y.hi = axes.limits(lo, hi, 0.04)

  local function plot(canvas, X, Y)
    for k = 1, n do
      local i = order(k)
      local px, py = X(xs[i]), Y(ys[i])
      if n <= 500 then canvas:disc(px, py, r + 0.6, 0xffffff) end
      canvas:disc(px, py, r, color(i), alpha)
    end
    if o.annotate and labels then annotate(canvas, entries, labels, xs, ys, X, Y) end
  end
  local legend_columns = math.max(1, math.ceil((entries and #entries or 0) / 24))
  return figure.new(o.width or 480 + 160 * legend_columns, o.height, function(canvas, width, height)
    axes.draw(canvas, width, height, { x = x, y = y, title = o.title, legend = entries, bar = bar,
      plot = plot })
  end)
end
