--- How fast figures are drawn and encoded: the section "figures" of `make bench`.

local hy = require "hyades"

-- 1,250 transparent points, a confusion matrix with numbers, loss curves, ten images.
local function panels()
  local plot, rng = hy.plot, hy.rng(1)
  local y = hy.randint({ 1250 }, 1, 10, { rng = rng }):totable()
  local labels, run = {}, {}
  for i, id in ipairs(y) do labels[i] = i % 7 == 0 and i % 10 + 1 or id end
  for i = 1, 50 do run[i] = { epoch = i, loss = 3 / i + 0.5 } end
  local z, x = hy.randn(1250, 2, { rng = rng }), hy.rand(10, 784, { rng = rng })
  return function()
    return plot.grid{ columns = 2,
      plot.scatter{ z, color = y, alpha = 0.5, title = "Embedding" },
      plot.confusion(y, labels, { title = "Confusion" }),
      plot.history({ DEC = run, IDEC = run }, { title = "Losses" }),
      plot.images{ x, columns = 5, title = "Images" } }
  end
end

return function(bench)
  bench.section("figures", function()
    print("figures at two pixels per unit, made, drawn and encoded")
    local four = panels()
    for _, kind in ipairs{ "png", "svg", "pdf" } do
      local seconds = bench.shortest(function() return four():bytes(kind) end, 10)
      bench.row("four panels as " .. kind, seconds * 1e3, "ms", kind == "png" and "limit 250 ms")
    end
    local z = hy.randn(100000, 2, { rng = hy.rng(2) })
    local color = z:narrow(2, 1, 1):gt(0):to "f32" + 1
    for _, kind in ipairs{ "png", "svg" } do
      local seconds = bench.shortest(function()
        return hy.plot.scatter({ z, color = color }):bytes(kind)
      end, 5)
      bench.row("scatter of 100,000 points as " .. kind, seconds * 1e3, "ms", "limit 1,000 ms")
    end
  end)
end
