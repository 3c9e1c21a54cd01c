--- How fast the program starts: the section "start" of `make bench`.

local hy = require "hyades"

return function(bench)
  bench.section("start", function()
    print("starting the program; whole process, median of 20")
    local program = arg and arg[-1] or "./hyades"
    for _, code in ipairs{ "", "hy.ones(1)" } do
      local times = {}
      for i = 1, 20 do
        local started = hy.clock()
        os.execute(("%s -e '%s'"):format(program, code))
        times[i] = hy.clock() - started
      end
      table.sort(times)
      bench.row(("%s -e '%s'"):format(program, code), times[10] * 1e3, "ms", "limit 15 ms")
    end
  end)
end
