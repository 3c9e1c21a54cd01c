--- A picture that knows how to draw itself: the same input gives the same bytes.
local numbers = require "hyades.plot.numbers"

local Figure = {}
Figure.__index = Figure
Figure.__name = "figure"

local figure = { scale = 2 } -- pixels per unit of length

--- Draw into a box of a canvas.
-- canvas: canvas · x, y: corner of the box · width, height: numbers
function Figure:paint(canvas, x, y, width, height)
  canvas:move(x, y)
  self.draw(canvas, width, height, x, y)
end

--- Write the picture to a PNG file.
-- path: string
-- → the figure
function Figure:save(path)
  if type(path) ~= "string" then
    numbers.fail("save", "expected the path of a PNG file, got %s", numbers.kind(path))
  end
  if not path:lower():match("%.png$") then
    numbers.fail("save", "%s: a figure is saved as PNG; give a name that ends in .png", path)
  end
  local canvas = require("hyades.core").canvas(self.width, self.height, figure.scale)
  self:paint(canvas, 0, 0, self.width, self.height)
  canvas:save(path)
  return self
end

--- Write the picture to a temporary PNG file and print its path.
-- → the figure
function Figure:show()
  local name = os.tmpname()
  os.remove(name)
  self:save(name .. ".png")
  print(name .. ".png")
  return self
end

function Figure:__tostring()
  return ("figure %d×%d (:save(\"name.png\") writes it)"):format(self.width, self.height)
end

--- Make a figure.
-- width, height: numbers · draw: function (canvas, width, height, x, y) that draws from (0, 0);
-- x and y are where that corner lies on the canvas
-- → figure
function figure.new(width, height, draw)
  return setmetatable({ width = width, height = height, draw = draw }, Figure)
end

--- Is it a figure?
function figure.is(value)
  return getmetatable(value) == Figure
end

return figure
