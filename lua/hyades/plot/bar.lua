local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local palette = require "hyades.plot.palette"
local ticks = require "hyades.plot.ticks"

local DEFAULTS = {
  names = check.optional, series = check.optional, decimals = check.optional, numbers = true,
  title = check.optional, xlabel = check.optional, ylabel = check.optional,
  width = 640, height = 400,
}

-- Rows of values, one row for each group of bars, and the names of the groups.
local function groups(fn, data, o)
  local value, names = data[1], o.names
  if type(value) == "table" and value[1] == nil and next(value) ~= nil then
    local sorted, list = {}, {}
    for name in pairs(value) do sorted[#sorted + 1] = tostring(name) end
    table.sort(sorted)
    for i, name in ipairs(sorted) do list[i] = value[name] end
    value, names = list, sorted
  end
  local rows
  local matrix = numbers.is_tensor(value) and value:dim() == 2
    or type(value) == "table" and type(value[1]) == "table"
  if matrix then
    rows = numbers.matrix(fn, "values", value)
  else
    rows = {}
    for i, v in ipairs(numbers.vector(fn, "values", value)) do rows[i] = { v } end
  end
  if #rows == 0 then numbers.fail(fn, "values: expected at least one number") end
  if names and #names ~= #rows then
    numbers.fail(fn, "names: expected %d, one per bar, got %d", #rows, #names)
  end
  local texts = {}
  for i = 1, #rows do texts[i] = tostring(names and names[i] or i) end
  return rows, texts
end

-- As many digits after the point as the values need, at most two.
local function decimals_of(rows)
  local decimals = 0
  for _, row in ipairs(rows) do
    for _, v in ipairs(row) do
      while decimals < 2 and math.abs((v * 10 ^ decimals + 0.5) % 1 - 0.5) > 1e-6 do
        decimals = decimals + 1
      end
    end
  end
  return decimals
end

-- The number at the end of a bar, smaller when the bar is narrow.
local function write_value(canvas, text, x, y, room, below)
  local size = math.min(axes.size.tick, axes.size.tick * room / canvas:extent(text, axes.size.tick))
  if size >= 6 then
    canvas:text(text, x, below and y + size + 2 or y - 4, size, palette.soft, 0.5)
  end
end

local function draw_bars(canvas, rows, decimals, X, Y, box)
  local d = #rows[1]
  local slot = box.width / #rows
  local gap = d > 1 and 2 or 0
  local w = (slot * (d > 1 and 0.8 or 0.62) - gap * (d - 1)) / d
  canvas:rect(box.left, axes.crisp(Y(0)) - 0.5, box.width, 1, palette.spine)
  for i, row in ipairs(rows) do
    for j, v in ipairs(row) do
      if v - v == 0 then
        local x = X(i) - (w * d + gap * (d - 1)) / 2 + (j - 1) * (w + gap)
        local y, base = Y(v), Y(0)
        canvas:rect(x, math.min(y, base), w, math.abs(base - y), palette.cluster(j))
        if decimals then
          write_value(canvas, ticks.text(v, decimals), x + w / 2, y, w + gap, v < 0)
        end
      end
    end
  end
end

--- Bars: one per number, or a group of them per row of a matrix.
-- values: n numbers, an n×s matrix, or a table name → number · names: array of n names ·
-- series: array of s names for the legend · numbers: boolean, write the values ·
-- decimals: integer · title, xlabel, ylabel: string · width, height: numbers
-- → figure
return function(...)
  local fn = "plot.bar"
  local data, given = numbers.arguments(fn, 1, nil, ...)
  local o = check.options(fn, given, DEFAULTS)
  local rows, names = groups(fn, data, o)
  local lo, hi = numbers.range(rows)
  if not lo then numbers.fail(fn, "values: expected at least one finite number") end
  lo, hi = math.min(lo, 0), math.max(hi, 0)
  if lo == hi then hi = 1 end
  local room = (hi - lo) * (o.numbers and 0.09 or 0.04)
  local positions, legend = {}, {}
  for i = 1, #rows do positions[i] = i end
  for j = 1, #rows[1] do
    if o.series then
      legend[j] = { name = tostring(o.series[j] or j), color = palette.cluster(j), kind = "bar" }
    end
  end
  local decimals = o.numbers and (o.decimals or decimals_of(rows)) or nil
  return figure.new(o.width, o.height, function(canvas, width, height)
    axes.draw(canvas, width, height, {
      x = { lo = 0.5, hi = #rows + 0.5, positions = positions, names = names, label = o.xlabel },
      y = { lo = lo < 0 and lo - room or 0, hi = hi > 0 and hi + room or 0, label = o.ylabel },
      title = o.title, legend = legend,
      plot = function(c, X, Y, box) draw_bars(c, rows, decimals, X, Y, box) end,
    })
  end)
end
