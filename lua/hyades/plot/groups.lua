--- Several lists of numbers under names, as hist and box take them.
local numbers = require "hyades.plot.numbers"
local palette = require "hyades.plot.palette"

local groups = {}

-- Lists by the label of each value.
local function by_label(fn, values, o)
  local labels = numbers.labels(fn, "color", o.color, #values)
  local entries, of = palette.classes(labels, o.names, o.look, o.colors)
  for _, entry in ipairs(entries) do entry.values = {} end
  for i, v in ipairs(values) do table.insert(of[labels[i]].values, v) end
  return entries
end

local function is_list(value)
  return numbers.is_tensor(value) or type(value) == "table"
end

--- Lists from one argument: numbers (split by `color`, labels), several lists, a matrix whose
-- columns are lists (`columns`), or a table name → list.
-- o: checked options, of which names, color and the palette count · columns: boolean
-- → array of { name= or nil, color=, values= finite numbers }, how many were not finite
function groups.read(fn, value, o, columns)
  if numbers.is_dataset(value) then value = value.x end
  local list = {}
  local function add(name, values)
    local color = o.color_of(#list + 1)
    list[#list + 1] = { name = name and tostring(name), values = values, color = color }
  end
  if columns and numbers.is_tensor(value) and value:dim() == 2 then
    for j = 1, value:size(2) do add(o.names and o.names[j] or j, numbers.column(value, j)) end
  elseif type(value) == "table" and value[1] == nil and next(value) ~= nil then
    local names = {}
    for name in pairs(value) do names[#names + 1] = name end
    table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
    for _, name in ipairs(names) do add(name, numbers.vector(fn, tostring(name), value[name])) end
  elseif type(value) == "table" and is_list(value[1]) then
    for i, one in ipairs(value) do
      add(o.names and o.names[i] or i, numbers.vector(fn, "values", one))
    end
  elseif o.color ~= nil then
    list = by_label(fn, numbers.vector(fn, "values", value), o)
  else
    add(o.names and o.names[1], numbers.vector(fn, "values", value))
  end
  local wrong, total = 0, 0
  for _, one in ipairs(list) do
    local dropped
    one.values, dropped = numbers.finite(one.values)
    wrong, total = wrong + dropped, total + #one.values
  end
  if total == 0 then numbers.fail(fn, "values: expected at least one finite number") end
  return list, wrong
end

return groups
