--- How fast the program starts and answers at the prompt: the section "start" of `make bench`.

local hy = require "hyades"

local runs = 20

local function median(fn)
  local times = {}
  for i = 1, runs do times[i] = fn() end
  table.sort(times)
  return times[runs // 2] * 1e3
end

local function seconds(fn)
  local started = hy.clock()
  fn()
  return hy.clock() - started
end

-- From the start to the prompt, in a terminal, and out again by Ctrl-D: what the player of the
-- terminal needs itself is part of it.
local function first_prompt(program)
  local player = (os.getenv "BUILD" or "build/release") .. "/tests/pty"
  local file = io.open(player)
  if not file then return nil end
  file:close()
  local steps = os.tmpname()
  file = assert(io.open(steps, "w"))
  file:write "wait > \nsend \\x04\nexit 0\n"
  file:close()
  local command = ("TERM=xterm XDG_STATE_HOME=%s.state %s %s %s"):format(steps, player, steps, program)
  local time = median(function() return seconds(function() os.execute(command) end) end)
  os.execute(("rm -rf %s %s.state"):format(steps, steps))
  return time
end

return function(bench)
  bench.section("start", function()
    print("starting the program; whole process, median of 20")
    local program = arg and arg[-1] or "./hyades"
    for _, code in ipairs{ "", "hy.ones(1)" } do
      local command = ("%s -e '%s'"):format(program, code)
      local time = median(function() return seconds(function() os.execute(command) end) end)
      bench.row(command, time, "ms", "limit 15 ms")
    end
    local time = first_prompt(program)
    if time then bench.row("to the prompt and out by Ctrl-D", time, "ms", "limit 30 ms") end
    local complete = require "hyades.complete"
    for i = 1, 1000 do rawset(_G, "bench" .. i, i) end
    for _, code in ipairs{ "x = ben", "cluster.KMeans{ n_" } do
      time = median(function() return seconds(function() complete(code) end) end)
      bench.row(("completing `%s` among 1,000 globals"):format(code), time, "ms", "limit 20 ms")
    end
    for i = 1, 1000 do rawset(_G, "bench" .. i, nil) end
  end)
end
