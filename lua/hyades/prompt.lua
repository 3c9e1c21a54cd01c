--- The prompt of the program: reads entries, runs them, prints results and errors.

local entry = require "hyades.entry"
local show = require "hyades.show"

local prompt = {}

local chunk_name = "=prompt"

local function say(text)
  io.stdout:flush()
  io.stderr:write(text, "\n")
end

-- ---- reading --------------------------------------------------------------------------------

-- Lines without an editor; prompts only for those who type.
local function plain_reader(native)
  local reader = {}
  function reader.read(text)
    if native.typed then
      io.stdout:write(text):flush()
      if not native.wait() then return nil end
    end
    return io.stdin:read "l"
  end
  function reader.remember() end
  return reader
end

-- The history file, or nil and the reason why there is none.
local function history_path()
  local state, home = os.getenv "XDG_STATE_HOME" or "", os.getenv "HOME" or ""
  if state:sub(1, 1) ~= "/" then
    if home == "" then return nil, "HOME is not set" end
    state = home .. "/.local/state"
  end
  return state .. "/hyades/history"
end

local function editing_reader(editor)
  local path, problem = history_path()
  if path then
    local ok, reason = editor.history(path)
    if not ok then path, problem = nil, path .. ": " .. reason end
  end
  if not path then say("hyades: this session's history is not kept: " .. problem) end
  return {
    read = editor.read,
    remember = function(code) editor.remember(code, path) end,
  }
end

local function open_reader(native)
  if native.typed and os.getenv "TERM" ~= "dumb" then
    local found, editor = pcall(require, "hyades.repl")
    if found then return editing_reader(editor) end
  end
  return plain_reader(native)
end

-- One entry, of as many lines as it needs: its text, and what entry.compile returned. Empty text
-- when Ctrl-C cleared it, nil at the end of the input.
local function read_entry(reader, native)
  native.interrupted()
  local code, mark = nil, "> "
  while true do
    local line = reader.read(mark)
    if native.interrupted() then return "" end
    if not line and not code then return nil end
    code = code and line and code .. "\n" .. line or code or line
    local chunk, problem, early = entry.compile(code, chunk_name)
    if not early or not line then return code, chunk, problem end
    mark = ">> "
  end
end

-- ---- answering ------------------------------------------------------------------------------

-- The function that receives the results of an entry.
local function printer(code)
  return function(...)
    if select("#", ...) == 0 then return end
    rawset(_G, "__", rawget(_G, "_"))
    rawset(_G, "_", (...))
    if not code:find ";%s*$" then io.stdout:write(show.values(table.pack(...)), "\n") end
  end
end

-- The frames of a traceback that say more than the message: those from the place it blames
-- downward, without C and without this file.
local function frames(message, traceback)
  local list, found = {}, false
  for frame in traceback:gmatch "[^\n]+" do
    frame = frame:gsub("^%s+", "")
    if frame:find("hyades/prompt.lua:", 1, true) then break end
    local place = frame:match "^.-:%d+:"
    if not found and place and message:sub(1, #place) == place then
      list, found = {}, true
    end
    if not frame:find("[C]:", 1, true) then list[#list + 1] = "  " .. frame end
  end
  return #list > 1 and list or {}
end

local function colored()
  return (os.getenv "NO_COLOR" or "") == "" and os.getenv "TERM" ~= "dumb"
end

local function print_error(text, seen)
  local message, traceback = text:match "^(.*)\nstack traceback:\n(.*)$"
  message = message or text
  local list = frames(message, traceback or "")
  if seen and colored() then
    message = "\27[31m" .. message .. "\27[m"
    for i, frame in ipairs(list) do list[i] = "\27[2m" .. frame .. "\27[m" end
  end
  say(table.concat({ message, table.unpack(list) }, "\n"))
end

--- Run the prompt until the input ends.
-- native: table of the program: call(f, g) runs g(f()) → nil, or the error with its traceback;
-- interrupted() → was Ctrl-C pressed since the last time; wait() → is there input, not Ctrl-C;
-- typed: is the input a terminal; seen: is the error output one
function prompt.run(native)
  local reader = open_reader(native)
  while true do
    local code, chunk, problem = read_entry(reader, native)
    if not code then break end
    if code:find "%S" then reader.remember(code) end
    if chunk then problem = native.call(chunk, printer(code)) end
    local progress = package.loaded["hyades.progress"]
    if progress then progress.leave() end
    if problem then print_error(problem, native.seen) end
  end
  if native.typed then io.stdout:write "\n" end
end

--- The message for a global that does not exist.
-- name: anything · names: array, the program's own globals
-- → string
function prompt.unknown_global(name, names)
  if type(name) ~= "string" then return "unknown global " .. tostring(name) end
  local known = { table.unpack(names) }
  for key in next, _G do
    if type(key) == "string" then known[#known + 1] = key end
  end
  local nearest = require("hyades.check").suggest(name, known)
  return ("unknown global '%s'%s"):format(name,
    nearest and ("; did you mean '%s'?"):format(nearest) or "")
end

return prompt
