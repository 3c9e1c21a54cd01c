--- The commands of the prompt: lines that begin with %, ! or ?, which no Lua code does.

local entry = require "hyades.entry"

local commands = {}

local about = {
  { "load FILE", "run a file as if it were typed: its top-level locals stay" },
  { "mem", "memory of tensors, of Lua and of the process" },
  { "reload MODULE", "load a module again; who holds it sees the new functions" },
  { "save FILE", "write the entries so far that ran without an error, as a script" },
  { "time CODE", "run it once and say how long it took" },
  { "timeit CODE", "run it many times; the median of 7 rounds" },
  { "who", "your variables" },
}

commands.names = {}
for i, line in ipairs(about) do commands.names[i] = line[1]:match "^%a+" end

--- What the commands do.
-- → string
function commands.overview()
  local lines = {}
  for i, line in ipairs(about) do lines[i] = ("  %%%-14s %s"):format(line[1], line[2]) end
  lines[#lines + 1] = "  !COMMAND        run a command of the shell"
  lines[#lines + 1] = "  ?NAME, ??NAME   help, source"
  return table.concat(lines, "\n")
end

local function fail(problem, ...)
  error(problem:format(...), 0)
end

local function bytes(n)
  local units = { "B", "kB", "MB", "GB" }
  local i = 1
  while n >= 1000 and i < #units do n, i = n / 1000, i + 1 end
  return (i == 1 and "%.0f %s" or n < 10 and "%.2f %s" or n < 100 and "%.1f %s" or "%.0f %s")
    :format(n, units[i])
end

local function seconds(t)
  local function digits(x) return x < 10 and "%.2f" or x < 100 and "%.1f" or "%.0f" end
  local units = { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "µs" }, { 1e-9, "ns" } }
  for _, unit in ipairs(units) do
    if t >= unit[1] * 0.9995 or unit[2] == "ns" then
      return (digits(t / unit[1]) .. " %s"):format(t / unit[1], unit[2])
    end
  end
end

local function need(argument, name, what)
  if argument == "" then fail("%%%s: name %s", name, what) end
  return argument
end

local function path_of(argument, name)
  local home = os.getenv "HOME"
  argument = need(argument, name, "a file")
  return home and argument:gsub("^~/", home .. "/") or argument
end

-- ---- what is timed --------------------------------------------------------------------------

local function clock()
  return require("hyades.core").clock()
end

-- Says how long it took and hands on what it returned.
local function timed(chunk)
  local core = require "hyades.core"
  local cpu, start = os.clock(), core.clock()
  local results = table.pack(chunk())
  local wall = core.clock() - start
  print(("%s; processor %s"):format(seconds(wall), seconds(os.clock() - cpu)))
  return table.unpack(results, 1, results.n)
end

local function round(chunk, loops)
  local start = clock()
  for _ = 1, loops do chunk() end
  return (clock() - start) / loops
end

local function time_many(chunk)
  local rounds, least = 7, 0.1 -- seconds of a round
  local loops, once = 1, round(chunk, 1)
  while once * loops < least and loops < 1e8 do
    loops = math.max(loops * 2, math.min(loops * 10, math.ceil(least / math.max(once, 1e-9))))
    once = round(chunk, loops)
  end
  local times = {}
  for i = 1, rounds do times[i] = round(chunk, loops) end
  table.sort(times)
  print(("%s for a run: median of %d rounds of %d, from %s to %s"):format(seconds(times[4]), rounds,
    loops, seconds(times[1]), seconds(times[rounds])))
end

-- ---- memory and variables -------------------------------------------------------------------

-- "VmRSS:  123 kB" → bytes
local function of_process(field)
  local file = io.open "/proc/self/status"
  local text = file and file:read "a" or ""
  if file then file:close() end
  local n = text:match(field .. ":%s*(%d+) kB")
  return n and bytes(n * 1024) or "unknown"
end

local function memory()
  local live, peak = require("hyades.core").memory()
  print(("tensors  %s, at most %s"):format(bytes(live), bytes(peak)))
  print(("Lua      %s"):format(bytes(collectgarbage "count" * 1024)))
  print(("process  %s, at most %s"):format(of_process "VmRSS", of_process "VmHWM"))
end

local function columns(rows)
  local widths = { 0, 0 }
  for _, row in ipairs(rows) do
    for i = 1, 2 do widths[i] = math.max(widths[i], utf8.len(row[i]) or #row[i]) end
  end
  for _, row in ipairs(rows) do
    for i = 1, 2 do row[i] = row[i] .. (" "):rep(widths[i] - (utf8.len(row[i]) or #row[i])) end
    print("  " .. (table.concat(row, "  "):gsub("%s+$", "")))
  end
end

-- Is it a variable of the user's: not one of Lua, of the program, or of `require`?
local function is_own(name, value)
  local meta = getmetatable(_G)
  for _, global in ipairs(meta and meta.globals or {}) do
    if name == global then return false end
  end
  local native = type(value) == "function" and debug.getinfo(value, "S").what == "C"
  return type(name) == "string" and not name:find "^_" and name ~= "arg" and not native and
    not (value ~= nil and rawequal(package.loaded[name], value))
end

local function who()
  local show, rows = require "hyades.show", {}
  for name, value in next, _G do
    if is_own(name, value) then
      rows[#rows + 1] = { name, show.kind(value), show.brief(value, 50) }
    end
  end
  table.sort(rows, function(a, b) return a[1] < b[1] end)
  if #rows == 0 then print "  no variables yet" end
  columns(rows)
end

-- ---- files and modules ----------------------------------------------------------------------

local function load_file(path)
  path = path_of(path, "load")
  local file, problem = io.open(path, "r")
  local code = file and file:read "a"
  if file then file:close() end
  if not code then fail("%%load: %s", problem or path .. " is no file") end
  code = code:gsub("^#[^\n]*", "")
  local chunk, wrong = load(entry.share_locals(code), "@" .. path, "t")
  if not chunk then error(wrong, 0) end
  return chunk()
end

-- An entry as a statement: values become printed, commands become comments.
local function as_statement(code)
  if code:find "^%s*[%%!?]" or code:find "%?%s*$" then return "-- " .. code:gsub("\n", "\n-- ") end
  if load("return " .. code) then return "print(" .. code:gsub("[%s;]+$", "") .. ")" end
  return code
end

local function save_entries(path, session)
  path = path_of(path, "save")
  local old = io.open(path, "r")
  if old then
    old:close()
    fail("%%save: %s exists; take another name, or !rm %s first", path, path)
  end
  local parts = {}
  for i, code in ipairs(session.entries) do parts[i] = as_statement(code) .. "\n" end
  local file, problem = io.open(path, "w")
  local ok = file
  if file then
    ok, problem = file:write(table.concat(parts))
    local closed, reason = file:close()
    if ok and not closed then ok, problem = nil, path .. ": " .. tostring(reason) end
  end
  if not ok then fail("%%save: %s", problem) end
  print(("%s: %d entries"):format(path, #parts))
end

-- Puts the fields of the new table into the old one, which others hold.
local function move_into(old, new)
  for key in next, old do old[key] = nil end
  for key, value in next, new do
    rawset(old, key, rawequal(value, new) and old or value)
  end
  return setmetatable(old, getmetatable(new))
end

local function reload(name)
  need(name, "reload", "a module")
  if package.loaded[name] == nil and package.loaded["hyades." .. name] ~= nil then
    name = "hyades." .. name
  end
  local old = package.loaded[name]
  if old == nil then
    local known = {}
    for other in pairs(package.loaded) do known[#known + 1] = other end
    local nearest = require("hyades.check").suggest(name, known)
    fail("%%reload: %s is not loaded%s", name, nearest and "; did you mean " .. nearest .. "?" or "")
  end
  package.loaded[name] = nil
  local ok, new = pcall(require, name)
  if not ok then
    package.loaded[name] = old
    error(new, 0)
  end
  if type(old) == "table" and type(new) == "table" and not rawequal(old, new) then
    new = move_into(old, new)
  end
  package.loaded[name] = new
  for global, value in next, _G do
    if rawequal(value, old) then rawset(_G, global, new) end
  end
end

local function shell(command)
  io.stdout:flush()
  local ok, how, code = os.execute(command)
  if not ok then print(("%s %d"):format(how == "signal" and "signal" or "exit status", code)) end
end

-- ---- what a line means ----------------------------------------------------------------------

local function unknown(name)
  local nearest = name ~= "" and require("hyades.check").suggest(name, commands.names)
  fail("%s\n%s", name == "" and "These are the commands:" or
    ("there is no command %%%s%s"):format(name, nearest and ("; did you mean %%%s?"):format(nearest)
    or "; there are these:"), commands.overview())
end

local simple = {
  load = load_file, mem = memory, reload = reload, save = save_entries, who = who,
}

-- ?NAME, ??NAME, NAME?, NAME??
local function asks_help(code)
  local marks, name = code:match "^%s*(%?%??)%s*(.-)%s*$"
  if not marks then name, marks = code:match "^%s*([%a_][%w_.:]*)(%?%??)%s*$" end
  if not marks then return nil end
  return function()
    local help = require "hyades.help"
    local value = marks == "??" and help.source or help.about
    print(name == "" and help.text() or value(name))
  end
end

--- Compile an entry: a command, or Lua code.
-- code: string · name: string, chunk name · session: table { entries= array of code that ran }
-- → as entry.compile
function commands.compile(code, name, session)
  local chunk = asks_help(code)
  if chunk then return chunk end
  local command = code:match "^%s*!(.*)$"
  if command then return function() shell(command) end end
  local verb, argument = code:match "^%s*%%%s*(%a*)%s*(.-)%s*$"
  if not verb then return entry.compile(code, name) end
  if verb ~= "time" and verb ~= "timeit" then
    local run = simple[verb]
    return function() return (run or function() unknown(verb) end)(argument, session) end
  end
  local inner, problem, early = entry.compile(argument, name)
  if argument == "" then inner, problem, early = nil, ("%%%s: name the code"):format(verb), false end
  if not inner then return nil, problem, early end
  if verb == "time" then return function() return timed(inner) end end
  return function() time_many(inner) end
end

return commands
