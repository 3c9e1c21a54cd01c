--- Values in files: tensors, tables, networks and fitted models as safetensors, never code.
--
-- The tensors lie in the file under readable names. Everything else is JSON in its metadata:
--   text, boolean, number            itself
--   { tensor=name, dtype=, param= }  a tensor of the file
--   [ … ]                            a table with the keys 1..n
--   { table={ … } }                  a table with names as keys
--   { pairs=[ [key, value], … ] }    any other table
--   { number=text }, { bytes=hex }   what JSON cannot hold: 1.0, infinities, other bytes
-- Beside it stands a checksum of the file, so that a changed byte does not go unseen.

local core = require "hyades.core"
local check = require "hyades.check"
local class = require "hyades.class"

local version = 1

-- ---- tables to JSON ----

local function plain_text(text)
  return utf8.len(text) and not text:find "\0"
end

local function sequence(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n > 0 and n == #t
end

local function named(t)
  for key in pairs(t) do
    if type(key) ~= "string" or not plain_text(key) then return false end
  end
  return true
end

local function encode_scalar(value)
  if type(value) == "string" and not plain_text(value) then
    return { bytes = (value:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) }
  elseif math.type(value) == "integer" and (value >= 2 ^ 53 or value <= -2 ^ 53) then
    return { number = ("%d"):format(value) }
  elseif value ~= value then
    return { number = "nan" }
  elseif value == math.huge or value == -math.huge then
    return { number = value > 0 and "inf" or "-inf" }
  elseif math.type(value) == "float" and value % 1 == 0 then
    return { number = ("%a"):format(value) }
  end
  return value
end

-- A name for the file from the way to the tensor; the parts of packed objects are no news.
local function name_of(writer, way)
  local words = {}
  for _, word in ipairs(way) do
    word = tostring(word)
    if word ~= "fields" and word ~= "items" then
      words[#words + 1] = plain_text(word) and word or "_"
    end
  end
  local name, n = table.concat(words, "."), 1
  if name == "" then name = "value" end
  local free = name
  while writer.tensors[free] or free == "__metadata__" do
    n = n + 1
    free = name .. "_" .. n
  end
  return free
end

local function encode_tensor(writer, x, way)
  local name = writer.names[x]
  if not name then
    name = name_of(writer, way)
    writer.names[x], writer.tensors[name] = name, x
  end
  return { tensor = name, dtype = x.dtype, param = x.requires_grad or nil }
end

local encode

-- The value at one more step of the way; nil when it stays out of the file.
local function encode_at(writer, value, way, key)
  way[#way + 1] = key
  local node = encode(writer, value, way)
  way[#way] = nil
  return node
end

local function encode_table(writer, t, way)
  local is_list, is_named = sequence(t), named(t)
  local list, names, pairs_list, complete = {}, {}, {}, true
  for _, key in ipairs(class.keys(t)) do
    local node = encode_at(writer, t[key], way, key)
    if node == nil then
      complete = false
    elseif is_list then
      list[#list + 1] = node
      pairs_list[#pairs_list + 1] = { key, node }
    elseif is_named then
      names[key] = node
    else
      pairs_list[#pairs_list + 1] = { encode_scalar(key), node }
    end
  end
  if is_named then return { table = names } end
  if is_list and complete then return list end
  return #pairs_list > 0 and { pairs = pairs_list } or { table = {} }
end

function encode(writer, value, way)
  local kind = type(value)
  if class.kind(value) == "tensor" then
    return encode_tensor(writer, value, way)
  elseif kind == "table" then
    return encode_table(writer, value, way)
  elseif kind == "string" or kind == "number" or kind == "boolean" then
    return encode_scalar(value)
  end
  writer.skipped[#writer.skipped + 1] = name_of({ tensors = {} }, way)
  return nil
end

--- Write a value into a file: a tensor, a table of tensors, numbers, texts, booleans and tables, a
-- module or its state, a fitted model, a data set. Code is never written: functions stay out.
-- The file appears complete or not at all.
-- path: string · value: see above
-- → path, list of the names that stayed out (empty when all was written)
local function save(path, value)
  local writer = { tensors = {}, names = {}, skipped = {} }
  local packed = type(value) == "table" and class.pack(value) or value
  local node = encode(writer, packed, {})
  if node == nil then
    error(("save: expected a tensor or a table, got %s"):format(type(value)), 2)
  end
  local settings = core.json_encode{ version = version, hyades = core.version, value = { node } }
  core.write_safetensors(path, writer.tensors, settings)
  return path, writer.skipped
end

-- ---- JSON to tables ----

local function damaged(path)
  error(("load: %s: its settings are damaged"):format(path), 0)
end

local decode

local function decode_pairs(reader, list)
  local t = {}
  for _, pair in ipairs(list) do
    if type(pair) ~= "table" then damaged(reader.path) end
    local key = decode(reader, pair[1])
    if key == nil or key ~= key or type(key) == "table" then damaged(reader.path) end
    t[key] = decode(reader, pair[2])
  end
  return t
end

local function decode_tensor(reader, node)
  local x = reader.tensors[node.tensor]
  if not x then damaged(reader.path) end
  local key = tostring(node.tensor) .. tostring(node.param)
  if not reader.made[key] then
    local ok, typed = pcall(x.to, x, node.dtype)
    if ok and node.param then ok, typed = pcall(core.param, typed) end
    if not ok and tostring(typed):find("out of memory", 1, true) then
      error("load: " .. tostring(typed), 0)
    end
    if not ok then damaged(reader.path) end
    reader.made[key] = typed
  end
  return reader.made[key]
end

local function decode_table(reader, t)
  local plain = {}
  for key, node in pairs(t) do plain[key] = decode(reader, node) end
  return plain
end

function decode(reader, node)
  if type(node) ~= "table" then return node end
  if node.tensor ~= nil then
    return decode_tensor(reader, node)
  elseif type(node.number) == "string" then
    local special = { nan = 0 / 0, inf = math.huge, ["-inf"] = -math.huge }
    return special[node.number] or tonumber(node.number) or damaged(reader.path)
  elseif type(node.bytes) == "string" then
    return (node.bytes:gsub("%x%x", function(hex) return string.char(tonumber(hex, 16)) end))
  elseif type(node.pairs) == "table" then
    return decode_pairs(reader, node.pairs)
  elseif type(node.table) == "table" then
    return decode_table(reader, node.table)
  elseif #node > 0 then
    return decode_table(reader, node)
  end
  damaged(reader.path)
end

--- Read what hy.save wrote. Models come back fitted; functions that they held must be set again.
-- path: string
-- → the value
local function load(path)
  local tensors, text = core.read_safetensors(path, "load")
  if not text then
    error(("load: %s: was not written by hy.save; data.safetensors reads its tensors")
      :format(path), 2)
  end
  local ok, settings = pcall(core.json_decode, text)
  if not ok or type(settings) ~= "table" or type(settings.value) ~= "table" then damaged(path) end
  if settings.version ~= version then
    error(("load: %s: has the format %s of hy.save, this version of Hyades reads %d")
      :format(path, check.describe(settings.version), version), 2)
  end
  local packed = decode({ path = path, tensors = tensors, made = {} }, settings.value[1])
  local unpacked, value = pcall(class.unpack, packed)
  if not unpacked then error(("load: %s: %s"):format(path, value), 2) end
  return value
end

return { save = save, load = load }
