local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local palette = require "hyades.plot.palette"

local DEFAULTS = {
  names = check.optional, title = check.optional, xlabel = check.optional, ylabel = check.optional,
  x = check.optional, log = false, width = 640, height = 420,
}

local function is_array(value)
  return numbers.is_tensor(value) or type(value) == "table" and value[1] ~= nil
end

-- One series from ys or from a pair { x, y }.
local function series(fn, name, value, common_x)
  local what = name or "y"
  local xs = common_x
  if type(value) == "table" and #value == 2 and is_array(value[1]) and is_array(value[2]) then
    xs, value = numbers.vector(fn, what, value[1]), value[2]
  end
  local ys = numbers.vector(fn, what, value)
  if #ys == 0 then numbers.fail(fn, "%s: expected at least one number", what) end
  if not xs then
    xs = {}
    for i = 1, #ys do xs[i] = i end
  end
  if #xs ~= #ys then
    numbers.fail(fn, "%s: x and y differ in length: %d and %d", what, #xs, #ys)
  end
  return { name = name, xs = xs, ys = ys }
end

-- All series of a call: positional ones, or one table of named ones in the order of their names.
local function all_series(fn, data, o)
  local x = o.x and numbers.vector(fn, "x", o.x)
  local list = {}
  if type(data[1]) == "table" and data[1][1] == nil then
    local names = {}
    for name in pairs(data[1]) do names[#names + 1] = tostring(name) end
    table.sort(names)
    for _, name in ipairs(names) do list[#list + 1] = series(fn, name, data[1][name], x) end
  else
    for i, value in ipairs(data) do list[i] = series(fn, o.names and o.names[i], value, x) end
  end
  if #list == 0 then numbers.fail(fn, "expected numbers to draw, got nothing") end
  return list
end

local function take_logarithms(fn, list)
  for _, s in ipairs(list) do
    local logs = {}
    for i, v in ipairs(s.ys) do
      if v <= 0 then
        numbers.fail(fn, "log: expected numbers above 0, got %g at %d of %s", v, i, s.name or "y")
      end
      logs[i] = math.log(v, 10)
    end
    s.ys = logs
  end
end

local function limits(fn, list, key)
  local arrays = {}
  for i, s in ipairs(list) do arrays[i] = s[key] end
  local lo, hi = numbers.range(arrays)
  if not lo then numbers.fail(fn, "expected at least one finite number") end
  return axes.limits(lo, hi, key == "xs" and 0.02 or 0.05)
end

-- A stroke through the points, with a gap where a number is not finite.
local function stroke(canvas, s, color, X, Y)
  local points = {}
  local function finish()
    if #points > 0 then canvas:line(points, 1.8, color) end
    points = {}
  end
  for i = 1, #s.ys do
    local x, y = s.xs[i], s.ys[i]
    if x - x == 0 and y - y == 0 then
      points[#points + 1] = X(x)
      points[#points + 1] = Y(y)
      if #s.ys <= 25 then canvas:disc(X(x), Y(y), 3, color) end
    else
      finish()
    end
  end
  finish()
end

local function whole(list)
  for _, s in ipairs(list) do
    for _, x in ipairs(s.xs) do
      if not math.tointeger(x) then return false end
    end
  end
  return true
end

--- Curves: one or several series of numbers.
-- data: ys, a pair { x, y }, several of these, or one table name → series (drawn by name) ·
-- names: array of names for several · x: positions common to all · log: boolean, logarithmic y ·
-- title, xlabel, ylabel: string · width, height: numbers
-- → figure
return function(...)
  local fn = "plot.line"
  local data, given = numbers.arguments(fn, math.huge, nil, ...)
  local o = check.options(fn, given, DEFAULTS)
  local list = all_series(fn, data, o)
  if o.log then take_logarithms(fn, list) end

  local x = { label = o.xlabel, whole = whole(list) }
  local y = { label = o.ylabel, log = o.log }
  x.lo, x.hi = limits(fn, list, "xs")
  y.lo, y.hi = limits(fn, list, "ys")
  local legend = {}
  for i, s in ipairs(list) do
    if s.name then
      legend[#legend + 1] = { name = s.name, color = palette.cluster(i), kind = "line" }
    end
  end

  local function plot(canvas, X, Y)
    for i, s in ipairs(list) do stroke(canvas, s, palette.cluster(i), X, Y) end
  end
  return figure.new(o.width, o.height, function(canvas, width, height)
    axes.draw(canvas, width, height, { x = x, y = y, title = o.title, legend = legend,
      plot = plot })
  end)
end
