-- Deep models on planted clusters, and their common interface.
local S = require "tests.support"
local hy = require "hyades"
local class = require "hyades.class"
local cluster, data, deep, metrics, nn = hy.cluster, hy.data, hy.deep, hy.metrics, hy.nn

local blobs = data.blobs{ n = 300, k = 3, d = 8, std = 0.5, rng = hy.rng(1) }
blobs.x = blobs.x / 10

local function small_net(seed)
  return nn.Autoencoder{ layers = { 8, 32, 3 }, rng = hy.rng(seed or 5) }
end

local pretrained = small_net():fit(blobs, { epochs = 30, batch = 64, rng = hy.rng(6) })

local function options(more)
  local all = { k = 3, net = pretrained:clone(), epochs = 5, batch = 64, rng = hy.rng(7) }
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

local function pull(z, centers) return hy.sqdist(z, centers):min(2):mean() end

local function each_model(fn)
  for _, name in ipairs{ "DEC", "IDEC", "DCN", "Joint" } do
    fn(name, deep[name](options(name == "Joint" and { loss = pull } or {})))
  end
end

describe("deep models", function()
  it("find planted clusters", function()
    each_model(function(name, model)
      model:fit(blobs)
      assert.is_true(metrics.ari(blobs.y, model.labels) > 0.95, name)
      assert.is_true(metrics.ari(blobs.y, model.kmeans_labels) > 0.95, name)
    end)
  end)

  it("have labels, soft, kmeans_labels, centers, history and net after fit", function()
    each_model(function(name, model)
      assert.equal(model, model:fit(blobs.x))
      assert.same({ 300 }, model.labels:size(), name)
      assert.equal("index", model.labels.dtype)
      assert.same({ 300, 3 }, model.soft:size())
      assert.close(hy.ones(300):totable(), model.soft:sum(2), 1e-5)
      assert.same(model.labels:totable(), model.soft:argmax(2):totable())
      assert.same({ 300 }, model.kmeans_labels:size())
      assert.same({ 3, 3 }, model.centers:size())
      assert.equal(5, #model.history)
      assert.same({ 300, 3 }, model:transform(blobs.x):size())
      assert.same(model.labels:totable(), model:predict(blobs):totable())
    end)
  end)

  it("repeat themselves for the same seed", function()
    each_model(function(name, model)
      local again = deep[name](options(name == "Joint" and { loss = pull } or {}))
      assert.same(model:fit_predict(blobs):totable(), again:fit_predict(blobs):totable())
      assert.equal(model.history[5].loss, again.history[5].loss)
    end)
  end)

  it("do not pretrain a network that has been", function()
    local net = pretrained:clone()
    local model = deep.DEC(options{ net = net, epochs = 0 }):fit(blobs)
    assert.equal(net, model.net)
    assert.same(pretrained.encoder[1].weight:totable(), net.encoder[1].weight:totable())
  end)

  it("build and pretrain a network from layers", function()
    local model = deep.DEC{ k = 3, layers = { 8, 16, 2 }, pretrain = { epochs = 2, lr = 1e-2 },
      epochs = 1, rng = hy.rng(1) }:fit(blobs)
    assert.same({ 300, 2 }, model:transform(blobs):size())
    assert.equal(2, #model.net.history)
  end)

  it("start from centers of any kind", function()
    local z = pretrained:transform(blobs.x)
    local first = z:narrow(1, 1, 3)
    local function with(init)
      return deep.DEC(options{ init = init, epochs = 0 }):fit(blobs).centers:totable()
    end
    assert.same(first:totable(), with(first))
    assert.same(first:totable(), with(function(points, k, rng)
      assert.equal(3, k)
      assert.is_truthy(rng:split())
      return points:narrow(1, 1, k)
    end))
    assert.equal(3, #with "random")
    assert.equal(3, #with(cluster.KMeans))
    assert.raises(function() with(hy.zeros(2, 3)) end, "DEC: init must give centers 3×3, got 2×3")
  end)

  it("say what is wrong with options and data", function()
    assert.raises(function() deep.DEC{} end, "k")
    assert.raises(function() deep.DEC{ k = 3, epocs = 3 } end, 'did you mean "epochs"?')
    assert.raises(function() deep.DEC{ k = 3 }:fit(7) end, "DEC: x must be a tensor n×d or a dataset")
    assert.raises(function() deep.DEC{ k = 3 }:predict(blobs) end, "DEC: call fit first")
    assert.raises(function() deep.DEK{ k = 3 } end, "did you mean")
    assert.raises(function() deep.DEC{ k = 3, target = "globl" } end,
      'DEC: option target must be "batch" or "global", got "globl"; did you mean "global"?')
    assert.raises(function() deep.DCN{ k = 3, net = 5 }:fit(blobs) end,
      "net must be an autoencoder or a constructor of one, got 5")
    assert.raises(function() deep.IDEC{ k = 3, pretrain = { epoch = 5 } }:fit(blobs) end,
      'did you mean "epochs"?')
  end)

  it("print their class and options", function()
    assert.equal("DEC{ k = 3 }", tostring(deep.DEC{ k = 3 }))
    assert.is_truthy(tostring(deep.DEC(options{ epochs = 0 }):fit(blobs)):find "%(fitted%)")
  end)

  it("predict the same after they were taken apart and put together", function()
    each_model(function(name, model)
      model:fit(blobs)
      local state = model:state()
      if name == "Joint" then state.fields.loss = nil end -- a file holds no functions
      local copy = class.find("deep." .. name).restore(state)
      assert.same(model.labels:totable(), copy:predict(blobs):totable())
      if name == "Joint" then
        assert.raises(function() copy:fit(blobs) end, "Joint: set loss again")
      end
    end)
  end)
end)

describe("a saved deep model", function()
  it("comes back with the same labels and network", function()
    local folder = S.folder()
    local model = deep.DEC(options()):fit(blobs)
    hy.save(folder .. "/dec.safetensors", model)
    local copy = hy.load(folder .. "/dec.safetensors")
    S.remove(folder)
    assert.equal(tostring(model), tostring(copy))
    assert.same(model.labels:totable(), copy:predict(blobs):totable())
    assert.same(model.soft:totable(), copy.soft:totable())
    assert.equal(5, #copy:fit(blobs).history)
  end)

  it("says which function it lacks", function()
    local folder = S.folder()
    local path = folder .. "/joint.safetensors"
    local _, skipped = hy.save(path, deep.Joint(options{ loss = pull }):fit(blobs))
    assert.same({ "loss" }, skipped)
    local copy = hy.load(path)
    S.remove(folder)
    assert.raises(function() copy:fit(blobs) end, "Joint: set loss again: functions are not saved")
    copy.loss = pull
    assert.is_true(metrics.ari(blobs.y, copy:fit(blobs).labels) > 0.95)
  end)
end)

describe("deep.DEC", function()
  it("assigns as worked out by hand", function()
    local q = deep.DEC.soft_assign(hy.tensor{ { 0, 0 }, { 1, 0 }, { 3, 1 } },
      hy.tensor{ { 0, 0 }, { 2, 1 } }, 1)
    assert.close({ { 0.857143, 0.142857 }, { 0.6, 0.4 }, { 0.153846, 0.846154 } }, q, 1e-6)
    assert.close({ { 0.968789, 0.031211 }, { 0.659861, 0.340139 }, { 0.027713, 0.972287 } },
      deep.DEC.target(q), 1e-5)
  end)

  it("stops with global targets when labels rest", function()
    local model = deep.DEC(options{ target = "global", epochs = 50 }):fit(blobs)
    assert.is_true(#model.history < 50)
  end)

  it("makes assignments more certain", function()
    local before = deep.DEC(options{ epochs = 0 }):fit(blobs)
    local after = deep.DEC(options{ epochs = 10 }):fit(blobs)
    assert.is_true(after.soft:max(2):mean():item() > before.soft:max(2):mean():item())
  end)

  it("does not train the decoder, IDEC does", function()
    local function decoder_moved(name)
      local model = deep[name](options()):fit(blobs)
      return (model.net.decoder[1].weight:detach() - pretrained.decoder[1].weight:detach()):abs()
        :sum():item() > 0
    end
    assert.is_false(decoder_moved "DEC")
    assert.is_true(decoder_moved "IDEC")
  end)
end)

describe("deep.DCN", function()
  it("moves centers as worked out by hand", function()
    local centers, counts = deep.DCN.follow(hy.tensor{ { 0, 0 }, { 2, 1 } }, hy.full({ 2, 1 }, 100),
      hy.tensor{ { 0, 0 }, { 1, 0 }, { 3, 1 } }, hy.tensor({ 1, 1, 2 }, { dtype = "index" }))
    assert.close({ { 0.00980392, 0 }, { 2.00990099, 1 } }, centers, 1e-6)
    assert.close({ { 102 }, { 101 } }, counts)
  end)

  it("follows points one by one to the same place", function()
    local rng = hy.rng(4)
    local start, z = hy.randn(3, 2, { rng = rng }), hy.randn(20, 2, { rng = rng })
    local labels = hy.sqdist(z, start):argmin(2)
    local centers, counts = start, hy.full({ 3, 1 }, 100)
    for i = 1, 20 do
      centers, counts = deep.DCN.follow(centers, counts, z:narrow(1, i, 1), labels:narrow(1, i, 1))
    end
    local at_once = deep.DCN.follow(start, hy.full({ 3, 1 }, 100), z, labels)
    assert.close(at_once:totable(), centers, 1e-5)
  end)

  it("keeps a center without points, or revives it when told so", function()
    local z = pretrained:transform(blobs.x)
    local far = hy.cat({ z:narrow(1, 1, 2), hy.full({ 1, 3 }, 1e3) }, 1)
    local kept = deep.DCN(options{ init = far }):fit(blobs)
    assert.close({ 1e3, 1e3, 1e3 }, kept.centers[3], 1e-6)
    local revived = deep.DCN(options{ init = far, reinit = "random" }):fit(blobs)
    assert.is_true(revived.centers[3]:abs():max():item() < 100)
  end)
end)

describe("deep.Joint", function()
  it("hands the loss embedding, centers and batch", function()
    local seen
    deep.Joint(options{ epochs = 1, loss = function(z, centers, batch)
      seen = { z:size(), centers:size(), batch.x:size(), z.requires_grad, centers.requires_grad }
      return pull(z, centers)
    end }):fit(blobs)
    assert.same({ { 44, 3 }, { 3, 3 }, { 44, 8 }, true, true }, seen) -- 300 = 4 · 64 + 44
  end)

  it("needs a loss", function()
    assert.raises(function() deep.Joint{ k = 3 } end, "loss")
  end)
end)

describe("after_epoch", function()
  for _, name in ipairs{ "DEC", "IDEC", "DCN" } do
    it("sees every epoch of " .. name .. " and can end it", function()
      local epochs = {}
      local fitted = deep[name]{ k = 3, net = small_net(), epochs = 9, rng = hy.rng(1),
        after_epoch = function(model, record)
          assert.equal(blobs.x:size(1), model.net:transform(blobs):size(1))
          epochs[#epochs + 1] = record.epoch
          return record.epoch == 3 and "stop"
        end }:fit(blobs)
      assert.same({ 1, 2, 3 }, epochs)
      assert.equal(3, #fitted.history)
    end)
  end

  it("is a function", function()
    assert.raises(function() deep.DEC{ k = 3, after_epoch = 3 } end,
      "DEC: option after_epoch must be a function(model, record), got 3")
  end)
end)

describe("nn.Autoencoder", function()
  it("mirrors its layers, with plain embedding and output", function()
    local net = nn.Autoencoder{ layers = { 8, 6, 4, 2 }, output = nn.Sigmoid }
    local names = {}
    for _, half in ipairs{ net.encoder, net.decoder } do
      for _, layer in ipairs(half) do names[#names + 1] = tostring(layer):match "%.(%w+)" end
    end
    assert.equal("Linear LeakyReLU Linear LeakyReLU Linear Linear LeakyReLU Linear LeakyReLU Linear "
      .. "Sigmoid", table.concat(names, " "))
  end)

  it("learns to reconstruct", function()
    local history = pretrained.history
    assert.is_true(history[#history].loss < history[1].loss / 3)
  end)

  it("corrupts the input only, and only in training", function()
    local net, calls = small_net(), 0
    net:fit(blobs, { epochs = 1, batch = 300, rng = hy.rng(1), corrupt = function(x)
      calls = calls + 1
      return x * 0
    end, loss = function(output, clean)
      assert.is_true(clean:abs():sum():item() > 0)
      return hy.loss.reconstruction(output, clean)
    end })
    net:transform(blobs)
    assert.equal(1, calls)
  end)
end)
