--- Columns on a common scale.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"

local scale = {}

-- x itself, and how to put its scaled version back into what the caller gave.
local function open(where, x)
  if class.kind(x) == "tensor" then
    return x, function(scaled) return scaled end
  elseif type(x) == "table" and class.kind(rawget(x, "x")) == "tensor" then
    return x.x, function(scaled)
      local copy = setmetatable({}, getmetatable(x))
      for key, value in pairs(x) do copy[key] = value end
      copy.x = scaled
      return copy
    end
  end
  error(("%s: expected a tensor or a data set, got %s"):format(where, check.describe(x)), 3)
end

local function axis_of(where, by)
  if by == "column" then return 1 end
  if by == "all" then return nil end
  error(("%s: by must be \"column\" or \"all\", got %s"):format(where, check.describe(by)), 3)
end

-- Divisors; a constant column keeps its values.
local function nonzero(spread)
  return hy.where(spread:eq(0), 1, spread)
end

--- Mean 0 and variance 1 (divided by n) for every column, or for all values together.
-- x: tensor n×d or data set · options: by="column" or "all"
-- → the same kind, mean, standard deviation
function scale.standardize(x, options)
  options = check.options("data.standardize", options, { by = "column" })
  local values, wrap = open("data.standardize", x)
  local axis = axis_of("data.standardize", options.by)
  local mean = values:mean(axis, { keep = true })
  local std = nonzero(values:std(axis, { keep = true, ddof = 0 }))
  return wrap((values - mean) / std), mean, std
end

--- Smallest value `lo` and largest `hi` for every column, or for all values together.
-- x: tensor n×d or data set · options: by="column" or "all" · lo=0, hi=1
-- → the same kind
function scale.minmax(x, options)
  options = check.options("data.minmax", options, { by = "column", lo = 0, hi = 1 })
  local values, wrap = open("data.minmax", x)
  local axis = axis_of("data.minmax", options.by)
  local low = values:min(axis, { keep = true })
  local spread = nonzero(values:max(axis, { keep = true }) - low)
  return wrap((values - low) / spread * (options.hi - options.lo) + options.lo)
end

return scale
