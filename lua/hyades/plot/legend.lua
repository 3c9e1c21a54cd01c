--- What stands at the right of the data: the legend and the color bar.
local palette = require "hyades.plot.palette"
local ticks = require "hyades.plot.ticks"
local words = require "hyades.plot.words"

local legend = {}

local ROW = 18 -- height of a line
local LONGEST = 160 -- width at most of a name
local KEY = 21 -- width of the symbol with its gap
local BAR = 12

--- How entries stand in columns; where there is no room for all, the rest is counted.
-- entries: array of { name=, color=, kind= } · height, width: room for them
-- → layout, with its `width`
function legend.arrange(canvas, entries, height, width)
  local texts = {}
  for i, entry in ipairs(entries) do
    texts[i] = words.shorten(canvas, entry.name, words.tick, math.min(LONGEST, width - KEY - 9))
  end
  local rows = math.max(1, math.floor(height / ROW))
  local column = words.widest(canvas, texts, words.tick) + KEY + 9
  local most = rows * math.max(1, math.floor(width / column))
  local more
  if #entries > most then
    more = ("… %d more"):format(#entries - most + 1)
    texts = table.move(texts, 1, most - 1, 1, {})
    texts[most] = more
    column = words.widest(canvas, texts, words.tick) + KEY + 9
  end
  local columns = math.ceil(#texts / rows)
  rows = math.ceil(#texts / columns)
  return { texts = texts, rows = rows, width = column * columns - 9, column = column,
    more = more and #texts }
end

local function draw_key(canvas, entry, x, y)
  if entry.kind == "line" then
    if entry.band then canvas:rect(x, y - 5, 15, 10, entry.color, 0.2) end
    canvas:line({ x, y, x + 15, y }, 2, entry.color, 1, entry.dash)
  elseif entry.kind == "bar" then
    canvas:rect(x + 2, y - 5, 11, 10, entry.color)
  else
    canvas:markers(entry.kind or "disc", { x + 8 }, { y }, 4.5, entry.color)
  end
end

--- Draw the entries.
-- layout: from legend.arrange · look: theme · x, y: corner
function legend.draw(canvas, entries, layout, look, x, y)
  for i, text in ipairs(layout.texts) do
    local left = x + (i - 1) // layout.rows * layout.column
    local middle = y + (i - 1) % layout.rows * ROW + ROW / 2
    if i ~= layout.more then draw_key(canvas, entries[i], left, middle) end
    canvas:text(text, left + KEY, middle + words.tick * 0.36, words.tick, look.soft)
  end
end

--- A vertical color bar with its numbers at the right.
-- bar: { map=, lo=, hi=, label= }
-- → width it takes (nothing is drawn when y is nil)
function legend.color_bar(canvas, bar, look, x, y, height)
  local positions, texts = ticks.linear(bar.lo, bar.hi, math.max(2, math.min(6, height // 30)))
  local text_width = words.widest(canvas, texts, words.tick)
  if not y then return BAR + 8 + text_width + (bar.label and words.label + 8 or 0) end
  local n = 256
  local bytes = {}
  for i = 1, n do bytes[i] = palette.bytes(palette.heat(bar.map, 1 - (i - 0.5) / n)) end
  canvas:image(x, y, BAR, height, n, 1, table.concat(bytes))
  for i, p in ipairs(positions) do
    local ty = y + height * (1 - (p - bar.lo) / (bar.hi - bar.lo))
    canvas:rect(x + BAR, math.floor(2 * ty + 0.5) / 2 - 0.5, 3, 1, look.spine)
    canvas:text(texts[i], x + BAR + 6, ty + words.tick * 0.36, words.tick, look.soft)
  end
  if bar.label then
    local text = words.shorten(canvas, bar.label, words.label, height)
    canvas:text(text, x + BAR + 8 + text_width + words.label, y + height / 2, words.label, look.soft,
      0.5, -90)
  end
end

return legend
