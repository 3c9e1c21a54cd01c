local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local groups = require "hyades.plot.groups"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local palette = require "hyades.plot.palette"

local DEFAULTS = {
  names = check.optional, color = check.optional, palette = check.optional, points = check.optional,
  xlabel = check.optional, ylabel = check.optional, width = check.optional, height = 420,
}
local FEW = 30 -- values that are all drawn

-- The value below which a share of the sorted values lies, between neighbors in proportion.
local function quantile(sorted, share)
  local at = 1 + (#sorted - 1) * share
  local low = math.floor(at)
  local next_one = sorted[math.min(low + 1, #sorted)]
  return sorted[low] + (next_one - sorted[low]) * (at - low)
end

-- Median, quartiles, the farthest values within 1.5 times their distance, and what lies beyond.
local function summary(values)
  local sorted = table.move(values, 1, #values, 1, {})
  table.sort(sorted)
  local s = { q1 = quantile(sorted, 0.25), median = quantile(sorted, 0.5),
    q3 = quantile(sorted, 0.75), beyond = {} }
  local reach = 1.5 * (s.q3 - s.q1)
  for _, v in ipairs(sorted) do
    if v < s.q1 - reach or v > s.q3 + reach then
      table.insert(s.beyond, v)
    else
      s.low = s.low or v
      s.high = v
    end
  end
  return s
end

local function draw_box(canvas, one, x, half, Y, look)
  local s, light = one.summary, palette.mix(one.color, look.paper, 0.55)
  canvas:line({ x, Y(s.low), x, Y(s.q1) }, 1.2, look.soft)
  canvas:line({ x, Y(s.q3), x, Y(s.high) }, 1.2, look.soft)
  for _, v in ipairs{ s.low, s.high } do
    canvas:line({ x - half * 0.45, Y(v), x + half * 0.45, Y(v) }, 1.2, look.soft)
  end
  local top, bottom = Y(s.q3), Y(s.q1)
  canvas:rect(x - half, top, 2 * half, bottom - top, light)
  canvas:line({ x - half, top, x + half, top, x + half, bottom, x - half, bottom, x - half, top }, 1.2,
    one.color)
  canvas:line({ x - half, Y(s.median), x + half, Y(s.median) }, 2.2, look.ink)
end

-- Values beside each other where they would hide each other, always in the same way.
local function draw_points(canvas, one, values, x, half, Y)
  local xs, ys = {}, {}
  for i, v in ipairs(values) do
    xs[i] = x + (i * 0.61803398875 % 1 - 0.5) * half
    ys[i] = Y(v)
  end
  canvas:markers("disc", xs, ys, 2.3, one.color, 0.75)
end

--- Boxes from the first to the third quartile, with the median, whiskers to the farthest values
-- within 1.5 times the height of the box, and the values beyond them.
-- values: several arrays, a table name → values, a matrix (a box per column), or one array, split
-- by color= labels · names: array of names · points: boolean, all values (default: up to 30 of
-- them) · title, xlabel, ylabel: string · width, height: numbers · palette, theme: as in scatter
-- → figure
return function(...)
  local fn = "plot.box"
  local data, given = numbers.arguments(fn, 1, nil, ...)
  local o = options.read(fn, given, DEFAULTS)
  local list, wrong = groups.read(fn, data[1], o, true)
  local shown, names, positions, all = {}, {}, {}, {}
  for _, one in ipairs(list) do
    if #one.values > 0 then
      local i = #shown + 1
      one.summary = summary(one.values)
      shown[i], names[i], positions[i], all[i] = one, one.name or "", i, one.values
    end
  end
  local y = { label = o.ylabel }
  local lo, hi = numbers.range(all)
  y.lo, y.hi = axes.limits(lo, hi, 0.05)
  local function plot(canvas, X, Y, box)
    local half = math.min(30, box.width / #shown * 0.32)
    for i, one in ipairs(shown) do
      local every = o.points
      if every == nil then every = #one.values <= FEW end
      draw_box(canvas, one, X(i), half, Y, o.look)
      draw_points(canvas, one, every and one.values or one.summary.beyond, X(i), half, Y)
    end
  end
  return figure.new{
    kind = "box", width = o.width or math.max(360, math.min(900, 120 + 70 * #shown)),
    height = o.height, look = o.look, elements = numbers.count(#shown, "box"),
    draw = function(canvas, w, h)
      axes.draw(canvas, w, h, {
        x = { lo = 0.5, hi = #shown + 0.5, positions = positions, names = names, label = o.xlabel },
        y = y, title = o.title, look = o.look, plot = plot, note = numbers.left_out(wrong, "value"),
      })
    end,
  }
end
