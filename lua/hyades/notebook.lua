--- Notebooks: Lua scripts whose lines `-- %%` begin a cell of code and `-- %% [markdown]` a cell of
-- text. They run as any script does, by `hyades FILE`; `hyades nb html FILE` makes a page of one.

local hy = require "hyades"
local check = require "hyades.check"
local display = require "hyades.display"

local notebook = {}

-- ---- options --------------------------------------------------------------------------------

local function fail(problem, ...)
  error("notebook: " .. problem:format(...), 0)
end

local function both(value)
  if type(value) == "table" then return value[1], value.fast end
  return value, nil
end

local function check_defaults(given)
  for name, value in pairs(given) do
    local usual, quick = both(value)
    if name == "out" or name == "fast" or name == "pictures" then
      fail("option %s is there already; call yours differently", name)
    elseif math.type(usual) ~= "integer" or quick ~= nil and math.type(quick) ~= "integer" then
      fail("option %s must be a whole number, or { number, fast = number }", name)
    end
  end
end

local function known_options(given)
  local names = { "--out FOLDER", "--fast" }
  for _, name in ipairs(require("hyades.class").keys(given)) do
    names[#names + 1] = ("--%s NUMBER"):format(name)
  end
  return table.concat(names, ", ")
end

-- The words of the command line as { name, value } pairs.
local function words_of(given)
  local words, at = {}, 1
  local list = rawget(_G, "arg") or {}
  while list[at] do
    local name = tostring(list[at]):match "^%-%-(.+)$"
    if name == "fast" then
      words[#words + 1] = { name, true }
    elseif name == "out" or name and given[name] ~= nil then
      local value = list[at + 1]
      if value == nil then fail("--%s needs a value", name) end
      words[#words + 1] = { name, value }
      at = at + 1
    else
      fail("unknown option %s; there are %s", list[at], known_options(given))
    end
    at = at + 1
  end
  return words
end

-- ---- pictures -------------------------------------------------------------------------------

-- "01" for notebooks/01_dec.lua, else the name without its ending.
local function prefix_of(path)
  local name = path:match "([^/]+)$" or "notebook"
  return name:match "^(%d+)_" or name:gsub("%.%w+$", "")
end

-- Figures become files in the folder of options.out, the rest is printed.
local function sink_to(options, prefix)
  return function(value, name)
    local meta = type(value) == "table" and getmetatable(value)
    if not meta or meta.__name ~= "figure" then return display.in_terminal(value, name) end
    local word = (name or tostring(#options.pictures + 1)):lower():gsub("[^%w]+", "_")
    local path = ("%s/%s_%s.png"):format(options.out, prefix, word)
    hy.make_folder(options.out)
    value:save(path)
    table.insert(options.pictures, path)
    print("picture: " .. path)
  end
end

--- Begin a notebook: read its options from the command line, and send what `hy.display` shows to
-- files when it runs as a script.
-- given: name of an option → its default, a whole number, or { number, fast = number }, where
-- `fast` counts in a quick run, asked for by HYADES_FAST=1 or --fast
-- → table of the options, with fast (flag), out (folder of the pictures, from --out, "out") and
-- pictures (array of the files so far)
function notebook.notebook(given)
  given = given or {}
  if type(given) ~= "table" then
    fail("expected a table of options, got %s", check.describe(given))
  end
  check_defaults(given)
  local words, options = words_of(given), {}
  local fast = os.getenv "HYADES_FAST" == "1"
  for _, word in ipairs(words) do fast = fast or word[1] == "fast" end
  for name, value in pairs(given) do
    local usual, quick = both(value)
    options[name] = fast and quick or usual
  end
  options.out, options.fast, options.pictures = "out", fast, {}
  for _, word in ipairs(words) do
    local name, value = word[1], word[2]
    if name == "out" then
      options.out = value
    elseif name ~= "fast" then
      options[name] = math.tointeger(tonumber(value))
        or fail("--%s needs a whole number, got %s", name, value)
    end
  end
  if display.sink == display.in_terminal then
    local path = (rawget(_G, "arg") or {})[0] or "notebook"
    display.sink = sink_to(options, prefix_of(path))
  end
  return options
end

-- ---- reading --------------------------------------------------------------------------------

-- The kind of a cell from what stands behind %%: "code", "markdown" or "raw".
local function kind_of(words, where)
  local kind = words:match "%[([%w]+)%]"
  kind = kind == "md" and "markdown" or kind or "code"
  if kind ~= "code" and kind ~= "markdown" and kind ~= "raw" then
    error(("%s: a cell is [markdown], [raw] or code, not [%s]"):format(where, kind), 0)
  end
  return kind
end

local function without_marks(lines)
  for i, line in ipairs(lines) do lines[i] = line:gsub("^%-%- ?", "", 1) end
  return lines
end

-- The text of a cell without blank lines around it, and how many are left out above.
local function trimmed(lines)
  local first, last = 1, #lines
  while first <= last and not lines[first]:find "%S" do first = first + 1 end
  while last >= first and not lines[last]:find "%S" do last = last - 1 end
  return table.concat(lines, "\n", first, last), first - 1
end

local function finish(cells, cell)
  if not cell then return end
  if cell.kind ~= "code" then without_marks(cell.lines) end
  local skipped
  cell.text, skipped = trimmed(cell.lines)
  cell.line, cell.lines = cell.line + skipped, nil
  if cell.text ~= "" then cells[#cells + 1] = cell end
end

-- Where jupytext keeps its settings: lines between two `-- ---` at the top.
local function is_header(cell)
  return cell.lines[1] == "-- ---"
end

--- The cells of a notebook.
-- text: string · path: string, for messages
-- → array of { kind= "code", "markdown" or "raw", text=, line= of its first line }
function notebook.parse(text, path)
  local cells, cell, number, marked = {}, { kind = "code", lines = {}, line = 1 }, 0, false
  for line in (text:gsub("\r\n", "\n"):gsub("\n?$", "\n", 1)):gmatch "(.-)\n" do
    number = number + 1
    local where = ("%s:%d"):format(path, number)
    if not utf8.len(line) then error(where .. ": the line is not UTF-8", 0) end
    local words = line:match "^%-%-%s*%%%%(.*)$"
    if words and not words:find "^[%%%w]" then
      if marked or not is_header(cell) then finish(cells, cell) end
      cell, marked = { kind = kind_of(words, where), lines = {}, line = number + 1 }, true
    elseif not (number == 1 and line:find "^#") then
      cell.lines[#cell.lines + 1] = line
    else
      cell.lines[#cell.lines + 1] = ""
    end
  end
  if not marked then
    error(path .. ": no cells; a notebook has lines -- %% and -- %% [markdown]", 0)
  end
  finish(cells, cell)
  return cells
end

--- The cells of a file.
-- path: string
-- → array as from parse
function notebook.read(path)
  local file, problem = io.open(path, "rb")
  if not file then error(problem, 0) end
  local text, trouble = file:read "a"
  file:close()
  if not text then error(("%s: %s"):format(path, trouble), 0) end
  return notebook.parse(text, path)
end

return notebook
