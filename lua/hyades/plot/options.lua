--- What every picture takes: title, size, theme, palette; checked here.
local check = require "hyades.check"
local numbers = require "hyades.plot.numbers"
local palette = require "hyades.plot.palette"

local options = { theme = "light" } -- the theme of figures that do not name one

local SHARED = { title = check.optional, width = check.optional, height = check.optional,
  theme = check.optional }
local TEXTS = { "title", "xlabel", "ylabel", "label" }
local SMALLEST, LARGEST = 80, 8000

--- One of a list of names, or an error that suggests the nearest.
-- fn: the caller · what: the option · value: any · names: array of strings
-- → value
function options.choice(fn, what, value, names)
  for _, name in ipairs(names) do
    if value == name then return value end
  end
  local nearest = type(value) == "string" and check.suggest(value, names)
  numbers.fail(fn, "%s: expected \"%s\", got %s%s", what, table.concat(names, '", "'),
    check.describe(value), nearest and ("; did you mean \"%s\"?"):format(nearest) or "")
end

--- A whole number within limits.
-- → value
function options.integer(fn, what, value, least, most)
  local v = math.tointeger(value)
  if not v or v < least or most and v > most then
    numbers.fail(fn, "%s: expected an integer of at least %d%s, got %s", what, least,
      most and (" and at most %d"):format(most) or "", check.describe(value))
  end
  return v
end

-- A list of colors: 0xRRGGBB or "#rrggbb".
local function colors(fn, list)
  if type(list) ~= "table" then return options.choice(fn, "palette", list, palette.lists) end
  local known = {}
  for i, color in ipairs(list) do
    local hex = type(color) == "string" and color:match "^#(%x%x%x%x%x%x)$"
    known[i] = hex and tonumber(hex, 16) or math.tointeger(color)
    if not known[i] or known[i] < 0 or known[i] > 0xffffff then
      numbers.fail(fn, "palette: expected colors such as 0xd55e00 or \"#d55e00\", got %s at %d",
        check.describe(color), i)
    end
  end
  if #known == 0 then numbers.fail(fn, "palette: expected at least one color") end
  return known
end

--- Options with their defaults, checked, and what follows from them: `look` (the theme's colors) and
-- `color(k)` (the k-th of the palette).
-- fn: the caller's name · given: table of options · defaults: name → value, beside the shared ones
-- → table
function options.read(fn, given, defaults)
  local all = {}
  for name, value in pairs(SHARED) do all[name] = value end
  for name, value in pairs(defaults) do all[name] = value end
  local ok, o = pcall(check.options, fn, given, all)
  if not ok then error((o:gsub("^[^:]*:%d+: ", "")), 0) end -- the place would be one in here
  for _, name in ipairs(TEXTS) do
    if o[name] ~= nil and type(o[name]) ~= "string" and type(o[name]) ~= "number" then
      numbers.fail(fn, "%s: expected a string, got %s", name, numbers.kind(o[name]))
    end
    o[name] = o[name] ~= nil and tostring(o[name]) or nil
  end
  for _, name in ipairs{ "width", "height" } do
    local v = o[name]
    if v ~= nil and not (type(v) == "number" and v >= SMALLEST and v <= LARGEST) then
      numbers.fail(fn, "%s: expected a number from %d to %d, got %s", name, SMALLEST, LARGEST,
        check.describe(v))
    end
  end
  if o.map then options.choice(fn, "map", o.map, palette.maps) end
  if o.names ~= nil and type(o.names) ~= "table" then
    numbers.fail(fn, "names: expected an array of strings, got %s", numbers.kind(o.names))
  end
  o.look = palette.theme(options.choice(fn, "theme", o.theme or options.theme, palette.themes))
  local list = o.palette ~= nil and colors(fn, o.palette) or nil
  o.colors = list
  function o.color_of(k) return palette.cluster(k, o.look, list) end
  return o
end

return options
