--- Speed of a training step: the section "training" of `make bench`.

local hy = require "hyades"
local nn, optim = hy.nn, hy.optim

local widths = { 784, 500, 500, 2000, 10, 2000, 500, 500, 784 }

--- The matrix products of one step, forward and backward, without anything around them.
-- → array of functions, floating-point operations of all
local function products(batch)
  local list, flops = {}, 0
  for i = 1, 8 do
    local inputs, outputs = widths[i], widths[i + 1]
    local x, w, g = hy.randn(batch, inputs), hy.randn(outputs, inputs), hy.randn(batch, outputs)
    list[#list + 1] = function() return x:mm(w:t()) end
    list[#list + 1] = function() return g:t():mm(x) end
    if i > 1 then list[#list + 1] = function() return g:mm(w) end end
    flops = flops + 2 * batch * inputs * outputs * (i > 1 and 3 or 2)
  end
  return list, flops
end

--- Seconds of each product, in the fastest of several rounds through all of them.
local function product_times(list)
  local best = { total = math.huge }
  for _ = 1, 15 do
    local round = { total = 0 }
    for i, product in ipairs(list) do
      local started = hy.clock()
      local _ <close> = product()
      round[i] = hy.clock() - started
      round.total = round.total + round[i]
    end
    if round.total < best.total then best = round end
  end
  return best
end

--- The limit: seconds of all products, each by the faster library; and of all by one of them.
local function fastest_products(list)
  hy.onednn(false)
  local blas, limit = product_times(list), 0
  local onednn = hy.onednn(true) and product_times(list)
  for i, seconds in ipairs(blas) do
    limit = limit + math.min(seconds, onednn and onednn[i] or math.huge)
  end
  return limit, blas.total, onednn and onednn.total
end

return function(bench)
  bench.section("training", function()
    print("training 784-500-500-2000-10 and its mirror, f32, Adam; limit: the same products alone, each")
    print("  by the faster of OpenBLAS and oneDNN" .. (hy.onednn(true) and "" or " (oneDNN is missing)"))
    for _, batch in ipairs{ 256, 64 } do
      local list, flops = products(batch)
      local limit, blas, onednn = fastest_products(list)
      bench.row(("the products of %d rows by OpenBLAS"):format(batch), blas * 1e3, "ms",
        ("%.0f GFLOP/s"):format(flops / blas / 1e9))
      if onednn then
        bench.row(("the products of %d rows by oneDNN"):format(batch), onednn * 1e3, "ms",
          ("%.0f GFLOP/s"):format(flops / onednn / 1e9))
      end
      local steps = 30
      local x = hy.rand(batch * steps, 784)
      local net = nn.Autoencoder{ layers = { 784, 500, 500, 2000, 10 } }
      local seconds = bench.shortest(function()
        net:fit(x, { epochs = 1, batch = batch, optimizer = optim.Adam })
      end, 4) / steps
      bench.row(("a step of %d rows"):format(batch), seconds * 1e3, "ms",
        ("limit %.2f ms, %.0f GFLOP/s"):format(limit * 1e3, flops / limit / 1e9), limit / seconds)
    end
  end)
end
