local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local cloud = require "hyades.plot.cloud"
local figure = require "hyades.plot.figure"
local legend = require "hyades.plot.legend"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local ticks = require "hyades.plot.ticks"
local words = require "hyades.plot.words"

local DEFAULTS = {
  color = check.optional, names = check.optional, palette = check.optional, map = check.optional,
  columns = check.optional, column_names = check.optional, limit = 5000, label = check.optional,
  size = check.optional, alpha = check.optional,
}
local MOST, PANEL, LEFT, BOTTOM, BINS = 5, 150, 62, 48, 24

-- The columns to show: those that were asked for, else the first ones.
local function chosen(fn, o, d)
  local list = {}
  if o.columns ~= nil and type(o.columns) ~= "table" then
    numbers.fail(fn, "columns: expected an array of positions, got %s", numbers.kind(o.columns))
  end
  for i, j in ipairs(o.columns or {}) do list[i] = options.integer(fn, "columns", j, 1, d) end
  for j = 1, o.columns and 0 or math.min(d, MOST) do list[j] = j end
  if #list < 2 then numbers.fail(fn, "expected at least 2 columns, got %d", #list) end
  return list
end

-- Up to `limit` rows, evenly over all of them.
local function sample(fn, x, o)
  local n = x:size(1)
  local limit = options.integer(fn, "limit", o.limit, 1)
  if n <= limit then return nil end
  local rows = {}
  for i = 1, limit do rows[i] = math.floor((i - 1) * n / limit) + 1 end
  return rows
end

-- The values of a column in bins, apart for every class.
local function draw_hist(canvas, values, c, look, lo, hi, X, box)
  local counts, largest, class = {}, 1, {}
  for i, entry in ipairs(c.entries or { { color = c.colors } }) do
    counts[i] = { color = entry.color }
    if entry.id then class[entry.id] = i end
    for b = 1, BINS do counts[i][b] = 0 end
  end
  for i, v in ipairs(values) do
    local list = counts[c.labels and class[c.labels[i]] or 1]
    local b = math.min(BINS, math.floor((v - lo) / (hi - lo) * BINS) + 1)
    list[b] = list[b] + 1
    largest = math.max(largest, list[b])
  end
  local low, step = box.top + box.height, (hi - lo) / BINS
  for _, list in ipairs(counts) do
    local points = { X(lo), low }
    for b = 1, BINS do
      local y = low - list[b] / largest * box.height * 0.94
      for _, v in ipairs{ X(lo + (b - 1) * step), y, X(lo + b * step), y } do
        points[#points + 1] = v
      end
    end
    points[#points + 1] = X(hi)
    points[#points + 1] = low
    local color = type(list.color) == "table" and look.spine or list.color
    canvas:polygon(points, color, 0.3)
    canvas:line(points, 1.2, color)
  end
end

local function panel(s, i, j)
  local x, y = s.limits[j], s.limits[i]
  local spec = { look = s.look, grid = false, margins = { left = 6, top = 6, right = 0, bottom = 0 },
    x = { lo = x.lo, hi = x.hi, hidden = i < #s.limits },
    y = { lo = y.lo, hi = y.hi, hidden = j > 1 or i == 1 } }
  function spec.plot(canvas, X, Y, box)
    if i == j then
      draw_hist(canvas, s.columns[j], s.c, s.look, x.lo, x.hi, X, box)
    else
      cloud.draw(canvas, X, Y, s.columns[j], s.columns[i], s.c.colors, s.style, s.look)
    end
  end
  return spec
end

local function draw_names(canvas, s, top, side, height)
  local middle = top
  for i, name in ipairs(s.names) do
    local text = words.shorten(canvas, name, words.label, side - 8)
    local x = LEFT + (i - 0.5) * side + 3
    canvas:text(text, x, height - 10, words.label, s.look.soft, 0.5)
    canvas:text(text, 8 + words.label * 0.9, middle + (i - 0.5) * side + 3, words.label, s.look.soft,
      0.5, -90)
  end
end

local function draw(canvas, s, width, height, x0, y0)
  local middle = LEFT + (width - LEFT - s.right) / 2
  local title = axes.title(canvas, s.title, s.look, middle, width, 9, true)
  local top, d = 6 + title, #s.columns
  local side = math.min((width - LEFT - s.right) / d, (height - top - BOTTOM) / d)
  draw_names(canvas, s, top, side, height)
  if s.note then
    canvas:text(s.note, width - 8, height - 8, words.note, s.look.soft, 1)
  end
  if s.c.entries then
    local layout = legend.arrange(canvas, s.c.entries, side * d, s.right - 20)
    legend.draw(canvas, s.c.entries, layout, s.look, LEFT + side * d + 16, top + 6)
  elseif s.c.bar then
    legend.color_bar(canvas, s.c.bar, s.look, LEFT + side * d + 16, top + 6, side * d - 6)
  end
  for i = 1, d do
    for j = 1, d do
      canvas:move(x0 + LEFT + (j - 1) * side, y0 + top + (i - 1) * side)
      axes.draw(canvas, side, side, panel(s, i, j))
    end
  end
  canvas:move(x0, y0)
end

--- All pairs of columns as small scatter plots, with each column's histogram on the diagonal.
-- x: tensor n×d or rows · columns: array of positions (default: the first 5) · column_names: array
-- of strings by position · color, names, palette, map, label, size, alpha: as in scatter · limit:
-- points at most, evenly from all · title: string · width, height: numbers · theme: "light" or
-- "dark"
-- → figure
return function(...)
  local fn = "plot.pairs"
  local data, given = numbers.arguments(fn, 1, nil, ...)
  local o = options.read(fn, given, DEFAULTS)
  local x = numbers.tensor(fn, "x", data[1])
  local total, d = x:size(1), x:size(2)
  local list = chosen(fn, o, d)
  local rows, dropped
  x, rows, dropped = numbers.finite_rows(x)
  if not x then numbers.fail(fn, "x: expected at least one row of finite numbers") end
  local some = sample(fn, x, o)
  if some then
    x = x:index(require("hyades").tensor(some, { dtype = "index" }))
    for i, row in ipairs(some) do some[i] = rows and rows[row] or row end
    rows = some
  end
  local n = x:size(1)
  local s = { look = o.look, title = o.title, columns = {}, limits = {}, names = {} }
  s.c = cloud.coloring(fn, o, { total = total, rows = rows, n = n })
  for i, j in ipairs(list) do
    s.columns[i] = numbers.column(x, j)
    local lo, hi = numbers.range{ s.columns[i] }
    s.limits[i] = {}
    s.limits[i].lo, s.limits[i].hi = axes.limits(lo, hi, 0.05)
    s.names[i] = tostring(o.column_names and o.column_names[j] or "column " .. j)
  end
  s.style = cloud.style(fn, o, n, 0.5)
  local notes = { numbers.left_out(dropped, "point") }
  if some then notes[#notes + 1] = numbers.count(n, "point") .. " of " .. ticks.text(total) end
  s.note = #notes > 0 and table.concat(notes, "; ") or nil
  s.right = (s.c.entries or s.c.bar) and 96 or 14
  local size = #list * (#list <= 3 and 190 or PANEL)
  return figure.new{
    kind = "pairs", width = o.width or LEFT + size + s.right, look = o.look,
    height = o.height or 6 + (o.title and 28 or 0) + size + BOTTOM,
    elements = ("%d×%d panels of "):format(#list, #list) .. numbers.count(n, "point"),
    draw = function(canvas, width, height, x0, y0) draw(canvas, s, width, height, x0, y0) end,
  }
end
