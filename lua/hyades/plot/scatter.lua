local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local cloud = require "hyades.plot.cloud"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"

local DEFAULTS = {
  color = check.optional, names = check.optional, palette = check.optional, map = check.optional,
  centers = check.optional, true_labels = check.optional, true_names = check.optional,
  xlabel = check.optional, ylabel = check.optional, label = check.optional, size = check.optional,
  alpha = check.optional, annotate = false, legend = true, height = 480,
}

--- Points in the plane, colored by cluster or by a number.
-- z: tensor n×d, array of rows or dataset; more than 2 columns are projected by PCA; rows with NaN
-- or infinity are left out and counted · color: labels (−1: noise, gray) or numbers that are not
-- all integers · names: array of class names by label · centers: k×d, drawn as crosses ·
-- true_labels: labels that choose the shape of a point, true_names their names · annotate: boolean,
-- names at the medians · legend: boolean · size: radius · alpha: number in 0 … 1 · palette:
-- "okabe_ito", "tab10", "tab20" or an array of colors · map: of numbers, "viridis", "blues",
-- "diverging" … · label: string at the color bar · title, xlabel, ylabel: string · width, height:
-- numbers · theme: "light" or "dark"
-- → figure
return function(...)
  local fn = "plot.scatter"
  local data, given = numbers.arguments(fn, 1, nil, ...)
  local o = options.read(fn, given, DEFAULTS)
  local p = cloud.read(fn, "z", data[1])
  local c = cloud.coloring(fn, o, p)
  local style = cloud.style(fn, o, p.n)
  local entries = table.move(c.entries or {}, 1, #(c.entries or {}), 1, {})
  if o.true_labels ~= nil then
    local more
    style.r = o.size or math.max(2.2, style.r * 1.4)
    style.shapes, more = cloud.shapes(fn, "true_labels", o.true_labels, p, o.true_names, o.look)
    table.move(more, 1, #more, #entries + 1, entries)
  end
  local cx, cy = {}, {}
  if o.centers ~= nil then
    cx, cy = cloud.others(fn, "centers", o.centers, p)
    entries[#entries + 1] = { name = "center", color = o.look.ink, kind = "cross" }
  end
  local x, y = cloud.limits({ p.xs, cx }, { p.ys, cy })
  x.label, y.label = o.xlabel or p.xlabel, o.ylabel or p.ylabel

  local function plot(canvas, X, Y)
    cloud.draw(canvas, X, Y, p.xs, p.ys, c.colors, style, o.look)
    cloud.draw_centers(canvas, X, Y, cx, cy, o.look)
    if o.annotate and c.labels then
      cloud.annotate(canvas, c.entries, c.labels, p.xs, p.ys, X, Y, o.look)
    end
  end
  local columns = math.max(1, math.min(3, math.ceil(#entries / 24)))
  return figure.new{
    kind = "scatter", width = o.width or 480 + 160 * columns, height = o.height, look = o.look,
    elements = numbers.count(p.n, "point")
      .. (c.entries and ", " .. numbers.count(#c.entries, "class") or ""),
    draw = function(canvas, width, height)
      axes.draw(canvas, width, height, { x = x, y = y, title = o.title, look = o.look, plot = plot,
        legend = o.legend and entries or nil, bar = c.bar,
        note = numbers.left_out(p.dropped, "point") })
    end,
  }
end
