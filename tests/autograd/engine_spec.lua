--- What training relies on, each where engines are known to fail.
require "tests.support"
local hy = require "hyades"
local nn, optim = hy.nn, hy.optim
local inf = math.huge

local function gradient(fn, values)
  return (hy.grad(function(p) return fn(p):sum() end, hy.tensor(values, { dtype = "f64" })))
end

describe("gradients at ties and corners", function()
  it("clamp passes on the closed interval", function()
    assert.same({ 0, 1, 1, 1, 0 },
      gradient(function(p) return p:clamp(-1, 1) end, { -1.5, -1, 0, 1, 1.5 }):totable())
  end)

  it("maximum and minimum share theirs at ties, max and min give it to the first", function()
    local tied = hy.tensor({ 1, 2, 3 }, { dtype = "f64" })
    assert.same({ 0, 0.5, 1 }, gradient(function(p) return p:maximum(tied) end, { 0, 2, 4 }):totable())
    assert.same({ 1, 0.5, 0 }, gradient(function(p) return p:minimum(tied) end, { 0, 2, 4 }):totable())
    assert.same({ { 0, 1, 0 }, { 1, 0, 0 } },
      gradient(function(p) return (p:max(2)) end, { { 1, 5, 5 }, { 2, 2, 2 } }):totable())
    assert.same({ { 1, 0, 0 }, { 1, 0, 0 } },
      gradient(function(p) return (p:min(2)) end, { { 1, 5, 5 }, { 2, 2, 2 } }):totable())
  end)

  it("a length of 0 has the gradient 0, as have relu and abs there", function()
    assert.same({ 0, 0 }, gradient(function(p) return p:norm() end, { 0, 0 }):totable())
    assert.same({ { 0, 0 }, { 0.6, 0.8 } },
      gradient(function(p) return p:norm(2) end, { { 0, 0 }, { 3, 4 } }):totable())
    assert.same({ 0 }, gradient(function(p) return (p:square():sum() + 1e-12):sqrt() end, { 0 }):totable())
    assert.same({ 0 }, gradient(function(p) return p:relu() end, { 0 }):totable())
    assert.same({ 0 }, gradient(function(p) return p:abs() end, { 0 }):totable())
  end)

  it("softmax at ±1e4, and logsumexp with -inf, stay finite", function()
    local far = { { 1e4, -1e4, 0 }, { 1e4, 1e4, -1e4 } }
    local weights = hy.tensor({ 1, 2, 4 }, { dtype = "f64" })
    assert.same({ { 0, 0, 0 }, { -0.25, 0.25, 0 } },
      gradient(function(p) return p:softmax(2) * weights end, far):totable())
    assert.close({ { -6, 2, 4 }, { -2.5, -1.5, 4 } },
      gradient(function(p) return p:log_softmax(2) * weights end, far), 1e-12)
    assert.same({ { 1, 0 }, { 0, 0 } },
      gradient(function(p) return p:logsumexp(2) end, { { 1, -inf }, { -inf, -inf } }):totable())
  end)

  it("repeated rows add up, in scatter_add as in index", function()
    assert.same({ 2, 0, 1 }, gradient(function(p) return p:index{ 1, 3, 1 } end, { 5, 6, 7 }):totable())
    assert.same({ 3, 3 }, gradient(function(p)
      return hy.zeros({ 3 }, { dtype = "f64" }):scatter_add({ 2, 2 }, p):square() / 2
    end, { 1, 2 }):totable())
  end)
end)

-- A net, its data, and a loss with a term for each of its layers.
local function setting()
  local net = nn.Sequential{ nn.Linear(4, 6, { rng = hy.rng(1) }), nn.BatchNorm1d(6), nn.Tanh(),
    nn.Linear(6, 3, { rng = hy.rng(2) }) }
  local x = hy.randn(20, 4, { rng = hy.rng(3) })
  local labels = hy.randint({ 20 }, 1, 3, { rng = hy.rng(4) })
  return net, x, function() return hy.loss.cross_entropy(net(x), labels) end
end

local function bits(module)
  local all = {}
  for name, tensor in pairs(module:state()) do all[name] = tensor:totable() end
  return all
end

describe("training", function()
  local makers = { Adam = { lr = 0.1, weight_decay = 0.1 }, AdamW = { lr = 0.1 },
    SGD = { lr = 0.1, momentum = 0.9, weight_decay = 0.1 }, RMSprop = { lr = 0.1, momentum = 0.9 } }

  for name, options in pairs(makers) do
    it("leaves frozen parameters bit-equal after a step of " .. name, function()
      local net, _, value = setting()
      net[1]:freeze()
      local before, rest = bits(net[1]), bits(net[4])
      local optimizer = optim[name](options)
      for _ = 1, 3 do
        local tape <close> = hy.tape()
        tape:backward(value())
        optimizer:step(net)
      end
      assert.same(before, bits(net[1]))
      assert.are_not.same(rest, bits(net[4]))
      assert.is_nil(net[1].weight.grad)
    end)
  end

  it("steps by two losses, one after the other, as by their sum", function()
    local function trained(apart)
      local net, x, value = setting()
      local optimizer = optim.SGD{ lr = 0.1 }
      local tape <close> = hy.tape()
      local function second() return net:frozen_averages(net, x):square():mean() end
      if apart then
        tape:backward(value())
        local other <close> = hy.tape()
        other:backward(second())
      else
        tape:backward(value() + second())
      end
      optimizer:step(net)
      return net:state()
    end
    local together, apart = trained(false), trained(true)
    for name, tensor in pairs(together) do assert.close(tensor, apart[name], 1e-6) end
  end)

  it("gives a gradient to a chosen input without filling those of the weights", function()
    local net, x = setting()
    local p = hy.param(x)
    local tape <close> = hy.tape()
    local hidden = net[1](p)
    local value = net(p):square():sum() + hidden:square():sum()
    local by_x, by_hidden = tape:grad(value, { p, hidden })
    assert.is_true(by_x:abs():sum():item() > 0 and by_hidden:abs():sum():item() > 0)
    for _, parameter in ipairs(net:parameters()) do assert.is_nil(parameter.grad) end
    assert.is_nil(p.grad)
  end)

  it("leaves the running averages bit-equal where the batch counts and they are frozen", function()
    local net, x = setting()
    net(x)
    local mean, var = net[2].running_mean:totable(), net[2].running_var:totable()
    net:frozen_averages(function() net(x * 3 + 1) end)
    assert.same(mean, net[2].running_mean:totable())
    assert.same(var, net[2].running_var:totable())
    net(x * 3 + 1)
    assert.are_not.same(mean, net[2].running_mean:totable())
  end)

  it("repeats bit for bit", function()
    local function trained()
      local net, _, value = setting()
      local optimizer = optim.Adam{ lr = 0.01 }
      for _ = 1, 100 do
        local tape <close> = hy.tape()
        tape:backward(value())
        optimizer:step(net)
      end
      return bits(net)
    end
    assert.same(trained(), trained())
  end)
end)
