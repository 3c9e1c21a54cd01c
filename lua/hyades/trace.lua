--- Errors as text for reading: the message, the frames of the user's own code with their lines,
-- then those of the library and of C.

local source = require "hyades.source"

local trace = {}

local most_frames, most_inner = 12, 4

--- Do texts for the terminal have colors?
-- → boolean
function trace.colored()
  local term = os.getenv "TERM" or ""
  return (os.getenv "NO_COLOR" or "") == "" and term ~= "" and term ~= "dumb"
end

local function line_at(name, number)
  local line = source.lines(name)[tonumber(number)]
  return line and line:match "^%s*(.-)%s*$"
end

-- A frame such as "file.lua:3: in function 'f'": its kind, and its line where it is the user's.
local function frame_of(text)
  text = text:gsub("^%s+", "")
  local name, number = text:match "^(.-):(%d+): in "
  if not name then return { text = text, inner = true } end
  local inner = name:find "hyades/[%w_/]+%.lua$" ~= nil
  if inner then text = text:gsub("^.-(hyades/[%w_/]+%.lua:)", "%1") end
  local line = not inner and line_at(name, number) or nil
  return { text = text, inner = inner, line = line ~= "" and line or nil, name = name }
end

local nothing_said = { ["[C]: in ?"] = true, ["(...tail calls...)"] = true,
  ["[C]: in function 'error'"] = true }

-- The frames of a traceback. The prompt, and what called it, are nobody's business; neither are the
-- frames above the place that the message blames.
local function frames_of(message, traceback)
  local list, blamed = {}, message:match "^(.-:%d+:)"
  for text in traceback:gmatch "[^\n]+" do
    local frame = frame_of(text)
    if frame.text:find "hyades/prompt%.lua:" then
      if list[#list] and list[#list].text:find "^%[C%]" then list[#list] = nil end
      break
    end
    local own = frame.text:find "hyades/commands%.lua:" or nothing_said[frame.text]
    if blamed and not frame.inner and frame.text:sub(1, #blamed) == blamed then
      list, blamed = {}, nil
    end
    if not own then list[#list + 1] = frame end
  end
  return list
end

--- A field that the code names and its value does not have, when there is one with a name like it.
-- code: string
-- → sentence, or nil
function trace.misspelled(code)
  local complete, names = require "hyades.complete", require "hyades.names"
  for at, field in code:gmatch "()%s*[.:]%s*([%a_][%w_]*)" do
    local value = complete.value(code:sub(1, at - 1))
    if value ~= nil and names.field(value, field) == nil then
      local nearest = names.nearest(field, value)
      local path = code:sub(1, at - 1):match "[%a_][%w_.]*$"
      if nearest then
        return ("%s has no '%s'; did you mean '%s'?"):format(path or "it", field, nearest)
      end
    end
  end
end

-- Something is nil that should not be: is a name misspelled in the line that is blamed, or else in
-- the entry?
local function hint_of(message, current)
  if not message:find "%f[%a]nil%f[%A]" then return nil end
  local name, number = message:match "^(%S-):(%d+): "
  local code = name and line_at(name, number) or
    current and table.concat(source.lines(current), "\n")
  return code and trace.misspelled(code)
end

-- The lines for some frames; what exceeds `most` becomes one line.
local function add_frames(lines, frames, most, paint)
  for i = 1, math.min(#frames, most) do
    lines[#lines + 1] = paint("  " .. frames[i].text)
    if frames[i].line then lines[#lines + 1] = "    " .. frames[i].line end
  end
  if #frames > most then
    lines[#lines + 1] = paint(("  … %d more"):format(#frames - most))
  end
end

--- An error with its traceback, for reading.
-- text: string, the message, then what debug.traceback says
-- colored: flag, with the colors of a terminal · current: name of the entry that ran, if one did;
-- a single line of it is not said again
-- → string
function trace.text(text, colored, current)
  local function painted(code)
    return function(line) return colored and ("\27[%sm%s\27[m"):format(code, line) or line end
  end
  local message, traceback = text:match "^(.*)\nstack traceback:\n(.*)$"
  message = message or text
  local own, inner = {}, {}
  for _, frame in ipairs(frames_of(message, traceback or "")) do
    local group = frame.inner and inner or own
    group[#group + 1] = frame
  end
  local lines = { painted "31"((message:gsub("\n.*", ""))) }
  lines[#lines + 1] = message:match "\n(.*)$"
  lines[#lines + 1] = hint_of(message, current)
  local name, number = message:match "^(%S-):(%d+): "
  local place = name and #source.lines(name) > 1 and line_at(name, number)
  if #own == 0 and place then lines[#lines + 1] = "    " .. place end
  if #own == 1 and own[1].name == current and #source.lines(current) == 1 then own = {} end
  add_frames(lines, own, most_frames, function(line) return line end)
  add_frames(lines, inner, most_inner, painted "2")
  return table.concat(lines, "\n")
end

--- Print an error of a script for somebody who sits at a terminal.
-- text: string, as for trace.text
function trace.print(text)
  io.stdout:flush()
  io.stderr:write(trace.text("hyades: " .. text, trace.colored()), "\n")
end

return trace
