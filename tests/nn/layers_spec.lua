-- Layers: values, modes, errors.
require "tests.support"
local hy = require "hyades"
local nn = hy.nn

local function filled(layer, weight, bias)
  layer.weight:copy(hy.tensor(weight))
  layer.bias:copy(hy.tensor(bias))
  return layer
end

describe("nn.Linear", function()
  it("is x·wᵀ + b", function()
    local layer = filled(nn.Linear(2, 3), { { 1, 2 }, { 3, 4 }, { 5, 6 } }, { 10, 20, 30 })
    assert.close({ { 13, 27, 41 } }, layer(hy.tensor{ { 1, 1 } }))
  end)

  it("passes gradients to weight, bias and input", function()
    local layer = filled(nn.Linear(2, 1), { { 2, -1 } }, { 0 })
    local x = hy.param(hy.tensor{ { 3, 4 }, { 5, 6 } })
    local tape <close> = hy.tape()
    tape:backward(layer(x):sum())
    assert.close({ { 8, 10 } }, layer.weight.grad)
    assert.close({ 2 }, layer.bias.grad)
    assert.close({ { 2, -1 }, { 2, -1 } }, x.grad)
  end)

  it("starts uniform in ±1/√inputs, the same for the same seed", function()
    local a = nn.Linear(100, 200, { rng = hy.rng(7) })
    local b = nn.Linear(100, 200, { rng = hy.rng(7) })
    assert.is_true(a.weight:detach():abs():max():item() <= 0.1)
    assert.is_true(a.weight:detach():abs():max():item() > 0.099)
    assert.close(0, a.weight:detach():mean():item(), 1e-3)
    assert.same(a.weight:totable(), b.weight:totable())
    assert.same(a.bias:totable(), b.bias:totable())
  end)

  it("has no bias when told so", function()
    local layer = nn.Linear(2, 2, { bias = false })
    assert.equal(1, #layer:parameters())
    assert.close({ { 0, 0 } }, layer(hy.zeros(1, 2)))
  end)

  it("names itself when rows have another length", function()
    assert.raises(function() nn.Linear(64, 10)(hy.zeros(60, 3)) end,
      "nn.Linear(64, 10): expected rows of length 64, got 60×3")
  end)

  it("refuses sizes that are none, and unknown options", function()
    assert.raises(function() nn.Linear(0, 2) end, "inputs: expected an integer of at least 1, got 0")
    assert.raises(function() nn.Linear(2, 2, { bais = false }) end, 'did you mean "bias"?')
  end)
end)

describe("a dense layer and its activation", function()
  local x = hy.randn(7, 4, { rng = hy.rng(1) })

  -- value and gradients of the weights of both dense layers
  local function results(net, forward)
    local tape <close> = hy.tape()
    local y = forward(net, x)
    tape:backward(y:square():sum())
    local all = { y:detach():clone() }
    for _, p in ipairs(net:parameters()) do all[#all + 1], p.grad = p.grad, nil end
    return all
  end

  it("run as one op with the same result as two", function()
    for _, name in ipairs{ "ReLU", "LeakyReLU", "Sigmoid", "Tanh", "GELU" } do
      local net = nn.MLP{ layers = { 4, 6, 3 }, activation = nn[name], output = nn[name],
        rng = hy.rng(2) }
      local together = results(net, function(m) return m(x) end)
      local apart = results(net, function(m) return m[4](m[3](m[2](m[1](x)))) end)
      for i, value in ipairs(apart) do assert.close(value, together[i], 1e-6) end
    end
    local steep = nn.Sequential{ nn.Linear(4, 2), nn.LeakyReLU{ slope = -1 } } -- not in hy.linear
    assert.close(steep[2](steep[1](x)), steep(x), 0)
  end)

  it("stay two steps for those who listen, and where a class changes one of them", function()
    local net = nn.MLP{ layers = { 4, 6, 3 }, activation = nn.Tanh }
    local first, second = table.unpack(net:features(x, { 1, 2 }))
    assert.close(net[1](x), first, 0)
    assert.close(first:tanh(), second, 0)
    local Doubled = require("hyades.class").define("Doubled", nn.Tanh)
    function Doubled.forward(_, y) return y * 2 end
    local own = nn.Sequential{ net[1], Doubled() }
    assert.close(first * 2, own(x), 0)
  end)
end)

describe("activations", function()
  it("are modules that apply the op of their name", function()
    local x = hy.tensor{ { -1, 0, 2 } }
    assert.close({ { 0, 0, 2 } }, nn.ReLU()(x))
    assert.close({ { -0.01, 0, 2 } }, nn.LeakyReLU()(x))
    assert.close({ { -0.5, 0, 2 } }, nn.LeakyReLU{ slope = 0.5 }(x))
    assert.close({ { 0.268941, 0.5, 0.880797 } }, nn.Sigmoid()(x), 1e-5)
    assert.close({ { -0.761594, 0, 0.964028 } }, nn.Tanh()(x), 1e-5)
    assert.close({ { 0.313262, 0.693147, 2.126928 } }, nn.Softplus()(x), 1e-5)
    assert.close({ { -0.158655, 0, 1.954500 } }, nn.GELU()(x), 1e-5)
    assert.close({ { -0.268941, 0, 1.761594 } }, nn.SiLU()(x), 1e-5)
    assert.close({ { -0.632121, 0, 2 } }, nn.ELU()(x), 1e-5)
    assert.close({ { 0.042010, 0.114195, 0.843795 } }, nn.Softmax()(x), 1e-5)
    assert.close({ { -1, 0, 2 } }, nn.Identity()(x))
  end)

  it("print their options", function()
    assert.equal("nn.LeakyReLU{ slope = 0.2 }", tostring(nn.LeakyReLU{ slope = 0.2 }))
    assert.equal("nn.ReLU", tostring(nn.ReLU()))
  end)
end)

describe("nn.Dropout", function()
  it("drops about a share p in training and keeps the mean", function()
    local y = nn.Dropout(0.25, { rng = hy.rng(3) })(hy.ones(100, 100))
    local zeros = y:eq(0):mean():item()
    assert.close(0.25, zeros, 0.02)
    assert.close(1, y:mean():item(), 0.03)
  end)

  it("passes everything in evaluation mode", function()
    assert.close({ 1, 1, 1 }, nn.Dropout(0.9):eval()(hy.ones(3)))
  end)

  it("refuses a share that is none", function()
    assert.raises(function() nn.Dropout(1) end, "p must be a number in [0, 1), got 1")
  end)
end)

describe("nn.BatchNorm1d", function()
  local x = hy.tensor{ { 1, 10 }, { 3, 10 }, { 5, 40 } }

  it("gives columns mean 0 and variance 1 in training", function()
    local y = nn.BatchNorm1d(2)(x)
    assert.close({ 0, 0 }, y:mean(1), 1e-5)
    assert.close({ 1, 1 }, y:var(1, { ddof = 0 }), 1e-4)
  end)

  it("uses running averages in evaluation mode, and leaves them alone", function()
    local layer = nn.BatchNorm1d(2, { momentum = 1 })
    layer(x)
    assert.close({ 3, 20 }, layer.running_mean, 1e-5)
    layer:eval()
    assert.close({ { 0, 0 } }, layer(hy.tensor{ { 3, 20 } }), 1e-5)
    assert.close({ 3, 20 }, layer.running_mean, 1e-5)
  end)

  it("keeps its averages in the state, but not among the parameters", function()
    local layer = nn.BatchNorm1d(2)
    assert.equal(2, #layer:parameters())
    assert.is_truthy(layer:state().running_var)
  end)
end)

describe("nn.Sequential", function()
  it("applies layers in order, functions too", function()
    local net = nn.Sequential{ function(x) return x + 1 end, nn.ReLU(), function(x) return x * 2 end }
    assert.close({ 0, 6 }, net(hy.tensor{ -5, 2 }))
  end)

  it("names a layer that is none", function()
    assert.raises(function() nn.Sequential{ nn.ReLU(), 3 } end, "layer 2 is no module: 3")
  end)
end)

describe("nn.MLP", function()
  it("puts linear, batch norm, dropout, activation in this order, and a linear layer last", function()
    local net = nn.MLP{ layers = { 4, 3, 2 }, batch_norm = true, dropout = 0.5, activation = nn.Tanh }
    local names = {}
    for i, layer in ipairs(net) do names[i] = tostring(layer) end
    assert.same({ "nn.Linear(4, 3)", "nn.BatchNorm1d(3)", "nn.Dropout(0.5)", "nn.Tanh",
      "nn.Linear(3, 2)" }, names)
  end)

  it("refuses layers that are no list of widths", function()
    assert.raises(function() nn.MLP{ layers = { 4 } } end, "at least two positive widths")
    assert.raises(function() nn.MLP{ layers = { 4, 2.5 } } end, "at least two positive widths")
    assert.raises(function() nn.MLP{} end, "layers")
  end)
end)
