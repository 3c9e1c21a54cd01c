--- What the pictures accept: tensors or Lua arrays, turned into Lua arrays here and nowhere else.
local core = require "hyades.core"

local numbers = {}

--- Raise a sentence that begins with the function's name.
-- fn: string · sentence: format, its arguments follow
function numbers.fail(fn, sentence, ...)
  error(fn .. ": " .. sentence:format(...), 0)
end

--- Is it a tensor?
-- → boolean
numbers.is_tensor = core.is_tensor

--- Is it a dataset: a table with points in its field x?
-- → boolean
function numbers.is_dataset(value)
  return type(value) == "table" and rawget(value, 1) == nil and numbers.is_tensor(rawget(value, "x"))
end

--- Name the kind of a value, as error messages do.
-- → string
function numbers.kind(value)
  if numbers.is_tensor(value) then return table.concat(value:size(), "×") .. " tensor" end
  return value == nil and "nothing" or type(value)
end

local function to_array(fn, what, value)
  if numbers.is_dataset(value) then value = value.x end
  if numbers.is_tensor(value) then
    local array = value:totable()
    return type(array) == "table" and array or { array }
  end
  if type(value) ~= "table" then
    numbers.fail(fn, "%s: expected a tensor or an array of numbers, got %s", what,
      numbers.kind(value))
  end
  return value
end

--- An array of numbers from a tensor n or n×1, or from a Lua array.
-- fn: the caller's name, for errors · what: the argument's name · value: any
-- → array
function numbers.vector(fn, what, value)
  local array = to_array(fn, what, value)
  if type(array[1]) == "table" and #array[1] == 1 then
    local column = {}
    for i, row in ipairs(array) do column[i] = row[1] end
    array = column
  end
  for i = 1, rawlen(array) do
    if type(array[i]) ~= "number" then
      numbers.fail(fn, "%s: expected one number per entry, got %s at %d", what, type(array[i]), i)
    end
  end
  return array
end

--- Labels: a vector of integers with one entry for each of n points.
-- → array
function numbers.labels(fn, what, value, n)
  local labels = numbers.vector(fn, what, value)
  if n and #labels ~= n then
    numbers.fail(fn, "%s: expected %d entries, one per point, got %d", what, n, #labels)
  end
  local integers = {}
  for i = 1, rawlen(labels) do
    integers[i] = math.tointeger(labels[i])
      or numbers.fail(fn, "%s: expected integers, got %g at %d", what, labels[i], i)
  end
  return integers
end

--- An array of rows of equal length from a matrix or from nested Lua arrays.
-- → array of arrays, columns
function numbers.matrix(fn, what, value)
  local rows = to_array(fn, what, value)
  local d = type(rows[1]) == "table" and #rows[1] or 0
  if d == 0 then
    numbers.fail(fn, "%s: expected a matrix, got %s", what, numbers.kind(value))
  end
  for i, row in ipairs(rows) do
    if type(row) ~= "table" or #row ~= d then
      numbers.fail(fn, "%s: expected rows of %d numbers, row %d is different", what, d, i)
    end
    for j = 1, d do
      if type(row[j]) ~= "number" then
        numbers.fail(fn, "%s: expected numbers, got %s in row %d", what, type(row[j]), i)
      end
    end
  end
  return rows, d
end

--- A matrix, or the points of a dataset, as a tensor of floats.
-- → tensor n×d
function numbers.tensor(fn, what, value)
  if numbers.is_dataset(value) then value = value.x end
  if numbers.is_tensor(value) and value:dim() == 2 and value:numel() > 0 then
    value = value:detach()
    return (value.dtype == "f32" or value.dtype == "f64") and value or value:to "f64"
  end
  return core.tensor((numbers.matrix(fn, what, value)), { dtype = "f64" })
end

--- The rows of a matrix whose values are all finite.
-- x: tensor n×d of floats
-- → tensor, array of the rows that were kept or nil when all were, how many were not
function numbers.finite_rows(x)
  local sum = x:sum():item()
  if sum - sum == 0 then return x, nil, 0 end
  local wrong = (x - x):ne(0):max(2, { keep = false }):totable()
  local rows = {}
  for i, w in ipairs(wrong) do
    if w == 0 then rows[#rows + 1] = i end
  end
  if #rows == 0 then return nil, rows, #wrong end
  if #rows == #wrong then return x, nil, 0 end
  return x:index(core.tensor(rows, { dtype = "index" })), rows, #wrong - #rows
end

--- Can a number be drawn? Finite, and not so large that ranges overflow.
-- → boolean
function numbers.is_finite(v)
  return v < 1e305 and v > -1e305
end

--- Those of the values of a vector that are finite.
-- → array, how many are not
function numbers.finite(values)
  local list = {}
  for i = 1, rawlen(values) do
    local v = values[i]
    if numbers.is_finite(v) then list[#list + 1] = v end
  end
  return list, rawlen(values) - #list
end

--- A column of a matrix as an array.
function numbers.column(x, j)
  return x:narrow(2, j, 1):reshape(-1):totable()
end

--- "1 point", "1,797 points".
-- → string
function numbers.count(n, thing)
  local text = require("hyades.plot.ticks").text(n)
  if n ~= 1 then thing = thing:gsub("y$", "ie"):gsub("ss$", "sse"):gsub("x$", "xe") .. "s" end
  return text .. " " .. thing
end

--- The note below a picture that could not show everything; nil when it could.
-- → string or nil
function numbers.left_out(n, thing)
  if n == 0 then return nil end
  return numbers.count(n, thing) .. (n == 1 and " is" or " are")
    .. " not shown: NaN or infinite"
end

--- Smallest and largest finite value over an array of arrays; nil when there is none.
-- → lo, hi
function numbers.range(arrays)
  local lo, hi = math.huge, -math.huge
  for _, array in ipairs(arrays) do
    for i = 1, rawlen(array) do
      local v = array[i]
      if numbers.is_finite(v) then
        if v < lo then lo = v end
        if v > hi then hi = v end
      end
    end
  end
  if lo <= hi then return lo, hi end
end

--- Is a call of the form `f{ value, … }`? For functions whose value may be a table itself, such as a
-- model, which has nothing at 1.
-- ...: the arguments
-- → boolean
function numbers.in_braces(...)
  local first = ...
  return select("#", ...) == 1 and type(first) == "table" and rawget(first, 1) ~= nil
end

--- Split a call into data and options: `f{ a, b, title = t }` or `f(a, b, { title = t })`.
-- fn: the caller's name · most: data arguments at most · braces: is it the first form? (nil: when
-- there is one argument, a table)
-- → array of data, table of options as given
function numbers.arguments(fn, most, braces, ...)
  local data, given = { ... }, {}
  local n = select("#", ...)
  if numbers.is_dataset(data[1]) then braces = false end
  if braces == nil then braces = n == 1 and type(data[1]) == "table" end
  if braces then
    for key, value in pairs(data[1]) do
      if math.type(key) ~= "integer" then given[key] = value end
    end
    data = table.move(data[1], 1, rawlen(data[1]), 1, {})
    -- f({ 1, 2, 3 }) and f({ row, row }): the braces are those of the data
    if most == 1 and (type(data[1]) == "number" or #data > 1) then data = { data } end
  elseif n > 1 and type(data[n]) == "table" and rawget(data[n], 1) == nil
      and not numbers.is_dataset(data[n]) then
    given, data[n] = data[n], nil
  end
  if #data > most then
    numbers.fail(fn, "expected %d data argument%s before the options, got %d", most,
      most == 1 and "" or "s", #data)
  end
  return data, given
end

--- Split a call whose one argument is data or a fitted model that holds them.
-- fn: the caller's name · field: where such a model keeps the data
-- → data, table of options as given, the model or nil
function numbers.or_model(fn, field, ...)
  local function is_model(value) return type(value) == "table" and rawget(value, field) ~= nil end
  local braces -- those of the call, unless they are the model's
  if is_model((...)) then braces = false end
  local data, given = numbers.arguments(fn, 1, braces, ...)
  local model = is_model(data[1]) and data[1] or nil
  if model then return rawget(model, field), given, model end
  return data[1], given
end

return numbers
