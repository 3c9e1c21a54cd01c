--- The frame around data: margins that fit the text, grid, ticks, title, legend, color bar.
local figure = require "hyades.plot.figure"
local palette = require "hyades.plot.palette"
local ticks = require "hyades.plot.ticks"

local axes = {}

axes.size = { title = 13.5, label = 11.5, tick = 10 } -- of letters
local SIZE = axes.size
local ROW = 17 -- height of a line in the legend
local LONGEST = 150 -- width at most of a name in the legend or at an axis

local function widest(canvas, texts, size)
  local width = 0
  for _, text in ipairs(texts) do width = math.max(width, canvas:extent(text, size)) end
  return width
end

--- The nearest position where a line covers whole pixels.
-- → number
function axes.crisp(position)
  return math.floor(position * figure.scale + 0.5) / figure.scale
end

--- Cut a text with … so that it fits into a width.
-- → string
function axes.shorten(canvas, text, size, width)
  if canvas:extent(text, size) <= width then return text end
  local n = utf8.len(text) or 1
  while n > 1 do
    n = n - 1
    local short = text:sub(1, utf8.offset(text, n + 1) - 1):gsub("%s+$", "") .. "…"
    if canvas:extent(short, size) <= width then return short end
  end
  return "…"
end

--- Draw a title, centered on a width and shortened to it; nil draws nothing.
-- → height taken
function axes.title(canvas, title, x, width, y)
  if not title then return 0 end
  local size = SIZE.title
  local text = axes.shorten(canvas, title, size, width)
  canvas:text(text, x + width / 2, y + size, size, palette.ink, 0.5, 0, true)
  return size + 12
end

-- How the entries of the legend stand in columns beside the data.
local function legend_layout(canvas, entries, height)
  local texts = {}
  for i, entry in ipairs(entries) do
    texts[i] = axes.shorten(canvas, entry.name, SIZE.tick, LONGEST)
  end
  local rows = math.max(1, math.floor(height / ROW))
  local columns = math.ceil(#entries / rows)
  rows = math.ceil(#entries / columns)
  local column = widest(canvas, texts, SIZE.tick) + 30
  return { texts = texts, rows = rows, column = column, width = column * columns }
end

local function draw_legend(canvas, entries, layout, x, y)
  for i, entry in ipairs(entries) do
    local cx = x + (i - 1) // layout.rows * layout.column
    local cy = y + (i - 1) % layout.rows * ROW + ROW / 2
    if entry.kind == "line" then
      canvas:line({ cx, cy, cx + 15, cy }, 2, entry.color)
    elseif entry.kind == "bar" then
      canvas:rect(cx + 2, cy - 5, 11, 10, entry.color)
    else
      canvas:disc(cx + 8, cy, 4.5, entry.color)
    end
    canvas:text(layout.texts[i], cx + 21, cy + 3.6, SIZE.tick, palette.soft)
  end
end

--- A vertical color bar with its numbers at the right.
-- bar: { map=, lo=, hi=, label= }
-- → width it takes (also without drawing, when y is nil)
function axes.color_bar(canvas, bar, x, y, height)
  local positions, texts = ticks.linear(bar.lo, bar.hi, 6)
  local text_width = widest(canvas, texts, SIZE.tick)
  local label = bar.label and SIZE.label + 8 or 0
  if not y then return 12 + 8 + text_width + label end
  local n = 128
  local bytes = {}
  for i = 1, n do
    local color = palette.heat(bar.map, 1 - (i - 0.5) / n)
    bytes[i] = string.char(color >> 16, color >> 8 & 255, color & 255)
  end
  canvas:image(x, y, 12, height, n, 1, table.concat(bytes))
  for i, p in ipairs(positions) do
    local ty = y + height * (1 - (p - bar.lo) / (bar.hi - bar.lo))
    canvas:rect(x + 12, axes.crisp(ty) - 0.5, 3, 1, palette.spine)
    canvas:text(texts[i], x + 18, ty + 3.6, SIZE.tick, palette.soft)
  end
  if bar.label then
    local middle = x + 20 + text_width + SIZE.label
    canvas:text(bar.label, middle, y + height / 2, SIZE.label, palette.soft, 0.5, -90)
  end
end

local function shorten_all(canvas, texts, width)
  local shortened = {}
  for i, text in ipairs(texts) do shortened[i] = axes.shorten(canvas, text, SIZE.tick, width) end
  return shortened
end

-- Every name that there is room for: each one, each second, fifth, tenth …
local function thinned(positions, names, length)
  local digit, power = 1, 1
  while #names / (digit * power) * (SIZE.tick + 1) > length do
    if digit == 5 then
      digit, power = 1, 10 * power
    else
      digit = digit == 1 and 2 or 5
    end
  end
  local some, texts = {}, {}
  local stride = digit * power
  for i = stride, #names, stride do
    some[#some + 1] = positions[i]
    texts[#texts + 1] = names[i]
  end
  return some, texts
end

local function ticks_of(axis, length, spacing)
  if axis.names then return thinned(axis.positions, axis.names, length) end
  local most = math.max(2, math.floor(length / spacing))
  if axis.log then return ticks.log(axis.lo, axis.hi, most) end
  return ticks.linear(axis.lo, axis.hi, most, axis.whole)
end

--- Make limits with room around the data; equal ends are pulled apart.
-- lo, hi: numbers · part: share of the range added at each end
-- → lo, hi
function axes.limits(lo, hi, part)
  if hi - lo <= 1e-12 * math.max(math.abs(lo), math.abs(hi)) then
    local half = lo == 0 and 0.5 or math.abs(lo) * 0.1
    return lo - half, hi + half
  end
  return lo - (hi - lo) * part, hi + (hi - lo) * part
end

-- Where everything goes: left, top, width and height of the data, texts of the ticks.
local function arrange(canvas, width, height, spec)
  local x, y = spec.x, spec.y
  local top = 12 + (spec.title and SIZE.title + 12 or 0)
  local bottom = 12 + SIZE.tick + 7 + (x.label and SIZE.label + 9 or 0)
  local right = 16
  local legend
  if spec.legend and #spec.legend > 0 then
    legend = legend_layout(canvas, spec.legend, height - top - bottom)
    right = legend.width + 20
  elseif spec.bar then
    right = axes.color_bar(canvas, spec.bar) + 26
  end
  local y_positions, y_texts = ticks_of(y, height - top - bottom, 42)
  if y.names then y_texts = shorten_all(canvas, y_texts, math.min(LONGEST, width * 0.3)) end
  local left = 12 + widest(canvas, y_texts, SIZE.tick) + 7 + (y.label and SIZE.label + 9 or 0)
  local x_positions, x_texts = ticks_of(x, width - left - right, 62)
  if not x.names then -- the last number is centered on its tick and may stand out
    right = math.max(right, widest(canvas, x_texts, SIZE.tick) / 2 + 4)
    x_positions, x_texts = ticks_of(x, width - left - right, 62)
  end
  left, right, bottom = axes.crisp(left), axes.crisp(right), axes.crisp(bottom)

  local x_size, turn = SIZE.tick, false
  if x.names and #x_texts > 0 then -- smaller letters if that helps, else turned ones
    local room = (width - left - right) / #x_texts - 6
    local longest = widest(canvas, x_texts, SIZE.tick)
    if longest > room and longest * 0.8 <= room then
      x_size = SIZE.tick * room / longest
    elseif longest > room then
      turn = true
      longest = math.min(longest, LONGEST, height * 0.35)
      x_texts = shorten_all(canvas, x_texts, longest)
      bottom = bottom + axes.crisp(longest) - SIZE.tick
    end
  end
  return { left = left, top = top, width = width - left - right, height = height - top - bottom,
    legend = legend, turn = turn, x_size = x_size, x_positions = x_positions, x_texts = x_texts,
    y_positions = y_positions, y_texts = y_texts }
end

local function draw_labels(canvas, spec, at, X, Y)
  local low = at.top + at.height
  for i, p in ipairs(at.x_positions) do
    if not spec.x.names then canvas:rect(axes.crisp(X(p)) - 0.5, low, 1, 4, palette.spine) end
    if at.turn then
      canvas:text(at.x_texts[i], X(p) + 3.6, low + 7, SIZE.tick, palette.soft, 1, -90)
    else
      canvas:text(at.x_texts[i], X(p), low + 8 + SIZE.tick * 0.76, at.x_size, palette.soft, 0.5)
    end
  end
  for i, p in ipairs(at.y_positions) do
    canvas:text(at.y_texts[i], at.left - 7, Y(p) + 3.6, SIZE.tick, palette.soft, 1)
  end
  if spec.x.label then
    canvas:text(axes.shorten(canvas, spec.x.label, SIZE.label, at.width), at.left + at.width / 2,
      at.full_height - 14, SIZE.label, palette.soft, 0.5)
  end
  if spec.y.label then
    canvas:text(axes.shorten(canvas, spec.y.label, SIZE.label, at.height), 12 + SIZE.label * 0.8,
      at.top + at.height / 2, SIZE.label, palette.soft, 0.5, -90)
  end
end

--- Draw axes and let `spec.plot` fill them.
-- spec: { x=, y= (each { lo=, hi=, label=, log=, whole= } or { positions=, names= } too), title=,
-- legend= array of { name=, color=, kind="disc"|"line"|"bar" }, bar= color bar,
-- plot= function (canvas, X, Y, box), where X and Y map data to the canvas }
function axes.draw(canvas, width, height, spec)
  local at = arrange(canvas, width, height, spec)
  at.full_height = height
  local x, y = spec.x, spec.y
  local function X(v) return at.left + at.width * (v - x.lo) / (x.hi - x.lo) end
  local function Y(v) return at.top + at.height * (1 - (v - y.lo) / (y.hi - y.lo)) end

  axes.title(canvas, spec.title, at.left, at.width, 10)
  if not x.names then
    for _, p in ipairs(at.x_positions) do
      canvas:rect(axes.crisp(X(p)) - 0.5, at.top, 1, at.height, palette.grid)
    end
  end
  if not y.names then
    for _, p in ipairs(at.y_positions) do
      canvas:rect(at.left, axes.crisp(Y(p)) - 0.5, at.width, 1, palette.grid)
    end
  end
  spec.plot(canvas, X, Y, at)
  canvas:rect(at.left - 0.5, at.top, 1, at.height + 0.5, palette.spine)
  canvas:rect(at.left - 0.5, at.top + at.height - 0.5, at.width + 0.5, 1, palette.spine)
  draw_labels(canvas, spec, at, X, Y)
  if at.legend then
    draw_legend(canvas, spec.legend, at.legend, at.left + at.width + 14, at.top)
  elseif spec.bar then
    axes.color_bar(canvas, spec.bar, at.left + at.width + 16, at.top, at.height)
  end
end

return axes
