local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local palette = require "hyades.plot.palette"
local pictures = require "hyades.plot.pictures"

local DEFAULTS = {
  shape = check.optional, columns = check.optional, titles = check.optional, color = check.optional,
  names = check.optional, palette = check.optional, limit = 100, range = check.optional,
}

-- Full rows where that gives a sheet about as wide as high, or up to twice as wide.
local function suitable_columns(n)
  if n <= 10 then return n end
  local side = math.ceil(math.sqrt(n))
  for columns = side, 2 * side do
    if n % columns == 0 then return columns end
  end
  return side
end

-- Colors of the frames by label.
local function frames(fn, o, total)
  if o.color == nil then return nil end
  local labels = numbers.labels(fn, "color", o.color, total)
  local entries, of = palette.classes(labels, o.names, o.look, o.colors)
  local colors = {}
  for i, id in ipairs(labels) do colors[i] = of[id].color end
  return colors, entries
end

--- A sheet of images. Values in [0, 1] and bytes are shown as they are, others are scaled from their
-- smallest to their largest value.
-- x: n×d with `shape`, n×h×w, n×c×h×w or a dataset of images · shape: { h, w } or { h, w, c }
-- (default: square) · columns: integer · titles: array of strings above the images · color: labels
-- that color frames around the images, names: of the labels, for a legend · range: { black, white }
-- · title: string · limit: integer, how many images at most · width: number, of the sheet · theme:
-- "light" or "dark"
-- → figure
return function(...)
  local fn = "plot.images"
  local first = ...
  local braces = select("#", ...) == 1 and type(first) == "table"
    and (numbers.is_tensor(rawget(first, 1)) or next(first, #first > 0 and #first or nil) ~= nil)
  local data, given = numbers.arguments(fn, 1, braces, ...)
  local o = options.read(fn, given, DEFAULTS)
  options.integer(fn, "limit", o.limit, 1)
  local set = pictures.read(fn, "x", data[1], { shape = o.shape, limit = o.limit, range = o.range })
  local columns = o.columns and options.integer(fn, "columns", o.columns, 1)
    or suitable_columns(set.n)
  local titles = o.titles and pictures.titles(fn, o.titles, set.n)
  local colors, entries = frames(fn, o, set.total)
  local sheet = pictures.sheet(set, { columns = columns, titles = titles, colors = colors,
    entries = o.names and entries, title = o.title, look = o.look, width = o.width,
    note = set.total > set.n and ("the first %d of %d"):format(set.n, set.total) })
  sheet.kind, sheet.elements = "images", numbers.count(set.n, "image")
  return figure.new(sheet)
end
