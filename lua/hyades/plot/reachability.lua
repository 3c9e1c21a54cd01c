local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local palette = require "hyades.plot.palette"

local DEFAULTS = {
  order = check.optional, color = check.optional, names = check.optional, palette = check.optional,
  eps = check.optional, xlabel = "points in order", ylabel = "reachability", width = 720, height = 360,
}

-- Values in the order of a walk over the points.
local function along(fn, what, values, order)
  if not order then return values end
  local list = {}
  for i, at in ipairs(order) do
    list[i] = values[at]
      or numbers.fail(fn, "order: expected positions in %s, got %d at %d", what, at, i)
  end
  return list
end

-- Runs of equal color, each as one outline.
local function draw_runs(canvas, heights, color_at, X, Y)
  local n, first = #heights, 1
  while first <= n do
    local last = first
    while last < n and color_at(last + 1) == color_at(first) do last = last + 1 end
    local points = { X(first - 0.5), Y(0) }
    for i = first, last do
      for _, p in ipairs{ X(i - 0.5), Y(heights[i]), X(i + 0.5), Y(heights[i]) } do
        points[#points + 1] = p
      end
    end
    points[#points + 1] = X(last + 0.5)
    points[#points + 1] = Y(0)
    canvas:polygon(points, color_at(first))
    first = last + 1
  end
end

--- Reachability distances in the order of a walk over the points: valleys are clusters. Ankerst,
-- Breunig, Kriegel & Sander, 1999.
-- distances: n numbers, infinity where a walk begins; or a model with `reachability`, `order` and
-- `labels` · order: positions of the points along the walk (default: as they stand) · color: labels
-- of the points · names: array by label · eps: a threshold, drawn as a dashed line · title, xlabel,
-- ylabel: string · width, height: numbers · palette, theme: as in scatter
-- → figure
return function(...)
  local fn = "plot.reachability"
  local distances, given, model = numbers.or_model(fn, "reachability", ...)
  local o = options.read(fn, given, DEFAULTS)
  local order = o.order or model and model.order
  local color = o.color or model and model.labels
  local heights = numbers.vector(fn, "distances", distances)
  order = order and numbers.labels(fn, "order", order, #heights)
  local labels = color and numbers.labels(fn, "color", color, #heights)
  heights = along(fn, "distances", heights, order)
  labels = labels and along(fn, "color", labels, order)
  local lo, hi = numbers.range{ heights }
  if not lo then numbers.fail(fn, "distances: expected at least one finite number") end
  if lo < 0 then numbers.fail(fn, "distances: expected numbers of at least 0, got %g", lo) end
  hi = hi == 0 and 1 or hi * 1.06
  local entries, of
  if labels then entries, of = palette.classes(labels, o.names, o.look, o.colors) end
  for _, entry in ipairs(entries or {}) do entry.kind = "bar" end
  local shown = {}
  for i, v in ipairs(heights) do shown[i] = v ~= v and 0 or math.min(v, hi) end
  local function color_at(i)
    if not numbers.is_finite(heights[i]) then return o.look.grid end
    return labels and of[labels[i]].color or o.color_of(1)
  end
  local function plot(canvas, X, Y, box)
    draw_runs(canvas, shown, color_at, X, Y)
    if o.eps and o.eps <= hi then
      canvas:line({ box.left, Y(o.eps), box.left + box.width, Y(o.eps) }, 1.4, o.look.ink, 0.9, 5)
    end
  end
  if o.eps ~= nil then check.number(fn, "eps", o.eps, 0, nil, false, 0) end
  return figure.new{
    kind = "reachability", width = o.width, height = o.height, look = o.look,
    elements = numbers.count(#heights, "point"),
    draw = function(canvas, w, h)
      axes.draw(canvas, w, h, { x = { lo = 0.5, hi = #heights + 0.5, label = o.xlabel, whole = true },
        y = { lo = 0, hi = hi, label = o.ylabel }, title = o.title, legend = entries, look = o.look,
        plot = plot })
    end,
  }
end
