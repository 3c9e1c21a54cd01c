local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local class = require "hyades.class"
local cloud = require "hyades.plot.cloud"
local core = require "hyades.core"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local palette = require "hyades.plot.palette"

local DEFAULTS = {
  color = check.optional, names = check.optional, palette = check.optional, steps = 240,
  xlabel = check.optional, ylabel = check.optional, size = check.optional, alpha = check.optional,
  centers = true, legend = true, width = 640, height = 480,
}

-- Points in the middle of the cells of a grid, from the top left.
local function grid(x, y, steps)
  local rows = {}
  for row = 1, steps do
    local v = y.hi - (y.hi - y.lo) * (row - 0.5) / steps
    for column = 1, steps do
      rows[#rows + 1] = x.lo + (x.hi - x.lo) * (column - 0.5) / steps
      rows[#rows + 1] = v
    end
  end
  return core.tensor(rows):reshape(steps * steps, 2)
end

local function check_model(fn, model)
  local ok = type(model) == "table" and pcall(function() return assert(model.predict) end)
  if not ok then
    numbers.fail(fn, "expected a fitted model with predict, got %s",
      class.kind(model) or numbers.kind(model))
  end
end

--- Which cluster a fitted model gives to every place of the plane, under the points.
-- model: fitted on 2 columns, with predict · x: tensor n×2 or rows · color: labels of the points
-- (default: the model's own) · names: array by label · centers: boolean, crosses at the model's
-- centers · steps: places asked per side · legend: boolean · size, alpha, palette, theme: as in
-- scatter · title, xlabel, ylabel: string · width, height: numbers
-- → figure
return function(...)
  local fn = "plot.regions"
  local data, given = numbers.arguments(fn, 2, numbers.in_braces(...), ...)
  local o = options.read(fn, given, DEFAULTS)
  local model = data[1]
  check_model(fn, model)
  local z = numbers.tensor(fn, "x", data[2])
  if z:size(2) ~= 2 then
    numbers.fail(fn, "x: expected 2 columns, got %d; fit the model on cluster.PCA{ k = 2 } of the "
      .. "data", z:size(2))
  end
  local p = cloud.read(fn, "x", z)
  local steps = options.integer(fn, "steps", o.steps, 2, 1000)
  if o.color == nil and numbers.is_tensor(model.labels) and model.labels:dim() == 1
      and model.labels:numel() == p.total then
    o.color = model.labels
  end
  local x, y = cloud.limits({ p.xs }, { p.ys })
  local ok, predicted = pcall(model.predict, model, grid(x, y, steps):to(z.dtype))
  if not ok then
    numbers.fail(fn, "the model has no predict for 2 columns: %s", tostring(predicted))
  end
  local found = numbers.labels(fn, "predict", predicted)
  local c = cloud.coloring(fn, o, p)
  local all = table.move(found, 1, #found, 1, {})
  if c.labels then table.move(c.labels, 1, #c.labels, #all + 1, all) end
  local entries, of = palette.classes(all, o.names, o.look, o.colors)
  local bytes = {}
  for _, entry in pairs(of) do
    entry.light = palette.bytes(palette.mix(entry.color, o.look.paper, 0.72))
  end
  for i, id in ipairs(found) do bytes[i] = of[id].light end
  bytes = table.concat(bytes)
  for i, id in ipairs(c.labels or {}) do c.colors[i] = of[id].color end
  x.label, y.label = o.xlabel, o.ylabel
  local style = cloud.style(fn, o, p.n)
  local centers = o.centers and rawget(model, "centers")
  local cx, cy = {}, {}
  if numbers.is_tensor(centers) and centers:dim() == 2 and centers:size(2) == 2 then
    cx, cy = cloud.others(fn, "centers", centers, p)
  end
  local function plot(canvas, X, Y, box)
    canvas:image(box.left, box.top, box.width, box.height, steps, steps, bytes, true)
    cloud.draw(canvas, X, Y, p.xs, p.ys, c.labels and c.colors or o.look.ink, style, o.look)
    cloud.draw_centers(canvas, X, Y, cx, cy, o.look)
  end
  return figure.new{
    kind = "regions", width = o.width, height = o.height, look = o.look,
    elements = numbers.count(p.n, "point") .. ", " .. numbers.count(#entries, "region"),
    draw = function(canvas, w, h)
      axes.draw(canvas, w, h, { x = x, y = y, title = o.title, legend = o.legend and entries or nil,
        look = o.look, plot = plot, grid = false, note = numbers.left_out(p.dropped, "point") })
    end,
  }
end
