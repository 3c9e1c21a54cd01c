--- Classes: a class is a callable table; an object is a plain table of fields whose metatable is
-- its class. Objects pack into tables of tensors, numbers and texts, and come back from them.

local class = {}

local known = setmetatable({}, { __mode = "v" }) -- full name → class

-- "deep.DEC" for a class defined in …/hyades/deep/DEC.lua, so that hy.load can find it again.
local function full_name(name, source)
  local folder = source:match("hyades/(%w+)/[%w_]+%.lua$")
  return folder and folder .. "." .. name or name
end

-- A tail call, so that errors in init point at the line of the user.
local function construct(self, ...)
  if not self.init then
    error(("%s: is what others inherit from; it makes no objects"):format(self.hyades_class), 2)
  end
  return self.init(setmetatable({}, self), ...)
end

local function class_text(self)
  return "hyades." .. rawget(self, "hyades_class")
end

--- Define a class whose objects are made by `init(object, …)`, which returns the object.
-- name: string · parent: class, optional; methods and metamethods are inherited
-- level: integer, optional; whose file gives the folder of the name (default: the caller's)
-- → class
function class.define(name, parent, level)
  local place = debug.getinfo((level or 1) + 1, "Sl")
  local new = { hyades_class = full_name(name, place.source), class_name = name,
    defined = { source = place.source, line = place.currentline } }
  for _, event in ipairs{ "__call", "__tostring" } do
    new[event] = parent and parent[event]
  end
  new.__index = new
  new.__name = "hyades." .. new.hyades_class
  known[new.hyades_class] = new
  return setmetatable(new, { __index = parent, __call = construct, __tostring = class_text })
end

--- Is the value a class (not an object of one)?
-- value: anything
-- → boolean
function class.is_class(value)
  return type(value) == "table" and rawget(value, "hyades_class") ~= nil
end

--- The class of an object; nil for any other value.
-- value: anything
-- → class or nil
function class.of(value)
  local meta = type(value) == "table" and getmetatable(value)
  return class.is_class(meta) and meta or nil
end

--- Is the value an object of this class, or of one that inherits from it?
-- value: anything · ancestor: class
-- → boolean
function class.is(value, ancestor)
  local current = class.of(value)
  while current and current ~= ancestor do
    local meta = getmetatable(current)
    current = meta and meta.__index
  end
  return current ~= nil
end

--- Does the value behave like a constructor: a class or a function?
-- value: anything
-- → boolean
function class.is_constructor(value)
  return type(value) == "function" or class.is_class(value)
end

--- The kind of a userdata of the engine: "tensor", "rng", "tape"; nil for anything else.
-- value: anything
-- → string or nil
function class.kind(value)
  local meta = type(value) == "userdata" and getmetatable(value)
  local name = type(meta) == "table" and meta.__name
  return name and name:match("^hyades%.(%w+)$")
end

--- The keys of a table in a fixed order: positions first, then names by alphabet.
-- t: table
-- → array of keys
function class.keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) == type(b) then return a < b end
    return type(a) == "number"
  end)
  return keys
end

local pack

local function pack_object(object, seen)
  local packed = { class_of = class.of(object).hyades_class, items = {}, fields = {}, parameters = {} }
  local defaults = class.of(object).defaults or {}
  for _, key in ipairs(class.keys(object)) do
    local value = object[key]
    if type(value) == "function" and value == defaults[key] then value = nil end
    if class.kind(value) == "tensor" and value.requires_grad then
      packed.parameters[#packed.parameters + 1] = key
      value = value:detach()
    end
    local into = math.type(key) == "integer" and packed.items or packed.fields
    into[key] = pack(value, seen)
  end
  return packed
end

function pack(value, seen)
  if class.is_class(value) then return { class_of = value.hyades_class } end
  if class.kind(value) == "rng" then return nil end
  if type(value) ~= "table" then return value end
  if seen[value] then error("this value contains itself and cannot be saved", 0) end
  seen[value] = true
  local packed
  if class.of(value) then
    packed = pack_object(value, seen)
  else
    packed = {}
    for key, inner in pairs(value) do packed[key] = pack(inner, seen) end
  end
  seen[value] = nil
  return packed
end

--- Take an object apart: a plain table of tensors, numbers, texts, booleans and functions.
-- Generators are left out; classes become their names.
-- value: object, or any table that holds objects
-- → table
function class.pack(value)
  return pack(value, {})
end

--- The class with this full name, such as "deep.DEC".
-- name: string
-- → class
function class.find(name)
  local folder, short = name:match("^(%w+)%.([%w_]+)$")
  if not known[name] and folder then
    pcall(function() return require("hyades." .. folder)[short] end)
  end
  return known[name] or
    error(("there is no class %q; load the file that defines it first"):format(name), 0)
end

--- Put together again what class.pack took apart.
-- packed: table
-- → object, or the table with its objects
function class.unpack(packed)
  if type(packed) ~= "table" then return packed end
  if type(packed.class_of) ~= "string" then
    local plain = {}
    for key, value in pairs(packed) do plain[key] = class.unpack(value) end
    return plain
  end
  local found = class.find(packed.class_of)
  if next(packed, "class_of") == nil and next(packed) == "class_of" then return found end
  if type(packed.fields) ~= "table" or type(packed.items or {}) ~= "table" or
    type(packed.parameters or {}) ~= "table" then
    error(("the parts of a %s are damaged"):format(packed.class_of), 0)
  end
  local object = {}
  for _, part in ipairs{ packed.items or {}, packed.fields } do
    for key, value in pairs(part) do object[key] = class.unpack(value) end
  end
  for _, key in ipairs(packed.parameters or {}) do
    object[key] = require("hyades").param(object[key])
  end
  setmetatable(object, found)
  if found.restored then object:restored() end
  return object
end

return class
