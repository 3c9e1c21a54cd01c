--- Values as text for reading: what the prompt prints.

local class = require "hyades.class"

local show = {}

local width, max_depth, max_items, max_fields = 80, 3, 100, 30

local function length(text)
  return utf8.len(text, 1, -1, true) or #text
end

-- Does the object's class, or one that it inherits from, have this name?
local function inherits(value, name)
  local current = class.of(value)
  while current and rawget(current, "class_name") ~= name do
    local meta = getmetatable(current)
    current = meta and rawget(meta, "__index")
  end
  return current ~= nil
end

local function has_text(value)
  local meta = getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__tostring") ~= nil
end

-- The names of a module of the library, those not loaded yet too; nil for any other table.
local function module_names(value)
  if type(value) ~= "table" or class.is_class(value) or has_text(value) then return nil end
  for name, loaded in next, package.loaded do
    if rawequal(loaded, value) and type(name) == "string" and name:find "^hyades" then
      return require("hyades.names").public(value), name
    end
  end
end

local function is_plain_table(value)
  return type(value) == "table" and not has_text(value)
end

local function quoted(text)
  return (("%q"):format(text):gsub("\\\n", "\\n"))
end

local function grouped(n)
  local text = ("%d"):format(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

local function plural(n, what)
  return ("%s %s%s"):format(grouped(n), what, n == 1 and "" or "s")
end

-- ---- functions ------------------------------------------------------------------------------

-- "function (x, y), file.lua:3"
local function function_text(fn)
  local core = package.loaded["hyades.core"]
  local about = core and core.about(fn)
  if about then return "function " .. require("hyades.help").text(fn):match "^[^\n]*" end
  local model = package.loaded["hyades.model"]
  fn = model and model.original(fn) or fn
  local info = debug.getinfo(fn, "Su")
  if info.what == "C" then return tostring(fn) end
  local parameters = {}
  for i = 1, info.nparams do parameters[i] = debug.getlocal(fn, i) end
  if info.isvararg then parameters[#parameters + 1] = "..." end
  return ("function (%s), %s:%d"):format(table.concat(parameters, ", "), info.short_src,
    info.linedefined)
end

-- ---- one line -------------------------------------------------------------------------------

local function first_line(text)
  if not text:find "\n" then return text end
  return text:match "(%[[^%[\n]*%])%s*$" or text:match "^[^\n]*" .. " …"
end

local function count_parameters(module)
  local n = 0
  for _, tensor in ipairs(module:parameters()) do n = n + tensor:numel() end
  return n
end

-- One line for a value inside a table: of a tensor only its footer.
local function short(value)
  if type(value) == "string" then return quoted(value) end
  if type(value) == "function" then return function_text(value) end
  if inherits(value, "Module") then
    return ("%s, %s"):format(value, plural(count_parameters(value), "parameter"))
  end
  return first_line(tostring(value))
end

local function cut(text, columns)
  text = text:gsub("%c", " ")
  if length(text) <= columns then return text end
  local last = utf8.offset(text, columns)
  return (last and text:sub(1, last - 1) or text:sub(1, columns - 1)) .. "…"
end

--- A value on one line of at most so many columns.
-- value: anything · columns: integer
-- → string
function show.brief(value, columns)
  local names, name = module_names(value)
  if names then return cut(("%s, %s"):format(name, plural(#names, "name")), columns) end
  if class.of(value) and not has_text(value) then return class.of(value).hyades_class end
  if type(value) == "table" and not has_text(value) then
    local text = show.value(value)
    if not text:find "\n" and length(text) <= columns then return text end
    local n, last = 0, rawget(value, #value)
    for _ in next, value do n = n + 1 end
    local loss = type(last) == "table" and rawget(last, "loss")
    if math.type(loss) == "float" and n == #value then
      return cut(("%s, loss %.4g at the end"):format(plural(n, "epoch"), loss), columns)
    end
    return cut("table of " .. plural(n, "item"), columns)
  end
  local ok, text = pcall(short, value)
  return cut(ok and text or "(cannot be shown)", columns)
end

--- What kind of thing a value is: "tensor", "cluster.KMeans", "table".
-- value: anything
-- → string
function show.kind(value)
  local own = class.of(value)
  if own then return own.hyades_class end
  if class.is_class(value) then return "class" end
  if module_names(value) then return "module" end
  local meta = debug.getmetatable(value)
  local name = type(value) ~= "string" and type(meta) == "table" and rawget(meta, "__name")
  return class.kind(value) or type(name) == "string" and name or math.type(value) or type(value)
end

-- ---- tables ---------------------------------------------------------------------------------

local order = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local kind_a, kind_b = order[type(a)] or 4, order[type(b)] or 4
  if kind_a ~= kind_b then return kind_a < kind_b end
  if kind_a <= 2 then return a < b end
  return tostring(a) < tostring(b)
end

-- The keys that are no positions 1 … n.
local function named_keys(t, n)
  local keys = {}
  for key in next, t do
    if not (math.type(key) == "integer" and key >= 1 and key <= n) then keys[#keys + 1] = key end
  end
  table.sort(keys, before)
  return keys
end

local function key_text(key)
  if type(key) == "string" and key:find "^[%a_][%w_]*$" then return key .. " = " end
  return "[" .. short(key) .. "] = "
end

-- Positions fill lines, named parts have their own; all of them fit on one line or none does.
local function layout(parts, positions, indent)
  local line = "{ " .. table.concat(parts, ", ") .. " }"
  if #indent + length(line) <= width and not line:find "\n" then return line end
  local inner, lines = indent .. "  ", {}
  for i, part in ipairs(parts) do
    local last = lines[#lines]
    if last and i <= positions and not part:find "\n" and length(last) + length(part) + 3 <= width then
      lines[#lines] = last .. " " .. part .. ","
    else
      lines[#lines + 1] = inner .. part .. ","
    end
  end
  return "{\n" .. table.concat(lines, "\n") .. "\n" .. indent .. "}"
end

local text_of

local function table_text(t, depth, open, indent)
  if next(t) == nil then return "{}" end
  if open[t] then return "{ … }" end
  if depth > max_depth then return "{ … }" end
  open[t] = true
  local n, parts = rawlen(t), {}
  local keys = named_keys(t, n)
  local shown = math.min(n, max_items)
  for i = 1, shown do
    parts[i] = text_of(rawget(t, i), depth + 1, open, indent .. "  ")
  end
  for i = 1, math.min(#keys, max_items - shown) do
    local value = text_of(rawget(t, keys[i]), depth + 1, open, indent .. "  ")
    parts[#parts + 1] = key_text(keys[i]) .. value
  end
  local rest = n + #keys - #parts
  if rest > 0 then parts[#parts + 1] = ("… %d more"):format(rest) end
  open[t] = nil
  return layout(parts, shown, indent)
end

function text_of(value, depth, open, indent)
  if module_names(value) or class.of(value) and not has_text(value) then
    return show.brief(value, width)
  elseif is_plain_table(value) then return table_text(value, depth, open, indent) end
  return short(value)
end

-- ---- objects --------------------------------------------------------------------------------

-- Names and values below each other.
local function block(head, names, value_of)
  local lines, widest = { head }, 0
  for _, name in ipairs(names) do widest = math.max(widest, length(name)) end
  for i = 1, math.min(#names, max_fields) do
    local pad = (" "):rep(widest - length(names[i]))
    local text = show.brief(value_of(names[i]), math.max(width - widest - 4, 10))
    lines[#lines + 1] = ("  %s%s  %s"):format(names[i], pad, text)
  end
  if #names > max_fields then lines[#lines + 1] = ("  … %d more"):format(#names - max_fields) end
  return table.concat(lines, "\n")
end

-- Has a fit put something here, not the user?
local function is_result(object, name)
  local options, value = class.of(object).defaults or {}, rawget(object, name)
  return name ~= "fitted" and not name:find "^_" and
    (options[name] == nil or class.kind(value) == "tensor" or inherits(value, "Module"))
end

local function fields_of(object)
  local names = {}
  for name in next, object do
    if type(name) == "string" and is_result(object, name) then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function object_text(object)
  if inherits(object, "Module") then return object:summary() end
  if inherits(object, "Model") then
    return block(tostring(object), fields_of(object), function(name) return rawget(object, name) end)
  end
  if has_text(object) then return tostring(object) end
  local own = class.of(object)
  return block(own.hyades_class, fields_of(object), function(name) return rawget(object, name) end)
end

--- Names in indented lines.
-- names: array of strings · columns: of a line
-- → string
function show.wrapped(names, columns)
  local lines, line = {}, " "
  for _, name in ipairs(names) do
    if length(line) + length(name) + 1 > columns and line ~= " " then
      lines[#lines + 1], line = line, " "
    end
    line = line .. " " .. name
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

--- A value as text: tables with sorted keys down to three levels; networks with the number of their
-- parameters, models with their fields, modules with their names; everything else as print does.
-- value: anything
-- → string
function show.value(value)
  if type(value) == "function" then return function_text(value) end
  if class.of(value) then return object_text(value) end
  local names, name = module_names(value)
  if names then
    local short_name = name == "hyades" and "hy" or name:match "[^.]+$"
    return ("%s: help(%s) explains it\n%s"):format(name, short_name, show.wrapped(names, width))
  end
  return is_plain_table(value) and table_text(value, 1, {}, "") or tostring(value)
end

--- Several values: on one line, or one below the other when one of them needs lines.
-- values: table with n, as from table.pack
-- → string
function show.values(values)
  local texts, between = {}, "\t"
  for i = 1, values.n do
    texts[i] = show.value(values[i])
    if texts[i]:find "\n" then between = "\n" end
  end
  return table.concat(texts, between)
end

--- Fit the text to a window.
-- columns: its width, 80 at first; wider windows get 80
function show.fit(columns)
  width = math.min(math.max(columns, 10), 80)
end

return show
