--- The names of the options that a constructor or a function takes, found where they are checked:
-- in the defaults of a class, in the signature of a native function, or in the source, where
-- `check.options(name, given, defaults)` stands.

local class = require "hyades.class"
local core = require "hyades.core"
local names = require "hyades.names"
local source = require "hyades.source"
local tokens = require "hyades.tokens"

local options = {}

local step_in = { ["("] = 1, ["{"] = 1, ["["] = 1, [")"] = -1, ["}"] = -1, ["]"] = -1 }

local function default_text(value)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) == "table" and next(value) == nil and not getmetatable(value) then return "{}" end
  if type(value) == "table" and not getmetatable(value) then
    local parts = {}
    for i, item in ipairs(value) do parts[i] = tostring(item) end
    return "{ " .. table.concat(parts, ", ") .. " }"
  end
  if class.is_class(value) then return value.hyades_class end
  return class.kind(value) or type(value) == "function" and "function" or tostring(value)
end

local function from_table(defaults)
  local list = {}
  for name, value in pairs(defaults) do
    if type(name) == "string" then
      list[#list + 1] = { name = name, default = default_text(value) }
    end
  end
  return list
end

-- "x:tensor axis:axis? {keep:flag=false rng:rng} -> tensor"
local function from_signature(signature)
  local list = {}
  for word in (signature:match "{(.-)}" or ""):gmatch "%S+" do
    local name, default = word:match "^([%w_]+):[^=]*=?(.*)$"
    if name then
      list[#list + 1] = { name = name, default = default ~= "" and default or "optional" }
    end
  end
  return list
end

-- The keys of the table constructor that begins at token i, with the text of their values.
local function from_constructor(code, list, i)
  local found, depth = {}, 0
  repeat
    local token = list[i]
    depth = depth + (token.kind == "sign" and step_in[token.text] or 0)
    local equals, before = list[i + 1], list[i - 1].text
    if depth == 1 and token.kind == "name" and equals and equals.text == "=" and
      (before == "{" or before == ",") then
      local first, inner = i + 2, 0
      i = first
      while inner > 0 or list[i].text ~= "," and list[i].text ~= "}" do
        inner = inner + (list[i].kind == "sign" and step_in[list[i].text] or 0)
        i = i + 1
      end
      local text = code:sub(list[first].first, list[i - 1].last):gsub("%s+", " ")
      found[#found + 1] = { name = token.text, default = text:match "^check%.(%a+)$" or text }
      i = i - 1
    end
    i = i + 1
  until depth == 0 or not list[i]
  return found
end

local function upvalue(fn, name)
  for i = 1, math.huge do
    local found, value = debug.getupvalue(fn, i)
    if not found or found == name then return value end
  end
end

-- The table that an expression such as `run_options`, `MLP.options` or `self.fit_options` means.
local function defaults_of(fn, path, receiver)
  local head, rest = path:match "^([^.]*)%.?(.*)$"
  local value = head == "self" and receiver or upvalue(fn, head)
  for name in rest:gmatch "[^.]+" do value = names.field(value, name) end
  return type(value) == "table" and value or nil
end

-- The token behind the second comma of the call whose bracket is token i.
local function third_argument(list, i)
  local depth, commas = 0, 0
  repeat
    local text = list[i].kind == "sign" and list[i].text
    depth = depth + (step_in[text] or 0)
    if depth == 1 and text == "," then commas = commas + 1 end
    i = i + 1
  until commas == 2 or depth == 0 or not list[i]
  return commas == 2 and i or nil
end

-- "n=500: rows · k: clusters · bias, rng: as above", but for what the function's parameters are
local function from_words(doc, fn)
  local list, seen = {}, {}
  for i = 1, debug.getinfo(fn, "u").nparams do seen[debug.getlocal(fn, i)] = true end
  local function add(name, default)
    if not seen[name] then list[#list + 1] = { name = name, default = default } end
    seen[name] = true
  end
  for line in (doc or ""):gsub("\n", " · "):gsub(" · ", "\n"):gmatch "[^\n]+" do
    line = line:gsub("^%s*options:", "")
    for name, default in line:gmatch "([%a_][%w_]*)=([^%s,:·]*)" do
      add(name, default:sub(1, 1) == "{" and "a table" or default)
    end
    for name in (line:match "^%s*([%a_][%w_, ]*):" or ""):gmatch "[%w_]+" do
      if (line:match "^%s*([%a_][%w_, ]*):"):find "^[%w_]+$" or line:find "^%s*[%w_]+," then
        add(name, "optional")
      end
    end
  end
  return list
end

local function from_source(fn, receiver)
  local place = source.of(fn)
  if not place then return {} end
  local code = table.concat(place.lines, "\n", place.first, math.min(place.last, #place.lines))
  local list = tokens.of(code)
  for i = 1, #list - 3 do
    local at = list[i].text == "check" and list[i + 2].text == "options" and
      third_argument(list, i + 3)
    if at and list[at].text == "{" then return from_constructor(code, list, at) end
    if at and list[at].kind == "name" then
      local path = code:match("^[%w_.]+", list[at].first)
      local defaults = defaults_of(fn, path, receiver)
      return defaults and from_table(defaults) or
        from_words(source.above(place.lines, place.first), fn)
    end
  end
  local last = debug.getlocal(fn, debug.getinfo(fn, "u").nparams)
  return last == "options" and from_words(source.above(place.lines, place.first), fn) or {}
end

--- The options of a constructor or a function.
-- callee: function or class · receiver: the value before the colon, for methods
-- → array of { name=, default=text, "required" or "optional" }, in the order of the alphabet
function options.of(callee, receiver)
  local list = {}
  if class.is_class(callee) then
    local defaults = names.field(callee, "defaults")
    local init = names.field(callee, "init")
    list = defaults and from_table(defaults) or init and from_source(init, callee) or {}
  elseif type(callee) == "function" then
    local about = core.about(callee)
    local model = package.loaded["hyades.model"]
    list = about and from_signature(about.signature or "") or
      from_source(model and model.original(callee) or callee, receiver)
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

return options
