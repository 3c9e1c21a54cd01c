-- What must hold in any interpreter: make test runs this in ./hyades and in the stock lua5.4.
require "tests.support"
local hy = require "hyades"

-- As busted does between spec files: forget every module, then load again.
local function reload()
  for name in pairs(package.loaded) do
    if name:find "^hyades" then package.loaded[name] = nil end
  end
  return require "hyades"
end

describe("the module", function()
  it("loads and names its version", function()
    assert.truthy(hy.version:find "^%d+%.%d+%.%d+$")
  end)

  it("makes no globals", function()
    local before = {}
    for name in pairs(_G) do before[name] = true end
    reload()
    for name in pairs(_G) do assert.is_true(before[name], "new global " .. name) end
  end)

  it("opens again and again, and old tensors go on working", function()
    local old = hy.tensor{ 1, 2, 3 }
    for _ = 1, 5 do
      local again = reload()
      assert.not_equal(hy, again)
      assert.close({ 2, 4, 6 }, old + again.tensor{ 1, 2, 3 })
    end
  end)

  it("counts the same memory after it was opened again", function()
    collectgarbage()
    local live = hy.memory()
    local x <close> = hy.zeros(1000)
    assert.equal(1000, x:numel())
    assert.is_true(reload().memory() >= live + 4000)
  end)
end)

describe("training", function()
  it("takes a step that lowers the loss", function()
    local layer = hy.nn.Linear(3, 1, { rng = hy.rng(1) })
    local optimizer = hy.optim.SGD{ lr = 0.1 }
    local x, y = hy.randn(20, 3, { rng = hy.rng(2) }), hy.ones(20, 1)
    local values = {}
    for step = 1, 3 do
      local tape <close> = hy.tape()
      local value = hy.loss.mse(layer(x), y)
      tape:backward(value)
      optimizer:step(layer:parameters())
      values[step] = value:item()
    end
    assert.is_true(values[1] > values[2] and values[2] > values[3])
  end)
end)

describe("an error", function()
  it("is one sentence in either interpreter", function()
    assert.raises(function() hy.zeros(2, 3):mm(hy.zeros(2, 3)) end, "2×3")
  end)
end)
