--- Optimizer steps by hand.
require "tests.support"
local hy = require "hyades"

describe("adam_step", function()
  it("moves by lr on the first step, whatever the gradient", function()
    local p, m, v = hy.tensor{ 1, 1, 1 }, hy.zeros(3), hy.zeros(3)
    hy.adam_step(p, hy.tensor{ 0.5, -200, 0 }, m, v, { lr = 0.1 })
    assert.close({ 0.9, 1.1, 1 }, p, 1e-6)
    assert.close({ 0.05, -20, 0 }, m, 1e-6)
    assert.close({ 0.00025, 40, 0 }, v, 1e-5)
  end)

  it("follows the recurrence on the second step", function()
    local function f64(t) return hy.tensor(t, { dtype = "f64" }) end
    local p, m, v = f64{ 1 }, f64{ 0 }, f64{ 0 }
    hy.adam_step(p, f64{ 1 }, m, v, { lr = 0.1, step = 1 })
    hy.adam_step(p, f64{ 2 }, m, v, { lr = 0.1, step = 2 })
    local m2, v2 = (0.09 + 0.2) / (1 - 0.81), (0.000999 + 0.004) / (1 - 0.998001)
    assert.close({ 0.9 - 0.1 * m2 / math.sqrt(v2) }, p, 1e-7)
  end)

  it("decays weights with the gradient or beside it", function()
    local p = hy.tensor{ 2 }
    hy.adam_step(p, hy.zeros(1), hy.zeros(1), hy.zeros(1), { lr = 0.1, weight_decay = 0.5, decoupled = true })
    assert.close({ 2 - 0.1 * 0.5 * 2 }, p, 1e-6)
    p = hy.tensor{ 2 }
    hy.adam_step(p, hy.zeros(1), hy.zeros(1), hy.zeros(1), { lr = 0.1, weight_decay = 0.5 })
    assert.close({ 1.9 }, p, 1e-6)
  end)

  it("steps once when memory ran out on the way", function()
    for n = 1, 6 do
      local p, m, v = hy.ones(2, 2), hy.zeros(2, 2), hy.zeros(2, 2)
      local g = hy.ones(2, 2):t()
      hy.fail_allocation(n)
      hy.adam_step(p, g, m, v, { lr = 0.1 })
      hy.fail_allocation(0)
      assert.close({ { 0.9, 0.9 }, { 0.9, 0.9 } }, p, 1e-6)
    end
  end)

  it("refuses what does not fit, and then changes nothing", function()
    local p, m, v = hy.ones(2), hy.zeros(2), hy.zeros(2)
    assert.raises(function() hy.adam_step(p, hy.ones(3), m, v) end,
      "adam_step: parameter and gradient differ in shape: 2 and 3")
    assert.raises(function() hy.adam_step(p, p, m, hy.zeros(1)) end,
      "parameter and moment differ in shape: 2 and 1")
    assert.raises(function() hy.adam_step(p, p, m, v, { step = 0 }) end, "step is 0; the first one is 1")
    local q = hy.ones(2, 3)
    assert.raises(function() hy.adam_step(q:t(), hy.ones(3, 2), hy.zeros(3, 2), hy.zeros(3, 2)) end,
      "argument 1 is a strided view")
    assert.same({ 1, 1 }, p:totable())
  end)
end)

describe("sgd_step", function()
  it("descends, with momentum and its Nesterov form", function()
    local p = hy.tensor{ 1 }
    hy.sgd_step(p, hy.tensor{ 2 }, { lr = 0.1 })
    assert.close({ 0.8 }, p, 1e-6)
    local buffer = hy.zeros(1)
    hy.sgd_step(p, hy.tensor{ 2 }, buffer, { lr = 0.1, momentum = 0.9 })
    hy.sgd_step(p, hy.tensor{ 2 }, buffer, { lr = 0.1, momentum = 0.9 })
    assert.close({ 3.8 }, buffer, 1e-6)
    assert.close({ 0.8 - 0.2 - 0.38 }, p, 1e-6)
    local q = hy.tensor{ 1 }
    hy.sgd_step(q, hy.tensor{ 2 }, hy.zeros(1), { lr = 0.1, momentum = 0.9, nesterov = true })
    assert.close({ 1 - 0.1 * (2 + 0.9 * 2) }, q, 1e-6)
  end)

  it("wants a buffer for momentum", function()
    assert.raises(function() hy.sgd_step(hy.ones(1), hy.ones(1), { momentum = 0.9 }) end,
      "momentum is 0.9; it wants a buffer")
  end)
end)

describe("rmsprop_step", function()
  local function f64(t) return hy.tensor(t, { dtype = "f64" }) end

  -- p after each of the gradients 0.5, -1, 2 and 0.25.
  local function path(buffers, options)
    local p, v, seen = f64{ 1 }, f64{ 0 }, {}
    for i, g in ipairs{ 0.5, -1, 2, 0.25 } do
      hy.rmsprop_step(p, f64{ g }, v, buffers.mean, buffers.velocity, options)
      seen[i] = p:totable()[1]
    end
    return seen
  end

  it("divides by the root of the running square", function()
    assert.close({ 0.683772254, 0.968060036, 0.687670065, 0.650158799 },
      path({}, { lr = 0.1, alpha = 0.9, weight_decay = 0.01 }), 1e-8)
  end)

  it("has momentum", function()
    assert.close({ 0.683772254, 0.68488156, 0.405892539, 0.118159352 },
      path({ velocity = f64{ 0 } }, { lr = 0.1, alpha = 0.9, momentum = 0.9 }), 1e-8)
  end)

  it("may be centered", function()
    assert.close({ 0.666666688, 0.787681145, 0.561264631, 0.409595304 },
      path({ mean = f64{ 0 }, velocity = f64{ 0 } },
        { lr = 0.1, alpha = 0.9, momentum = 0.5, weight_decay = 0.01 }), 1e-8)
  end)

  it("steps once when memory ran out on the way", function()
    for n = 1, 6 do
      local p, v, g = hy.ones(2, 2), hy.zeros(2, 2), hy.ones(2, 2):t()
      hy.fail_allocation(n)
      hy.rmsprop_step(p, g, v, { lr = 0.1, alpha = 0.75 })
      hy.fail_allocation(0)
      assert.close({ { 0.8, 0.8 }, { 0.8, 0.8 } }, p, 1e-6)
    end
  end)

  it("stays finite when rounding makes the variance negative", function()
    local p, v, mean = hy.ones(1), hy.zeros(1), hy.zeros(1)
    for _ = 1, 200 do hy.rmsprop_step(p, hy.full({ 1 }, 0.1), v, mean, { alpha = 0.5, eps = 1e-3 }) end
    assert.is_true(math.abs(p:item()) < math.huge)
  end)

  it("refuses what does not fit, and then changes nothing", function()
    local p, v = hy.ones(2), hy.zeros(2)
    assert.raises(function() hy.rmsprop_step(p, p, hy.zeros(3)) end,
      "rmsprop_step: parameter and moment differ in shape: 2 and 3")
    assert.raises(function() hy.rmsprop_step(p, p, v, { momentum = 0.9 }) end,
      "momentum is 0.9; it wants a buffer")
    assert.same({ 1, 1 }, p:totable())
  end)
end)

describe("proximal_group_step", function()
  it("takes the threshold from the length of each row, and leaves nothing of short ones", function()
    local p = hy.tensor{ { 3, 4 }, { 0.3, 0.4 }, { 0, 0 } }
    hy.proximal_group_step(p, 1)
    assert.close({ { 2.4, 3.2 }, { 0, 0 }, { 0, 0 } }, p, 1e-6)
    assert.equal(0, p[2][1]:item())
  end)

  it("takes columns as well, and weights with more axes by their first", function()
    local p = hy.tensor{ { 3, 0 }, { 4, 1 } }
    hy.proximal_group_step(p, 2, { columns = true })
    assert.close({ { 1.8, 0 }, { 2.4, 0 } }, p, 1e-6)
    local kernel = hy.ones(2, 2, 2)
    hy.proximal_group_step(kernel, 1)
    assert.close(hy.full({ 2, 2, 2 }, 0.5), kernel, 1e-6)
  end)

  it("names what is wrong", function()
    assert.raises(function() hy.proximal_group_step(hy.ones(3), 1) end, "p has 1 axes")
    assert.raises(function() hy.proximal_group_step(hy.ones(3, 2), -1) end, "threshold is -1")
  end)
end)

describe("optim.proximal_group", function()
  local optim = hy.optim

  it("is the step to the minimum of distance and penalty", function()
    local w = hy.param(hy.randn(3, 4, { rng = hy.rng(1), dtype = "f64" }))
    local start = w:detach():clone()
    optim.proximal_group(w, { lr = 0.1, weight = 2 })
    local moved = w:detach():clone()
    local function cost(x)
      return (x - start):square():sum() / (2 * 0.1) + hy.loss.group_sparsity(x, "rows") * 2
    end
    local best = cost(moved):item()
    for i = 1, 20 do
      local other = moved + hy.randn(3, 4, { rng = hy.rng(i), dtype = "f64" }) * 0.01
      assert.is_true(cost(other):item() > best)
    end
  end)

  it("selects the features that count", function()
    local x = hy.randn(200, 6, { rng = hy.rng(2) })
    local y = x:narrow(2, 1, 2):sum(2, { keep = true })
    local layer, optimizer = hy.nn.Linear(6, 1, { rng = hy.rng(3) }), optim.SGD{ lr = 0.1 }
    for _ = 1, 100 do
      local tape <close> = hy.tape()
      tape:backward(hy.loss.mse(layer(x), y))
      optimizer:step(layer)
      optim.proximal_group(layer, { lr = 0.1, weight = 0.1, groups = "columns" })
    end
    local w = layer.weight:detach()[1]
    assert.same({ 0, 0, 0, 0 }, w:narrow(1, 3, 4):totable())
    assert.is_true(w:narrow(1, 1, 2):min():item() > 0.5)
  end)

  it("says what it wants", function()
    local w = hy.param(hy.ones(2, 2))
    assert.raises(function() optim.proximal_group(w, { lr = 1 }) end, "option weight is missing")
    assert.raises(function() optim.proximal_group(w, { lr = 1, weight = 1, groups = "row" }) end,
      'groups must be "rows" or "columns", got "row"')
    assert.raises(function() optim.proximal_group(hy.ones(2), { lr = 1, weight = 1 }) end, "is no parameter")
  end)
end)
