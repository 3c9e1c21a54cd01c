--- Speed of the deep methods: the section "deep" of `make bench`.

local hy = require "hyades"
local nn = hy.nn

local widths = { 784, 500, 500, 2000, 10, 2000, 500, 500, 784 }

--- Multiplications of a pass through the layers first..last for one row; backward costs two more,
--- one less at the first layer, which gives no gradient to the data.
local function work(first, last, backward)
  local total = 0
  for i = first, last do
    local one = widths[i] * widths[i + 1]
    total = total + one * (backward and (i > 1 and 3 or 2) or 1)
  end
  return total
end

return function(bench)
  bench.section("deep", function()
    print("one epoch of a deep method; limit: the training epoch of the autoencoder, scaled by the work")
    local x = hy.rand(256 * 40, 784)
    local net = nn.Autoencoder{ layers = { 784, 500, 500, 2000, 10 } }
    local function best(history)
      local seconds = math.huge
      for i = 2, #history do seconds = math.min(seconds, history[i].seconds) end
      return seconds
    end
    local training = best(net:fit(x, { epochs = 4 }).history) / work(1, 8, true)
    local cases = { -- DCN embeds every batch again after its step
      { "DEC", work(1, 4, true) },
      { "IDEC", work(1, 8, true) },
      { "DCN", work(1, 8, true) + work(1, 4) },
    }
    for _, case in ipairs(cases) do
      local name, multiplications = table.unpack(case)
      local model = hy.deep[name]{ k = 10, net = net:clone(), epochs = 4 }:fit(x)
      local seconds = best(model.history)
      bench.row(name .. " 10,240×784", seconds * 1e3, "ms",
        ("%.2f times the training of the same work"):format(seconds / (training * multiplications)))
    end
  end)
end
