--- Checks of options, with sentences that name the function, the option, what it got and wants.
local core = require "hyades.core"

local check = {}

--- Marks an option that the caller must give.
check.required = setmetatable({}, { __tostring = function() return "required" end })
--- Marks an option that may be nil.
check.optional = setmetatable({}, { __tostring = function() return "optional" end })

--- The nearest of a list of words, or nil when none is close.
-- word: string · words: list of strings
-- → string or nil
check.suggest = core.nearest

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local function describe(value)
  if type(value) == "string" then
    return ("%q"):format(value)
  elseif value ~= value then
    return "NaN"
  elseif type(value) == "number" then
    return ("%.14g"):format(value)
  elseif core.is_tensor(value) then
    local shape = table.concat(value:size(), "×")
    return ("a tensor %s %s"):format(value.dtype, shape == "" and "of one number" or shape)
  end
  return type(value)
end
check.describe = describe

--- Options with the defaults filled in.
-- where: string, name for messages · given: table or nil · defaults: name → value, check.required
-- or check.optional · allow_list: flag, positions 1, 2, … are kept too
-- Raises for an unknown name (with the nearest), for a required one that is missing, and when
-- given is no table.
function check.options(where, given, defaults, allow_list)
  if given ~= nil and type(given) ~= "table" then
    error(("%s: expected a table of options, got %s"):format(where, describe(given)), 3)
  end
  local options = {}
  for name, value in pairs(given or {}) do
    local position = allow_list and math.type(name) == "integer"
    if not position and defaults[name] == nil then
      local nearest = type(name) == "string" and check.suggest(name, sorted_keys(defaults))
      local hint = nearest and ("; did you mean \"%s\"?"):format(nearest)
        or ("; it knows %s"):format(table.concat(sorted_keys(defaults), ", "))
      error(("%s: unknown option \"%s\"%s"):format(where, tostring(name), hint), 3)
    end
    options[name] = value
  end
  for name, default in pairs(defaults) do
    if options[name] == nil then
      if default == check.required then
        error(("%s: option %s is missing"):format(where, name), 3)
      elseif default ~= check.optional then
        options[name] = default
      end
    end
  end
  return options
end

--- Raise unless value is a number within [least, most]; `integer` demands a whole one.
-- level: how far up the call lies that the message points at, 3 (the caller of the caller)
-- → value
function check.number(where, name, value, least, most, integer, level)
  local ok = type(value) == "number" and value == value and (not least or value >= least)
    and (not most or value <= most) and (not integer or math.type(value) == "integer" or value % 1 == 0)
  if not ok then
    local range = least and most and (" from %.14g to %.14g"):format(least, most)
      or least and (" of at least %.14g"):format(least) or most and (" of at most %.14g"):format(most) or ""
    error(("%s: %s: expected %s%s, got %s"):format(where, name, integer and "an integer" or "a number",
      range, describe(value)), level or 3)
  end
  return value
end

--- Raise unless x is a tensor whose last axis has this length.
-- where: string or module, who complains · x: anything · length: integer
function check.rows(where, x, length)
  local tensor = core.is_tensor(x)
  if not tensor or x:dim() == 0 or x:size(-1) ~= length then
    error(("%s: expected rows of length %d, got %s"):format(where, length, not tensor and describe(x) or
      x:dim() == 0 and "a single number" or table.concat(x:size(), "×")), 0)
  end
end

--- The first element that is NaN or infinite.
-- x: tensor
-- → row, column (within the row), value; nil when all are finite
function check.first_not_finite(x)
  local floats = x.dtype == "f32" or x.dtype == "f64"
  local n, rows = x:dim() > 0 and x:size(1) or 1, 4096
  local sum = floats and x:detach():sum():item() or 0
  if sum - sum == 0 then return nil end -- else one is not, or their sum is too large
  x = x:detach():reshape(n, -1)
  for first = 1, n, rows do
    local part = x:narrow(1, first, math.min(rows, n - first + 1))
    local wrong = (part - part):ne(0)
    if wrong:max():item() > 0 then
      local at, width = wrong:reshape(-1):argmax():item() - 1, x:size(2)
      local row, column = at // width + 1, at % width + 1
      return first + row - 1, column, part[{ row, column }]:item()
    end
  end
end

--- Raise unless every value of a tensor is finite.
-- where: string, who complains · name: string, what x is called there · x: tensor
-- level: how far up the call lies that the message points at, 3 (the caller of the caller)
-- → x
function check.finite(where, name, x, level)
  local row, column, value = check.first_not_finite(x)
  if row then
    error(("%s: %s is %s at row %d, column %d; every value must be finite"):format(where, name,
      value ~= value and "NaN" or "infinite", row, column), level or 3)
  end
  return x
end

--- Raise unless the value can be called: a function, or a table such as a module.
-- where: string, who complains · what: string, what the value is · value: anything
-- → value
function check.callable(where, what, value)
  local meta = type(value) == "table" and getmetatable(value)
  if type(value) ~= "function" and not (type(meta) == "table" and meta.__call) then
    error(("%s: %s must be a function, got %s"):format(where, what, describe(value)), 3)
  end
  return value
end

return check
