--- A picture that knows how to draw itself: the same input gives the same bytes.
local core = require "hyades.core"
local palette = require "hyades.plot.palette"
local numbers = require "hyades.plot.numbers"

local Figure = {}
Figure.__index = Figure
Figure.__name = "figure"

local figure = { scale = 2 } -- pixels per unit of length, in a PNG
local KINDS = { png = true, svg = true, pdf = true }
local MISSING = "plot draws with Cairo, which is not here; install %s and run make again"

-- The canvas of the C side, or nil and a sentence that says what is missing.
local function cairo()
  local found, canvas = pcall(require, "hyades.canvas")
  if found then return canvas end
  local built = tostring(canvas):find("libcairo", 1, true)
  return nil, MISSING:format(built and "libcairo2" or "libcairo2-dev and pkg-config")
end

--- Draw into a box of a canvas.
-- canvas: canvas · x, y: corner of the box · width, height: numbers · paper: the color of what lies
-- below, if it is known
function Figure:paint(canvas, x, y, width, height, paper)
  canvas:move(x, y)
  if self.look.paper ~= paper then canvas:rect(0, 0, width, height, self.look.paper) end
  self.draw(canvas, width, height, x, y)
end

-- Cairo counts its surfaces; their names must not depend on what was drawn before.
local function renumbered(svg)
  local known, count = {}, 0
  local function rename(before, kind, number)
    local key = kind .. number
    if not known[key] then
      count = count + 1
      known[key] = kind .. count
    end
    return before .. known[key]
  end
  return (svg:gsub('([#"])(image)(%d+)', rename):gsub('([#"])(surface)(%d+)', rename)
    :gsub('([#"])(mask)(%d+)', rename))
end

-- The figure on a new canvas.
local function drawn(self, kind, scale)
  local canvas, problem = cairo()
  if not canvas then error(problem, 0) end
  local sheet = canvas.new(self.width, self.height, kind, scale)
  self:paint(sheet, 0, 0, self.width, self.height)
  return sheet
end

-- Height, width and RGB samples.
local function pixels_of(self, scale)
  if self.plain and not cairo() then return self.plain() end
  local pixels, w, h = drawn(self, "png", scale):pixels()
  return h, w, pixels
end

--- The picture as the bytes of a file.
-- kind: "png" (two pixels per unit), "svg" or "pdf"
-- → string
function Figure:bytes(kind)
  if not KINDS[kind] then
    numbers.fail("bytes", 'expected "png", "svg" or "pdf", got %s',
      type(kind) == "string" and ("%q"):format(kind) or numbers.kind(kind))
  end
  if kind == "png" then
    local h, w, pixels = pixels_of(self, figure.scale)
    return core.png(h, w, 3, pixels)
  end
  local bytes = drawn(self, kind):finish()
  return kind == "svg" and renumbered(bytes) or bytes
end

--- Write the picture to a file; its name says as what: .png, .svg or .pdf.
-- path: string
-- → the figure
function Figure:save(path)
  if type(path) ~= "string" then
    numbers.fail("save", "expected the path of a .png, .svg or .pdf file, got %s",
      numbers.kind(path))
  end
  local kind = path:lower():match "%.(%a+)$"
  if not KINDS[kind] then
    numbers.fail("save", "%s: a figure is saved as PNG, SVG or PDF; give a name that ends in .png, "
      .. ".svg or .pdf", path)
  end
  local bytes = self:bytes(kind)
  local ok, problem = pcall(core.write_bytes, path, bytes)
  if not ok then error(problem, 0) end
  return self
end

--- Show the picture in the terminal, as it can: as an image (kitty, iTerm2, sixel) or in colored
-- half blocks; HYADES_GRAPHICS=kitty, iterm2, sixel, blocks or path decides otherwise. Where the
-- output is no terminal, write a temporary PNG file and print its path.
-- → the figure
function Figure:show()
  local terminal = require "hyades.plot.terminal"
  local way = terminal.way()
  if way ~= "path" then
    local text = terminal.text(way, self, function(scale) return pixels_of(self, scale) end)
    io.stdout:write(text)
    io.stdout:flush()
    return self
  end
  local name = os.tmpname()
  os.remove(name)
  self:save(name .. ".png")
  print(name .. ".png")
  return self
end

function Figure:__tostring()
  return ("%s, %d×%d%s (:save(\"name.png\") writes it)"):format(self.kind, self.width, self.height,
    self.elements and ": " .. self.elements or "")
end

--- Make a figure.
-- spec: { kind= string, width=, height= numbers, look= theme, elements= string that says what is in
-- it, draw= function (canvas, width, height, x, y) that draws from (0, 0), where x and y are that
-- corner's place on the canvas, plain= function → height, width, RGB samples, that does without
-- Cairo, or nil }
-- → figure
function figure.new(spec)
  spec.look = spec.look or palette.theme "light"
  spec.width, spec.height = math.ceil(spec.width), math.ceil(spec.height)
  return setmetatable(spec, Figure)
end

--- Is it a figure?
function figure.is(value)
  return getmetatable(value) == Figure
end

return figure
