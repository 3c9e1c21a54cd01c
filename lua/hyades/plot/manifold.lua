local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local core = require "hyades.core"
local decoded = require "hyades.plot.decoded"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local pictures = require "hyades.plot.pictures"

local DEFAULTS = {
  z = check.required, steps = 15, shape = check.optional, range = check.optional,
  xlabel = check.optional, ylabel = check.optional, width = check.optional, height = check.optional,
}
local SIDE, EDGES = 520, 70 -- of the images together; around them, about

-- The plane through an embedding: its two axes, or its two directions of largest variance.
-- → function (a, b) → point, coordinates of the embedding, labels of the axes
local function plane(z)
  local d = z:size(2)
  if d == 2 then return function(a, b) return { a, b } end, z, "axis 1", "axis 2" end
  local pca = require("hyades.cluster.PCA"){ k = 2 }:fit(z)
  local mean = pca.mean:reshape(-1):totable()
  local u, v = table.unpack(pca.components:totable())
  local function point(a, b)
    local row = {}
    for j = 1, d do row[j] = mean[j] + a * u[j] + b * v[j] end
    return row
  end
  return point, pca:transform(z), "PCA 1", "PCA 2"
end

-- Nearly all of the embedding: a few points far away would make the rest small.
local function span(values)
  table.sort(values)
  local n = #values
  local lo, hi = values[math.floor(0.02 * (n - 1)) + 1], values[math.ceil(0.98 * (n - 1)) + 1]
  return axes.limits(lo, hi, 0)
end

-- All images as one, row by row from the top.
local function mosaic(set, steps)
  local lines, width = {}, set.w * set.channels
  for row = 0, steps - 1 do
    for y = 0, set.h - 1 do
      for column = 1, steps do
        local bytes = set.bytes[row * steps + column]
        lines[#lines + 1] = bytes:sub(y * width + 1, (y + 1) * width)
      end
    end
  end
  return table.concat(lines)
end

--- What a network decodes everywhere in the plane of its embedding: a grid of images.
-- model: network with decode, or fitted model that has one · z: n×e, the embedding, which says
-- where points lie; with more than two axes the plane of largest variance · steps: images per side
-- · shape, range: as in images · title, xlabel, ylabel: string · width, height: numbers · theme:
-- "light" or "dark"
-- → figure
return function(...)
  local fn = "plot.manifold"
  local data, given = numbers.arguments(fn, 1, numbers.in_braces(...), ...)
  local o = options.read(fn, given, DEFAULTS)
  local net = decoded.net(fn, data[1])
  local steps = options.integer(fn, "steps", o.steps, 2, 60)
  local z = numbers.tensor(fn, "z", o.z)
  if z:size(2) < 2 then numbers.fail(fn, "z: expected 2 columns or more, got 1") end
  check.finite(fn, "z", z, 0)
  local point, flat, xlabel, ylabel = plane(z)
  local x_lo, x_hi = span(numbers.column(flat, 1))
  local y_lo, y_hi = span(numbers.column(flat, 2))
  local rows = {}
  for row = 1, steps do
    for column = 1, steps do
      rows[#rows + 1] = point(x_lo + (x_hi - x_lo) * (column - 0.5) / steps,
        y_hi - (y_hi - y_lo) * (row - 0.5) / steps)
    end
  end
  local set = pictures.read(fn, "decoded points", decoded.points(fn, net, core.tensor(rows)),
    { shape = o.shape, range = o.range })
  local bytes = mosaic(set, steps)
  local side = SIDE / math.max(set.h, set.w)
  local width, height = set.w * side + EDGES, set.h * side + EDGES + (o.title and 20 or 0)
  local function plot(canvas, _, _, box)
    canvas:image(box.left, box.top, box.width, box.height, steps * set.h, steps * set.w, bytes)
    for i = 1, steps - 1 do -- seams, so that one can tell the images apart
      local x, y = axes.crisp(box.width * i / steps), axes.crisp(box.height * i / steps)
      canvas:rect(box.left + x, box.top, 0.5, box.height, o.look.paper, 0.5)
      canvas:rect(box.left, box.top + y, box.width, 0.5, o.look.paper, 0.5)
    end
  end
  return figure.new{
    kind = "manifold", width = o.width or width, height = o.height or height, look = o.look,
    elements = ("%d×%d images"):format(steps, steps),
    draw = function(canvas, w, h)
      axes.draw(canvas, w, h, { x = { lo = x_lo, hi = x_hi, label = o.xlabel or xlabel },
        y = { lo = y_lo, hi = y_hi, label = o.ylabel or ylabel }, title = o.title, look = o.look,
        grid = false, plot = plot })
    end,
  }
end
