local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"

local DEFAULTS = {
  names = check.optional, xlabel = check.optional, ylabel = check.optional, x = check.optional,
  log = false, band = check.optional, markers = check.optional, palette = check.optional,
  width = 640, height = 420,
}
local FEW = 25 -- points of a series that get markers

local function is_array(value)
  return numbers.is_tensor(value) or type(value) == "table" and value[1] ~= nil
end

local function is_runs(value)
  if numbers.is_tensor(value) then return value:dim() == 2 and value:size(2) > 1 end
  return type(value) == "table" and #value > 2 and is_array(value[1])
end

-- Mean and deviation of each column over the runs (rows).
local function over_runs(fn, what, value)
  local rows, d = numbers.matrix(fn, what, value)
  local mean, deviation = {}, {}
  for j = 1, d do
    local n, sum, squares = 0, 0, 0
    for _, row in ipairs(rows) do
      if row[j] - row[j] == 0 then n, sum = n + 1, sum + row[j] end
    end
    mean[j] = sum / n
    for _, row in ipairs(rows) do
      if row[j] - row[j] == 0 then squares = squares + (row[j] - mean[j]) ^ 2 end
    end
    deviation[j] = n > 1 and math.sqrt(squares / (n - 1)) or 0
  end
  return mean, deviation
end

-- One series from ys, from a pair { x, y }, or from several runs.
local function series(fn, name, value, common_x, band)
  local what = name or "y"
  local xs = common_x
  if type(value) == "table" and #value == 2 and is_array(value[1]) and is_array(value[2]) then
    xs, value = numbers.vector(fn, what, value[1]), value[2]
  end
  local ys
  if is_runs(value) then
    ys, band = over_runs(fn, what, value)
  else
    ys = numbers.vector(fn, what, value)
  end
  if #ys == 0 then numbers.fail(fn, "%s: expected at least one number", what) end
  if not xs then
    xs = {}
    for i = 1, #ys do xs[i] = i end
  end
  if #xs ~= #ys then
    numbers.fail(fn, "%s: x and y differ in length: %d and %d", what, #xs, #ys)
  end
  if band then
    band = numbers.vector(fn, "band", band)
    if #band ~= #ys then
      numbers.fail(fn, "band: expected %d deviations, one per point of %s, got %d", #ys, what, #band)
    end
  end
  return { name = name, xs = xs, ys = ys, band = band }
end

-- The band of one series: given by its name, by its position, or alone for a single series.
local function band_of(band, key, single)
  if band == nil then return nil end
  local nested = type(band) == "table" and is_array(band[1])
  if single and is_array(band) and not nested then return band end
  return type(band) == "table" and band[key] or nil
end

-- All series of a call: positional ones, or one table of named ones in the order of their names.
local function all_series(fn, data, o)
  local x = o.x and numbers.vector(fn, "x", o.x)
  local list = {}
  if type(data[1]) == "table" and rawget(data[1], 1) == nil then
    local names = {}
    for name in pairs(data[1]) do names[#names + 1] = name end
    table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
    for _, name in ipairs(names) do
      local band = band_of(o.band, name, #names == 1)
      list[#list + 1] = series(fn, tostring(name), data[1][name], x, band)
    end
  else
    for i, value in ipairs(data) do
      local name = o.names and o.names[i] ~= nil and tostring(o.names[i]) or nil
      list[i] = series(fn, name, value, x, band_of(o.band, i, #data == 1))
    end
  end
  if #list == 0 then numbers.fail(fn, "expected numbers to draw, got nothing") end
  return list
end

-- What can be shown: finite, and above 0 on a logarithmic axis. Others become gaps.
local function count_gaps(list, log_x, log_y)
  local gaps, low = 0, 0
  for _, s in ipairs(list) do
    s.shown = {}
    for i, y in ipairs(s.ys) do
      local x = s.xs[i]
      local finite = numbers.is_finite(x) and numbers.is_finite(y)
      local positive = (x > 0 or not log_x) and (y > 0 or not log_y)
      s.shown[i] = finite and positive
      if not finite then gaps = gaps + 1 elseif not positive then low = low + 1 end
    end
  end
  local note = numbers.left_out(gaps, "value")
  if low > 0 then
    note = (note and note .. "; " or "") .. numbers.count(low, "value")
      .. (low == 1 and " is" or " are") .. " 0 or less"
  end
  return note
end

-- Ends of an axis around all that is shown, bands included.
local function limits(fn, list, key, log, logs)
  local values = {}
  for _, s in ipairs(list) do
    for i, shown in ipairs(s.shown) do
      local v, spread = s[key][i], key == "ys" and s.band and s.band[i] or 0
      if shown then
        values[#values + 1] = v
        if numbers.is_finite(spread) then
          values[#values + 1] = v + spread
          if not log or v > spread then values[#values + 1] = v - spread end
        end
      end
    end
  end
  local lo, hi = numbers.range{ values }
  if not lo then
    numbers.fail(fn, "expected at least one finite number%s", logs and " above 0, for log" or "")
  end
  return axes.limits(lo, hi, key == "xs" and 0.02 or 0.05, log)
end

-- Calls visit(first, last) for each stretch without a gap.
local function stretches(s, visit)
  local first
  for i = 1, #s.ys + 1 do
    if s.shown[i] then
      first = first or i
    elseif first then
      visit(first, i - 1)
      first = nil
    end
  end
end

local function draw_band(canvas, s, color, X, Y, floor)
  stretches(s, function(first, last)
    local outline = {}
    local function add(i, sign)
      local spread = numbers.is_finite(s.band[i]) and s.band[i] or 0
      local y = s.ys[i] + sign * spread
      outline[#outline + 1] = X(s.xs[i])
      outline[#outline + 1] = Y(floor and math.max(y, floor) or y)
    end
    for i = first, last do add(i, 1) end
    for i = last, first, -1 do add(i, -1) end
    canvas:polygon(outline, color, 0.2)
  end)
end

local function draw_stroke(canvas, s, color, X, Y, marked)
  stretches(s, function(first, last)
    local points, xs, ys = {}, {}, {}
    for i = first, last do
      local k = i - first + 1
      xs[k], ys[k] = X(s.xs[i]), Y(s.ys[i])
      points[2 * k - 1], points[2 * k] = xs[k], ys[k]
    end
    canvas:line(points, 1.8, color)
    if marked or last == first then canvas:markers("disc", xs, ys, 3, color) end
  end)
end

local function whole(list)
  for _, s in ipairs(list) do
    for _, x in ipairs(s.xs) do
      if not math.tointeger(x) then return false end
    end
  end
  return true
end

-- Which axes are logarithmic.
local function logs(fn, log)
  if log == true then log = "y" end
  if not log then return false, false end
  options.choice(fn, "log", log, { "x", "y", "xy" })
  return log ~= "y", log ~= "x"
end

--- Curves: one or several series of numbers.
-- data: ys, a pair { x, y }, a matrix runs×steps (drawn as mean ± deviation), several of these, or
-- one table name → series (drawn by name) · names: array of names for several · x: positions common
-- to all · band: deviations that are drawn around a series; for several an array of them, or a
-- table by name · log: true or "y", "x", "xy": logarithmic axes · markers: boolean (default: up to
-- 25 points) · title, xlabel, ylabel: string · width, height: numbers · palette, theme: as in
-- scatter. NaN and infinity are gaps, and counted.
-- → figure
return function(...)
  local fn = "plot.line"
  local data, given = numbers.arguments(fn, math.huge, nil, ...)
  if numbers.is_dataset(data[1]) then data[1] = data[1].x end
  if type(data[1]) == "number" then data = { data } end
  local o = options.read(fn, given, DEFAULTS)
  local log_x, log_y = logs(fn, o.log)
  local list = all_series(fn, data, o)
  local note = count_gaps(list, log_x, log_y)
  local x = { label = o.xlabel, whole = whole(list), log = log_x }
  local y = { label = o.ylabel, log = log_y }
  x.lo, x.hi = limits(fn, list, "xs", log_x, log_x or log_y)
  y.lo, y.hi = limits(fn, list, "ys", log_y, log_x or log_y)
  local legend = {}
  for i, s in ipairs(list) do
    if s.name then
      legend[#legend + 1] = { name = s.name, color = o.color_of(i), kind = "line", band = s.band }
    end
  end

  local function plot(canvas, X, Y)
    for i, s in ipairs(list) do
      if s.band then draw_band(canvas, s, o.color_of(i), X, Y, log_y and y.lo) end
    end
    for i, s in ipairs(list) do
      local marked = o.markers
      if marked == nil then marked = #s.ys <= FEW end
      draw_stroke(canvas, s, o.color_of(i), X, Y, marked)
    end
  end
  return figure.new{
    kind = "line", width = o.width, height = o.height, look = o.look,
    elements = numbers.count(#list, "curve"),
    draw = function(canvas, width, height)
      axes.draw(canvas, width, height, { x = x, y = y, title = o.title, legend = legend, note = note,
        look = o.look, plot = plot })
    end,
  }
end
