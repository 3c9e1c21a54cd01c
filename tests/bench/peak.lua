--- Memory of DEC: the section "peak" of `make bench`.

local hy = require "hyades"
local data = hy.data

--- The largest memory of this process since `forget_peak`, in bytes.
local function peak_memory()
  for line in io.lines "/proc/self/status" do
    local kilobytes = line:match "^VmHWM:%s*(%d+)"
    if kilobytes then return tonumber(kilobytes) * 1024 end
  end
end

local function forget_peak()
  collectgarbage()
  local file = io.open("/proc/self/clear_refs", "w")
  if file then file:write("5"):close() end
end

return function(bench)
  bench.section("peak", function()
    local ok, mnist = pcall(data.mnist)
    print("peak memory of DEC, one epoch of pretraining and one of clustering; limit: data + 250 MB")
    for _, dtype in ipairs{ "f32", "u8" } do
      local x = ok and mnist.x or hy.rand(70000, 784)
      mnist = nil
      if dtype == "u8" then x = (x * 255):round():to("u8") end
      forget_peak()
      hy.deep.DEC{ k = 10, epochs = 1, pretrain = { epochs = 1 } }:fit(x)
      local bytes, limit = peak_memory(), x:numel() * 4 + 250e6
      bench.row(("%s 70,000×784 in %s"):format(ok and "MNIST" or "random", dtype), bytes / 1e6, "MB",
        ("limit %.0f MB"):format(limit / 1e6), limit / bytes)
      x = nil -- luacheck: ignore
      ok, mnist = pcall(data.mnist)
    end
  end)
end
