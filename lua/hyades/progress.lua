--- A line of progress on the terminal: title, bar, share, numbers, time. Silent elsewhere.

local core = require "hyades.core"

local Progress = {}
Progress.__index = Progress

local width = 24
local pause = 0.1 -- seconds between two drawings

local function duration(seconds)
  return ("%d:%02d"):format(seconds // 60, math.floor(seconds % 60))
end

local function draw(self)
  local share = self.total > 0 and math.min(self.done / self.total, 1) or 1
  local full = math.floor(share * width)
  local notes = {}
  for name, value in pairs(self.values) do
    notes[#notes + 1] = ("%s %.4g"):format(name, value)
  end
  table.sort(notes)
  io.stderr:write("\r\27[K", self.title, self.title == "" and "" or " ", ("█"):rep(full),
    ("·"):rep(width - full), (" %d/%d "):format(self.done, self.total), table.concat(notes, " "),
    " ", duration(core.clock() - self.started))
  io.stderr:flush()
  self.drawn = core.clock()
end

--- Start a progress line on the terminal.
-- total: integer, number of steps · title: text; false or nil: nothing is shown
-- → progress
local function new(total, title)
  local shown = title and core.is_terminal(2) and os.getenv("TERM") ~= "dumb"
  return setmetatable({ total = total, title = title or "", done = 0, values = {}, shown = shown,
    started = core.clock(), drawn = -pause }, Progress)
end

--- One step is done.
-- n: integer, 1
-- → the progress
function Progress:step(n)
  self.done = self.done + (n or 1)
  local due = core.clock() - self.drawn >= pause or self.done >= self.total
  if self.shown and due then draw(self) end
  return self
end

--- Show these numbers behind the bar.
-- values: table name → number
-- → the progress
function Progress:set(values)
  for name, value in pairs(values) do self.values[name] = value end
  return self
end

--- Leave the line as it is and start a new one. Also at the end of a `<close>` scope.
function Progress:close()
  if self.shown then io.stderr:write("\n") end
  self.shown = false
end

Progress.__close = Progress.close

return new
