local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local groups = require "hyades.plot.groups"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"

local DEFAULTS = {
  bins = check.optional, names = check.optional, color = check.optional, palette = check.optional,
  density = false, xlabel = check.optional, ylabel = check.optional, width = 640, height = 400,
}

-- The rule of Freedman and Diaconis: width 2·IQR / n^(1/3), here between 8 and 80 bins.
local function suitable_bins(values, lo, hi)
  local sorted = table.move(values, 1, rawlen(values), 1, {})
  table.sort(sorted)
  local n = #sorted
  local iqr = sorted[math.ceil(n * 0.75)] - sorted[math.ceil(n * 0.25)]
  local width = 2 * iqr / n ^ (1 / 3)
  if width <= 0 then return 8 end
  return math.ceil(math.max(8, math.min(80, (hi - lo) / width)))
end

local function count_all(list, lo, hi, bins, density)
  local largest, width = 0, (hi - lo) / bins
  for _, one in ipairs(list) do
    local counts = {}
    for b = 1, bins do counts[b] = 0 end
    for _, v in ipairs(one.values) do
      local b = math.min(bins, math.floor((v - lo) / (hi - lo) * bins) + 1)
      counts[b] = counts[b] + 1
    end
    for b = 1, bins do
      if density and #one.values > 0 then counts[b] = counts[b] / #one.values / width end
      largest = math.max(largest, counts[b])
    end
    one.counts = counts
  end
  return largest
end

-- Several histograms lie over each other: light areas under outlines.
local function draw_outline(canvas, one, lo, width, X, Y)
  local points = {}
  local function add(x, y)
    points[#points + 1] = X(x)
    points[#points + 1] = Y(y)
  end
  add(lo, 0)
  for b, count in ipairs(one.counts) do
    add(lo + (b - 1) * width, count)
    add(lo + b * width, count)
  end
  add(lo + #one.counts * width, 0)
  canvas:polygon(points, one.color, 0.25)
  canvas:line(points, 1.5, one.color)
end

local function draw_bars(canvas, one, lo, width, X, Y)
  for b, count in ipairs(one.counts) do
    local left, right = axes.crisp(X(lo + (b - 1) * width)), axes.crisp(X(lo + b * width))
    local seam = right - left > 4 and 1 or 0
    if count > 0 then
      canvas:rect(left, Y(count), right - left - seam, Y(0) - Y(count), one.color)
    end
  end
end

--- How often values fall into bins of equal width.
-- values: tensor n or array; several arrays, or a table name → values, are drawn over each other ·
-- color: labels that split the values, names: of the labels or of several arrays · bins: integer ·
-- density: boolean, areas of 1 instead of counts · title, xlabel, ylabel: string · width, height:
-- numbers · palette, theme: as in scatter. NaN and infinity are left out and counted.
-- → figure
return function(...)
  local fn = "plot.hist"
  local data, given = numbers.arguments(fn, 1, nil, ...)
  local o = options.read(fn, given, DEFAULTS)
  local list, wrong = groups.read(fn, data[1], o)
  local all = {}
  for i, one in ipairs(list) do all[i] = one.values end
  local lo, hi = numbers.range(all)
  local longest = all[1]
  for _, values in ipairs(all) do
    if #values > #longest then longest = values end
  end
  lo, hi = axes.limits(lo, hi, 0)
  local bins = o.bins and options.integer(fn, "bins", o.bins, 1, 10000)
    or suitable_bins(longest, lo, hi)
  local largest = count_all(list, lo, hi, bins, o.density)

  local x_lo, x_hi = axes.limits(lo, hi, 0.02)
  local legend, draw = {}, #list > 1 and draw_outline or draw_bars
  for i, one in ipairs(#list > 1 and list or {}) do
    legend[i] = { name = one.name, color = one.color, kind = "bar" }
  end
  local function plot(canvas, X, Y)
    for _, one in ipairs(list) do draw(canvas, one, lo, (hi - lo) / bins, X, Y) end
  end
  return figure.new{
    kind = "hist", width = o.width, height = o.height, look = o.look,
    elements = numbers.count(bins, "bin"),
    draw = function(canvas, w, h)
      axes.draw(canvas, w, h, {
        x = { lo = x_lo, hi = x_hi, label = o.xlabel },
        y = { lo = 0, hi = largest * 1.05, label = o.ylabel or (o.density and "density" or "count"),
          whole = not o.density },
        title = o.title, legend = legend, look = o.look, plot = plot,
        note = numbers.left_out(wrong, "value"),
      })
    end,
  }
end
