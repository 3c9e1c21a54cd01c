local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local palette = require "hyades.plot.palette"

local DEFAULTS = {
  shape = check.optional, columns = check.optional, titles = check.optional, title = check.optional,
  limit = 100,
}
local GAP, CAPTION = 5, 15

-- All numbers of nested arrays, in order.
local function flatten(value, into)
  if type(value) == "table" then
    for _, inner in ipairs(value) do flatten(inner, into) end
  else
    into[#into + 1] = value
  end
  return into
end

local function sizes_of(x)
  if numbers.is_tensor(x) then return x:size() end
  local sizes = {}
  while type(x) == "table" do
    sizes[#sizes + 1] = #x
    x = x[1]
  end
  return sizes
end

-- Height, width and channels of each image.
local function shape_of(fn, sizes, shape)
  if #sizes == 4 then return sizes[3], sizes[4], sizes[2] end
  if #sizes == 3 then return sizes[2], sizes[3], 1 end
  if #sizes ~= 2 then
    numbers.fail(fn, "x: expected images n×d, n×h×w or n×c×h×w, got %d dimensions", #sizes)
  end
  local d = sizes[2]
  if shape then
    if type(shape) ~= "table" or not (math.tointeger(shape[1]) and math.tointeger(shape[2])) then
      numbers.fail(fn, "shape: expected { height, width } or { height, width, channels }")
    end
    local h, w, c = shape[1], shape[2], shape[3] or 1
    if h * w * c ~= d then
      numbers.fail(fn, "shape: %s does not hold the %d numbers of a row",
        table.concat(shape, "×"), d)
    end
    return h, w, c
  end
  local side = math.floor(math.sqrt(d) + 0.5)
  if side * side ~= d then
    numbers.fail(fn, "rows of %d numbers are no square images: give shape = { height, width }", d)
  end
  return side, side, 1
end

-- What black and white stand for: 0 and 1, 0 and 255 for u8, else the smallest and largest value.
local function levels(x, flat)
  if numbers.is_tensor(x) and x.dtype == "u8" then return 0, 255 end
  local lo, hi = numbers.range(flat)
  if not lo or lo >= 0 and hi <= 1 then return 0, 1 end
  return axes.limits(lo, hi, 0)
end

-- Samples of one image, channels side by side as the canvas wants them.
local function to_bytes(flat, h, w, c, lo, hi)
  local bytes, plane = {}, h * w
  for p = 1, plane do
    for k = 0, c - 1 do
      local v = (flat[p + k * plane] - lo) / (hi - lo)
      v = v == v and math.max(0, math.min(1, v)) or 0
      bytes[#bytes + 1] = string.char(math.floor(v * 255 + 0.5))
    end
  end
  return table.concat(bytes)
end

local function collect(fn, x, o)
  local sizes = sizes_of(x)
  local h, w, c = shape_of(fn, sizes, o.shape)
  if c ~= 1 and c ~= 3 then
    numbers.fail(fn, "expected gray (1) or RGB (3) channels, got %d", c)
  end
  local n = math.min(sizes[1], o.limit)
  if n == 0 then numbers.fail(fn, "x: expected at least one image") end
  local shown = numbers.is_tensor(x) and x:narrow(1, 1, n):totable() or x
  local flat = {}
  for i = 1, n do
    flat[i] = flatten(shown[i], {})
    if #flat[i] ~= h * w * c then
      numbers.fail(fn, "x: image %d has %d numbers, the first has %d", i, #flat[i], h * w * c)
    end
  end
  local lo, hi = levels(x, flat)
  local images = {}
  for i = 1, n do images[i] = to_bytes(flat[i], h, w, c, lo, hi) end
  return images, h, w, sizes[1]
end

-- Full rows where that gives a sheet about as wide as high, or up to twice as wide.
local function suitable_columns(n)
  if n <= 10 then return n end
  local side = math.ceil(math.sqrt(n))
  for columns = side, 2 * side do
    if n % columns == 0 then return columns end
  end
  return side
end

--- A sheet of images. Values in [0, 1] and bytes are shown as they are, others are scaled from
-- their smallest to their largest value.
-- x: n×d with `shape`, n×h×w or n×c×h×w · shape: { h, w } or { h, w, c } (default: square) ·
-- columns: integer · titles: array of strings above the images · title: string ·
-- limit: integer, how many images at most
-- → figure
return function(...)
  local fn = "plot.images"
  local first = ...
  local braces = select("#", ...) == 1 and type(first) == "table"
    and (numbers.is_tensor(first[1]) or next(first, #first > 0 and #first or nil) ~= nil)
  local data, given = numbers.arguments(fn, 1, braces, ...)
  local o = check.options(fn, given, DEFAULTS)
  local x = data[1]
  if not numbers.is_tensor(x) and type(x) ~= "table" then
    numbers.fail(fn, "x: expected images as a tensor or nested arrays, got %s", numbers.kind(x))
  end
  local images, h, w, total = collect(fn, x, o)
  local n = #images
  local columns = math.min(n, o.columns or suitable_columns(n))
  local rows = math.ceil(n / columns)

  local target = n <= 12 and 144 or 112 -- pixels on the longer side: a multiple of the image's own
  local factor = math.max(1, target // math.max(h, w)) / figure.scale
  local iw, ih = w * factor, h * factor
  local step_x, step_y = iw + GAP, ih + GAP + (o.titles and CAPTION or 0)
  local note = total > n and ("the first %d of %d"):format(n, total)
  local top, bottom = o.title and 32 or 8, note and 22 or 8
  local sheet_w, sheet_h = columns * step_x - GAP, rows * step_y - GAP

  local title_w = o.title and 10 * (utf8.len(o.title) or #o.title) or 0 -- about
  return figure.new(math.max(sheet_w, title_w) + 16, sheet_h + top + bottom, function(canvas, width, height)
    local left, y0 = (width - sheet_w) / 2, top + math.max(0, (height - sheet_h - top - bottom) / 2)
    axes.title(canvas, o.title, 0, width, y0 - top + 8)
    for i, bytes in ipairs(images) do
      local x0, y = left + (i - 1) % columns * step_x, y0 + (i - 1) // columns * step_y
      if o.titles then
        local text = axes.shorten(canvas, tostring(o.titles[i] or ""), axes.size.tick, iw)
        canvas:text(text, x0 + iw / 2, y + 10, axes.size.tick, palette.soft, 0.5)
        y = y + CAPTION
      end
      canvas:image(x0, y, iw, ih, h, w, bytes)
    end
    if note then
      canvas:text(note, left + sheet_w, y0 + sheet_h + 15, axes.size.tick, palette.soft, 1)
    end
  end)
end
