-- Spectral normalization, and the gradient of a critic by its input.
require "tests.support"
local hy = require "hyades"
local nn = hy.nn

describe("spectral_norm", function()
  local w = hy.tensor({ { 3, 0 }, { 0, 2 }, { 0, 0 } }, { dtype = "f64" })

  it("takes the power step of the paper", function()
    local u = hy.tensor({ 1, 1, 0 }, { dtype = "f64" })
    local y = hy.spectral_norm(w, u)
    -- v = (3, 2)/√13, w·v = (9, 4, 0)/√13, so u = (9, 4, 0)/√97 and u·w·v = √(97/13)
    assert.close({ 9 / math.sqrt(97), 4 / math.sqrt(97), 0 }, u, 1e-12)
    assert.close(w / math.sqrt(97 / 13), y, 1e-12)
  end)

  it("finds the largest singular value, also of a weight with more axes", function()
    local x = hy.randn(6, 2, 4, { rng = hy.rng(1), dtype = "f64" })
    local u = hy.randn(6, { rng = hy.rng(2), dtype = "f64" })
    local y = hy.spectral_norm(x, u, { steps = 200 })
    assert.same({ 6, 2, 4 }, y:size())
    assert.close(1, select(2, hy.svd(y:reshape(6, 8)))[1]:item(), 1e-9)
  end)

  it("leaves u without steps, and an error leaves it too", function()
    local u = hy.tensor({ 1, 1, 0 }, { dtype = "f64" })
    hy.spectral_norm(w, u, { steps = 0 })
    assert.same({ 1, 1, 0 }, u:totable())
    assert.raises(function() hy.spectral_norm(w, hy.ones({ 2 }, { dtype = "f64" })) end,
      "u has 2 elements for 3 rows of w")
    assert.raises(function() hy.spectral_norm(w, u, { steps = -1 }) end, "steps is -1")
    assert.raises(function() hy.spectral_norm(u, u) end, "w has 1 axes; it wants 2 or more")
  end)

  it("gives a weight of zeros, not NaN", function()
    assert.same({ { 0, 0 } }, hy.spectral_norm(hy.zeros(1, 2), hy.ones(1)):totable())
  end)

  it("has the gradient (g − ⟨g, y⟩ u vᵀ) / σ", function()
    local p, u = hy.param(w), hy.tensor({ 1, 0, 0 }, { dtype = "f64" })
    local tape <close> = hy.tape()
    tape:backward(hy.spectral_norm(p, u):sum()) -- σ = 3, y = w/3, ⟨1, y⟩ = 5/3
    assert.close({ { (1 - 5 / 3) / 3, 1 / 3 }, { 1 / 3, 1 / 3 }, { 1 / 3, 1 / 3 } }, p.grad, 1e-12)
  end)

  it("keeps the u of its forward pass for the gradient", function()
    local p, u = hy.param(hy.randn(3, 2, { rng = hy.rng(1) })), hy.randn(3, { rng = hy.rng(2) })
    local function gradient(between)
      local tape <close> = hy.tape()
      local value = hy.spectral_norm(p, u, { steps = 0 }):square():select(1, 1):sum()
      between()
      return (tape:grad(value, { p }))
    end
    local expected = gradient(function() end)
    assert.close(expected, gradient(function() u:copy(hy.ones(3)) end), 0)
  end)
end)

describe("nn.SpectralNorm", function()
  local function layer() return nn.SpectralNorm(nn.Linear(5, 4, { rng = hy.rng(1) }), { rng = hy.rng(2) }) end

  it("stretches nothing", function()
    local m = layer()
    local x, y = hy.randn(50, 5, { rng = hy.rng(3) }), nil
    y = m(x) - m.layer.bias
    assert.is_true((y:norm(2) / x:norm(2)):max():item() < 1.001)
    assert.close(select(2, hy.svd(m.layer.weight:detach()))[1]:item(),
      (m.layer.weight:detach() / hy.spectral_norm(m.layer.weight:detach(), m.u))[1][1]:item(), 1e-2)
  end)

  it("moves u in training and not in evaluation, and gives the weight back", function()
    local m = layer()
    local before, weight = m.u:clone(), m.layer.weight
    m:eval()(hy.ones(1, 5))
    assert.same(before:totable(), m.u:totable())
    m:train()(hy.ones(1, 5))
    assert.are_not.same(before:totable(), m.u:totable())
    assert.raises(function() m(hy.ones(1, 6)) end, "expected rows of length 5")
    assert.equal(weight, m.layer.weight)
  end)

  it("is saved with u, and trained", function()
    local m = layer()
    local state = m:state()
    assert.is_truthy(state.u and state["layer.weight"] and state["layer.bias"])
    assert.same({ "layer.weight", "layer.bias" },
      { m:named_parameters()[1].name, m:named_parameters()[2].name })
    local other = nn.SpectralNorm(nn.Linear(5, 4)):load(state)
    assert.close(m:eval()(hy.ones(1, 5)), other:eval()(hy.ones(1, 5)), 0)
    local tape <close> = hy.tape()
    tape:backward(m:train()(hy.ones(2, 5)):square():sum())
    assert.is_truthy(m.layer.weight.grad)
  end)

  it("says what it wants", function()
    assert.raises(function() nn.SpectralNorm(nn.ReLU()) end,
      "nn.SpectralNorm: expected a module with a weight of two or more axes, got nn.ReLU")
    assert.raises(function() nn.SpectralNorm(3) end, "got 3")
    assert.raises(function() nn.SpectralNorm(nn.Linear(2, 2), { step = 2 }) end, 'did you mean "steps"?')
  end)
end)

describe("input_gradient", function()
  local activations = { nn.Identity, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid,
    nn.Tanh, nn.Softplus, nn.Softmax }
  local x = hy.randn(6, 3, { rng = hy.rng(4), dtype = "f64" })

  local function penalty(critic)
    return ((critic:input_gradient(x):square():sum(2) + 1e-12):sqrt() - 1):square():mean()
  end

  -- The same through the tape, whose gradients are constants: a second route to the value.
  local function value_by_tape(critic)
    local p = hy.param(x)
    local tape <close> = hy.tape()
    local g = tape:grad(critic(p):sum(), { p })
    return ((g:square():sum(2) + 1e-12):sqrt() - 1):square():mean():item(), g:clone()
  end

  -- Gradients of the penalty by every weight, and finite differences of the second route.
  local function check_critic(critic)
    critic:to "f64"
    local _, expected = value_by_tape(critic)
    assert.close(expected, critic:input_gradient(x), 1e-10)
    local tape <close> = hy.tape()
    tape:backward(penalty(critic))
    for _, parameter in ipairs(critic:named_parameters()) do
      local w = parameter.tensor
      local flat, g = w:detach():reshape(-1), w.grad and w.grad:reshape(-1)
      for i = 1, flat:numel(), 3 do
        local was, eps = flat[i]:item(), 1e-5
        flat[i] = was + eps
        local above = value_by_tape(critic)
        flat[i] = was - eps
        local below = value_by_tape(critic)
        flat[i] = was
        assert.close((above - below) / (2 * eps), g and g[i]:item() or 0, 1e-4)
      end
    end
  end

  for _, Activation in ipairs(activations) do
    it("is exact through " .. tostring(Activation()), function()
      check_critic(nn.MLP{ layers = { 3, 5, 4, 1 }, activation = Activation, rng = hy.rng(5) })
    end)
  end

  it("is exact through layer normalization, dropout at rest and nested networks", function()
    check_critic(nn.Sequential{ nn.Linear(3, 6, { rng = hy.rng(6) }), nn.LayerNorm(6),
      nn.Sequential{ nn.LeakyReLU{ slope = 0.2 }, nn.Dropout(0.5):eval() },
      nn.Linear(6, 1, { rng = hy.rng(7) }) })
  end)

  it("has the weights that spectral normalization divides", function()
    local critic = nn.Sequential{ nn.SpectralNorm(nn.Linear(3, 5, { rng = hy.rng(1) })), nn.Tanh(),
      nn.SpectralNorm(nn.Linear(5, 1, { rng = hy.rng(2) })) }:to("f64"):eval()
    assert.close(select(2, value_by_tape(critic)), critic:input_gradient(x), 1e-10)
    assert.is_true(critic:input_gradient(x):norm(2):max():item() < 1.01)
  end)

  it("draws one mask of dropout for both directions", function()
    local dropout = nn.Dropout(0.5, { rng = hy.rng(1) })
    local y, pull = dropout:pullback(x)
    assert.close(y / x, pull(hy.ones(6, 3, { dtype = "f64" })), 1e-12)
  end)

  it("pulls a critic towards slope 1", function()
    local critic = nn.MLP{ layers = { 3, 16, 1 }, rng = hy.rng(8) }
    local optimizer, points = hy.optim.Adam{ lr = 0.02 }, x:to "f32"
    local function slopes() return critic:input_gradient(points):norm(2) end
    assert.is_true(slopes():mean():item() < 0.8)
    for _ = 1, 200 do
      local tape <close> = hy.tape()
      tape:backward(((slopes():square() + 1e-12):sqrt() - 1):square():mean())
      optimizer:step(critic)
    end
    assert.close(1, slopes():mean():item(), 0.05)
  end)

  it("names the layer that it cannot pass, and what else is wrong", function()
    local function fails(network, text)
      assert.raises(function() nn.Sequential(network):input_gradient(x:to "f32") end, text)
    end
    fails({ nn.Linear(3, 4), nn.BatchNorm1d(4) }, "input_gradient: nn.BatchNorm1d(4) mixes the rows")
    fails({ nn.Linear(3, 1), function(y) return y end }, "layer 2 is a function")
    fails({ nn.module{ forward = function(_, y) return y end } }, "is no layer that it knows")
    fails({ nn.Linear(3, 4) }, "gives 6×4; it wants one number a row")
    fails({ nn.Linear(4, 1) }, "expected rows of length 4, got 6×3")
    assert.raises(function() nn.Linear(3, 1):input_gradient(7) end, "input_gradient: expected a tensor")
  end)
end)
