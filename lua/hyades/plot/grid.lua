local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"

local DEFAULTS = { columns = 2, title = check.optional }
local GAP = 12

--- Several figures on one sheet, row by row.
-- figures · columns: integer · title: string
-- → figure
return function(...)
  local fn = "plot.grid"
  local figures, given = numbers.arguments(fn, math.huge, nil, ...)
  local o = check.options(fn, given, DEFAULTS)
  for i, f in ipairs(figures) do
    if not figure.is(f) then
      numbers.fail(fn, "expected figures, got %s at %d", numbers.kind(f), i)
    end
  end
  if #figures == 0 then numbers.fail(fn, "expected at least one figure") end
  if not math.tointeger(o.columns) or o.columns < 1 then
    numbers.fail(fn, "columns: expected an integer of at least 1, got %s", tostring(o.columns))
  end

  local columns = math.min(o.columns, #figures)
  local widths, heights = {}, {}
  for i, f in ipairs(figures) do
    local row, column = (i - 1) // columns + 1, (i - 1) % columns + 1
    widths[column] = math.max(widths[column] or 0, f.width)
    heights[row] = math.max(heights[row] or 0, f.height)
  end
  local top = o.title and 34 or 0
  local width, height = -GAP, top - GAP
  for _, w in ipairs(widths) do width = width + w + GAP end
  for _, h in ipairs(heights) do height = height + h + GAP end

  return figure.new(width, height, function(canvas, _, _, x0, y0)
    axes.title(canvas, o.title, 0, width, 12)
    local y = y0 + top
    for row, h in ipairs(heights) do
      local x = x0
      for column, w in ipairs(widths) do
        local f = figures[(row - 1) * columns + column]
        if f then f:paint(canvas, x, y, w, h) end
        x = x + w + GAP
      end
      y = y + h + GAP
    end
    canvas:move(x0, y0)
  end)
end
