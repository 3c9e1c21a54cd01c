--- Where functions were written: the lines of files and of what was typed, and the `---` comments
-- in them.

local source = {}

local typed = {} -- chunk name such as "prompt[3]" → code

--- Keep the code of an entry, so that errors and help can show its lines.
-- name: string, as debug.getinfo names it in short_src · code: string
function source.remember(name, code)
  typed[name] = code
end

local function split(text)
  local lines = {}
  for line in (text:gsub("\n$", "") .. "\n"):gmatch "(.-)\r?\n" do lines[#lines + 1] = line end
  return lines
end

--- The lines of a file or of an entry.
-- name: string, a path or the name of a chunk
-- → array of strings; empty when they cannot be had
function source.lines(name)
  if typed[name] then return split(typed[name]) end
  local file = io.open(name)
  local text = file and file:read "a" -- nil for a folder
  if file then file:close() end
  return text and split(text) or {}
end

local function uncommented(lines, first, last)
  local block = {}
  for i = first, last do block[#block + 1] = lines[i]:match "^%s*%-%-%-? ?(.*)$" end
  return table.concat(block, "\n")
end

--- The comment that ends right above a line.
-- lines: array of strings · line: integer
-- → string, or nil
function source.above(lines, line)
  local first = line
  while first > 1 and lines[first - 1]:find "^%s*%-%-" do first = first - 1 end
  return first < line and uncommented(lines, first, line - 1) or nil
end

--- The first block of documentation in a file.
-- lines: array of strings
-- → string, or nil
function source.head(lines)
  local first = 1
  while lines[first] and not lines[first]:find "^%-%-%-" do first = first + 1 end
  local last = first - 1
  while lines[last + 1] and lines[last + 1]:find "^%-%-" do last = last + 1 end
  return last >= first and uncommented(lines, first, last) or nil
end

--- Where a Lua function was written.
-- fn: function
-- → table { name= path or name of the entry, lines=, first=, last= }; nil for functions of C
function source.of(fn)
  local info = debug.getinfo(fn, "S")
  if info.what == "C" then return nil end
  local name = info.source:match "^[@=](.*)$" or info.short_src
  return { name = name, lines = source.lines(name), first = info.linedefined,
    last = info.lastlinedefined }
end

return source
