--- Lines of progress on the terminal: title, share, bar, count, time and rate.
-- Bars that run inside others have lines of their own, below. Whatever is written to the terminal
-- while a bar stands there goes above it, if it is written by `print` or by `bar:print`.

local class = require "hyades.class"
local core = require "hyades.core"
local text = require "hyades.progress.text"

local progress = {
  silent = false, -- true where nobody looks: a notebook that becomes a page
}

local pause = 0.1      -- seconds between two drawings
local smoothing = 0.3  -- weight of the newest pace
local patience = 10    -- seconds between lines while the total is unknown

local Progress = {}
Progress.__index = Progress
Progress.__name = "hyades.progress"

-- The bars on the terminal, the outermost first, and what their last drawing left there.
local screen = { bars = {}, widths = {}, columns = 0, drawn = -pause }

-- ---- the terminal ---------------------------------------------------------------------------

local function is_ascii()
  for _, name in ipairs{ "LC_ALL", "LC_CTYPE", "LANG" } do
    local value = os.getenv(name) or ""
    if value ~= "" then return not value:lower():find "utf%-?8" end
  end
  return true
end

-- What takes the cursor to the first column of the first line of the last drawing. In a window that
-- has become narrower its lines are wrapped.
local function back(columns)
  local rows = 0
  for _, width in ipairs(screen.widths) do
    rows = rows + (columns < screen.columns and math.max(1, -(-width // columns)) or 1)
  end
  return (rows > 1 and ("\27[%dA"):format(rows - 1) or "") .. "\r"
end

local function left_of(bar, now)
  if not (bar.total and bar.pace) or bar.done >= bar.total then return nil end
  return math.max(0, (bar.total - bar.done) * bar.pace - (now - bar.marked))
end

-- Smooth the seconds a step has taken since the last look.
local function measure(bar, now)
  local steps = bar.done - bar.measured
  if bar.total and bar.done >= bar.total and bar.done > bar.initial then
    bar.pace = (now - bar.started) / (bar.done - bar.initial)
  elseif steps > 0 then
    local pace = (now - bar.marked) / steps
    bar.pace = bar.pace and bar.pace + smoothing * (pace - bar.pace) or pace
  end
  if steps > 0 then bar.measured, bar.marked = bar.done, now end
end

local function line_of(bar, columns, now)
  measure(bar, now)
  return text.line(bar, columns, now - bar.started, left_of(bar, now), is_ascii())
end

-- One write, so that nobody sees half a drawing. `behind` follows the last line.
local function draw(behind)
  local now = core.clock()
  local columns, rows = core.terminal_size(2)
  columns, rows = columns or 80, (rows or 0) > 0 and rows or 24
  local start, lines, widths = back(columns), {}, {}
  for i = math.max(1, #screen.bars - rows + 2), #screen.bars do
    local line = line_of(screen.bars[i], columns - 1, now)
    lines[#lines + 1], widths[#widths + 1] = line .. "\27[K", text.width(line)
  end
  local below = #screen.widths > #lines and "\27[J" or ""
  io.stderr:write(start .. table.concat(lines, "\r\n") .. below .. (behind or ""))
  io.stderr:flush()
  screen.widths, screen.columns, screen.drawn = behind and {} or widths, columns, now
end

local function draw_if_due()
  if core.clock() - screen.drawn >= pause then draw() end
end

local function erase()
  if #screen.widths == 0 then return end
  io.stderr:write(back(core.terminal_size(2) or 80) .. "\27[J")
  io.stderr:flush()
  screen.widths = {}
end

-- ---- print ----------------------------------------------------------------------------------

local close

-- Bars that are complete stay where they are: what follows goes below them.
local function settle()
  while #screen.bars > 0 and screen.bars[#screen.bars].complete do
    close(screen.bars[#screen.bars])
  end
end

local function print_above(...)
  settle()
  if #screen.bars > 0 and core.is_terminal(1) then erase() end
  screen.print(...)
  io.stdout:flush()
  if #screen.bars > 0 then draw_if_due() end
end

--- Write a line to standard error, above the bars.
-- line: string
function progress.say(line)
  settle()
  erase()
  io.stderr:write(line, "\n")
  if #screen.bars > 0 then draw_if_due() end
end

-- `print` is ours while there are bars, unless somebody else has replaced it since.
local function take_print()
  screen.print = _G.print
  _G.print = print_above
end

local function give_print_back()
  if _G.print == print_above then _G.print = screen.print end
end

-- ---- bars -----------------------------------------------------------------------------------

local function open(bar)
  settle()
  if #screen.bars == 0 then take_print() end
  bar.inner = #screen.bars > 0
  screen.bars[#screen.bars + 1] = bar
  if bar.inner then draw_if_due() else draw() end
end

-- The outermost bar stays with its last numbers; those inside go.
function close(bar)
  local place
  for i, other in ipairs(screen.bars) do
    if other == bar then place = i end
  end
  bar.shown = false
  if not place then return end
  for i = #screen.bars, place + 1, -1 do
    screen.bars[i].shown, screen.bars[i] = false, nil
  end
  if not bar.inner then draw "\r\n" end
  screen.bars[place] = nil
  if bar.inner then draw_if_due() else give_print_back() end
end

--- Leave all lines of progress as they are: what follows begins on a line of its own.
function progress.leave()
  if screen.bars[1] then close(screen.bars[1]) end
end

-- A program that ends with a bar on the terminal ends its line too.
progress.at_exit = setmetatable({}, { __gc = function() pcall(progress.leave) end })

-- When the next line is due: at so many steps, or at a time.
local function set_next(bar, now)
  bar.next = not bar.total and now + patience
    or (math.floor(bar.done / bar.total * 10 + 1e-9) + 1) / 10 * bar.total
end

local function write_line(bar)
  local now = core.clock()
  measure(bar, now)
  io.stderr:write(text.line(bar, 100, now - bar.started, left_of(bar, now), true), "\n")
  set_next(bar, now)
end

local function write_line_if_due(bar)
  if bar.total and bar.done >= bar.next - 1e-9 and bar.next <= bar.total
    or not bar.total and core.clock() >= bar.next then
    write_line(bar)
  end
end

--- Steps are done.
-- n: number, 1; may be a part of one
-- → the progress
function Progress:step(n)
  local done = self.done + (n or 1)
  self.done = done
  if self.shown then
    if self.total and done >= self.total - 1e-9 and not self.complete then
      self.complete = true
      draw()
    elseif core.clock() - screen.drawn >= pause then
      draw()
    end
  elseif self.lines then
    write_line_if_due(self)
  end
  return self
end

--- Show these behind the bar.
-- values: table name → number or string
-- → the progress
function Progress:set(values)
  for name, value in pairs(values) do self.values[name] = value end
  if self.shown then
    if self.complete then draw() else draw_if_due() end
  end
  return self
end

--- Add a number to the small curve at the end of the line, such as the loss of an epoch.
-- value: number
-- → the progress
function Progress:trace(value)
  self.traced[#self.traced + 1] = value
  return self
end

--- Print above the bars, as `print` does while they are there.
-- ...: anything
function Progress.print(_, ...)
  print(...)
end

--- Leave the line as it is and start a new one; a bar inside another goes. Also at the end of a
-- `<close>` scope, of a loop over the progress, and after an error.
function Progress:close()
  if self.shown then close(self) end
  if self.lines and self.done < (self.total or math.huge) and self.done > 0 then
    write_line(self)
  end
  self.lines = false
end

Progress.__close = Progress.close

--- The next value of the loop; the bar steps when the loop comes back for another.
function Progress:__call(state, control)
  if self.begun then self:step() end
  self.begun = true
  local values = table.pack(self.next_value(state, control))
  if values[1] == nil then self:close() end
  return table.unpack(values, 1, values.n)
end

function Progress:__tostring()
  return ("progress %s%d%s"):format(self.title == "" and "" or self.title .. " ",
    math.floor(self.done), self.total and "/" .. self.total or "")
end

-- ---- what to go through -----------------------------------------------------------------------

local function fail(problem, ...)
  error("progress: " .. problem:format(...), 4)
end

local function up_to(n)
  local i = 0
  return function()
    i = i + 1
    if i <= n then return i end
  end
end

local function elements(list)
  local i = 0
  return function()
    i = i + 1
    if list[i] ~= nil then return i, list[i] end
  end
end

-- The total, nil when nobody knows it, and the function that gives the values of a loop.
local function source_of(over)
  local kind = type(over)
  if kind == "nil" then return nil, up_to(math.huge) end
  if kind == "number" then
    local n = math.tointeger(over)
    if not n or n < 0 then fail("expected a whole number of steps, got %.14g", over) end
    return n, up_to(n)
  elseif kind == "function" then
    return nil, over
  elseif class.of(over) and class.of(over).epoch and class.of(over).count then
    return over:count(), over:epoch()
  elseif kind == "table" and not class.of(over) then
    return #over, elements(over)
  end
  fail("expected a number of steps, an array, data.Batches or an iterator, got a %s", kind)
end

local known = { desc = "string", total = "number", initial = "number", unit = "string",
  verbose = "boolean" }

local function check_options(options)
  if type(options) == "string" then return { desc = options } end
  if options == nil then return {} end
  if options == false then return { verbose = false } end
  if type(options) ~= "table" then
    fail("expected a title or a table of options, got %s", type(options))
  end
  for name, value in pairs(options) do
    if not known[name] then
      local nearest = type(name) == "string" and core.nearest(name, class.keys(known))
      fail("unknown option %q%s", tostring(name), nearest and ("; did you mean %q?"):format(nearest)
        or "; it knows " .. table.concat(class.keys(known), ", "))
    elseif type(value) ~= known[name] then
      fail("option %s must be a %s, got %s", name, known[name], type(value))
    end
  end
  return options
end

--- A line of progress on the terminal; silent where standard error is none.
-- As a loop: `for i in hy.progress(100, "title") do`, over an array (`for i, value in`), over
-- data.Batches or over an iterator function such as io.lines(path). By hand: `local bar <close> =
-- hy.progress(100)`, then `bar:step()`, `bar:step(n)`, `bar:set{ loss = 0.1 }`, `bar:print(…)`,
-- `bar:close()`. While a bar is there, `print` goes above it; other output garbles it.
-- over: integer, array, data.Batches, iterator function, or nil when nobody knows how many
-- options: title, or table of desc, total, unit="it", initial=0 (steps that were done before) and
-- verbose: false shows nothing; true, where standard error is no terminal, writes a line for every
-- tenth of the way
-- → progress (and what a loop needs)
function progress.progress(over, options)
  local total, next_value = source_of(over)
  options = check_options(options)
  local watched = options.verbose ~= false and not progress.silent
  local terminal = watched and core.is_terminal(2) and os.getenv "TERM" ~= "dumb"
  local now, initial = core.clock(), options.initial or 0
  local bar = setmetatable({ total = options.total or total, title = text.clean(options.desc or ""),
    unit = text.clean(options.unit or "it"), initial = initial, done = initial, measured = initial,
    values = {}, traced = {}, next_value = next_value, started = now, marked = now, shown = terminal,
    lines = watched and not terminal and options.verbose == true }, Progress)
  if bar.lines then set_next(bar, now) end
  if terminal then open(bar) end
  return bar, nil, nil, bar
end

return progress
