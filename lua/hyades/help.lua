--- help(x) prints what there is to say about a function, a constructor, a module or a value.
-- The words are the `---` blocks of the sources, found by debug.getinfo, and the docs of the ops.

local class = require "hyades.class"
local core = require "hyades.core"
local names = require "hyades.names"
local options = require "hyades.options"
local show = require "hyades.show"
local source = require "hyades.source"

local help = {}

local overview = [[
Hyades: tensors, gradients and deep clustering.

  hy       tensors and everything that computes with them
  nn       networks                     optim    optimizers
  train    the training loop            loss     losses
  data     data sets, files, batches    cluster  k-means and other clusterings
  deep     deep clustering              metrics  how well labels agree
  plot     pictures                     report   pages with pictures and tables
  model    how to define a method of your own

help(deep.DEC), help(hy.sqdist), help "sum" explain one thing; help(cluster) lists what is in it;
help "hungarian matching" looks for words. At the prompt: ?deep.DEC, ??deep.DEC its source, % the
commands, Tab completes.]]

local width, most_found = 80, 20

-- ---- functions ------------------------------------------------------------------------------

local function parameters(fn, info)
  local list = {}
  for i = 1, info.nparams do list[i] = debug.getlocal(fn, i) end
  if info.isvararg then list[#list + 1] = "…" end
  return "(" .. table.concat(list, ", ") .. ")"
end

local function options_text(callee)
  local lines = {}
  for _, option in ipairs(options.of(callee)) do
    lines[#lines + 1] = ("  %s = %s"):format(option.name, option.default)
  end
  return #lines > 0 and "Options:\n" .. table.concat(lines, "\n") or nil
end

local function place_text(name, line)
  return ("Source: %s%s"):format(name, line and ":" .. line or "")
end

local function signature_of(fn, place)
  local line = place.lines[place.first] or ""
  local name = line:match "function%s+([%w_.:]+)" or line:match "([%w_.]+)%s*=%s*function" or
    "function"
  name = name:gsub("^([%w_]+)%.%1$", "hy.%1") -- such as progress.progress: it is all of its module
  local list = parameters(fn, debug.getinfo(fn, "u"))
  return name .. (name:find ":" and list:gsub("^%(self,? ?", "(") or list)
end

local function lua_function_text(fn)
  local place = source.of(fn)
  local folder, file = place.name:match "hyades/(%w+)/([%w_]+)%.lua$"
  local doc = source.above(place.lines, place.first) or folder and
    ("help(%s.%s) explains what it belongs to."):format(folder, file) or "It has no documentation."
  local parts = { signature_of(fn, place), doc }
  parts[#parts + 1] = options_text(fn)
  parts[#parts + 1] = place_text(place.name, place.first)
  return table.concat(parts, "\n")
end

-- Text in lines of at most `width` columns.
local function filled(text)
  local lines, line = {}, nil
  for word in text:gmatch "%S+" do
    if line and utf8.len(line) + utf8.len(word) + 1 > width then
      lines[#lines + 1], line = line, nil
    end
    line = line and line .. " " .. word or word
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

-- "x:tensor axis:axis? k:integer=1 shape:shape..." → what stands in the call, and the types
local function argument_texts(words, equals)
  local list, types = {}, {}
  for name, kind, more in words:gmatch "([%w_]+):(%a+)(%S*)" do
    local default = more:match "^=(.*)$"
    list[#list + 1] = name .. (default and equals .. default or more:gsub("%.%.%.", "…"))
    if name ~= kind then types[#types + 1] = name .. ": " .. kind end
  end
  return list, types
end

-- "x:tensor axis:axis? {keep:flag=false} -> tensor" as it is called, then the types.
local function call_text(name, signature)
  if signature:find "^%(" then return name .. signature end
  local words, results = signature:match "^(.-)%s*%->%s*(.-)$"
  local inner = (words or signature):match "{(.*)}" or ""
  local list, types = argument_texts((words or signature):gsub("{.*}", ""), "=")
  local named, more = argument_texts(inner, " = ")
  if #named > 0 then list[#list + 1] = "{ " .. table.concat(named, ", ") .. " }" end
  table.move(more, 1, #more, #types + 1, types)
  local arrow = (results or "") ~= "" and " → " .. results:gsub(" ", ", ") or ""
  return ("%s(%s)%s"):format(name, table.concat(list, ", "), arrow) ..
    (#types > 0 and "\n" .. filled(table.concat(types, " · ")) or "")
end

local function native_text(about)
  local head = call_text((core[about.name] and "hy." or "") .. about.name, about.signature)
  local gradient = about.differentiable == false and "\nIt has no gradient." or ""
  return head .. "\n" .. filled(about.doc) .. gradient
end

-- ---- tables ---------------------------------------------------------------------------------

-- The file of a loaded module.
local function file_of(value)
  for name, loaded in pairs(package.loaded) do
    if rawequal(loaded, value) and name:find "^hyades" then
      return package.searchpath(name, package.path)
    end
  end
end

-- What saving and loading call, and constructors.
local plumbing = { init = true, restore = true, restored = true, warn = true }

-- The functions that objects of a class have, but for what every table of the class holds.
local function methods_text(value)
  local list = {}
  for _, name in ipairs(names.public(value)) do
    if type(names.field(value, name)) == "function" and not plumbing[name] then
      list[#list + 1] = name
    end
  end
  return #list > 0 and "Methods:\n" .. show.wrapped(list, width) or nil
end

-- A class by the comment above its definition or its init, or by the head of its file. One that
-- another file makes is told of at the head of its own.
local function class_text(value)
  local name, line = value.defined.source:match "^[@=](.*)$", value.defined.line
  local own = file_of(value)
  if own and own ~= name then name, line = own, nil end
  local lines, init = source.lines(name or ""), rawget(value, "init")
  local doc = line and source.above(lines, line) or line and init and
    source.above(lines, debug.getinfo(init, "S").linedefined) or source.head(lines)
  local parts = { value.hyades_class }
  parts[#parts + 1] = doc
  parts[#parts + 1] = options_text(value)
  parts[#parts + 1] = methods_text(value)
  parts[#parts + 1] = place_text(name or "a string", line)
  return table.concat(parts, "\n")
end

local function table_text(value)
  if class.is_class(value) then return class_text(value) end
  if class.of(value) then return tostring(value) .. "\n" .. class_text(class.of(value)) end
  local path = file_of(value)
  local doc = path and source.head(source.lines(path)) or "A table."
  return doc .. "\n" .. show.wrapped(names.public(value), width) .. (path and "\n" .. place_text(path) or "")
end

-- ---- names ----------------------------------------------------------------------------------

local folders = { "nn", "optim", "data", "cluster", "deep", "metrics", "plot", "train", "loss",
  "model" }

-- What a name such as "loss.kl", "hy.sum" or "KMeans" stands for; nil when unknown.
local function find(name)
  local hy = require "hyades"
  if name == "hy" then return hy end
  local value = hy
  for part in name:gsub("^hy%.", ""):gmatch "[^.:]+" do
    value = names.field(value, part)
    if value == nil then break end
  end
  if value ~= nil then return value end
  for _, folder in ipairs(folders) do
    local found = names.field(names.field(hy, folder), name)
    if found ~= nil then return found end
  end
end

-- ---- search ---------------------------------------------------------------------------------

-- Calls visit(name, doc) for everything public in the library; a file that is not loaded is read.
local function each_doc(visit)
  for _, op in ipairs(core.ops()) do visit("hy." .. op.name, op.doc) end
  for _, folder in ipairs(folders) do
    local module = names.field(require "hyades", folder)
    for _, name in ipairs(names.public(module)) do
      local path = package.searchpath(("hyades.%s.%s"):format(folder, name), package.path)
      local place = not path and type(module[name]) == "function" and source.of(module[name])
      local doc = path and source.head(source.lines(path)) or
        place and source.above(place.lines, place.first)
      if doc then visit(folder .. "." .. name, doc) end
    end
  end
end

local function has_all(text, words)
  for word in words:gmatch "%S+" do
    if not text:find(word, 1, true) then return false end
  end
  return true
end

-- What speaks of the words, a line each: names first.
local function search(text)
  local words, in_name, in_doc = text:lower(), {}, {}
  each_doc(function(name, doc)
    local lower = name:lower()
    local group = has_all(lower, words) and in_name or has_all(lower .. " " .. doc:lower(), words) and
      in_doc
    if group then
      local line = ("  %-24s %s"):format(name, (doc:match "^[^\n]*"))
      local last = utf8.offset(line, width + 1)
      group[#group + 1] = last and last <= #line and line:sub(1, utf8.offset(line, width) - 1) .. "…"
        or line
    end
  end)
  table.sort(in_name)
  table.sort(in_doc)
  table.move(in_doc, 1, #in_doc, #in_name + 1, in_name)
  return in_name
end

local function unknown_text(name)
  local known = {}
  for _, module in ipairs{ require "hyades", table.unpack(folders) } do
    if type(module) == "string" then module = names.field(require "hyades", module) end
    for _, other in ipairs(names.public(module)) do known[#known + 1] = other end
  end
  local nearest = core.nearest(name, known)
  local found = name:find "%a" and search(name) or {}
  local lines = { ("Nothing is called %q%s"):format(name,
    nearest and ("; did you mean %q?"):format(nearest) or ".") }
  if #found > 0 then lines[2] = "These speak of it:" end
  for i = 1, math.min(#found, most_found) do lines[#lines + 1] = found[i] end
  if #found > most_found then lines[#lines + 1] = ("  … %d more"):format(#found - most_found) end
  return table.concat(lines, "\n")
end

-- ---- values ---------------------------------------------------------------------------------

local function value_text(value)
  local kind = class.kind(value)
  if not kind then return ("%s: %s"):format(type(value), tostring(value)) end
  local footer = tostring(value):match "[^\n]*$"
  return ("A %s, %s. Its methods:\n%s"):format(kind, footer, show.wrapped(names.public(value), width))
end

local function function_text(fn)
  local about = core.about(fn)
  if about then return native_text(about) end
  fn = require("hyades.model").original(fn)
  return source.of(fn) and lua_function_text(fn) or
    "A function written in C: one of Lua's own, which its reference manual explains, or of a module."
end

--- The text that help prints.
-- x: function, constructor, module, value, or the name of one; words to look for; nothing for an
-- overview
-- → string
function help.text(x)
  if x == nil then return overview end
  if type(x) == "string" then
    local found = find(x)
    return found == nil and unknown_text(x) or help.text(found)
  elseif type(x) == "function" then
    return function_text(x)
  elseif type(x) == "table" and x ~= help then
    return table_text(x)
  end
  return x == help and source.head(source.lines(file_of(help))) or value_text(x)
end

--- The text of help for a name as one writes it in code: variables come first.
-- name: string, such as "digits" or "deep.DEC"
-- → string
function help.about(name)
  local value = names.resolve(name)
  if value == nil or type(value) == "string" then return help.text(name) end
  return help.text(value)
end

--- The source of a function or a class, with where it stands.
-- name: string, as for help.about
-- → string
function help.source(name)
  local value = names.resolve(name)
  if value == nil then value = find(name) end
  if value == nil then return unknown_text(name) end
  value = class.of(value) or value
  if class.is_class(value) then
    local path = value.defined.source:match "^[@=](.*)$" or ""
    return place_text(path) .. "\n" .. table.concat(source.lines(path), "\n")
  end
  local path = type(value) == "table" and file_of(value)
  if path then return place_text(path) .. "\n" .. table.concat(source.lines(path), "\n") end
  if type(value) ~= "function" then return ("%s is a %s; it has no source"):format(name, type(value)) end
  local place = source.of(require("hyades.model").original(value))
  if not place then return function_text(value) .. "\nIts source is C." end
  local first = place.first
  while place.lines[first - 1] and place.lines[first - 1]:find "^%s*%-%-" do first = first - 1 end
  return place_text(place.name, place.first) .. "\n" ..
    table.concat(place.lines, "\n", first, math.min(place.last, #place.lines))
end

return setmetatable(help, {
  __call = function(_, x) print(help.text(x)) end,
  __tostring = function() return overview end, -- what who types `help` wants
})
