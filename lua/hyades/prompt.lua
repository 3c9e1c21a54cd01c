--- The prompt of the program: reads entries, runs them, prints results and errors.

local commands = require "hyades.commands"
local entry = require "hyades.entry"
local show = require "hyades.show"
local source = require "hyades.source"
local trace = require "hyades.trace"

local prompt = {}

local longest_kept = 1 << 18 -- bytes of an entry in the history file

local function say(text)
  io.stdout:flush()
  io.stderr:write(text, "\n")
end

-- ---- reading --------------------------------------------------------------------------------

-- Lines without an editor; prompts only for those who type.
local function plain_reader(native)
  local reader = {}
  local out = native.shown and io.stdout or io.stderr
  function reader.read(text)
    if native.typed then
      out:write(text):flush()
      if not native.wait() then
        out:write "\n"
        return nil
      end
    end
    return io.stdin:read "l"
  end
  function reader.remember() end
  function reader.begin_line() end
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

-- What Enter does: the new text, the new cursor, and whether the entry runs.
local function enter(code, cursor)
  local _, _, early = commands.compile(code, "=prompt")
  if not early then
    code = entry.align(code)
    return code, #code + 1, true
  end
  local above = entry.align(code:sub(1, cursor - 1))
  above = above:gsub("[ ]+$", "") .. "\n" .. (" "):rep(entry.indent(above))
  local rest = code:sub(cursor):gsub("^[ ]+", "")
  return above .. rest, #above + 1, false
end

-- What Tab does: the start of the word and its candidates. At the beginning of a line it indents,
-- unless an option may stand there.
local function complete(code, cursor)
  local start, found = require("hyades.complete").complete(code, cursor)
  local at_beginning = ("\n" .. code:sub(1, cursor - 1)):find "\n *$"
  if at_beginning and not (found[1] and found[1]:find " = $") then return nil end
  return start, found
end

local function editing_reader(editor, native)
  local path, problem = history_path()
  if path then
    local ok, reason = editor.history(path)
    if not ok then path, problem = nil, path .. ": " .. reason end
  end
  if not path then say("hyades: this session's history is not kept: " .. problem) end
  editor.open{ enter = enter, complete = complete }
  return {
    read = editor.read,
    -- What was printed may have no end of line. A line of blanks wraps into the next line then, and
    -- stays within this one if the cursor stands at its beginning.
    begin_line = function()
      io.stdout:write((" "):rep(native.columns() or 0), "\r"):flush()
    end,
    remember = function(code)
      local short = #code <= longest_kept
      local ok, reason = editor.remember(code, short and path or nil)
      if path and not short then
        say(("hyades: an entry of %.1f MB is not kept in %s"):format(#code / 1e6, path))
      elseif not ok then
        say(("hyades: entries are no longer kept in %s: %s"):format(path, reason))
        path = nil
      end
    end,
  }
end

local function open_reader(native)
  local term = os.getenv "TERM" or ""
  if native.typed and native.shown and term ~= "" and term ~= "dumb" then
    local found, editor = pcall(require, "hyades.repl")
    if found then return editing_reader(editor, native) end
  end
  return plain_reader(native)
end

-- One entry, of as many lines as it needs: its text, and what commands.compile returned. Empty text
-- when Ctrl-C cleared it, nil at the end of the input.
local function read_entry(reader, native, session)
  native.interrupted()
  local name, code, mark = ("=prompt[%d]"):format(session.count + 1), nil, "> "
  while true do
    local line, ending = reader.read(mark)
    if ending then -- told to end: what was being typed is kept
      if line and line:find "%S" then reader.remember(line) end
      return nil
    end
    if native.interrupted() then return "" end
    if not line and not code then return nil end
    code = code and line and code .. "\n" .. line or code or line
    local chunk, problem, early = commands.compile(code, name, session)
    if not early or not line then return code, chunk, problem end
    mark = ">> "
  end
end

-- ---- answering ------------------------------------------------------------------------------

-- What `io.write` returns is of no interest.
local function is_from_write(code, value)
  return (value == io.stdout or value == io.stderr) and code:find "write" ~= nil
end

-- The function that receives the results of an entry.
local function printer(code, native)
  return function(...)
    if select("#", ...) == 0 or is_from_write(code, (...)) then return end
    rawset(_G, "__", rawget(_G, "_"))
    rawset(_G, "_", (...))
    if code:find ";%s*$" then return end
    show.fit(native.columns() or 80)
    io.stdout:write(show.values(table.pack(...)), "\n")
    local hint = select("#", ...) == 1 and (...) == nil and code:find "^[%s%w_.]+$" and
      trace.misspelled(code)
    if hint then say(hint) end
  end
end

-- Says once when what was printed does not arrive.
local function check_output(session)
  local ok, problem = io.stdout:flush()
  if not ok and not session.deaf then say("hyades: standard output: " .. problem) end
  session.deaf = session.deaf or not ok
end

local function run_entry(code, chunk, problem, native, session)
  if chunk then problem = native.call(chunk, printer(code, native)) end
  check_output(session)
  if problem then
    local name = ("prompt[%d]"):format(session.count)
    say(trace.text(problem, native.seen and trace.colored(), name))
  else
    session.entries[#session.entries + 1] = code
  end
end

-- `exit` and `quit` leave, unless they are variables.
local function is_farewell(code)
  local word = code:match "^%s*(%a+)[%s();]*$"
  return (word == "exit" or word == "quit") and rawget(_G, word) == nil
end

local function welcome(native)
  local text = "help() explains, Tab completes, % lists the commands, Ctrl-D leaves"
  if native.typed and #text < (native.columns() or 0) then print(text) end
end

--- Run the prompt until the input ends.
-- native: table of the program: call(f, g) runs g(f()) → nil, or the error with its traceback;
-- interrupted() → was Ctrl-C pressed since the last time; wait() → is there input, not Ctrl-C;
-- columns() → width of the terminal, or nil; typed, shown, seen: are the input, the output and the
-- error output a terminal
function prompt.run(native)
  welcome(native)
  local reader = open_reader(native)
  local session = { entries = {}, count = 0 }
  while true do
    local code, chunk, problem = read_entry(reader, native, session)
    if not code then break end
    if is_farewell(code) then return end
    if code:find "%S" then
      session.count = session.count + 1
      source.remember(("prompt[%d]"):format(session.count), code)
      reader.remember(code)
      run_entry(code, chunk, problem, native, session)
      reader.begin_line()
    end
  end
  if native.typed then (native.shown and io.stdout or io.stderr):write "\n" end
end

return prompt
