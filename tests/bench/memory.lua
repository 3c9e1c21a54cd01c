--- Speed of what memory limits: the section "memory" of `make bench`.

local hy = require "hyades"

return function(bench)
  bench.section("memory", function()
    print("16 M elements; limit: copying as many bytes in the same run")
    local n = 1 << 24
    local x, y, out = hy.rand(n), hy.rand(n), hy.zeros(n)
    local mean, square = hy.zeros(n), hy.zeros(n)
    local copy = bench.shortest(function() out:copy(x) end) / (2 * n) -- per element moved
    bench.row("copy", copy * 2 * n * 1e3, "ms", ("%.1f GB/s"):format(4 / copy / 1e9))
    local rows = x:reshape(n // 256, 256)
    local cases = {
      { "x:add(y)", 3, function() return x + y end },
      { "x:relu()", 2, function() return x:relu() end },
      { "x:exp()", 2, function() return x:exp() end },
      { "x:tanh()", 2, function() return x:tanh() end },
      { "x:sum()", 1, function() return x:sum() end },
      { "rows:sum(2)", 1, function() return rows:sum(2) end },
      { "rows:sum(1)", 1, function() return rows:sum(1) end },
      { "rows:softmax(2)", 2, function() return rows:softmax(2) end },
      { "adam_step", 7, function() hy.adam_step(out, x, mean, square, { lr = 1e-9 }) end },
    }
    for _, case in ipairs(cases) do
      local name, moved, fn = table.unpack(case)
      local seconds = bench.shortest(function()
        local _ <close> = fn() -- gives its memory back at once
      end)
      bench.row(name, seconds * 1e3, "ms", ("limit %.1f ms"):format(copy * moved * n * 1e3),
        copy * moved * n / seconds)
    end
  end)
end
