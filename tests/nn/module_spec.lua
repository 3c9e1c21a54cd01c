-- What all modules share: parameters, modes, state, copies.
require "tests.support"
local hy = require "hyades"
local nn = hy.nn

local function own_module()
  return nn.module{
    head = nn.Linear(3, 2),
    body = nn.Sequential{ nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU() },
    scale = hy.param(hy.ones(1)),
    blocks = { nn.Linear(2, 2) },
    forward = function(self, x)
      return self.blocks[1](self.head(self.body(x))) * self.scale
    end,
  }
end

describe("a module", function()
  it("finds parameters in fields, inner modules and lists, in a fixed order", function()
    local names = {}
    for i, parameter in ipairs(own_module():named_parameters()) do names[i] = parameter.name end
    assert.same({ "blocks.1.weight", "blocks.1.bias", "body.1.weight", "body.1.bias", "body.2.scale",
      "body.2.shift", "head.weight", "head.bias", "scale" }, names)
  end)

  it("counts a shared parameter once", function()
    local layer = nn.Linear(2, 2)
    assert.equal(2, #nn.Sequential{ layer, nn.ReLU(), layer }:parameters())
  end)

  it("needs a forward", function()
    assert.raises(function() nn.module{ layer = nn.Linear(1, 1) } end, "forward = function(self, x)")
  end)

  it("switches the mode of all inner modules", function()
    local net = own_module()
    assert.is_true(net.body[2].training)
    net:eval()
    assert.is_false(net.body[2].training)
    net:train()
    assert.is_true(net.body[2].training)
  end)

  it("gives a state that another one loads", function()
    local a, b = own_module(), own_module()
    b:load(a:state())
    local x = hy.randn(5, 4, { rng = hy.rng(1) })
    assert.close(a:eval()(x):totable(), b:eval()(x))
  end)

  it("gives a state that later training does not change", function()
    local layer = nn.Linear(1, 1)
    local state = layer:state()
    local before = state.weight:item()
    layer.weight:copy(layer.weight:detach() + 1)
    assert.equal(before, state.weight:item())
  end)

  it("names the layer when a state does not fit, and changes nothing", function()
    local net = nn.Sequential{ nn.Linear(2, 3) }
    local before = net[1].weight:totable()
    local state = nn.Sequential{ nn.Linear(2, 3) }:state()
    state["1.bias"] = hy.zeros(4)
    assert.raises(function() net:load(state) end, "1.bias is 3, but the state holds 4")
    state["1.bias"] = nil
    assert.raises(function() net:load(state) end, "the state has no 1.bias")
    state["1.bias"], state.extra = hy.zeros(3), hy.zeros(1)
    assert.raises(function() net:load(state) end, "has no extra")
    assert.same(before, net[1].weight:totable())
  end)

  it("converts to f64 and back to f32", function()
    local net = own_module():to("f64")
    assert.equal("f64", net(hy.zeros(5, 4, { dtype = "f64" })).dtype)
    assert.equal(9, #net:parameters())
    assert.equal("f32", net:to("f32").head.weight.dtype)
  end)

  it("clones without sharing anything", function()
    local net = own_module()
    local copy = net:clone()
    copy.head.weight:fill(0)
    copy.body[2].running_mean:fill(9)
    assert.is_true(net.head.weight:detach():abs():sum():item() > 0)
    assert.close({ 0, 0, 0 }, net.body[2].running_mean)
    assert.equal(9, #copy:parameters())
  end)

  it("clones a shared layer as a shared layer", function()
    local layer = nn.Linear(2, 2)
    assert.equal(2, #nn.Sequential{ layer, layer }:clone():parameters())
  end)

  it("loses its parameters when frozen, and keeps its values", function()
    local net = nn.Sequential{ nn.Linear(2, 2):freeze(), nn.Linear(2, 1) }
    assert.equal(2, #net:parameters())
    local before = net[1].weight:totable()
    do
      local tape <close> = hy.tape()
      tape:backward(net(hy.ones(3, 2)):sum())
      hy.optim.SGD{ lr = 1 }:step(net)
    end
    assert.same(before, net[1].weight:totable())
  end)

  it("sums up its layers in a table", function()
    local text = nn.Autoencoder{ layers = { 784, 500, 500, 2000, 10 } }:summary()
    assert.is_truthy(text:find("encoder.1 +nn%.Linear%(784, 500%) +n×500 +392,500\n"), text)
    assert.is_truthy(text:find("encoder.2 +nn%.LeakyReLU{ slope = 0.01 } +n×500 +0\n"), text)
    assert.is_truthy(text:find("total +3,330,794"), text)
  end)

  it("evaluates in batches, without recording, and restores the mode", function()
    local net = nn.Sequential{ nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5) }
    net[3]:eval()
    local x = hy.randn(10, 4, { rng = hy.rng(2) })
    local small = net:transform(x, { batch = 3 })
    assert.close(net:transform(x):totable(), small)
    assert.is_false(small.requires_grad)
    assert.is_true(net.training)
    assert.is_true(net[2].training)
    assert.is_false(net[3].training)
    assert.close({ 0, 0, 0 }, net[2].running_mean)
  end)

  it("evaluates no rows to no rows", function()
    local net = nn.Autoencoder{ layers = { 4, 3, 2 }, batch_norm = true }
    assert.same({ 0, 2 }, net:transform(hy.zeros(0, 4)):size())
    assert.same({ 0, 3 }, net:features(hy.zeros(0, 4), { "encoder.3" })[1]:size())
  end)

  it("restores the mode after an error", function()
    local net = nn.Sequential{ nn.Linear(4, 3) }
    assert.raises(function() net:transform(hy.zeros(2, 5)) end, "expected rows of length 4")
    assert.is_true(net[1].training)
  end)

  it("can be taken apart and put together again", function()
    local class = require "hyades.class"
    local net = nn.Autoencoder{ layers = { 4, 3, 2 }, batch_norm = true, activation = nn.Tanh }
    local copy = class.unpack(class.pack(net))
    assert.equal(tostring(net), tostring(copy))
    assert.equal(#net:parameters(), #copy:parameters())
    local x = hy.randn(6, 4, { rng = hy.rng(3) })
    assert.close(net:eval()(x):totable(), copy:eval()(x))
  end)
end)
