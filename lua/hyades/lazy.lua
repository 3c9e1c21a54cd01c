--- Tables that load their parts on first use, so that the program starts at once.
local check = require "hyades.check"
local lazy = {}

local known_of = setmetatable({}, { __mode = "k" }) -- lazy table → its names, as a set and a list

-- Notes the names of a lazy table.
local function note(t, list)
  local set = {}
  for _, name in ipairs(list) do set[name] = true end
  known_of[t] = { set = set, list = list }
  return t
end

local function names_of(t, more)
  local names = {}
  for name in pairs(t) do
    if type(name) == "string" then
      names[#names + 1] = name
    end
  end
  for _, name in ipairs(more) do
    names[#names + 1] = name
  end
  return names
end

local function unknown(where, name, names)
  local nearest = type(name) == "string" and check.suggest(name, names)
  error(("%s has no \"%s\"%s"):format(where, tostring(name),
    nearest and ("; did you mean \"%s\"?"):format(nearest) or ""), 3)
end

--- Folder of files: a table whose fields are the modules folder.NAME, loaded on first use.
-- folder: string, "hyades.cluster" · names: list of file names
function lazy.folder(folder, names)
  local known = {}
  for _, name in ipairs(names) do
    known[name] = true
  end
  local short = folder:match "[^.]+$"
  return note(setmetatable({}, {
    __index = function(self, name)
      if not known[name] then
        unknown(short, name, names_of(self, names))
      end
      local part = require(folder .. "." .. name)
      rawset(self, name, part)
      return part
    end,
    names = names,
  }), names)
end

--- Add lazily loaded modules and functions to a table; unknown names raise with a suggestion.
-- parts: { modules = list of names, functions = name → module that holds it }
function lazy.extend(t, where, parts)
  local modules, all = {}, {}
  for _, name in ipairs(parts.modules or {}) do
    modules[name] = true
    all[#all + 1] = name
  end
  local functions = parts.functions or {}
  for name in pairs(functions) do
    all[#all + 1] = name
  end
  return note(setmetatable(t, {
    __index = function(self, name)
      local value
      if modules[name] then
        value = require(where .. "." .. name)
      elseif functions[name] then
        local part = require(functions[name])
        value = type(part) == "table" and rawget(part, name) or part
      else
        unknown(where == "hyades" and "hy" or where, name, names_of(self, all))
      end
      rawset(self, name, value)
      return value
    end,
    names = all,
  }), all)
end

-- The program's globals are lazy too; their metatable, which a program may replace, lists them.
local function known(t)
  local meta = rawequal(t, _G) and getmetatable(t)
  if type(meta) ~= "table" or type(rawget(meta, "globals")) ~= "table" then return known_of[t] end
  if not known_of[meta] then note(meta, meta.globals) end
  return known_of[meta]
end

--- The parts that a lazy table has or will have; nil for any other table.
-- t: table
-- → array of names, or nil
function lazy.names(t)
  local about = known(t)
  return about and about.list
end

--- A part of a lazy table, loaded now if it was not before; nil for other tables and other names,
-- and when its file fails to load.
-- t: table · name: anything
-- → value, or nil
function lazy.load(t, name)
  local about = known(t)
  if not about or not about.set[name] then return nil end
  local ok, value = pcall(function() return t[name] end)
  return ok and value or nil
end

return lazy
