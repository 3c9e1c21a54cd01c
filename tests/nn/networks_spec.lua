-- Layer norm, the other autoencoders, and what networks say about themselves.
local S = require "tests.support"
local hy = require "hyades"
local cluster, data, loss, metrics, nn = hy.cluster, hy.data, hy.loss, hy.metrics, hy.nn

local function f64(t) return hy.tensor(t, { dtype = "f64" }) end
local function uniform(...) return hy.rand(..., { dtype = "f64", rng = hy.rng(8) }) * 2 - 1 end

local blobs = data.blobs{ n = 240, k = 3, d = 8, std = 0.5, rng = hy.rng(1) }
blobs.x = blobs.x / 10

-- How well k-means on the embedding finds the three blobs.
local function recovered(net)
  local labels = cluster.KMeans{ k = 3, rng = hy.rng(1) }:fit(net:transform(blobs.x)).labels
  return metrics.ari(blobs.y, labels)
end

-- The network as a file gives it back.
local function through_file(net)
  local folder = S.folder()
  hy.save(folder .. "/net", net)
  local copy = hy.load(folder .. "/net")
  S.remove(folder)
  return copy
end

-- Gradients of fn() for the parameters of a network in f64 agree with differences.
local function gradients_agree(net, fn)
  net:to("f64")
  local places, values = {}, {}
  for _, entry in ipairs(net:modules()) do
    for _, key in ipairs{ "weight", "bias", "scale", "shift" } do
      local value = rawget(entry.module, key)
      if hy.is_tensor(value) then
        places[#places + 1] = { entry.module, key }
        values[#values + 1] = value:detach():clone()
      end
    end
  end
  assert(hy.gradcheck(function(...)
    for i, value in ipairs{ ... } do places[i][1][places[i][2]] = value end
    return fn()
  end, values))
end

describe("nn.LayerNorm", function()
  it("gives rows mean 0 and variance 1, in both modes", function()
    local layer, x = nn.LayerNorm(3), hy.tensor{ { 1, 2, 3 }, { 0, 0, 6 } }
    local expected = { { -1.224745, 0, 1.224745 }, { -0.707107, -0.707107, 1.414214 } }
    assert.close(expected, layer(x), 1e-5)
    assert.close(expected, layer:eval()(x), 1e-5)
    assert.close({ { 0, 0, 0 } }, layer(hy.full({ 1, 3 }, 7)))
  end)

  it("scales and shifts, for tensors of any rank", function()
    local layer = nn.LayerNorm(2)
    layer.scale:copy(hy.tensor{ 2, 3 })
    layer.shift:copy(hy.tensor{ 10, 20 })
    assert.close({ { { 8, 23 }, { 12, 17 } } }, layer(hy.tensor{ { { 0, 4 }, { 5, -5 } } }), 1e-5)
  end)

  it("has the right gradients", function()
    local layer = nn.LayerNorm(4)
    assert(hy.gradcheck(function(x, scale, shift)
      layer.scale, layer.shift = scale, shift
      return layer(x)
    end, { uniform{ 3, 4 }, uniform{ 4 }, uniform{ 4 } }))
  end)

  it("explains wrong sizes", function()
    assert.raises(function() nn.LayerNorm(0) end, "columns must be a positive integer, got 0")
    assert.raises(function() nn.LayerNorm(3)(hy.ones(2, 4)) end,
      "nn.LayerNorm(3): expected rows of length 3, got 2×4")
  end)
end)

describe("nn.MLP", function()
  it("is the product of its layers, worked out by hand", function()
    local net = nn.MLP{ layers = { 2, 2, 1 }, activation = nn.ReLU }
    net[1].weight:copy(hy.tensor{ { 1, -1 }, { 2, 0 } })
    net[1].bias:copy(hy.tensor{ 0, -1 })
    net[3].weight:copy(hy.tensor{ { 3, 4 } })
    net[3].bias:copy(hy.tensor{ 0.5 })
    assert.close({ { 3 * 1 + 4 * 3 + 0.5 }, { 0.5 } }, net(hy.tensor{ { 2, 1 }, { 0, 5 } }))
  end)

  it("has the right gradients", function()
    local net, x = nn.MLP{ layers = { 3, 4, 2 }, activation = nn.Tanh, rng = hy.rng(2) }, uniform{ 5, 3 }
    gradients_agree(net, function() return net(x) end)
  end)
end)

describe("rescale", function()
  local x = hy.randn(50, 8, { rng = hy.rng(1) })

  it("stretches the embedding and leaves the reconstruction", function()
    local net = nn.Autoencoder{ layers = { 8, 16, 3 }, rng = hy.rng(2) }
    local z, output = net:transform(x), net(x)
    assert.equal(net, net:rescale(x, 5))
    assert.close(5, net:transform(x):std(1):mean():item(), 1e-4)
    assert.close(z * (5 / z:std(1):mean():item()), net:transform(x), 1e-4)
    assert.close(output, net(x), 1e-4)
    assert.close(2, net:rescale{ x = x }:transform(x):std(1):mean():item(), 1e-4)
  end)

  it("says what it cannot stretch", function()
    local net = nn.Autoencoder{ layers = { 8, 3 }, rng = hy.rng(2) }
    assert.raises(function() net:rescale(hy.ones(4, 8)) end, "deviates by 0; there is nothing to")
    assert.raises(function() net:rescale(x, -1) end, "nn.Autoencoder:rescale: std")
    assert.raises(function() nn.VAE{ layers = { 8, 3 } }:rescale(x) end,
      "nn.VAE:rescale: the embedding must lie between two nn.Linear")
  end)
end)

describe("nn.StackedAutoencoder", function()
  local function net(options)
    local all = { layers = { 8, 16, 2 }, rng = hy.rng(2) }
    for name, value in pairs(options or {}) do all[name] = value end
    return nn.StackedAutoencoder(all)
  end

  it("trains each pair of layers, then all of them", function()
    local stacked = net():fit(blobs, { layer_epochs = 8, epochs = 5, batch = 64, rng = hy.rng(3) })
    assert.equal(2, #stacked.layer_history)
    for _, history in ipairs(stacked.layer_history) do
      assert.equal(8, #history)
      assert.is_true(history[8].loss < history[1].loss)
    end
    assert.equal(5, #stacked.history)
    assert.is_true(stacked.fitted)
  end)

  it("learns layer by layer what makes the whole start better", function()
    local options = { epochs = 1, batch = 64, rng = hy.rng(3), lr = 1e-2 }
    local plain = nn.Autoencoder{ layers = { 8, 16, 2 }, rng = hy.rng(2) }:fit(blobs, options)
    options.layer_epochs, options.rng = 10, hy.rng(3)
    assert.is_true(net():fit(blobs, options).history[1].loss < 0.7 * plain.history[1].loss)
  end)

  it("gives noise to the input of a layer only: the target stays clean", function()
    local stacked, shapes = net(), {}
    local weight = stacked.encoder[1].weight:totable()
    stacked:fit(blobs, { layer_epochs = 60, epochs = 0, batch = 240, lr = 0.03, rng = hy.rng(3),
      noise = function(h)
        shapes[h:size(2)] = true
        return h * 0
      end })
    assert.same({ [8] = true, [16] = true }, shapes)
    assert.same(weight, stacked.encoder[1].weight:totable()) -- it saw zeros only
    local constant = stacked.decoder[3](stacked.encoder[1](hy.zeros(1, 8))):detach()
    assert.close(blobs.x:mean(1, { keep = true }):totable(), constant, 0.05)
  end)

  it("trains with batch norm and dropout inside, and finds planted clusters", function()
    local stacked = net{ batch_norm = true, dropout = 0.1 }
    stacked:fit(blobs, { layer_epochs = 10, epochs = 30, batch = 64, rng = hy.rng(3) })
    assert.is_true(recovered(stacked) > 0.9)
    assert.is_true(recovered(net():fit(blobs, { layer_epochs = 10, epochs = 20, batch = 64,
      rng = hy.rng(3) })) > 0.9)
  end)

  it("gives the same bits for the same seeds, and survives a file", function()
    local options = { layer_epochs = 2, epochs = 2, batch = 64 }
    options.rng = hy.rng(3)
    local a = net():fit(blobs, options)
    options.rng = hy.rng(3)
    local b = net():fit(blobs, options)
    assert.same(a:transform(blobs.x):totable(), b:transform(blobs.x):totable())
    assert.same(a:transform(blobs.x):totable(), through_file(a):transform(blobs.x):totable())
  end)

  it("goes on from the layer at which it was killed", function()
    local function fit(folder, hook)
      local stacked = net{ batch_norm = true }
      stacked:fit(blobs, { layer_epochs = 3, epochs = 3, batch = 64, rng = hy.rng(3),
        checkpoint = folder and folder .. "/net",
        loss = hook and function() error("killed", 0) end })
      return stacked:transform(blobs.x):totable()
    end
    local folder = S.folder()
    assert.raises(function() fit(folder, true) end, "killed") -- after both layers
    local resumed = fit(folder)
    S.remove(folder)
    assert.same(fit(), resumed)
  end)

  it("is a network for deep models", function()
    local model = hy.deep.DEC{ k = 3, net = nn.StackedAutoencoder, layers = { 8, 16, 2 },
      pretrain = { epochs = 15, layer_epochs = 8 }, epochs = 2, batch = 64, rng = hy.rng(4) }
    assert.is_true(metrics.ari(blobs.y, model:fit(blobs).labels) > 0.9)
  end)

  it("explains wrong options", function()
    assert.raises(function() net():fit(blobs, { noise = 2 }) end, "noise: expected a number from 0 to")
    assert.raises(function() net():fit(blobs, { layer_epoch = 2 }) end, 'did you mean "layer_epochs"?')
    assert.raises(function() nn.StackedAutoencoder{ layers = 5 } end,
      "nn.StackedAutoencoder: layers must list at least two positive widths")
  end)
end)

describe("nn.VAE", function()
  it("measures the divergence worked out by hand", function()
    local mean, log_variance = hy.tensor{ { 1, 0 }, { 0, 0 } }, hy.tensor{ { 0, 0 }, { math.log(4), 0 } }
    assert.close((0.5 + (3 - math.log(4)) / 2) / 2, nn.VAE.divergence(mean, log_variance):item(), 1e-6)
    assert.close(0, nn.VAE.divergence(hy.zeros(3, 2), hy.zeros(3, 2)):item())
  end)

  it("samples with the mean and variance that it encodes", function()
    local net = nn.VAE{ layers = { 4, 2 }, rng = hy.rng(1) }
    local z = net:sample(hy.full({ 20000, 1 }, 3), hy.full({ 20000, 1 }, math.log(4)))
    assert.close(3, z:mean():item(), 0.05)
    assert.close(2, z:std():item(), 0.05)
  end)

  it("has one body and two heads, and transform gives the means", function()
    local net = nn.VAE{ layers = { 6, 5, 4, 2 }, activation = nn.ReLU, rng = hy.rng(1) }
    local x = hy.rand(3, 6, { rng = hy.rng(2) })
    local mean, log_variance = net:encode(x)
    assert.same({ 3, 2 }, mean:size())
    assert.same({ 3, 2 }, log_variance:size())
    local h = net.encoder.body(x)
    assert.close(net.encoder.mean(h):totable(), mean)
    assert.is_true(h:min():item() >= 0) -- an activation after the last layer of the body too
    assert.close(mean:totable(), net:transform(x), 1e-6)
    assert.same({ 3, 6 }, net(x):size())
    assert.equal(5 * 6 + 5 + 4 * 5 + 4 + 2 * (2 * 4 + 2) + (4 * 2 + 4) + (5 * 4 + 5) + (6 * 5 + 6),
      tonumber((net:summary():match "total +([%d,]+)"):gsub(",", ""), 10))
  end)

  it("decodes probabilities, or any number when gaussian", function()
    local z = hy.randn(50, 2, { rng = hy.rng(1) }) * 100
    local p = nn.VAE{ layers = { 4, 2 }, rng = hy.rng(1) }:decode(z)
    assert.is_true(p:min():item() >= 0 and p:max():item() <= 1)
    local y = nn.VAE{ layers = { 4, 2 }, likelihood = "gaussian", rng = hy.rng(1) }:decode(z)
    assert.is_true(y:min():item() < 0 and y:max():item() > 1)
  end)

  it("reconstructs from a draw in training, from the mean in evaluation", function()
    local net, x = nn.VAE{ layers = { 4, 2 }, rng = hy.rng(1) }, hy.rand(2, 4, { rng = hy.rng(2) })
    assert.not_same(net(x):totable(), net(x):totable())
    net:eval()
    assert.same(net(x):totable(), net(x):totable())
    assert.same(net:decode((net:encode(x))):totable(), net(x):totable())
  end)

  it("has the right gradients, of both likelihoods", function()
    for _, likelihood in ipairs{ "bernoulli", "gaussian" } do
      local net = nn.VAE{ layers = { 4, 3, 2 }, likelihood = likelihood, activation = nn.Tanh, beta = 2,
        rng = hy.rng(1) }
      local x = hy.rand(5, 4, { dtype = "f64", rng = hy.rng(2) })
      gradients_agree(net, function()
        net.rng = hy.rng(3)
        return net:fit_loss(x, x, nil, {})
      end)
    end
  end)

  it("adds up reconstruction and divergence as worked out by hand", function()
    local net = nn.VAE{ layers = { 2, 1 }, beta = 3, rng = hy.rng(1) }:eval()
    for _, p in ipairs(net:parameters()) do p:fill(0) end
    net.encoder.mean.bias:fill(2)
    local x = hy.tensor{ { 1, 0 }, { 0, 0 } }
    assert.close(2 * math.log(2) + 3 * 2, net:fit_loss(x, x, nil, {}):item(), 1e-6)
    net.likelihood = "gaussian"
    assert.close(0.5 + 3 * 2, net:fit_loss(x, x, nil, {}):item(), 1e-6)
  end)

  it("trains, generates, finds planted clusters and survives a file", function()
    local net = nn.VAE{ layers = { 8, 16, 2 }, likelihood = "gaussian", beta = 0.1, rng = hy.rng(2) }
    net:fit(blobs, { epochs = 30, batch = 64, lr = 5e-3, rng = hy.rng(3) })
    assert.is_true(net.history[30].loss < net.history[1].loss)
    assert.is_true(recovered(net) > 0.9)
    assert.same({ 7, 8 }, net:generate(7, { rng = hy.rng(1) }):size())
    assert.is_true(net.training)
    local copy = through_file(net)
    assert.same(net:transform(blobs.x):totable(), copy:transform(blobs.x):totable())
    assert.same({ 2, 8 }, copy:generate(2):size())
  end)

  it("explains wrong options", function()
    assert.raises(function() nn.VAE{ layers = { 4, 2 }, likelihood = "normal" } end,
      'likelihood must be "bernoulli" or "gaussian", got "normal"')
    assert.raises(function() nn.VAE{ layers = { 4 } } end, "nn.VAE: layers must list at least two")
    assert.raises(function() nn.VAE{ layers = { 4, 2 }, output = nn.ReLU } end, 'unknown option "output"')
  end)
end)

describe("nn.NeighborEncoder", function()
  it("finds the nearest other rows, the nearest first", function()
    local nearest = nn.NeighborEncoder.nearest
    local rows = nearest(hy.tensor{ { 0 }, { 1 }, { 3 }, { 7 } }, 2)
    assert.same({ { 2, 3 }, { 1, 3 }, { 2, 1 }, { 3, 2 } }, rows:totable())
    assert.same({ { 2 }, { 1 }, { 1 } }, nearest(hy.tensor{ { 0 }, { 0 }, { 5 } }, 1):totable())
    assert.raises(function() nearest(hy.ones(3, 1), 3) end, "3 rows do not have 3 neighbors each")
  end)

  it("has a decoder for each neighbor and one for the row", function()
    local net = nn.NeighborEncoder{ layers = { 6, 4, 2 }, neighbors = 3, rng = hy.rng(1) }
    local own, others = net(hy.ones(5, 6))
    assert.same({ 5, 6 }, own:size())
    assert.equal(3, #others)
    assert.same({ 5, 6 }, others[3]:size())
    assert.is_truthy(net:summary():find("decoders.3.3 +nn%.Linear%(4, 6%) +n×6"))
    local without = nn.NeighborEncoder{ layers = { 6, 2 }, own = false }
    assert.raises(function() without:decode(hy.ones(1, 2)) end, "no decoder of its own")
    assert.is_nil((without(hy.ones(5, 6))))
  end)

  it("adds up the errors of all decoders", function()
    local net = nn.NeighborEncoder{ layers = { 1, 1 }, neighbors = 2 }
    for _, p in ipairs(net:parameters()) do p:fill(0) end
    local x = hy.tensor{ { 1 }, { 2 }, { 4 } }
    local given = { x = x }
    local function total()
      local batch = data.Batches{ net:fit_sources(x) }:epoch()()
      return net:fit_loss(batch.x, batch.x, batch, given):item()
    end
    -- rows 1, 4, 16; nearest 4, 1, 4; second 16, 16, 1
    assert.close((21 + 9 + 33) / 3, total(), 1e-5)
    net.decoder = nil
    assert.close((9 + 33) / 3, total(), 1e-5)
  end)

  it("has the right gradients", function()
    local net = nn.NeighborEncoder{ layers = { 3, 3, 2 }, neighbors = 2, activation = nn.Tanh,
      rng = hy.rng(2) }
    local x = uniform{ 6, 3 }
    local batch = data.Batches{ net:fit_sources(x) }:epoch()()
    gradients_agree(net, function() return net:fit_loss(batch.x, batch.x, batch, { x = x }) end)
  end)

  it("trains, finds planted clusters and survives a file", function()
    for _, own in ipairs{ true, false } do
      local net = nn.NeighborEncoder{ layers = { 8, 16, 2 }, neighbors = 3, own = own, rng = hy.rng(2) }
      net:fit(blobs, { epochs = 20, batch = 64, lr = 5e-3, rng = hy.rng(3) })
      assert.is_true(net.history[20].loss < net.history[1].loss)
      assert.is_true(recovered(net) > 0.9)
      assert.same(net:transform(blobs.x):totable(), through_file(net):transform(blobs.x):totable())
    end
  end)

  it("takes bytes", function()
    local bytes = (blobs.x * 50 + 100):clamp(0, 255):floor():to("u8")
    local net = nn.NeighborEncoder{ layers = { 8, 2 }, neighbors = 2, rng = hy.rng(2) }
    assert.equal(1, #net:fit(bytes, { epochs = 1, rng = hy.rng(1) }).history)
  end)
end)

describe("net:features", function()
  local net = nn.Autoencoder{ layers = { 8, 6, 4, 2 }, batch_norm = true, dropout = 0.5, rng = hy.rng(1) }
  local x = blobs.x

  it("gives what layers give in evaluation mode, by name, position or module", function()
    local found = net:features(x, { "encoder.1", net.encoder, "decoder" })
    assert.close(net:transform(x):totable(), found[2])
    assert.same({ 240, 6 }, found[1]:size())
    assert.same({ 240, 8 }, found[3]:size())
    assert.same(found[1]:totable(), net.encoder:features(x, { 1 })[1]:totable())
    assert.is_false(found[1].requires_grad)
    assert.is_true(net.training)
  end)

  it("does not depend on the batches, and leaves the network as it was", function()
    local layers = { "encoder.4", "encoder.4" }
    local small, big = net:features(x, layers, { batch = 7 }), net:features(x, layers)
    assert.close(big[1]:totable(), small[1], 1e-5)
    assert.same(big[1]:totable(), big[2]:totable())
    for _, entry in ipairs(net:modules()) do assert.is_nil(rawget(entry.module, "forward")) end
    local mine = nn.module{ inner = nn.Linear(8, 2),
      forward = function(self, rows) return self.inner(rows) end }
    local forward = mine.forward
    mine:features(x, { mine })
    assert.equal(forward, mine.forward)
  end)

  it("makes features for a clustering of several layers together", function()
    local trained = nn.Autoencoder{ layers = { 8, 16, 2 }, rng = hy.rng(2) }
    trained:fit(blobs, { epochs = 20, batch = 64, lr = 5e-3, rng = hy.rng(3) })
    local together = hy.cat(trained:features(x, { "encoder.2", "encoder" }), 2)
    local z = cluster.PCA{ k = 2 }:fit_transform(together)
    local labels = cluster.KMeans{ k = 3, rng = hy.rng(1) }:fit(z).labels
    assert.is_true(metrics.ari(blobs.y, labels) > 0.9)
  end)

  it("says what is no layer", function()
    assert.raises(function() net:features(x, { "encodr.1" }) end, 'no layer "encodr.1"; did you mean "')
    assert.raises(function() net:features(x, {}) end, "layers must list names, positions or modules")
    assert.raises(function() net:features(x, "encoder") end, "layers must list names")
    assert.raises(function() net:features(5, { "encoder" }) end, "expected a tensor with rows or a dataset")
    local lazy = nn.module{ used = nn.Linear(8, 2), idle = nn.Linear(8, 2),
      forward = function(self, rows) return self.used(rows) end }
    assert.raises(function() lazy:features(x, { "idle" }) end, "gives no tensor in the forward pass")
    assert.raises(function() net:features(hy.ones(2, 3), { "encoder" }) end, "expected rows of length 8")
    for _, entry in ipairs(net:modules()) do assert.is_nil(rawget(entry.module, "forward")) end
  end)
end)

describe("net:summary", function()
  it("shows layers, output shapes and parameters", function()
    assert.equal([[
nn.MLP
  1      nn.Linear(4, 3)    n×3  15
  2      nn.BatchNorm1d(3)  n×3   6
  3      nn.ReLU            n×3   0
  4      nn.Linear(3, 2)    n×2   8
  total                          29]],
      nn.MLP{ layers = { 4, 3, 2 }, activation = nn.ReLU, batch_norm = true }:summary())
  end)

  it("takes an example where the first layer does not tell its width", function()
    local net = nn.Sequential{ nn.ReLU(), function(x) return x:narrow(2, 1, 3) end, nn.Linear(3, 2) }
    assert.is_truthy(net:summary{ 5, 7 }:find "1 +nn.ReLU +n×7")
    assert.is_truthy(net:summary(hy.ones(2, 7)):find "3 +nn.Linear%(3, 2%) +n×2 +8")
    assert.raises(function() net:summary{ 5, 2 } end, "narrow")
  end)

  it("counts a shared layer once, and changes no running average", function()
    local layer = nn.Linear(2, 2)
    assert.is_truthy(nn.Sequential{ layer, layer }:summary():find "total +6$")
    local net = nn.Sequential{ nn.BatchNorm1d(2) }
    net:summary(hy.full({ 4, 2 }, 9))
    assert.close({ 0, 0 }, net[1].running_mean)
    assert.is_true(net.training)
  end)
end)

describe("an autoencoder", function()
  it("passes on what training takes: schedule, clipping, early stop, validation", function()
    local net = nn.Autoencoder{ layers = { 8, 2 }, rng = hy.rng(1) }
    net:fit(blobs, { epochs = 9, batch = 64, rng = hy.rng(2), clip = 1, validation = blobs,
      schedule = hy.optim.schedule.constant(0), early_stop = { patience = 2 } })
    assert.equal(3, #net.history)
    assert.close(loss.reconstruction(net(blobs.x), blobs.x):item(), net.history[1].validation, 1e-5)
  end)

  it("corrupts its input in training, never in the validation", function()
    local net, seen = nn.Autoencoder{ layers = { 8, 2 }, rng = hy.rng(1) }, {}
    net:fit(blobs, { epochs = 1, batch = 240, rng = hy.rng(2), validation = blobs,
      corrupt = function(x)
        seen[#seen + 1] = true
        return x * 0
      end })
    assert.equal(1, #seen)
  end)
end)

describe("f64 data", function()
  it("trains networks in f64", function()
    local net = nn.Autoencoder{ layers = { 2, 1 }, rng = hy.rng(1) }:to("f64")
    net:fit(f64{ { 1, 2 }, { 3, 4 } }, { epochs = 2, clip = 1, rng = hy.rng(1) })
    assert.equal("f64", net:transform(f64{ { 1, 2 } }).dtype)
  end)
end)
