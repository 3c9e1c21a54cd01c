local canvas = require "hyades.canvas"

--- Stands in for a canvas and keeps what is drawn.
-- figure: figure · extent: function(text, size, bold) → width, for other letters than the canvas has
-- → { calls= array of { name, arguments… }, texts= array of { text=, left=, right=, top=, bottom= },
--   discs=, rects=, shapes= name → how often, images=, lines=, polygons= numbers }
return function(figure, extent)
  local ruler = canvas.new(1, 1, "png", 2)
  extent = extent or function(...) return ruler:extent(...) end
  local seen = { calls = {}, texts = {}, discs = {}, rects = {}, shapes = {}, images = 0, lines = 0,
    polygons = 0 }
  local ox, oy = 0, 0
  local draw = {}
  function draw.move(x, y) ox, oy = x, y end
  function draw.markers(shape, xs, _, r, color)
    seen.shapes[shape] = (seen.shapes[shape] or 0) + #xs
    for i = 1, #xs do
      local one = type(color) == "table" and color[i] or color
      seen.discs[#seen.discs + 1] = { r = r, color = one }
    end
  end
  function draw.rect(_, _, _, h, color) seen.rects[#seen.rects + 1] = { h = h, color = color } end
  function draw.clip() end
  function draw.polygon() seen.polygons = seen.polygons + 1 end
  function draw.line() seen.lines = seen.lines + 1 end
  function draw.image() seen.images = seen.images + 1 end
  function draw.text(text, x, y, size, _, anchor, turn, bold)
    local width = extent(text, size, bold)
    local before = (anchor or 0) * width
    local left, right, top, bottom = x - before, x - before + width, y - size, y + 0.3 * size
    if turn == -90 then
      left, right, top, bottom = x - size, x + 0.3 * size, y + before - width, y + before
    end
    seen.texts[#seen.texts + 1] = { text = text, left = left + ox, right = right + ox,
      top = top + oy, bottom = bottom + oy }
  end
  local recorder = setmetatable({}, { __index = function(_, name)
    if name == "extent" then return function(_, ...) return extent(...) end end
    return function(_, ...)
      if name ~= "move" then seen.calls[#seen.calls + 1] = { name, ... } end
      draw[name](...)
    end
  end })
  figure:paint(recorder, 0, 0, figure.width, figure.height)
  return seen
end
