local axes = require "hyades.plot.axes"
local cells = require "hyades.plot.cells"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local ticks = require "hyades.plot.ticks"

local DEFAULTS = {
  rows = check.optional, columns = check.optional, numbers = check.optional,
  decimals = check.optional, label = check.optional,
  title = check.optional, xlabel = check.optional, ylabel = check.optional,
  width = check.optional, height = check.optional,
}

-- Few enough digits to tell the values apart.
local function decimals_for(lo, hi)
  local largest = math.max(math.abs(lo), math.abs(hi), 1e-9)
  return math.max(0, math.min(6, 1 - math.floor(math.log(largest, 10))))
end

--- A matrix as colored cells, with a color bar.
-- x: tensor n×d or array of rows · rows, columns: arrays of names ·
-- numbers: boolean, write the values (default: up to 15 rows and columns) · decimals: integer ·
-- label: string at the color bar · title, xlabel, ylabel: string · width, height: numbers
-- → figure
return function(...)
  local fn = "plot.heatmap"
  local data, given = numbers.arguments(fn, 1, nil, ...)
  local o = check.options(fn, given, DEFAULTS)
  local rows, d = numbers.matrix(fn, "x", data[1])
  local lo, hi = numbers.range(rows)
  if not lo then numbers.fail(fn, "x: expected at least one finite number") end
  local integers = true
  for _, row in ipairs(rows) do
    for _, v in ipairs(row) do integers = integers and math.tointeger(v) ~= nil end
  end
  local decimals = o.decimals or integers and 0 or decimals_for(lo, hi)
  lo, hi = axes.limits(lo, hi, 0)

  local write = o.numbers
  if write == nil then write = #rows <= 15 and d <= 15 end
  local share, texts = {}, write and {} or nil
  for i, row in ipairs(rows) do
    share[i] = {}
    if write then texts[i] = {} end
    for j, v in ipairs(row) do
      share[i][j] = (v - lo) / (hi - lo)
      if write then texts[i][j] = v == v and ticks.text(v, decimals) or "" end
    end
  end
  local width, height = cells.extent(#rows, d, o.rows)
  return figure.new(o.width or width + 60, o.height or height, function(canvas, w, h)
    cells.draw(canvas, w, h, { share = share, texts = texts, map = "viridis", rows = o.rows,
      columns = o.columns, title = o.title, xlabel = o.xlabel, ylabel = o.ylabel,
      bar = { map = "viridis", lo = lo, hi = hi, label = o.label } })
  end)
end
