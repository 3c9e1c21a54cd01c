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

-- The same panels, size and pixels by matplotlib, best of three.
local MATPLOTLIB = [[
import io, time
try:
    import numpy as np, matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    rng = np.random.default_rng(1)
    z, y, x = rng.normal(size=(1250, 2)), rng.integers(0, 10, 1250), rng.random((10, 28, 28))
    counts, best = rng.integers(0, 130, (10, 10)), 1e9
    for _ in range(3):
        begin = time.perf_counter()
        figure, axes = plt.subplots(2, 2, figsize=(12.3, 9.6), dpi=200)
        axes[0, 0].scatter(z[:, 0], z[:, 1], c=y, cmap="tab10", alpha=0.5)
        shown = axes[0, 1].imshow(counts, cmap="Blues")
        figure.colorbar(shown, ax=axes[0, 1])
        for i in range(10):
            for j in range(10): axes[0, 1].text(j, i, counts[i, j], ha="center", va="center")
        for name in "DEC", "IDEC": axes[1, 0].plot(3 / np.arange(1, 51), label=name)
        axes[1, 0].legend()
        axes[1, 1].axis("off")
        for i in range(10):
            axes[1, 1].inset_axes([i % 5 / 5, i // 5 / 2, 0.19, 0.45]).imshow(x[i], cmap="gray")
        figure.savefig(io.BytesIO(), format="png")
        plt.close(figure)
        best = min(best, time.perf_counter() - begin)
    print(best)
except ImportError:
    pass
]]

return function(bench)
  bench.section("figures", function()
    print("figures at two pixels per unit, made, drawn and encoded")
    local four = panels()
    local peer = bench.peer(MATPLOTLIB)
    for _, kind in ipairs{ "png", "svg", "pdf" } do
      local seconds = bench.shortest(function() return four():bytes(kind) end, 10)
      bench.row("four panels as " .. kind, seconds * 1e3, "ms", kind == "png"
        and "limit 250 ms" .. (peer and (", matplotlib: %.0f ms"):format(peer * 1e3) or ""))
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
