--- NaN and infinity in data, loss and gradients: a sentence that says where, from every estimator.
require "tests.support"
local hy = require "hyades"
local cluster, data, deep, nn, optim, train = hy.cluster, hy.data, hy.deep, hy.nn, hy.optim, hy.train

local function rows(bad)
  local x = hy.randn(40, 4, { rng = hy.rng(1) })
  if bad then x[{ 3, 2 }] = bad end
  return x
end

for word, bad in pairs{ NaN = 0 / 0, infinite = math.huge } do
  describe("a value that is " .. word, function()
    local sentence = "x is " .. word .. " at row 3, column 2"

    it("is found by the clusterings", function()
      for _, name in ipairs{ "KMeans", "PCA" } do
        assert.raises(function() cluster[name]{ k = 2 }:fit(rows(bad)) end, sentence)
      end
      local fitted = cluster.KMeans{ k = 2, rng = hy.rng(1) }:fit(rows())
      assert.raises(function() fitted:predict(rows(bad)) end, sentence)
      assert.raises(function()
        cluster.KMeans{ k = 2, init = hy.full({ 2, 4 }, bad) }:fit(rows())
      end, "centers is " .. word)
    end)

    it("is found by the deep clusterings, before anything is trained", function()
      for _, name in ipairs{ "DEC", "IDEC", "DCN", "Joint" } do
        local model = deep[name]{ k = 2, layers = { 4, 3, 2 }, epochs = 1, pretrain = { epochs = 1 },
          loss = name == "Joint" and function(z) return z:mean() end or nil }
        assert.raises(function() model:fit(rows(bad)) end, name .. ": " .. sentence)
      end
    end)

    it("is found in the batches by training", function()
      for _, name in ipairs{ "Autoencoder", "VAE", "StackedAutoencoder", "NeighborEncoder" } do
        assert.raises(function()
          nn[name]{ layers = { 4, 3, 2 } }:fit(rows(bad), { epochs = 1, batch = 8, rng = hy.rng(2) })
        end, "the data is " .. word .. " at row 3, column 2")
      end
    end)

    it("in a loss ends training in that step", function()
      local p = hy.param(hy.ones(2))
      assert.raises(function()
        train.run{ params = p, optimizer = optim.SGD{ lr = 0.1 }, epochs = 2,
          batches = data.Batches{ rows(), size = 8 }, loss = function() return p:sum() * bad end }
      end, ("the loss is %s in step 1 (epoch 1); all parameters are finite, and so is the data"):format(word))
    end)
  end)
end

describe("training that diverges", function()
  it("says so: after a gradient that is not finite, the parameter", function()
    local p = hy.param(hy.ones(2))
    assert.raises(function()
      train.run{ params = p, optimizer = optim.SGD{ lr = 0.1 }, epochs = 2,
        batches = data.Batches{ rows(), size = 8 }, loss = function() return (p * 0):sqrt():sum() end }
    end, "first parameter that is not finite: params")
  end)

  it("says so: deep clustering whose embedding is not finite", function()
    assert.raises(function()
      deep.DEC{ k = 2, layers = { 4, 3, 2 }, epochs = 2, lr = 1e30, pretrain = { epochs = 1 },
        rng = hy.rng(1) }:fit(rows())
    end, "DEC: the embedding is not finite after epoch 1")
  end)
end)

describe("options of any size", function()
  it("are refused, or do what they say", function()
    local x = rows()
    for _, k in ipairs{ 41, 1 << 31, 1 << 40, 1 << 62, math.maxinteger } do
      assert.raises(function() cluster.KMeans{ k = k }:fit(x) end, "needs at least as many points")
    end
    for _, size in ipairs{ 41, 1 << 31, 1 << 62, math.maxinteger, 2.0 ^ 62 } do
      local batches = data.Batches{ x, size = size }
      assert.equal(1, batches:count())
      assert.equal(40, batches:epoch()().x:size(1))
      nn.Autoencoder{ layers = { 4, 2 } }:fit(x, { epochs = 1, batch = size })
    end
    cluster.KMeans{ k = 2, max_iter = math.maxinteger }:fit(x)
    assert.raises(function()
      hy.kmeans_plusplus(x, 2, { candidates = math.maxinteger })
    end, "kmeans_plusplus: ")
    for _, name in ipairs{ "k", "max_iter", "n_init" } do
      for _, wrong in ipairs{ 0 / 0, math.huge, -1, 1.5, "2" } do
        local options = { k = 2 }
        options[name] = wrong
        assert.raises(function() cluster.KMeans(options):fit(x) end, name)
      end
    end
  end)
end)
