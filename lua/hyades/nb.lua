--- The verb `nb` of the program: runs notebooks, and makes pages of them.

local hy = require "hyades"
local display = require "hyades.display"
local entry = require "hyades.entry"
local notebook = require "hyades.notebook"
local page = require "hyades.page"
local progress = require "hyades.progress"
local show = require "hyades.show"
local trace = require "hyades.trace"

local usage = [[
usage: hyades nb run FILE [OPTION…]          run a notebook cell by cell, with its text
       hyades nb html FILE [PAGE] [OPTION…]  run it and write one page of it, NAME.html
Options go to the notebook, such as --fast, --out FOLDER or --seeds 3.
]]

local most_output = 1000000 -- bytes of a cell that come to the page

-- ---- cells ----------------------------------------------------------------------------------

-- A cell as a function. Lines count from the top of the file, and what is local on the top level of
-- one cell is there in the next.
local function compile(cell, path, workspace)
  local chunk, problem = entry.compile(("\n"):rep(cell.line - 1) .. cell.text, "@" .. path)
  if chunk then debug.setupvalue(chunk, 1, workspace) end
  return chunk, problem
end

-- The error with the frames between its place and this file.
local function traced(message)
  if type(message) ~= "string" then message = show.value(message) end
  local traceback = debug.traceback("", 2):gsub("\n[^\n]*hyades/nb%.lua:.*", "")
    :gsub("\n%s*%[C%]: in function 'xpcall'$", "")
  return trace.text(message .. traceback, false)
end

-- Runs a cell; its values go where things are displayed. → nil, or the error with its frames
local function run_cell(cell, path, workspace)
  local chunk, problem = compile(cell, path, workspace)
  if not chunk then return problem end
  local values = table.pack(xpcall(chunk, traced))
  progress.leave()
  if not values[1] then return values[2] end
  for i = 2, values.n do
    if values[i] ~= nil then display.sink(values[i]) end
  end
end

local function begin(path, options)
  _G.arg = { [0] = path, table.unpack(options) }
  io.stdout:setvbuf "line"
  return setmetatable({}, { __index = _G, __name = "notebook" })
end

-- ---- in the terminal --------------------------------------------------------------------------

local function run(path, options)
  local cells = notebook.read(path)
  local workspace = begin(path, options)
  local bold = hy.is_terminal(1) and (os.getenv "NO_COLOR" or "") == ""
  for _, cell in ipairs(cells) do
    if cell.kind == "code" then
      local problem = run_cell(cell, path, workspace)
      if problem then
        io.stderr:write("hyades nb: ", problem, "\n")
        return 1
      end
    else
      local text = bold and ("\n" .. cell.text):gsub("\n(#+ [^\n]*)", "\n\27[1m%1\27[m"):sub(2)
        or cell.text
      io.stdout:write("\n", text, "\n\n")
    end
  end
  return 0
end

-- ---- as a page --------------------------------------------------------------------------------

local function output_html(text, written)
  if not text:find "%S" then return nil end
  local rest = written - #text
  return page.text(text) .. (rest > 0 and ("<p>%d bytes of output are left out here.</p>")
    :format(rest) or "")
end

-- Runs a code cell, and keeps what it prints and shows, in order, in cell.outputs.
local function run_captured(cell, path, workspace)
  local capture = require "hyades.capture"
  local current <close> = setmetatable({ stream = capture.start() },
    { __close = function(self) self.stream:stop(0) end })
  cell.outputs = {}
  local function collect()
    io.stdout:flush()
    cell.outputs[#cell.outputs + 1] = output_html(current.stream:stop(most_output))
  end
  function display.sink(value, name)
    collect()
    current.stream = capture.start()
    cell.outputs[#cell.outputs + 1] = page.value(value, { alt = name })
  end
  local started = hy.clock()
  local problem = run_cell(cell, path, workspace)
  cell.seconds, cell.done = hy.clock() - started, true
  collect()
  current.stream = capture.start()
  return problem
end

local function time_html(seconds)
  return seconds >= 0.05 and ('<div class="time">%.1f s</div>'):format(seconds) or ""
end

local function cell_html(cell, folder)
  if cell.kind == "markdown" then return (page.markdown(cell.text, folder)) end
  if cell.kind == "raw" then return page.text(cell.text) end
  local parts = { ('<div class="code%s"><pre><code>%s</code></pre></div>'):format(
    cell.done and "" or " unrun", page.code(cell.text)) }
  for _, html in ipairs(cell.outputs or {}) do
    parts[#parts + 1] = '<div class="output">' .. html .. "</div>"
  end
  if cell.problem then
    parts[#parts + 1] = ('<div class="output error"><pre>%s</pre></div>'):format(
      page.escape(page.utf8(cell.problem)))
  end
  if cell.seconds then parts[#parts + 1] = time_html(cell.seconds) end
  return table.concat(parts, "\n")
end

local function title_of(cells, path)
  for _, cell in ipairs(cells) do
    local title = cell.kind == "markdown" and ("\n" .. cell.text):match "\n# ([^\n]+)"
    if title then return title end
  end
  return path:match "[^/]+$"
end

-- The page as far as the notebook has come: whatever ends the program, that much is there.
local function write(cells, path, options, out)
  local folder, parts, note = path:match "^(.*/)" or "", {}, nil
  for i, cell in ipairs(cells) do
    parts[i] = cell_html(cell, folder)
    if cell.kind == "markdown" and not note then note = select(2, page.markdown "") end
  end
  local command = table.concat({ path:match "[^/]+$", table.unpack(options) }, " ")
  local foot = ("%s, run with Hyades %s%s%s"):format(command, hy.version,
    os.getenv "HYADES_FAST" == "1" and " in its quick form" or "", note and "; " .. note or "")
  page.write("hyades nb", out, page.document(title_of(cells, path), table.concat(parts, "\n"), foot))
end

local function say(text, ...)
  if hy.is_terminal(2) then io.stderr:write(text:format(...), "\n") end
end

local function check_out(out)
  if not out:lower():find "%.html?$" then
    error(("the page must be named NAME.html, got %s"):format(out), 0)
  elseif hy.file_info(out) == "folder" then
    error(("%s is a folder; name the page inside of it"):format(out), 0)
  end
end

local function html(path, options)
  local name = path:match("([^/]+)$"):gsub("%.%w+$", "")
  local out = name .. ".html"
  if options[1] and options[1]:sub(1, 2) ~= "--" then out = table.remove(options, 1) end
  check_out(out)
  local cells = notebook.read(path)
  write(cells, path, options, out)
  local workspace = begin(path, options)
  progress.silent = true
  for i, cell in ipairs(cells) do
    if cell.kind == "code" then
      cell.problem = run_captured(cell, path, workspace)
      write(cells, path, options, out)
      say("cell %d of %d, line %d: %.1f s", i, #cells, cell.line, cell.seconds)
    end
    if cell.problem then
      io.stderr:write("hyades nb: ", cell.problem, "\n")
      print(out)
      return 1
    end
  end
  print(out)
  return 0
end

-- ---- the command ------------------------------------------------------------------------------

local commands = { run = run, html = html }

--- Run the verb.
-- command: "run" or "html" · path: string, of the notebook · ...: words behind them
-- → exit status
return function(command, path, ...)
  if command == "-h" or command == "--help" then
    io.stdout:write(usage)
    return 0
  end
  if not commands[command] or not path then
    local problem = command and not commands[command] and ("nb has no %s"):format(command)
      or command and "nb needs a notebook" or "nb run or nb html?"
    io.stderr:write("hyades: ", problem, "\n", usage)
    return 2
  end
  local ok, status = xpcall(commands[command], function(problem) return problem end, path, { ... })
  if ok then return status end
  io.stderr:write("hyades nb: ", (tostring(status):gsub("^hyades nb: ", "")), "\n")
  return 1
end
