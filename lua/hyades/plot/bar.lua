local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local ticks = require "hyades.plot.ticks"
local words = require "hyades.plot.words"

local DEFAULTS = {
  names = check.optional, series = check.optional, decimals = check.optional, numbers = true,
  errors = check.optional, palette = check.optional, xlabel = check.optional,
  ylabel = check.optional, width = 640, height = 400,
}

-- Rows of values, one row for each group of bars.
local function to_rows(fn, what, value)
  local matrix = numbers.is_tensor(value) and value:dim() == 2
    or type(value) == "table" and type(value[1]) == "table"
  if matrix then return (numbers.matrix(fn, what, value)) end
  local rows = {}
  for i, v in ipairs(numbers.vector(fn, what, value)) do rows[i] = { v } end
  return rows
end

-- Values of a table name → value, in the order of the names.
local function by_name(value, names)
  local list = {}
  for i, name in ipairs(names) do list[i] = value[name] end
  return list
end

local function is_named(value)
  return type(value) == "table" and rawget(value, 1) == nil and next(value) ~= nil
end

-- Values and errors as rows, and the names of the groups.
local function groups(fn, data, o)
  local value, errors, names = data[1], o.errors, o.names
  if is_named(value) then
    names = {}
    for name in pairs(value) do names[#names + 1] = name end
    table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
    value = by_name(value, names)
    if is_named(errors) then errors = by_name(errors, names) end
  end
  local rows = to_rows(fn, "values", value)
  if #rows == 0 then numbers.fail(fn, "values: expected at least one number") end
  if names and #names ~= #rows then
    numbers.fail(fn, "names: expected %d, one per bar, got %d", #rows, #names)
  end
  local texts = {}
  for i = 1, #rows do texts[i] = tostring(names and names[i] or i) end
  local bars = errors ~= nil and to_rows(fn, "errors", errors) or nil
  local wide = bars and bars[1] and #bars[1] or 0
  if bars and (#bars ~= #rows or wide ~= #rows[1]) then
    numbers.fail(fn, "errors: expected %d×%d numbers, as the values, got %d×%d", #rows, #rows[1],
      #bars, wide)
  end
  return rows, texts, bars
end

-- As many digits after the point as the values need, at most two.
local function decimals_of(rows)
  local decimals = 0
  for _, row in ipairs(rows) do
    for _, v in ipairs(row) do
      while decimals < 2 and v - v == 0
          and math.abs((v * 10 ^ decimals + 0.5) % 1 - 0.5) > 1e-6 do
        decimals = decimals + 1
      end
    end
  end
  return decimals
end

-- The number at the end of a bar, smaller when the bar is narrow.
local function write_value(canvas, text, x, y, room, below, look)
  local size = math.min(words.tick, words.tick * room / canvas:extent(text, words.tick))
  if size >= 6 then
    canvas:text(text, x, below and y + size + 2 or y - 4, size, look.soft, 0.5)
  end
end

-- A whisker over y ± error.
local function draw_error(canvas, x, low, high, width, look)
  local half = math.min(5, width * 0.25)
  canvas:line({ x, low, x, high }, 1.2, look.ink)
  canvas:line({ x - half, low, x + half, low }, 1.2, look.ink)
  canvas:line({ x - half, high, x + half, high }, 1.2, look.ink)
end

local function draw_bars(canvas, s, X, Y, box)
  local d = #s.rows[1]
  local slot = box.width / #s.rows
  local gap = d > 1 and slot > 8 * d and 2 or 0
  local w = (slot * (d > 1 and 0.8 or 0.62) - gap * (d - 1)) / d
  canvas:rect(box.left, axes.crisp(Y(0)) - 0.5, box.width, 1, s.look.spine)
  for i, row in ipairs(s.rows) do
    for j, v in ipairs(row) do
      if numbers.is_finite(v) then
        local x = X(i) - (w * d + gap * (d - 1)) / 2 + (j - 1) * (w + gap)
        local y, base = Y(v), Y(0)
        canvas:rect(x, math.min(y, base), w, math.abs(base - y), s.color_of(j))
        local error = s.errors and s.errors[i][j]
        if error and numbers.is_finite(error) and error > 0 then
          draw_error(canvas, x + w / 2, Y(v - error), Y(v + error), w, s.look)
          y = Y(v < 0 and v - error or v + error)
        end
        if s.decimals then
          write_value(canvas, ticks.text(v, s.decimals), x + w / 2, y, w + gap, v < 0, s.look)
        end
      end
    end
  end
end

-- Ends of all bars and whiskers.
local function range(fn, rows, errors)
  local values, wrong = { 0 }, 0
  for i, row in ipairs(rows) do
    for j, v in ipairs(row) do
      if numbers.is_finite(v) then
        local error = errors and errors[i][j] or 0
        if not numbers.is_finite(error) then error = 0 end
        if error < 0 then numbers.fail(fn, "errors: expected numbers of at least 0, got %g", error) end
        values[#values + 1] = v < 0 and v - error or v + error
      else
        wrong = wrong + 1
      end
    end
  end
  if #values == 1 then numbers.fail(fn, "values: expected at least one finite number") end
  local lo, hi = numbers.range{ values }
  if lo == hi then hi = 1 end
  return lo, hi, wrong
end

--- Bars: one per number, or a group of them per row of a matrix.
-- values: n numbers, an n×s matrix, or a table name → number (or row) · names: array of n names ·
-- series: array of s names for the legend · errors: deviations like the values, drawn as whiskers ·
-- numbers: boolean, write the values · decimals: integer · title, xlabel, ylabel: string ·
-- width, height: numbers · palette, theme: as in scatter
-- → figure
return function(...)
  local fn = "plot.bar"
  local data, given = numbers.arguments(fn, 1, nil, ...)
  local o = options.read(fn, given, DEFAULTS)
  local rows, names, errors = groups(fn, data, o)
  local lo, hi, wrong = range(fn, rows, errors)
  if o.decimals ~= nil then options.integer(fn, "decimals", o.decimals, 0, 12) end
  local room = (hi - lo) * (o.numbers and 0.09 or 0.04)
  local positions, legend = {}, {}
  for i = 1, #rows do positions[i] = i end
  for j = 1, o.series and #rows[1] or 0 do
    legend[j] = { name = tostring(o.series[j] or j), color = o.color_of(j), kind = "bar" }
  end
  local s = { rows = rows, errors = errors, look = o.look, color_of = o.color_of,
    decimals = o.numbers and (o.decimals or decimals_of(rows)) or nil }
  return figure.new{
    kind = "bar", width = o.width, height = o.height, look = o.look,
    elements = numbers.count(#rows * #rows[1], "bar"),
    draw = function(canvas, width, height)
      axes.draw(canvas, width, height, {
        x = { lo = 0.5, hi = #rows + 0.5, positions = positions, names = names, label = o.xlabel },
        y = { lo = lo < 0 and lo - room or 0, hi = hi > 0 and hi + room or 0, label = o.ylabel },
        title = o.title, legend = legend, look = o.look, note = numbers.left_out(wrong, "value"),
        plot = function(c, X, Y, box) draw_bars(c, s, X, Y, box) end,
      })
    end,
  }
end
