--- Values as text for reading: what the prompt prints.

local show = {}

local width, max_depth, max_items = 80, 3, 100

local function is_plain_table(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(value) == "table" and not (type(meta) == "table" and rawget(meta, "__tostring"))
end

local function quoted(text)
  return (("%q"):format(text):gsub("\\\n", "\\n"))
end

-- One line for a value inside a table: of a tensor only its footer.
local function short(value)
  if type(value) == "string" then return quoted(value) end
  local text = tostring(value)
  if not text:find "\n" then return text end
  return text:match "(%[[^%[\n]*%])%s*$" or text:match "^[^\n]*" .. " …"
end

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
  local columns = #indent + (utf8.len(line, 1, -1, true) or #line)
  if columns <= width and not line:find "\n" then return line end
  local inner, lines = indent .. "  ", {}
  for i, part in ipairs(parts) do
    local last = lines[#lines]
    if last and i <= positions and not part:find "\n" and #last + #part + 3 <= width then
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
  if is_plain_table(value) then return table_text(value, depth, open, indent) end
  return short(value)
end

--- A value as text: tables with sorted keys down to three levels, everything else as print does.
-- value: anything
-- → string
function show.value(value)
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

return show
