--- Run test commands one after the other, add up what they count, and close with one line.
-- usage: lua5.4 tests/run.lua COMMAND…
-- Each command ends with a line `N passed, N failed[, N skipped]`; one that does not (a crash, a
-- time-out) or that fails without counting a failure is itself one failure. What was skipped is
-- never counted as passed, and a run in which nothing passed fails.

local total = { passed = 0, failed = 0, skipped = 0 }

-- Show the command's output as it comes; return its last counts and whether it succeeded.
local function run(command)
  local pipe = assert(io.popen(command .. " </dev/null", "r"))
  local passed, failed, skipped
  for line in pipe:lines() do
    local p, f, rest = line:match "^(%d+) passed, (%d+) failed(.*)$"
    if p then
      passed, failed = math.tointeger(p), math.tointeger(f)
      skipped = math.tointeger(rest:match "^, (%d+) skipped$" or 0)
    else
      io.write(line, "\n")
      io.flush()
    end
  end
  return pipe:close(), passed, failed, skipped
end

for _, command in ipairs(arg) do
  local ok, passed, failed, skipped = run(command)
  if not passed or (not ok and failed == 0) then
    io.write("  FAILED ", command, passed and " exits with an error\n" or " ends without a count\n")
    failed = (failed or 0) + 1
  end
  total.passed = total.passed + (passed or 0)
  total.failed = total.failed + failed
  total.skipped = total.skipped + (skipped or 0)
end

io.write(("%d passed, %d failed%s\n"):format(total.passed, total.failed,
  total.skipped > 0 and (", %d skipped"):format(total.skipped) or ""))
os.exit(total.passed > 0 and total.failed == 0)
