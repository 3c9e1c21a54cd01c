-- Optimizers against hand-computed steps.
require "tests.support"
local hy = require "hyades"
local nn, optim = hy.nn, hy.optim

-- One step on a parameter with this gradient.
local function step(optimizer, p, gradient)
  p.grad = hy.tensor(gradient)
  optimizer:step(p)
  return p
end

describe("optim.SGD", function()
  it("moves against the gradient and clears it", function()
    local p = step(optim.SGD{ lr = 0.1 }, hy.param(hy.tensor{ 1, 2 }), { 10, -10 })
    assert.close({ 0, 3 }, p)
    assert.is_nil(p.grad)
  end)

  it("keeps a velocity", function()
    local sgd, p = optim.SGD{ lr = 1, momentum = 0.5 }, hy.param(hy.tensor{ 0 })
    step(sgd, p, { 1 })
    assert.close({ -1 }, p)
    step(sgd, p, { 1 })
    assert.close({ -2.5 }, p)
  end)

  it("looks ahead with nesterov", function()
    local sgd, p = optim.SGD{ lr = 1, momentum = 0.5, nesterov = true }, hy.param(hy.tensor{ 0 })
    step(sgd, p, { 1 })
    assert.close({ -1.5 }, p)
  end)

  it("shrinks weights by weight_decay", function()
    assert.close({ 0.95 }, step(optim.SGD{ lr = 0.1, weight_decay = 0.5 }, hy.param(hy.tensor{ 1 }),
      { 0 }))
  end)
end)

describe("optim.Adam", function()
  it("takes a first step of length lr", function()
    local p = step(optim.Adam{ lr = 0.1 }, hy.param(hy.tensor{ 1, 1 }), { 5, -0.01 })
    assert.close({ 0.9, 1.1 }, p, 1e-5)
  end)

  it("agrees with three steps by hand", function()
    local adam, p = optim.Adam{ lr = 0.01 }, hy.param(hy.tensor{ 1 })
    local m, v, x = 0, 0, 1
    for t, g in ipairs{ 1, -2, 0.5 } do
      step(adam, p, { g })
      m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
      x = x - 0.01 * (m / (1 - 0.9 ^ t)) / (math.sqrt(v / (1 - 0.999 ^ t)) + 1e-8)
      assert.close({ x }, p, 1e-6)
    end
  end)

  it("goes on from its state as if nothing had happened", function()
    local a, b = optim.Adam{ lr = 0.1 }, optim.Adam{ lr = 0.1 }
    local p = step(a, hy.param(hy.tensor{ 1 }), { 3 })
    local q = hy.param(p:detach():clone())
    b:load(a:state())
    assert.same(step(a, p, { -1 }):totable(), step(b, q, { -1 }):totable())
  end)

  it("suggests the right option", function()
    assert.raises(function() optim.Adam{ learning_rate = 1 } end, "unknown option")
    assert.raises(function() optim.Adam{ wieght_decay = 1 } end, 'did you mean "weight_decay"?')
  end)
end)

describe("optimizer:step", function()
  it("takes tensors, modules, nested lists and groups with their own lr", function()
    local p, q, layer = hy.param(hy.zeros(1)), hy.param(hy.zeros(1)), nn.Linear(1, 1)
    p.grad, q.grad, layer.bias.grad = hy.ones(1), hy.ones(1), hy.ones(1)
    local bias = layer.bias:item()
    optim.SGD{ lr = 1 }:step{ p, { layer }, { params = { q }, lr = 0.5 } }
    assert.close({ -1 }, p)
    assert.close({ -0.5 }, q)
    assert.close(bias - 1, layer.bias:item())
  end)

  it("steps once for a tensor that is named twice", function()
    local p = hy.param(hy.zeros(1))
    p.grad = hy.ones(1)
    optim.SGD{ lr = 1 }:step{ p, p }
    assert.close({ -1 }, p)
  end)

  it("says what is no parameter", function()
    local sgd = optim.SGD{ lr = 1 }
    assert.raises(function() sgd:step{ hy.zeros(1) } end, "params[1] is no parameter: make it one")
    assert.raises(function() sgd:step{ hy.param(hy.zeros(1)), "w" } end, "params[2]: expected a tensor")
    assert.raises(function() sgd:step{} end, "nothing to train")
  end)

  it("changes nothing when memory for its state runs out", function()
    local core = require "hyades.core"
    local p, q = hy.param(hy.zeros(4)), hy.param(hy.zeros(4))
    local adam = optim.Adam{ lr = 1 }
    p.grad, q.grad = hy.ones(4), hy.ones(4)
    local failed = 0
    for n = 1, 8 do
      core.fail_allocation(n)
      local ok = pcall(adam.step, adam, { p, q })
      core.fail_allocation(0)
      if ok then break end
      failed = failed + 1
      assert.close({ 0, 0, 0, 0 }, p)
    end
    assert.is_true(failed > 0 or p:sum():item() < 0)
    assert.close({ -1, -1, -1, -1 }, p, 1e-5)
    assert.close({ -1, -1, -1, -1 }, q, 1e-5)
  end)
end)
