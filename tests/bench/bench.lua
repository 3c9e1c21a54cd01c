--- What the sections of `make bench` share.

local hy = require "hyades"

local only = os.getenv "BENCH" or ""
local bench = {}

--- Run a section, when it is asked for.
function bench.section(name, run)
  if name:find(only, 1, true) then
    run()
    collectgarbage()
  end
end

function bench.row(what, value, unit, limit, share)
  print(("  %-44s %10.2f %-6s %s%s"):format(what, value, unit, limit or "",
    share and (" → %.0f %%"):format(share * 100) or ""))
end

--- Shortest of several runs, in seconds.
function bench.shortest(fn, runs)
  fn()
  local best = math.huge
  for _ = 1, runs or 5 do
    local started = hy.clock()
    fn()
    best = math.min(best, hy.clock() - started)
  end
  return best
end

--- How times grow with sizes: the slope of log seconds over log n.
function bench.exponent(sizes, seconds)
  local mean_x, mean_y, cross, square = 0, 0, 0, 0
  for i, n in ipairs(sizes) do
    mean_x, mean_y = mean_x + math.log(n) / #sizes, mean_y + math.log(seconds[i]) / #sizes
  end
  for i, n in ipairs(sizes) do
    local x = math.log(n) - mean_x
    cross, square = cross + x * (math.log(seconds[i]) - mean_y), square + x * x
  end
  return cross / square
end

--- The numbers that Python code prints, run with as many threads and the files as its arguments;
-- nothing where Python or scikit-learn is not installed.
function bench.peer(code, ...)
  local python
  for _, program in ipairs{ "python3", "/usr/bin/python3" } do
    python = python or os.execute(program .. " -c 'import sklearn' 2>/dev/null") and program
  end
  if not python then return end
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  file:write(code)
  file:close()
  local pipe = io.popen(("OMP_NUM_THREADS=%d %s %s %s"):format(hy.threads(), python, name,
    table.concat({ ... }, " ")))
  local numbers = {}
  for word in pipe:read("a"):gmatch "%S+" do numbers[#numbers + 1] = tonumber(word) end
  pipe:close()
  os.remove(name)
  return table.unpack(numbers)
end

return bench
