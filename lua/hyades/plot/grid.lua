local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"

local DEFAULTS = { columns = 2, title = check.optional, theme = check.optional }
local GAP = 12

-- Widths of the columns and heights of the rows.
local function sizes(figures, columns)
  local widths, heights = {}, {}
  for i, f in ipairs(figures) do
    local row, column = (i - 1) // columns + 1, (i - 1) % columns + 1
    widths[column] = math.max(widths[column] or 0, f.width)
    heights[row] = math.max(heights[row] or 0, f.height)
  end
  return widths, heights
end

--- Several figures on one sheet, row by row.
-- figures · columns: integer · title: string · theme: "light" or "dark", of the sheet
-- → figure
return function(...)
  local fn = "plot.grid"
  local figures, given = numbers.arguments(fn, math.huge, nil, ...)
  local o = options.read(fn, given, DEFAULTS)
  for i, f in ipairs(figures) do
    if not figure.is(f) then
      numbers.fail(fn, "expected figures, got %s at %d", numbers.kind(f), i)
    end
  end
  if #figures == 0 then numbers.fail(fn, "expected at least one figure") end
  local columns = math.min(options.integer(fn, "columns", o.columns, 1), #figures)
  local widths, heights = sizes(figures, columns)
  local width, height = -GAP, -GAP
  for _, w in ipairs(widths) do width = width + w + GAP end
  for _, h in ipairs(heights) do height = height + h + GAP end
  local look = given.theme and o.look or figures[1].look
  local top = o.title and (9.6 * #o.title > width and 60 or 40) or 0 -- room for one line or two

  local function draw(canvas, w, _, x0, y0)
    axes.title(canvas, o.title, look, w / 2, w, 12, true)
    local y = y0 + top
    for row, h in ipairs(heights) do
      local x = x0
      for column, column_width in ipairs(widths) do
        local f = figures[(row - 1) * columns + column]
        if f then f:paint(canvas, x, y, column_width, h, look.paper) end
        x = x + column_width + GAP
      end
      y = y + h + GAP
    end
    canvas:move(x0, y0)
  end
  return figure.new{ kind = "grid", width = width, height = top + height, look = look,
    elements = numbers.count(#figures, "figure"), draw = draw }
end
