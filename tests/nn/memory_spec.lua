-- Training does not pile up tensors, whatever the collector's mode.
require "tests.support"
local hy = require "hyades"
local data, loss, nn, optim, train = hy.data, hy.loss, hy.nn, hy.optim, hy.train

local function resident_megabytes()
  for line in io.lines "/proc/self/status" do
    local kilobytes = line:match "^VmRSS:%s+(%d+)"
    if kilobytes then return tonumber(kilobytes) / 1024 end
  end
end

-- Megabytes by which the process has grown from step 50 to step 1,500.
local function growth()
  local net, before = nn.Autoencoder{ layers = { 64, 128, 10 } }, nil
  train.run{
    params = net, optimizer = optim.Adam{}, epochs = 500,
    batches = data.Batches{ hy.rand(768, 64), size = 256, shuffle = true },
    after_step = function(at) if at.step == 50 then before = resident_megabytes() end end,
    loss = function(batch) return loss.reconstruction(net(batch.x), batch.x) end,
  }
  return resident_megabytes() - before
end

describe("1,500 training steps", function()
  local was = collectgarbage "incremental"
  collectgarbage(was)
  after_each(function() collectgarbage(was) end)

  for _, mode in ipairs{ "incremental", "generational" } do
    it("grow the process by at most 64 MB under the " .. mode .. " collector", function()
      collectgarbage(mode)
      assert.is_true(growth() <= 64)
    end)
  end

  it("and 300 embeddings of everything stay within 64 MB", function()
    local net, x = nn.Autoencoder{ layers = { 64, 128, 10 } }, hy.rand(768, 64)
    local before = resident_megabytes()
    for _ = 1, 300 do net:transform(x) end
    assert.is_true(resident_megabytes() - before <= 64)
  end)
end)
