--- Images of data rows, as bytes, and sheets of them: shared by all pictures that show images.
local axes = require "hyades.plot.axes"
local figure = require "hyades.plot.figure"
local legend = require "hyades.plot.legend"
local numbers = require "hyades.plot.numbers"
local words = require "hyades.plot.words"

local pictures = {}

local GAP, CAPTION, FRAME, EDGE = 5, 16, 2.5, 8
local LARGEST = 16384 -- pixels of an image
local WIDE = 900 -- of a sheet of large images, about

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
local function shape_of(fn, what, sizes, shape)
  if #sizes == 4 then return sizes[3], sizes[4], sizes[2] end
  if #sizes == 3 then return sizes[2], sizes[3], 1 end
  if #sizes ~= 2 then
    numbers.fail(fn, "%s: expected images n×d, n×h×w or n×c×h×w, got %d dimensions", what, #sizes)
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
local function levels(fn, x, flat, range)
  if range then
    if type(range) ~= "table" or type(range[1]) ~= "number" or type(range[2]) ~= "number"
        or range[1] == range[2] then
      numbers.fail(fn, "range: expected { black, white }, two different numbers")
    end
    return range[1], range[2]
  end
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
      bytes[#bytes + 1] = math.floor(v * 255 + 0.5)
    end
  end
  local parts = {}
  for i = 1, #bytes, 4096 do
    parts[#parts + 1] = string.char(table.unpack(bytes, i, math.min(i + 4095, #bytes)))
  end
  return table.concat(parts)
end

--- Images and their shape out of a dataset; anything else as it is.
-- → x, shape
function pictures.of_dataset(x, shape)
  if not numbers.is_dataset(x) then return x, shape end
  local image = rawget(x, "image")
  return x.x, shape or image and { image.h, image.w, image.c }
end

--- Images from rows of numbers.
-- x: n×d, n×h×w, n×c×h×w or a dataset · o: { shape=, limit=, range= { black, white } }
-- → { n=, total=, h=, w=, channels=, bytes= array of strings }
function pictures.read(fn, what, x, o)
  local shape
  x, shape = pictures.of_dataset(x, o.shape)
  if not numbers.is_tensor(x) and type(x) ~= "table" then
    numbers.fail(fn, "%s: expected images as a tensor or nested arrays, got %s", what,
      numbers.kind(x))
  end
  local sizes = sizes_of(x)
  local h, w, c = shape_of(fn, what, sizes, shape)
  if h < 1 or w < 1 or h > LARGEST or w > LARGEST then
    numbers.fail(fn, "%s: expected images of 1 to %d pixels each way, got %d×%d", what, LARGEST, h, w)
  end
  if c ~= 1 and c ~= 3 then
    numbers.fail(fn, "expected gray (1) or RGB (3) channels, got %d", c)
  end
  local n = math.min(sizes[1], o.limit or sizes[1])
  if n == 0 then numbers.fail(fn, "%s: expected at least one image", what) end
  local shown = numbers.is_tensor(x) and x:narrow(1, 1, n):totable() or x
  local flat = {}
  for i = 1, n do
    flat[i] = flatten(shown[i], {})
    if #flat[i] ~= h * w * c then
      numbers.fail(fn, "%s: image %d has %d numbers, the first has %d", what, i, #flat[i], h * w * c)
    end
    for _, v in ipairs(flat[i]) do
      if type(v) ~= "number" then
        numbers.fail(fn, "%s: expected numbers, got %s in image %d", what, type(v), i)
      end
    end
  end
  local lo, hi = levels(fn, x, flat, o.range)
  local bytes = {}
  for i = 1, n do bytes[i] = to_bytes(flat[i], h, w, c, lo, hi) end
  return { n = n, total = sizes[1], h = h, w = w, channels = c, bytes = bytes }
end

--- Titles of images as strings.
-- → array
function pictures.titles(fn, titles, n)
  if type(titles) ~= "table" and not numbers.is_tensor(titles) then
    numbers.fail(fn, "titles: expected an array of strings, got %s", numbers.kind(titles))
  end
  local list = {}
  if numbers.is_tensor(titles) then titles = titles:totable() end
  for i = 1, n do list[i] = tostring(titles[i] ~= nil and titles[i] or "") end
  return list
end

-- Units that an image is wide and high: whole pixels for each of its own, so that none is blurred.
local function size_of(set, o)
  local target = set.n <= 12 and 144 or 112 -- pixels of the sheet on the longer side
  target = math.max(target, math.min(set.h, set.w, WIDE * figure.scale / o.columns))
  if o.width then
    local room = (o.width - 2 * EDGE - (o.columns - 1) * GAP) / o.columns
    target = math.max(4, room * figure.scale)
  end
  local factor = target / math.max(set.h, set.w)
  factor = factor >= 1 and math.floor(factor) or factor
  return set.w * factor / figure.scale, set.h * factor / figure.scale
end

-- Without letters and Cairo: only the images, on white.
local function plain_sheet(set, columns, rows, step_x, step_y, iw, ih)
  local scale = figure.scale
  local fx, fy = math.max(1, iw * scale // set.w), math.max(1, ih * scale // set.h)
  local sx, sy = math.floor(step_x * scale), math.floor(step_y * scale)
  local w, h = columns * sx, rows * sy
  local lines = {}
  local blank = ("\255"):rep(w * 3)
  for row = 0, rows - 1 do
    for y = 0, sy - 1 do
      local line, at = {}, y // fy
      for column = 0, columns - 1 do
        local bytes = at < set.h and set.bytes[row * columns + column + 1]
        local n = 0
        for x = 1, bytes and set.w or 0 do
          local from = (at * set.w + x - 1) * set.channels
          local sample = bytes:sub(from + 1, from + set.channels)
          line[#line + 1] = (set.channels == 1 and sample:rep(3) or sample):rep(fx)
          n = n + fx
        end
        line[#line + 1] = ("\255"):rep((sx - n) * 3)
      end
      lines[#lines + 1] = at < set.h and table.concat(line) or blank
    end
  end
  return h, w, table.concat(lines)
end

local function draw_image(canvas, set, i, x, y, iw, ih, color, look)
  if color then
    canvas:rect(x - FRAME, y - FRAME, iw + 2 * FRAME, ih + 2 * FRAME, color)
  elseif look.name == "light" then
    canvas:rect(x - 0.5, y - 0.5, iw + 1, ih + 1, look.grid)
  end
  canvas:image(x, y, iw, ih, set.h, set.w, set.bytes[i])
end

--- What figure.new needs for a sheet of images.
-- set: from pictures.read · o: { columns=, titles= array or nil, colors= of frames or nil,
-- entries= of a legend or nil, title=, look=, note=, width= of the sheet or nil, first_gap= room
-- after the first column }
-- → table
function pictures.sheet(set, o)
  local columns = math.min(set.n, o.columns)
  local rows = math.ceil(set.n / columns)
  local iw, ih = size_of(set, { columns = columns, width = o.width })
  local gap = o.colors and GAP + 4 or GAP
  local extra = o.first_gap and columns > 1 and o.first_gap or 0
  local step_x, step_y = iw + gap, ih + gap + (o.titles and CAPTION or 0)
  local sheet_w, sheet_h = columns * step_x - gap + extra, rows * step_y - gap
  local longest = 0
  for _, entry in ipairs(o.entries or {}) do
    longest = math.max(longest, utf8.len(entry.name) or #entry.name)
  end
  local side = o.entries and math.min(170, 46 + 7 * longest) or 0
  local bottom = EDGE + (o.note and 14 or 0) + (o.colors and 2 or 0)
  local least = o.title and math.min(360, 9.6 * (utf8.len(o.title) or #o.title)) or 0 -- about
  local width = math.max(sheet_w + side, least) + 2 * EDGE + 4
  local lines = o.title and (9.6 * (utf8.len(o.title) or #o.title) > width and 2 or 1) or 0
  local top = EDGE + 2 + (lines > 0 and lines * 19 + 9 or 0)

  local function draw(canvas, w, h)
    local look = o.look
    local left = (w - sheet_w - side) / 2
    local y0 = top + math.max(0, (h - sheet_h - top - bottom) / 2)
    axes.title(canvas, o.title, look, left + sheet_w / 2, w, y0 - top + 8, true)
    for i = 1, set.n do
      local column = (i - 1) % columns
      local x = left + column * step_x + (column > 0 and extra or 0)
      local y = y0 + (i - 1) // columns * step_y
      if o.titles then
        local text = words.shorten(canvas, o.titles[i], words.tick, iw)
        canvas:text(text, x + iw / 2, y + 11, words.tick, look.soft, 0.5)
        y = y + CAPTION
      end
      draw_image(canvas, set, i, axes.crisp(x), axes.crisp(y), iw, ih, o.colors and o.colors[i], look)
    end
    if o.entries then
      local layout = legend.arrange(canvas, o.entries, sheet_h, side - 14)
      legend.draw(canvas, o.entries, layout, look, left + sheet_w + 14, y0)
    end
    if o.note then
      canvas:text(o.note, left + sheet_w, y0 + sheet_h + 15, words.tick, look.soft, 1)
    end
  end
  return { width = width, height = sheet_h + top + bottom, look = o.look, draw = draw,
    plain = function() return plain_sheet(set, columns, rows, step_x, step_y, iw, ih) end }
end

return pictures
