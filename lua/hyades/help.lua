--- help(x) prints what there is to say about a function, a constructor, a module or a value.
-- The words are the `---` blocks of the sources, found by debug.getinfo, and the docs of the ops.

local class = require "hyades.class"
local core = require "hyades.core"

local help = {}

local overview = [[
Hyades: tensors, gradients and deep clustering.

  hy       tensors and everything that computes with them
  nn       networks                     optim    optimizers
  train    the training loop            loss     losses
  data     data sets, files, batches    cluster  k-means and other clusterings
  deep     deep clustering              metrics  how well labels agree
  plot     pictures                     model    how to define a method of your own

help(deep.DEC), help(hy.sqdist), help "sum" explain one thing; help(cluster) lists what is in it.]]

local width = 80

-- ---- doc blocks -----------------------------------------------------------------------------

local function lines_of(path)
  local lines, file = {}, io.open(path)
  if not file then return lines end
  for line in file:lines() do lines[#lines + 1] = line end
  file:close()
  return lines
end

local function uncommented(lines, first, last)
  local block = {}
  for i = first, last do block[#block + 1] = lines[i]:match "^%s*%-%-%-? ?(.*)$" end
  return table.concat(block, "\n")
end

-- The comment that ends right above a line; nil when there is none.
local function block_above(lines, line)
  local first = line
  while first > 1 and lines[first - 1]:find "^%s*%-%-" do first = first - 1 end
  return first < line and uncommented(lines, first, line - 1) or nil
end

-- The first documentation block of a file.
local function head_of(path)
  local lines = lines_of(path)
  local first = 1
  while lines[first] and not lines[first]:find "^%-%-%-" do first = first + 1 end
  local last = first - 1
  while lines[last + 1] and lines[last + 1]:find "^%-%-" do last = last + 1 end
  return last >= first and uncommented(lines, first, last) or nil
end

-- ---- functions ------------------------------------------------------------------------------

local function parameters(fn, info)
  local names = {}
  for i = 1, info.nparams do names[i] = debug.getlocal(fn, i) end
  if info.isvararg then names[#names + 1] = "…" end
  return "(" .. table.concat(names, ", ") .. ")"
end

local function lua_function_text(fn)
  local info = debug.getinfo(fn, "Su")
  local path = info.source:match "^@(.*)$"
  local lines = path and lines_of(path) or {}
  local line = lines[info.linedefined] or ""
  local name = line:match "function%s+([%w_.:]+)" or line:match "([%w_.]+)%s*=%s*function" or
    "function"
  local doc = path and block_above(lines, info.linedefined)
  return name .. parameters(fn, info) .. "\n" .. (doc or "It has no documentation.")
end

local function native_text(about)
  local signature = about.signature:gsub("%->", "→")
  local gradient = about.differentiable == false and "\nIt has no gradient." or ""
  local place = core[about.name] and "hy." or ""
  return ("%s%s: %s\n%s%s"):format(place, about.name, signature, about.doc, gradient)
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

local function wrapped(words)
  local lines, line = {}, " "
  for _, word in ipairs(words) do
    if #line + #word + 1 > width then
      lines[#lines + 1], line = line, " "
    end
    line = line .. " " .. word
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

-- The public names of a module, those not loaded yet too.
local function names_of(value)
  local meta, seen, names = getmetatable(value), {}, {}
  local function add(name)
    if type(name) == "string" and not name:find "^_" and not seen[name] then
      seen[name] = true
      names[#names + 1] = name
    end
  end
  for name in next, value do add(name) end
  for _, name in ipairs(type(meta) == "table" and rawget(meta, "names") or {}) do add(name) end
  table.sort(names)
  return names
end

local function default_text(value)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) == "table" and next(value) == nil and not getmetatable(value) then return "{}" end
  if type(value) == "table" and not getmetatable(value) and type(value[1]) == "number" then
    return "{ " .. table.concat(value, ", ") .. " }"
  end
  return class.kind(value) or type(value) == "function" and "function" or tostring(value)
end

-- A class by the head of its file, or by the comment above its init; then its options.
local function class_text(value)
  local path, init = file_of(value), rawget(value, "init")
  local parts = { value.hyades_class }
  parts[2] = path and head_of(path) or init and lua_function_text(init)
  local options = {}
  for _, name in ipairs(class.keys(value.defaults or {})) do
    options[#options + 1] = ("%s = %s"):format(name, default_text(value.defaults[name]))
  end
  if #options > 0 then
    parts[#parts + 1] = "Options:\n  " .. table.concat(options, "\n  ")
  end
  return table.concat(parts, "\n")
end

local function table_text(value)
  if class.is_class(value) then return class_text(value) end
  if class.of(value) then return tostring(value) .. "\n" .. class_text(class.of(value)) end
  local path = file_of(value)
  local doc = path and head_of(path) or "A table."
  return doc .. "\n" .. wrapped(names_of(value))
end

-- ---- names ----------------------------------------------------------------------------------

local folders = { "nn", "optim", "data", "cluster", "deep", "metrics", "plot", "train", "loss",
  "model" }

local function field(value, name)
  local ok, found = pcall(function() return value[name] end)
  return ok and found or nil
end

-- What a name such as "loss.kl", "hy.sum" or "KMeans" stands for; nil when unknown.
local function find(name)
  local value = require "hyades"
  if name == "hy" then return value end
  for part in name:gsub("^hy%.", ""):gmatch "[^.:]+" do
    value = field(value, part)
    if value == nil then break end
  end
  if value ~= nil then return value end
  for _, folder in ipairs(folders) do
    local found = field(field(require "hyades", folder) or {}, name)
    if found ~= nil then return found end
  end
end

local function unknown_text(name)
  local names = names_of(require "hyades")
  for _, folder in ipairs(folders) do
    local module = field(require "hyades", folder)
    if module then table.move(names_of(module), 1, #names_of(module), #names + 1, names) end
  end
  local nearest = core.nearest(name, names)
  return ("Nothing is called %q%s"):format(name,
    nearest and ("; did you mean %q?"):format(nearest) or ".")
end

local function value_text(value)
  local kind = class.kind(value)
  if not kind then return ("%s: %s"):format(type(value), tostring(value)) end
  local footer = tostring(value):match "[^\n]*$"
  return ("A %s, %s. Its methods:\n%s"):format(kind, footer, wrapped(names_of(
    getmetatable(value).methods or getmetatable(value).__index)))
end

--- The text that help prints.
-- x: function, constructor, module, value, or the name of one; nothing for an overview
-- → string
function help.text(x)
  if x == nil then return overview end
  if type(x) == "string" then
    local found = find(x)
    return found == nil and unknown_text(x) or help.text(found)
  elseif type(x) == "function" then
    local about = core.about(x)
    if about then return native_text(about) end
    x = require("hyades.model").original(x)
    return debug.getinfo(x, "S").what == "C" and "A function written in C." or lua_function_text(x)
  elseif type(x) == "table" and x ~= help then
    return table_text(x)
  end
  return x == help and head_of(file_of(help)) or value_text(x)
end

return setmetatable(help, { __call = function(_, x) print(help.text(x)) end })
