local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local palette = require "hyades.plot.palette"
local ticks = require "hyades.plot.ticks"

local DEFAULTS = {
  names = check.optional, palette = check.optional, limit = 5000, xlabel = "silhouette",
  ylabel = "cluster", width = 560, height = 480,
}
local GAP = 0.012 -- between clusters, as a share of all points

-- Evenly chosen points when there are more than `limit`, noise left out.
local function chosen(x, labels, limit)
  local rows, ids = {}, {}
  for i, id in ipairs(labels) do
    if id ~= -1 then rows[#rows + 1] = i end
  end
  local n = #rows
  if n > limit then
    local some = {}
    for i = 1, limit do some[i] = rows[math.floor((i - 1) * n / limit) + 1] end
    rows = some
  end
  for i, row in ipairs(rows) do ids[i] = labels[row] end
  local index = require("hyades").tensor(rows, { dtype = "index" })
  return #rows < #labels and #rows > 0 and x:index(index) or x, ids, n
end

-- Clusters from top to bottom, each with its values in descending order.
local function blocks(entries, ids, values)
  local of = {}
  for _, entry in ipairs(entries) do
    entry.values = {}
    of[entry.id] = entry
  end
  for i, id in ipairs(ids) do table.insert(of[id].values, values[i]) end
  for _, entry in ipairs(entries) do
    table.sort(entry.values, function(a, b) return a > b end)
    local sum = 0
    for _, v in ipairs(entry.values) do sum = sum + v end
    entry.mean = sum / #entry.values
  end
end

local function draw_block(canvas, entry, from, X, Y)
  local n = #entry.values
  local points = { X(0), Y(from) }
  for i, v in ipairs(entry.values) do
    for _, p in ipairs{ X(v), Y(from - i + 1), X(v), Y(from - i) } do points[#points + 1] = p end
  end
  points[#points + 1] = X(0)
  points[#points + 1] = Y(from - n)
  canvas:polygon(points, entry.color)
end

--- How well each point lies in its cluster: silhouette values, sorted within the clusters, and their
-- mean as a dashed line. Rousseeuw, 1987.
-- x: tensor n×d, rows or a dataset · labels: n clusters; noise (−1) is left out · names: array by
-- cluster · limit: points at most, evenly from all · title, xlabel, ylabel: string · width, height:
-- numbers · palette, theme: as in scatter
-- → figure
return function(...)
  local fn = "plot.silhouette"
  local data, given = numbers.arguments(fn, 2, nil, ...)
  local o = options.read(fn, given, DEFAULTS)
  local x = numbers.tensor(fn, "x", data[1])
  local labels = numbers.labels(fn, "labels", data[2], x:size(1))
  check.finite(fn, "x", x, 0)
  local total
  local limit = options.integer(fn, "limit", o.limit, 2)
  local ids
  x, ids, total = chosen(x, labels, limit)
  local entries = palette.classes(ids, o.names, o.look, o.colors)
  if #entries < 2 or #entries >= #ids then
    numbers.fail(fn, "labels: expected 2 clusters or more and fewer than points, got %d for %s",
      #entries, numbers.count(#ids, "point"))
  end
  local values = require("hyades.metrics.silhouette")(x, ids, { samples = true }):totable()
  blocks(entries, ids, values)
  local mean = 0
  for _, v in ipairs(values) do mean = mean + v / #values end
  local gap, at = math.max(0.5, GAP * #ids), 0
  local height = #ids + gap * (#entries + 1)
  local positions, names = {}, {}
  for i, entry in ipairs(entries) do
    entry.from = height - at - gap
    at = at + gap + #entry.values
    positions[i], names[i] = entry.from - #entry.values / 2, entry.name
  end
  local least, most = numbers.range{ values }
  local lo, hi = math.min(0, least), math.min(1, math.max(0, most) + 0.06)
  local function plot(canvas, X, Y, box)
    for _, entry in ipairs(entries) do draw_block(canvas, entry, entry.from, X, Y) end
    canvas:line({ X(mean), box.top, X(mean), box.top + box.height }, 1.4, o.look.ink, 0.9, 5)
  end
  local notes = { "mean " .. ticks.text(mean, 3) }
  if total > #ids then notes[2] = ("%d of %d points"):format(#ids, total) end
  return figure.new{
    kind = "silhouette", width = o.width, height = o.height, look = o.look,
    elements = numbers.count(#ids, "point") .. ", " .. numbers.count(#entries, "cluster"),
    draw = function(canvas, w, h)
      axes.draw(canvas, w, h, {
        x = { lo = lo < 0 and lo - 0.03 or 0, hi = hi, label = o.xlabel },
        y = { lo = 0, hi = height, positions = positions, names = names, label = o.ylabel },
        title = o.title, look = o.look, plot = plot, note = table.concat(notes, "; "),
      })
    end,
  }
end
