-- Virtual adversarial training, and batch normalization with frozen averages.
require "tests.support"
local hy = require "hyades"
local loss, nn = hy.loss, hy.nn

local function random(seed, ...) return hy.randn({ ... }, { dtype = "f64", rng = hy.rng(seed) }) end

-- Calls loss.vat with a net that writes down its inputs; returns the loss and the last of them.
local function last_input(net, x, options)
  local last
  local value = loss.vat(function(at)
    last = at:detach()
    return net(at)
  end, x, options)
  return value, last
end

describe("loss.vat", function()
  it("moves along the difference of the weights of a linear model", function()
    local x, w = random(1, 20, 5), random(2, 5, 2)
    local _, last = last_input(function(at) return at:mm(w) end, x,
      { radius = 0.5, xi = 0.1, rng = hy.rng(3) })
    local moved, apart = last - x, w:select(2, 1) - w:select(2, 2)
    local cosine = moved:mm(apart:reshape(5, 1)):reshape(20):abs() / (0.5 * apart:norm())
    assert.is_true(cosine:min():item() > 0.99)
  end)

  it("moves each sample by its radius", function()
    local net, x = nn.MLP{ layers = { 4, 8, 3 }, rng = hy.rng(1) }, random(4, 6, 4):to("f32")
    local radius = hy.tensor{ 0.1, 0.2, 0.3, 0.4, 0.5, 0.6 }
    local _, last = last_input(net, x, { radius = radius, rng = hy.rng(3) })
    assert.close(radius:totable(), (last - x):norm(2), 1e-5)
  end)

  it("is larger than the divergence in a random direction", function()
    local net, x = nn.MLP{ layers = { 4, 16, 3 }, rng = hy.rng(5) }, random(6, 50, 4):to("f32")
    local worst = loss.vat(net, x, { radius = 0.3, xi = 0.5, rng = hy.rng(7) }):item()
    local d = hy.randn(50, 4, { rng = hy.rng(8) })
    d = d / d:norm(2, { keep = true }) * 0.3
    assert.is_true(worst > loss.kl(net(x):softmax(2), net(x + d):softmax(2)):item())
  end)

  it("gives gradients to weights, of the last pass alone", function()
    local net, x = nn.MLP{ layers = { 4, 8, 3 }, rng = hy.rng(9) }, random(10, 12, 4):to("f32")
    local options = { radius = 0.5, xi = 0.5 }
    options.rng = hy.rng(11)
    local tape <close> = hy.tape()
    local value, moved = last_input(net, x, options)
    tape:backward(value)
    local gradient = net[1].weight.grad:totable()
    for _, p in ipairs(net:parameters()) do assert.is_true(p.grad ~= nil) end
    tape:close()
    local again <close> = hy.tape()
    local p = net(x):detach():softmax(2)
    local expected = again:grad(loss.kl(p, net(moved):softmax(2)), { net[1].weight })
    assert.close(expected:totable(), gradient, 1e-5)
  end)

  it("keeps the running averages of a module, and uses the batch", function()
    for _, mode in ipairs{ "train", "eval" } do
      local net = nn.MLP{ layers = { 4, 8, 3 }, batch_norm = true, rng = hy.rng(12) }
      local x = random(13, 16, 4):to("f32") * 3
      local before = net[mode](net):state()
      local tape <close> = hy.tape()
      tape:backward(loss.vat(net, x, { radius = 0.5, xi = 0.5, rng = hy.rng(1) }))
      for name, value in pairs(net:state()) do
        assert.same(before[name]:totable(), value:totable(), name)
      end
      assert.is_nil(rawget(net[2], "averages_frozen"))
      assert.equal(mode == "train", net.training)
    end
  end)

  it("is 0 with finite gradients where nothing changes the prediction", function()
    local w = hy.param(hy.zeros(4, 3))
    local tape <close> = hy.tape()
    local value = loss.vat(function(x) return x:mm(w) end, hy.ones(5, 4), { radius = 1 })
    tape:backward(value)
    assert.close(0, value:item())
    assert.close(hy.zeros(4, 3):totable(), w.grad)
  end)

  it("finds planted clusters together with mutual information", function()
    local blobs = hy.data.blobs{ n = 240, k = 3, d = 4, std = 0.5, box = 4, rng = hy.rng(3) }
    local net = nn.MLP{ layers = { 4, 32, 3 }, batch_norm = true, rng = hy.rng(4) }
    local radius, rng = loss.vat_radius(blobs.x), hy.rng(5)
    hy.train.run{ params = net, optimizer = hy.optim.Adam{ lr = 5e-3 }, epochs = 30,
      batches = hy.data.Batches{ blobs.x, size = 80, shuffle = hy.rng(6) },
      loss = function(batch)
        return loss.mutual_information(net(batch.x):softmax(2), { balance = 4 }) * 0.1
          + loss.vat(net, batch.x, { radius = radius:index(batch.rows), xi = 1, rng = rng })
      end }
    assert.is_true(hy.metrics.ari(blobs.y, net:transform(blobs):argmax(2)) > 0.95)
  end)

  it("repeats itself for the same seed, and takes samples of any shape", function()
    local w = random(14, 6, 3)
    local x = random(15, 5, 2, 3)
    local function value()
      return loss.vat(function(at) return at:reshape(5, 6):mm(w) end, x,
        { radius = hy.full({ 5 }, 0.5), xi = 0.5, rng = hy.rng(2), rounds = 2 }):item()
    end
    assert.equal(value(), value())
    assert.is_true(value() > 0)
  end)

  it("says what is wrong", function()
    local net, x = nn.Linear(4, 3), hy.ones(5, 4)
    assert.raises(function() loss.vat(net, x) end, "loss.vat: option radius is missing")
    assert.raises(function() loss.vat(net, x, { radius = hy.ones(4) }) end,
      "radius must be a number or a tensor of 5")
    assert.raises(function() loss.vat(net, x, { radius = 1, xi = 0 }) end,
      "loss.vat: xi must be a number above 0")
    assert.raises(function() loss.vat(net, x, { radius = 1, rounds = 0.5 }) end,
      "loss.vat: rounds: expected an integer of at least 1")
    assert.raises(function() loss.vat(net, 5, { radius = 1 }) end, "loss.vat: x must be a tensor")
  end)
end)

describe("loss.vat_radius", function()
  it("is a share of the distance to a neighbor", function()
    local x = hy.tensor{ { 0 }, { 1 }, { 3 }, { 7 } }
    assert.close({ 3 * 0.25, 2 * 0.25, 3 * 0.25, 6 * 0.25 }, loss.vat_radius(x, { neighbors = 2 }))
    assert.raises(function() loss.vat_radius(x) end, "neighbors: expected an integer from 1 to 3")
  end)

  it("is the same in blocks", function()
    local x = hy.randn(1500, 3, { rng = hy.rng(1) })
    local all = hy.sqdist(x, x):topk(11, 2, { largest = false }):select(2, 11):sqrt() * 0.25
    assert.close(all:totable(), loss.vat_radius(x), 1e-4)
  end)
end)

describe("module:frozen_averages", function()
  local net = nn.MLP{ layers = { 3, 4, 2 }, batch_norm = true, rng = hy.rng(1) }
  local x = hy.randn(8, 3, { rng = hy.rng(2) })

  it("passes arguments and results on", function()
    assert.same({ 3, "b", nil, 4, n = 4 },
      table.pack(net:frozen_averages(function(a, b) return a, b, nil, 4 end, 3, "b")))
  end)

  it("normalizes by the batch without following it", function()
    local state = net:state()
    local frozen = net:eval():frozen_averages(net, x)
    assert.same(state["2.running_mean"]:totable(), net:state()["2.running_mean"]:totable())
    assert.close(net:train()(x):totable(), frozen)
    assert.not_same(state["2.running_mean"]:totable(), net:state()["2.running_mean"]:totable())
  end)

  it("ends with an error too, and nests", function()
    assert.raises(function() net:frozen_averages(error, "oh dear") end, "oh dear")
    assert.is_nil(rawget(net[2], "averages_frozen"))
    net:frozen_averages(function()
      net:frozen_averages(function() end)
      assert.is_true(net[2].averages_frozen)
    end)
    assert.is_nil(rawget(net[2], "averages_frozen"))
  end)
end)
