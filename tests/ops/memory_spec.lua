--- Calls from Lua with failing memory. The binding collects and tries again once; here the allocation
-- fails each time, so that every way of giving up is walked.
require "tests.support"
local hy = require "hyades"
local samples = require "tests.ops.samples"

local most = 4000 -- allocations in one of these calls

-- fn() with the n-th allocation failing, and with `on` all that follow: it raises a sentence or goes
-- on, and gives back what it took. → whether it went on
local function fails(name, fn, live, n, on)
  hy.fail_allocation(n, on)
  local ok, message = pcall(function() fn() end) -- what fn returns is garbage
  hy.fail_allocation()
  collectgarbage()
  assert.equal(live, (hy.memory()), name)
  assert.is_true(ok or tostring(message):find "out of memory" ~= nil,
    name .. ": " .. tostring(message))
  return ok
end

-- The same for every n, or each stride-th, until fn needs no more allocations.
local function walk(name, fn, stride)
  fn()
  collectgarbage()
  collectgarbage()
  local live, last = (hy.memory()), 1
  while not fails(name, fn, live, last, true) do
    last = last + (stride or 1)
    assert.is_true(last < most, name .. " never succeeds")
  end
  for n = 1, last, stride or 1 do fails(name, fn, live, n, false) end
end

describe("when memory fails", function()
  setup(function() hy.threads(1) end)

  it("every op says so, with the arguments of a typical call from Lua", function()
    for _, info in ipairs(hy.ops()) do
      local arguments = samples.arguments(info, hy.rng(1), "f64")
      if arguments then
        walk(info.name, function() hy[info.name](table.unpack(arguments)) end)
      end
    end
  end)

  it("so do tensors from lists, positions, assignments, text and numbers", function()
    local x = hy.ones(3, 4)
    local calls = {
      function() return hy.tensor{ { 1, 2 }, { 3, 4 } } end,
      function() return hy.tensor(x, { dtype = "f64" }) end,
      function() return 2 - x end,
      function() return x:index({ 1, 3 }, 2) end,
      function() return x[{ 2, 3 }] end,
      function() x[2] = 5 end,
      function() x[1] = hy.ones(4) end,
      function() return tostring(x:t()) end,
      function() return x:slice{ { 1, 2 }, { 2, 3 } }:totable() end,
      function() return hy.param(x) end,
      function() x.grad = hy.ones(3, 4) x.grad = nil end,
      function() x:copy(hy.arange(1, 4, { dtype = "f64" })) x:fill(1) end,
    }
    for i, call in ipairs(calls) do walk("call " .. i, call) end
  end)

  it("so do tapes", function()
    local p = hy.param(hy.rand(3, 3, { rng = hy.rng(1) }))
    walk("backward", function()
      local tape <close> = hy.tape()
      tape:backward((p:mm(p):tanh() * p):sum())
      p.grad = nil
    end)
    p.grad = nil
    walk("grad", function()
      local tape <close> = hy.tape()
      return tape:grad((p:mm(p):exp() * p):sum(), { p, p })
    end)
  end)

  it("so do clusterings, training, saving and loading", function()
    local x = hy.data.blobs{ n = 30, k = 2, d = 3, rng = hy.rng(1) }.x
    local path = os.tmpname()
    walk("KMeans", function()
      return hy.cluster.KMeans{ k = 2, n_init = 2, max_iter = 3, rng = hy.rng(1) }:fit(x)
    end, 2)
    walk("PCA", function() return hy.cluster.PCA{ k = 2 }:fit(x):transform(x) end)
    walk("Autoencoder", function()
      return hy.nn.Autoencoder{ layers = { 3, 2 }, rng = hy.rng(1) }:fit(x, { epochs = 1,
        rng = hy.rng(1) }):transform(x)
    end, 5)
    local model = hy.cluster.KMeans{ k = 2, n_init = 1, rng = hy.rng(1) }:fit(x)
    walk("save", function() return hy.save(path, model) end)
    walk("load", function() return hy.load(path) end)
    os.remove(path)
  end)
end)
