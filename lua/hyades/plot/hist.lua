local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local palette = require "hyades.plot.palette"

local DEFAULTS = {
  bins = check.optional, title = check.optional, xlabel = check.optional, ylabel = "count",
  width = 640, height = 400,
}

-- The rule of Freedman and Diaconis: width 2·IQR / n^(1/3), here between 8 and 80 bins.
local function suitable_bins(values, lo, hi)
  local sorted = table.move(values, 1, rawlen(values), 1, {})
  table.sort(sorted)
  local n = #sorted
  local iqr = sorted[math.ceil(n * 0.75)] - sorted[math.ceil(n * 0.25)]
  local width = 2 * iqr / n ^ (1 / 3)
  if width <= 0 then return 8 end
  return math.max(8, math.min(80, math.ceil((hi - lo) / width)))
end

--- How often values fall into bins of equal width.
-- values: tensor n or array · bins: integer · title, xlabel, ylabel: string ·
-- width, height: numbers
-- → figure
return function(...)
  local fn = "plot.hist"
  local data, given = numbers.arguments(fn, 1, nil, ...)
  local o = check.options(fn, given, DEFAULTS)
  local values = {}
  for _, v in ipairs(numbers.vector(fn, "values", data[1])) do
    if v - v == 0 then values[#values + 1] = v end
  end
  local lo, hi = numbers.range{ values }
  if not lo then numbers.fail(fn, "values: expected at least one finite number") end
  lo, hi = axes.limits(lo, hi, 0)
  local bins = o.bins or suitable_bins(values, lo, hi)
  if not math.tointeger(bins) or bins < 1 then
    numbers.fail(fn, "bins: expected an integer of at least 1, got %s", tostring(bins))
  end

  local counts, largest = {}, 0
  for b = 1, bins do counts[b] = 0 end
  for _, v in ipairs(values) do
    local b = math.min(bins, math.floor((v - lo) / (hi - lo) * bins) + 1)
    counts[b] = counts[b] + 1
    largest = math.max(largest, counts[b])
  end

  local x_lo, x_hi = axes.limits(lo, hi, 0.02)
  local width = (hi - lo) / bins
  local function plot(canvas, X, Y)
    for b, count in ipairs(counts) do
      local left, right = X(lo + (b - 1) * width), X(lo + b * width)
      local seam = right - left > 4 and 0.75 or 0
      canvas:rect(left, Y(count), right - left - seam, Y(0) - Y(count), palette.cluster(1), 0.9)
    end
  end
  return figure.new(o.width, o.height, function(canvas, w, h)
    axes.draw(canvas, w, h, {
      x = { lo = x_lo, hi = x_hi, label = o.xlabel },
      y = { lo = 0, hi = largest * 1.05, label = o.ylabel, whole = true },
      title = o.title, plot = plot,
    })
  end)
end
