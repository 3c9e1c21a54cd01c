-- Optimizers against hand-computed steps.
local S = require "tests.support"
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

-- The parameter, first 1, after steps with the gradients 0.5, -1, 2 and 0.25.
local function path(optimizer)
  local p, seen = hy.param(hy.tensor({ 1 }, { dtype = "f64" })), {}
  for i, g in ipairs{ 0.5, -1, 2, 0.25 } do
    p.grad = hy.tensor({ g }, { dtype = "f64" })
    optimizer:step(p)
    seen[i] = p:item()
  end
  return seen
end

-- Computed once by a scalar program from the rules that the manual of PyTorch states.
describe("the optimizers agree with golden paths:", function()
  local golden = {
    { "SGD", { lr = 0.1, weight_decay = 0.01 }, { 0.949, 1.048051, 0.847002949, 0.821155946 } },
    { "SGD", { lr = 0.1, momentum = 0.9, weight_decay = 0.01 },
      { 0.949, 1.002151, 0.848984749, 0.685286138 } },
    { "SGD", { lr = 0.1, momentum = 0.9, nesterov = true, weight_decay = 0.01 },
      { 0.9031, 1.05007411, 0.711168458, 0.538247218 } },
    { "Adam", { lr = 0.1, weight_decay = 0.01 },
      { 0.900000002, 0.935523642, 0.892965686, 0.851812773 } },
    { "AdamW", { lr = 0.1, weight_decay = 0.01 },
      { 0.899000002, 0.934711354, 0.891811081, 0.850439473 } },
    { "RMSprop", { lr = 0.1, alpha = 0.9, weight_decay = 0.01 },
      { 0.683772254, 0.968060036, 0.687670065, 0.650158799 } },
    { "RMSprop", { lr = 0.1, alpha = 0.9, momentum = 0.9 },
      { 0.683772254, 0.68488156, 0.405892539, 0.118159352 } },
    { "RMSprop", { lr = 0.1, alpha = 0.9, momentum = 0.5, centered = true, weight_decay = 0.01 },
      { 0.666666688, 0.787681145, 0.561264631, 0.409595304 } },
  }
  for i, case in ipairs(golden) do
    it(("%s, case %d"):format(case[1], i), function()
      assert.close(case[3], path(optim[case[1]](case[2])), 2e-9)
    end)
  end

  it("AdamW decays by 0.01 unless told otherwise, the others by nothing", function()
    assert.equal(0.01, optim.AdamW().weight_decay)
    assert.equal(0, optim.Adam().weight_decay)
    assert.equal(0, optim.RMSprop().weight_decay)
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

describe("a group", function()
  local function stepped(optimizer, groups)
    for _, group in ipairs(groups) do group.params.grad = hy.ones(1) end
    optimizer:step(groups)
  end

  it("has options of its own, and those of the optimizer", function()
    local p, q = hy.param(hy.ones(1)), hy.param(hy.ones(1))
    stepped(optim.SGD{ lr = 0.1, weight_decay = 1 },
      { { params = p }, { params = q, lr = 0.5, weight_decay = 0 } })
    assert.close({ 0.8 }, p)
    assert.close({ 0.5 }, q)
  end)

  it("hands its options to groups inside", function()
    local p = hy.param(hy.ones(1))
    p.grad = hy.ones(1)
    optim.SGD{ lr = 1 }:step{ params = { { params = p, weight_decay = 1 } }, lr = 0.1 }
    assert.close({ 0.8 }, p)
  end)

  it("says which option it does not know", function()
    local p = hy.param(hy.ones(1))
    assert.raises(function() stepped(optim.Adam(), { { params = p, weight_decy = 1 } }) end,
      'a group has the unknown option "weight_decy"; did you mean "weight_decay"?')
    assert.close({ 1 }, p)
  end)
end)

describe("the state of an optimizer", function()
  for _, case in ipairs{ { "SGD", { momentum = 0.9 } }, { "Adam" }, { "AdamW" },
    { "RMSprop", { centered = true, momentum = 0.5 } } } do
    it("of optim." .. case[1] .. " survives a file, bit by bit", function()
      local folder = S.folder()
      local a, b = optim[case[1]](case[2]), optim[case[1]](case[2])
      local p = step(a, hy.param(hy.tensor{ 1, -2 }), { 3, 0.1 })
      local q = hy.param(p:detach():clone())
      hy.save(folder .. "/state", a:state())
      b:load(hy.load(folder .. "/state"))
      S.remove(folder)
      for _ = 1, 3 do
        assert.same(step(a, p, { -1, 0.3 }):totable(), step(b, q, { -1, 0.3 }):totable())
      end
    end)
  end

  it("finds its slots again when a parameter had no gradient at first", function()
    local function pair() return { hy.param(hy.zeros(1)), hy.param(hy.zeros(1)) } end
    local a, p = optim.SGD{ lr = 1, momentum = 0.5 }, pair()
    p[2].grad = hy.ones(1)
    a:step(p) -- only the second has a velocity
    local b, q = optim.SGD{ lr = 1, momentum = 0.5 }:load(a:state()), pair()
    q[1].grad, q[2].grad = hy.ones(1), hy.ones(1)
    b:step(q)
    assert.close({ -1 }, q[1])
    assert.close({ -1.5 }, q[2])
  end)

  it("is a copy, both when taken and when loaded", function()
    local a, p = optim.SGD{ lr = 1, momentum = 0.5 }, hy.param(hy.zeros(1))
    step(a, p, { 1 })
    local state = a:state()
    step(a, p, { 1 })
    step(optim.SGD{ lr = 1, momentum = 0.5 }:load(state), hy.param(hy.zeros(1)), { 1 })
    assert.close({ 1 }, state.slots[1].velocity)
  end)

  it("belongs to optimizers of its kind and parameters of its shapes", function()
    local a, p = optim.Adam(), hy.param(hy.zeros(2))
    step(a, p, { 1, 1 })
    assert.raises(function() optim.SGD():load(a:state()) end,
      "optim.SGD: the state is one of optim.Adam")
    assert.raises(function() optim.Adam():load(7) end, "expected the state of an optimizer, got 7")
    assert.raises(function() step(optim.Adam():load(a:state()), hy.param(hy.zeros(3)), { 1, 1, 1 }) end,
      "of 2 for params, which is 3")
  end)
end)
