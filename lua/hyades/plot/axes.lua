--- The frame around data: margins that fit the text, grid, ticks, title, legend, color bar, note.
local figure = require "hyades.plot.figure"
local legend = require "hyades.plot.legend"
local ticks = require "hyades.plot.ticks"
local words = require "hyades.plot.words"

local axes = {}

local LONGEST = 150 -- width at most of a name at an axis
local LINE = 19 -- height of a line of the title
local EDGE = 8 -- around everything
local OVER = 5 -- marks at the border may stand out so far

--- The nearest position where a line covers whole pixels.
-- → number
function axes.crisp(position)
  return math.floor(position * figure.scale + 0.5) / figure.scale
end

--- A title in up to two lines, centered at x.
-- → height taken, 0 without a title
function axes.title(canvas, title, look, x, width, y, draw)
  if not title or title == "" then return 0 end
  local lines = words.wrap(canvas, title, words.title, width - 2 * EDGE, 2, true)
  for i, line in ipairs(draw and lines or {}) do
    local half = canvas:extent(line, words.title, true) / 2
    local middle = math.max(half + EDGE, math.min(x, width - half - EDGE))
    canvas:text(line, middle, y + words.title + (i - 1) * LINE, words.title, look.ink, 0.5, 0, true)
  end
  return #lines * LINE + 9
end

--- Make limits with room around the data; equal ends are pulled apart.
-- lo, hi: numbers · part: share of the range added at each end · log: boolean, shares of the
-- logarithm
-- → lo, hi
function axes.limits(lo, hi, part, log)
  if log then
    lo, hi = axes.limits(math.log(lo, 10), math.log(hi, 10), part)
    return 10.0 ^ lo, 10.0 ^ hi
  end
  if hi - lo <= 1e-12 * math.max(math.abs(lo), math.abs(hi)) then
    local half = lo == 0 and 0.5 or math.abs(lo) * 0.1
    return lo - half, hi + half
  end
  return lo - (hi - lo) * part, hi + (hi - lo) * part
end

-- Every name that there is room for: each one, each second, fifth, tenth …
local function thinned(positions, names, length, room)
  local digit, power = 1, 1
  while #names / (digit * power) * room > length and digit * power < #names do
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

local function some_ticks(axis, most)
  if not axis.log then return ticks.linear(axis.lo, axis.hi, most, axis.whole) end
  local positions, texts = ticks.log(math.log(axis.lo, 10), math.log(axis.hi, 10), most)
  for i, p in ipairs(positions) do positions[i] = 10.0 ^ p end
  return positions, texts
end

-- Positions and texts; `wide` measures how much of the length a text takes.
local function ticks_of(axis, length, spacing, wide)
  if axis.hidden then return {}, {} end
  if axis.names then
    local room = axis.numbered and (wide and wide(axis.names) + 12 or 24) or words.tick + 1
    return thinned(axis.positions, axis.names, length, room)
  end
  local most = math.max(2, math.floor(length / spacing))
  local positions, texts = some_ticks(axis, most)
  while wide and most > 1 and #texts > 1 and (wide(texts) + 8) * #texts > length do
    most = most - 1
    positions, texts = some_ticks(axis, most)
  end
  return positions, texts
end

-- Names of the x axis: smaller letters if that helps, else turned ones.
local function fit_names(canvas, at, height)
  if #at.x_texts == 0 then return end
  local room = at.width / #at.x_texts - 6
  local longest = words.widest(canvas, at.x_texts, words.tick)
  if longest > room and longest * 0.8 <= room then
    at.x_size = words.tick * room / longest
  elseif longest > room then
    at.turn = true
    longest = math.min(longest, LONGEST, height * 0.35)
    at.x_texts = words.shorten_all(canvas, at.x_texts, words.tick, longest)
    at.height = at.height - axes.crisp(longest) + words.tick
  end
end

local function room_at_right(canvas, spec, width, height)
  if spec.legend and #spec.legend > 0 then
    local layout = legend.arrange(canvas, spec.legend, height, math.max(70, width * 0.4))
    return layout.width + 14 + EDGE, layout
  end
  if spec.bar then return legend.color_bar(canvas, spec.bar, spec.look, 0, nil, height) + 18 + EDGE end
  return 16
end

-- Without the ticks whose text would reach into the next panel.
local function inner_ticks(axis, positions, texts, part)
  local some, kept = {}, {}
  for i, p in ipairs(positions) do
    local at = (p - axis.lo) / (axis.hi - axis.lo)
    if at >= part and at <= 1 - part then some[#some + 1], kept[#kept + 1] = p, texts[i] end
  end
  return some, kept
end

-- Where everything goes when the margins are given, so that panels stand in line.
local function arrange_within(canvas, width, height, spec)
  local m = spec.margins
  local at = { x_size = words.tick, left = axes.crisp(m.left), top = axes.crisp(m.top) }
  at.width = axes.crisp(width - m.right) - at.left
  at.height = axes.crisp(height - m.bottom) - at.top
  local function wide(texts) return words.widest(canvas, texts, words.tick) end
  local positions, texts = ticks_of(spec.x, at.width, 40, wide)
  at.x_positions, at.x_texts = inner_ticks(spec.x, positions, texts, wide(texts) / 2 / at.width)
  positions, texts = ticks_of(spec.y, at.height, 32)
  at.y_positions, at.y_texts = inner_ticks(spec.y, positions, texts, 6 / at.height)
  return at
end

-- Where everything goes: left, top, width and height of the data, texts of the ticks.
local function arrange(canvas, width, height, spec)
  if spec.margins then return arrange_within(canvas, width, height, spec) end
  local x, y = spec.x, spec.y
  local at = { x_size = words.tick }
  local title = axes.title(canvas, spec.title, spec.look, 0, width, 0)
  at.top = axes.crisp(EDGE + 4 + title)
  local bottom = EDGE + (x.hidden and 2 or words.tick + 10) + (x.label and words.label + 8 or 0)
    + (spec.note and words.note + 5 or 0)
  at.height = height - at.top - axes.crisp(bottom)
  local right, layout = room_at_right(canvas, spec, width, at.height)
  at.legend = layout

  local y_positions, y_texts = ticks_of(y, at.height, 42)
  if y.names then
    y_texts = words.shorten_all(canvas, y_texts, words.tick, math.min(LONGEST, width * 0.3))
  end
  at.y_positions, at.y_texts = y_positions, y_texts
  at.left = EDGE + (y.hidden and 2 or words.widest(canvas, y_texts, words.tick) + 9)
    + (y.label and words.label + 8 or 0)
  local function wide(texts) return words.widest(canvas, texts, words.tick) end
  at.x_positions, at.x_texts = ticks_of(x, width - at.left - right, 62, wide)
  if not x.names then -- the last number is centered on its tick and may stand out
    right = math.max(right, wide(at.x_texts) / 2 + 4)
    at.x_positions, at.x_texts = ticks_of(x, width - at.left - right, 62, wide)
  end
  at.left = axes.crisp(at.left)
  at.width = width - at.left - axes.crisp(right)
  if x.names then fit_names(canvas, at, height) end
  at.width, at.height = math.max(at.width, 10), math.max(at.height, 10)
  return at
end

-- Data to canvas along one axis.
local function mapping(axis, start, length)
  if axis.log then
    local lo = math.log(axis.lo, 10)
    local factor = length / (math.log(axis.hi, 10) - lo)
    return function(v) return start + factor * (math.log(v, 10) - lo) end
  end
  local lo, factor = axis.lo, length / (axis.hi - axis.lo)
  return function(v) return start + factor * (v - lo) end
end

-- Between the powers of ten of a log axis.
local function minor_ticks(axis, visit)
  local first, last = math.floor(math.log(axis.lo, 10)), math.ceil(math.log(axis.hi, 10))
  if not axis.log or last - first > 8 then return end
  for e = first, last do
    for m = 2, 9 do
      local v = m * 10.0 ^ e
      if v > axis.lo and v < axis.hi then visit(v) end
    end
  end
end

local function draw_grid(canvas, spec, at, X, Y)
  local grid = spec.look.grid
  if spec.x.names == nil and spec.grid ~= false then
    for _, p in ipairs(at.x_positions) do
      canvas:rect(axes.crisp(X(p)) - 0.5, at.top, 1, at.height, grid)
    end
  end
  if spec.y.names == nil and spec.grid ~= false then
    for _, p in ipairs(at.y_positions) do
      canvas:rect(at.left, axes.crisp(Y(p)) - 0.5, at.width, 1, grid)
    end
  end
end

local function draw_ticks(canvas, spec, at, X, Y)
  local look, low = spec.look, at.top + at.height
  for i, p in ipairs(at.x_positions) do
    if not spec.x.names then canvas:rect(axes.crisp(X(p)) - 0.5, low, 1, 4, look.spine) end
    if at.turn then
      canvas:text(at.x_texts[i], X(p) + words.tick * 0.36, low + 7, words.tick, look.soft, 1, -90)
    else
      canvas:text(at.x_texts[i], X(p), low + 8 + words.tick * 0.76, at.x_size, look.soft, 0.5)
    end
  end
  for i, p in ipairs(at.y_positions) do
    if not spec.y.names then canvas:rect(at.left - 4, axes.crisp(Y(p)) - 0.5, 4, 1, look.spine) end
    canvas:text(at.y_texts[i], at.left - 7, Y(p) + words.tick * 0.36, words.tick, look.soft, 1)
  end
  if not spec.x.hidden then
    minor_ticks(spec.x, function(v)
      canvas:rect(axes.crisp(X(v)) - 0.5, low, 1, 2.5, look.spine, 0.6)
    end)
  end
  if not spec.y.hidden then
    minor_ticks(spec.y, function(v)
      canvas:rect(at.left - 2.5, axes.crisp(Y(v)) - 0.5, 2.5, 1, look.spine, 0.6)
    end)
  end
end

local function draw_labels(canvas, spec, at, width, height)
  local look = spec.look
  local low = height - EDGE - (spec.note and words.note + 5 or 0)
  if spec.x.label then
    canvas:text(words.shorten(canvas, spec.x.label, words.label, at.width), at.left + at.width / 2,
      low - 3, words.label, look.soft, 0.5)
  end
  if spec.y.label then
    canvas:text(words.shorten(canvas, spec.y.label, words.label, at.height),
      EDGE + words.label * 0.9, at.top + at.height / 2, words.label, look.soft, 0.5, -90)
  end
  if spec.note then
    local text = words.shorten(canvas, spec.note, words.note, width - 2 * EDGE)
    canvas:text(text, width - EDGE, height - EDGE, words.note, look.soft, 1)
  end
end

--- Draw axes and let `spec.plot` fill them.
-- spec: { look= theme, x=, y= (each { lo=, hi=, label=, log=, whole=, hidden= } or { positions=,
-- names= } too), title=, legend= array of { name=, color=, kind="disc"|"line"|"bar"|… }, bar= color
-- bar, note= string in small letters, grid= false for none, margins= { left=, top=, right=, bottom=
-- } around the data instead of what the texts need, plot= function (canvas, X, Y, box), where X and
-- Y map data to the canvas }
function axes.draw(canvas, width, height, spec)
  local at = arrange(canvas, width, height, spec)
  local look = spec.look
  local X = mapping(spec.x, at.left, at.width)
  local Y = mapping(spec.y, at.top + at.height, -at.height)
  axes.title(canvas, spec.title, look, at.left + at.width / 2, width, EDGE + 1, true)
  draw_grid(canvas, spec, at, X, Y)
  canvas:clip(at.left - OVER, at.top - OVER, at.width + 2 * OVER, at.height + 2 * OVER)
  spec.plot(canvas, X, Y, at)
  canvas:clip()
  canvas:rect(at.left - 0.5, at.top, 1, at.height + 0.5, look.spine)
  canvas:rect(at.left - 0.5, at.top + at.height - 0.5, at.width + 0.5, 1, look.spine)
  draw_ticks(canvas, spec, at, X, Y)
  draw_labels(canvas, spec, at, width, height)
  if at.legend then
    legend.draw(canvas, spec.legend, at.legend, look, at.left + at.width + 14, at.top)
  elseif spec.bar then
    legend.color_bar(canvas, spec.bar, look, at.left + at.width + 16, at.top, at.height)
  end
end

return axes
