local check = require "hyades.check"
local core = require "hyades.core"
local decoded = require "hyades.plot.decoded"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local pictures = require "hyades.plot.pictures"
local ticks = require "hyades.plot.ticks"

local DEFAULTS = {
  z = check.optional, axis = check.optional, from = check.optional, to = check.optional, steps = 9,
  reach = 2, shape = check.optional, range = check.optional, titles = check.optional,
}

local function point(fn, what, value)
  local list = numbers.vector(fn, what, numbers.is_tensor(value) and value:reshape(-1) or value)
  if #list == 0 then numbers.fail(fn, "%s: expected a point of the embedding", what) end
  return list
end

-- Evenly from one point to another.
local function between(fn, o)
  local a, b = point(fn, "from", o.from), point(fn, "to", o.to)
  if #a ~= #b then
    numbers.fail(fn, "from and to differ in length: %d and %d", #a, #b)
  end
  local rows, titles = {}, {}
  for s = 1, o.steps do
    local t = (s - 1) / (o.steps - 1)
    rows[s] = {}
    for j = 1, #a do rows[s][j] = a[j] + (b[j] - a[j]) * t end
    titles[s] = ticks.text(100 * t) .. " %"
  end
  titles[1], titles[o.steps] = "from", "to"
  return rows, titles
end

-- The axes to walk along: one, several, or the first eight.
local function axes_of(fn, o, d)
  local list = {}
  if type(o.axis) == "table" then
    for i, j in ipairs(o.axis) do list[i] = options.integer(fn, "axis", j, 1, d) end
  elseif o.axis ~= nil then
    list[1] = options.integer(fn, "axis", o.axis, 1, d)
  else
    for j = 1, math.min(d, 8) do list[j] = j end
  end
  if #list == 0 then numbers.fail(fn, "axis: expected at least one") end
  return list
end

-- From the mean of an embedding, some deviations to both sides along each axis.
local function along(fn, o)
  local z = numbers.tensor(fn, "z", o.z)
  check.finite(fn, "z", z, 0)
  local mean = z:mean(1):reshape(-1):totable()
  local deviation = z:std(1, { ddof = 0 }):reshape(-1):totable()
  local rows, titles = {}, {}
  for _, axis in ipairs(axes_of(fn, o, #mean)) do
    for s = 1, o.steps do
      local offset = o.reach * (2 * (s - 1) / (o.steps - 1) - 1)
      local row = table.move(mean, 1, #mean, 1, {})
      row[axis] = row[axis] + offset * deviation[axis]
      rows[#rows + 1] = row
      titles[#titles + 1] = offset == 0 and "axis " .. axis or ticks.text(offset, 1) .. " σ"
    end
  end
  return rows, titles
end

--- What a network decodes along a way through its embedding: from one point to another, or from the
-- mean along single axes, a row of images each.
-- model: network with decode, or fitted model that has one · from, to: points of the embedding; or
-- z: n×e, an embedding, with axis: position or array of positions (default: the first 8) and reach:
-- deviations to both sides · steps: images per way · shape, range: as in images · titles: array of
-- strings · title: string · width: number · theme: "light" or "dark"
-- → figure
return function(...)
  local fn = "plot.traversal"
  local data, given = numbers.arguments(fn, 1, numbers.in_braces(...), ...)
  local o = options.read(fn, given, DEFAULTS)
  local net = decoded.net(fn, data[1])
  options.integer(fn, "steps", o.steps, 2, 100)
  check.number(fn, "reach", o.reach, 0, nil, false, 0)
  local rows, titles
  if o.from ~= nil and o.to ~= nil then
    rows, titles = between(fn, o)
  elseif o.z ~= nil then
    rows, titles = along(fn, o)
  else
    numbers.fail(fn, "expected from and to, two points of the embedding, or z, an embedding")
  end
  local x = decoded.points(fn, net, core.tensor(rows))
  local set = pictures.read(fn, "decoded points", x, { shape = o.shape, range = o.range })
  if o.titles ~= nil then titles = pictures.titles(fn, o.titles, set.n) end
  local sheet = pictures.sheet(set, { columns = o.steps, titles = titles, title = o.title,
    look = o.look, width = o.width })
  sheet.kind, sheet.elements = "traversal", numbers.count(set.n, "image")
  return figure.new(sheet)
end
