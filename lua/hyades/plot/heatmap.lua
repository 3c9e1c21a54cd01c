local axes = require "hyades.plot.axes"
local cells = require "hyades.plot.cells"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local ticks = require "hyades.plot.ticks"

local DEFAULTS = {
  rows = check.optional, columns = check.optional, numbers = check.optional,
  decimals = check.optional, label = check.optional, map = check.optional, range = check.optional,
  center = check.optional, xlabel = check.optional, ylabel = check.optional,
}

-- Few enough digits to tell the values apart.
local function decimals_for(lo, hi)
  local largest = math.max(math.abs(lo), math.abs(hi), 1e-9)
  return math.max(0, math.min(6, 1 - math.floor(math.log(largest, 10))))
end

local function all_integers(rows)
  for _, row in ipairs(rows) do
    for _, v in ipairs(row) do
      if not math.tointeger(v) then return false end
    end
  end
  return true
end

-- What the ends of the map stand for.
local function ends(fn, o, lo, hi)
  if o.range ~= nil then
    local r = o.range
    if type(r) ~= "table" or type(r[1]) ~= "number" or type(r[2]) ~= "number" or r[1] >= r[2] then
      numbers.fail(fn, "range: expected { low, high }, two ascending numbers")
    end
    return r[1], r[2]
  end
  local center = o.center or o.map == "diverging" and 0 or nil
  if center then
    check.number(fn, "center", center, nil, nil, false, 0)
    local half = math.max(hi - center, center - lo)
    lo, hi = center - half, center + half
  end
  return axes.limits(lo, hi, 0)
end

local function names_of(fn, what, names, n)
  if names ~= nil and (type(names) ~= "table" or #names ~= n) then
    numbers.fail(fn, "%s: expected %s, got %s", what, numbers.count(n, "name"),
      type(names) == "table" and #names or numbers.kind(names))
  end
end

--- A matrix as colored cells, with a color bar.
-- x: tensor n×d or array of rows · rows, columns: arrays of names ·
-- numbers: boolean, write the values (default: up to 15 rows and columns) · decimals: integer ·
-- map: "viridis", "blues", "diverging", "gray" · center: number in the middle of the map (0 for
-- "diverging"; with a center the map is "diverging") · range: { low, high } · label: string at the
-- color bar · title, xlabel, ylabel: string · width, height: numbers · theme: "light" or "dark".
-- NaN is a gray cell.
-- → figure
return function(...)
  local fn = "plot.heatmap"
  local data, given = numbers.arguments(fn, 1, nil, ...)
  local o = options.read(fn, given, DEFAULTS)
  local rows, d = numbers.matrix(fn, "x", data[1])
  local lo, hi = numbers.range(rows)
  if not lo then numbers.fail(fn, "x: expected at least one finite number") end
  names_of(fn, "rows", o.rows, #rows)
  names_of(fn, "columns", o.columns, d)
  local decimals = o.decimals and options.integer(fn, "decimals", o.decimals, 0, 12)
    or all_integers(rows) and 0 or decimals_for(lo, hi)
  lo, hi = ends(fn, o, lo, hi)
  local map = o.map or o.center and "diverging" or "viridis"

  local write = o.numbers
  if write == nil then write = #rows <= 15 and d <= 15 end
  local share, texts, wrong = {}, write and {} or nil, 0
  for i, row in ipairs(rows) do
    share[i] = {}
    if write then texts[i] = {} end
    for j, v in ipairs(row) do
      share[i][j] = numbers.is_finite(v) and (v - lo) / (hi - lo) or 0 / 0
      if not numbers.is_finite(v) then wrong = wrong + 1 end
      if write then texts[i][j] = v == v and ticks.text(v, decimals) or "" end
    end
  end
  local width, height = cells.extent(#rows, d, o.rows)
  return figure.new{
    kind = "heatmap", width = o.width or width + 60, height = o.height or height, look = o.look,
    elements = ("%d×%d cells"):format(#rows, d),
    draw = function(canvas, w, h)
      cells.draw(canvas, w, h, { share = share, texts = texts, map = map, rows = o.rows,
        columns = o.columns, title = o.title, xlabel = o.xlabel, ylabel = o.ylabel, look = o.look,
        bar = { map = map, lo = lo, hi = hi, label = o.label },
        note = wrong > 0 and numbers.count(wrong, "gray cell") .. ": NaN or infinite" or nil })
    end,
  }
end
