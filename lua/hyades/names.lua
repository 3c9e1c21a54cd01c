--- What lies behind names: fields, methods and globals, found without running anybody's code.
-- Metamethods are not called. The library's own tables load their parts on first use, which is safe.

local lazy = require "hyades.lazy"

local names = {}

local deepest = 20 -- tables behind each other by __index
local shortest = 3 -- letters of a name for which another one may have been meant

-- The table where a value's missing fields are looked up, if it is a table.
local function behind(value)
  local meta = debug.getmetatable(value)
  if type(meta) ~= "table" then return nil end
  local index = rawget(meta, "__index")
  if type(index) == "table" then return index end
  if type(value) == "userdata" then
    local methods = rawget(meta, "methods")
    return type(methods) == "table" and methods or nil
  end
  if rawget(meta, "hyades_class") and value ~= meta then return meta end
end

-- The values that hold the fields of a value: itself if it is a table, then what is behind it.
local function chain(value)
  local list = {}
  if type(value) ~= "table" then value = behind(value) end
  while type(value) == "table" and #list < deepest do
    list[#list + 1] = value
    value = behind(value)
  end
  return list
end

--- A field of a value, looked up through tables only.
-- value: anything · name: anything
-- → value, or nil
function names.field(value, name)
  if name == nil then return nil end
  for _, t in ipairs(chain(value)) do
    local found = rawget(t, name)
    if found == nil then found = lazy.load(t, name) end
    if found ~= nil then return found end
  end
end

--- The names of the fields of a value that are texts, those that are not loaded yet too.
-- value: anything
-- → array, in the order of the alphabet
function names.of(value)
  local list, seen = {}, {}
  local function add(name)
    if type(name) == "string" and not seen[name] then
      seen[name] = true
      list[#list + 1] = name
    end
  end
  for _, t in ipairs(chain(value)) do
    for name in next, t do add(name) end
    for _, name in ipairs(lazy.names(t) or {}) do add(name) end
  end
  table.sort(list)
  return list
end

--- The names of a module or of the methods of a value that are meant for users.
-- value: anything
-- → array, in the order of the alphabet
function names.public(value)
  local list = {}
  for _, name in ipairs(names.of(value)) do
    if not name:find "^_" then list[#list + 1] = name end
  end
  return list
end

--- What a path such as "cluster.KMeans.fit" or "hy.sum" leads to from the globals or, in the
-- stock interpreter, from the library.
-- path: string
-- → value, or nil
function names.resolve(path)
  local value
  for name in path:gmatch "[^.:]+" do
    if value == nil then
      value = names.field(_G, name)
      if value == nil then value = names.field(package.loaded.hyades, name) end
    else
      value = names.field(value, name)
    end
    if value == nil then return nil end
  end
  return value
end

--- The name that was probably meant for one that a value does not have.
-- name: string · value: anything
-- → string, or nil
function names.nearest(name, value)
  if #name < shortest then return nil end
  local known = {}
  for _, other in ipairs(names.of(value)) do
    if #known < 500 and other ~= name then known[#known + 1] = other end
  end
  return require("hyades.check").suggest(name, known)
end

--- The message for a global that does not exist.
-- name: anything
-- → string
function names.unknown_global(name)
  if type(name) ~= "string" then return "unknown global " .. tostring(name) end
  local nearest = names.nearest(name, _G)
  return ("unknown global '%s'%s"):format(name,
    nearest and ("; did you mean '%s'?"):format(nearest) or "")
end

return names
