local check = require "hyades.check"
local core = require "hyades.core"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local palette = require "hyades.plot.palette"
local pictures = require "hyades.plot.pictures"
local ticks = require "hyades.plot.ticks"

local DEFAULTS = {
  query = check.required, k = 8, z = check.optional, shape = check.optional, color = check.optional,
  names = check.optional, palette = check.optional, range = check.optional,
}
local GAP = 12 -- behind the query

-- Positions of the queries.
local function positions(fn, query, n)
  local list = type(query) == "number" and { query } or numbers.labels(fn, "query", query)
  if #list == 0 then numbers.fail(fn, "query: expected at least one position") end
  for _, row in ipairs(list) do options.integer(fn, "query", row, 1, n) end
  return list
end

-- The rows nearest to a row, itself left out, and how far they are.
local function nearest(z, row, k)
  local away = z - z:narrow(1, row, 1)
  local squared = (away * away):sum(2):totable()
  local order = {}
  for i = 1, #squared do order[i] = i end
  squared[row] = -1
  table.sort(order, function(a, b)
    if squared[a] ~= squared[b] then return squared[a] < squared[b] end
    return a < b
  end)
  local rows, distances = {}, {}
  for i = 1, k do
    rows[i] = order[i + 1]
    distances[i] = math.sqrt(squared[rows[i]])
  end
  return rows, distances
end

-- Two digits that count.
local function distance_text(v)
  local digits = v > 0 and math.max(0, 1 - math.floor(math.log(v, 10))) or 0
  return ticks.text(v, math.min(digits, 4))
end

--- Images and, in the same row, the images nearest to each.
-- x: images n×d, n×h×w, n×c×h×w or a dataset · query: position or array of positions · k: neighbors
-- · z: n×e, the embedding in which they are near (default: x itself) · shape, range: as in images ·
-- color: labels that color the frames, names: of the labels · title: string · width: number ·
-- palette, theme: as in scatter
-- → figure
return function(...)
  local fn = "plot.neighbors"
  local data, given = numbers.arguments(fn, 1, nil, ...)
  local o = options.read(fn, given, DEFAULTS)
  local x, shape = pictures.of_dataset(data[1], o.shape)
  if not numbers.is_tensor(x) or x:dim() < 2 then
    numbers.fail(fn, "x: expected a tensor of images, got %s", numbers.kind(x))
  end
  local n = x:size(1)
  local z = o.z == nil and x:reshape(n, -1):to "f32" or numbers.tensor(fn, "z", o.z)
  if z:size(1) ~= n then
    numbers.fail(fn, "z: expected %d rows, one per image, got %d", n, z:size(1))
  end
  local queries = positions(fn, o.query, n)
  local k = options.integer(fn, "k", o.k, 1, n - 1)
  local rows, titles = {}, {}
  for _, row in ipairs(queries) do
    local near, distances = nearest(z, row, k)
    rows[#rows + 1], titles[#titles + 1] = row, "query"
    for i = 1, k do
      rows[#rows + 1], titles[#titles + 1] = near[i], distance_text(distances[i])
    end
  end
  local set = pictures.read(fn, "x", x:index(core.tensor(rows, { dtype = "index" })),
    { shape = shape, range = o.range })
  local colors, entries
  if o.color ~= nil then
    local of
    local labels, shown = numbers.labels(fn, "color", o.color, n), {}
    for i, row in ipairs(rows) do shown[i] = labels[row] end
    entries, of = palette.classes(shown, o.names, o.look, o.colors)
    colors = {}
    for i, id in ipairs(shown) do colors[i] = of[id].color end
  end
  local sheet = pictures.sheet(set, { columns = k + 1, titles = titles, colors = colors,
    entries = o.names and entries, title = o.title, look = o.look, width = o.width, first_gap = GAP })
  sheet.kind = "neighbors"
  sheet.elements = numbers.count(#queries, "query")
    .. ", " .. numbers.count(k, "neighbor")
  return figure.new(sheet)
end
