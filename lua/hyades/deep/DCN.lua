local hy = require "hyades"
local cluster, data, loss, model, nn, optim, train =
  hy.cluster, hy.data, hy.loss, hy.model, hy.nn, hy.optim, hy.train

--- Deep Clustering Network: k-means in the embedding, network and centers in turns.
-- Yang, Fu, Sidiropoulos & Hong, ICML 2017.
-- k: clusters · net: autoencoder, pretrained here unless given · cluster_weight: λ of λ/2 · k-means
-- rec_weight, reduction: of the reconstruction · count: points a center stands for at the start
-- reinit: "none", or "random": a center without points moves near a random point each epoch
local DCN = model.define("DCN", { k = model.required, net = nn.Autoencoder, init = cluster.KMeans,
  epochs = 150, lr = 1e-4, batch = 256, cluster_weight = 0.1, rec_weight = 1,
  reduction = "sum_dims", count = 100, reinit = "none", rng = hy.rng },
  { reduction = { "sum_dims", "mean_dims" }, reinit = { "none", "random" } })

--- 1 for the nearest center, 0 for the others.
function DCN:assign(z)
  return hy.one_hot(hy.sqdist(z, self.centers):argmin(2), self.k)
end

--- Running means: every new point moves its center by 1/count, and the count grows for ever.
-- The closed form for a batch: the same as point after point, in any order.
-- centers: tensor k×d · counts: tensor k×1 · z: tensor n×d · labels: index tensor n
-- → new centers, new counts
function DCN.follow(centers, counts, z, labels)
  local means, n = hy.label_means(z, labels, centers:size(1))
  n = n:to(counts.dtype):reshape(-1, 1)
  return (counts * centers + n * means) / (counts + n), counts + n
end

-- Moves centers that have lost all points to random points, slightly shifted.
local function revive(self, counts, z, labels)
  local empty = hy.bincount(labels, self.k):eq(0):reshape(-1, 1)
  if empty:sum():item() == 0 then return counts end
  local rows = hy.randint({ self.k }, 1, z:size(1), { rng = self.rng })
  local points = z:index(rows) + hy.randn(self.k, z:size(2), { rng = self.rng }) * 0.01 * z:std(1)
  self.centers = hy.where(empty, points, self.centers)
  return hy.where(empty, hy.full({ self.k, 1 }, self.count), counts)
end

function DCN:fit(x)
  self.net = train.pretrained(self.net, x, self)
  local z = self.net:transform(x)
  self.centers = model.start_centers(self, z)
  self.labels = hy.sqdist(z, self.centers):argmin(2)

  local watch = model.watch(self, x, { hard = true })
  local label = self.labels:totable() -- of every point, as of its last visit
  local counts = hy.full({ self.k, 1 }, self.count)
  local function labels_of(rows)
    local labels = {}
    for i, row in ipairs(rows:totable()) do labels[i] = label[row] end
    return hy.tensor(labels, { dtype = "index" })
  end
  self.history = train.run{
    params = self.net,
    optimizer = optim.Adam{ lr = self.lr },
    batches = data.Batches{ x, size = self.batch, shuffle = self.rng:split() },
    epochs = self.epochs,
    progress = { desc = "DCN", verbose = self.verbose },
    loss = function(batch)
      local code = self.net:encode(batch.x)
      local output = self.net:decode(code)
      local rec = loss.reconstruction(output, batch.x, { reduction = self.reduction })
      local pull = loss.kmeans(code, self.centers, labels_of(batch.rows))
      return self.rec_weight * rec + self.cluster_weight / 2 * pull
    end,
    after_step = function(step)
      local code = self.net:transform(step.batch.x)
      local nearest = hy.sqdist(code, self.centers):argmin(2)
      local moved_to = nearest:totable()
      for i, row in ipairs(step.batch.rows:totable()) do label[row] = moved_to[i] end
      self.centers, counts = DCN.follow(self.centers, counts, code, nearest)
    end,
    after_epoch = function(record)
      if self.reinit == "random" then
        counts = revive(self, counts, self.net:transform(x), hy.tensor(label, { dtype = "index" }))
      end
      return watch(record)
    end,
  }
  self.labels = self:assign(self.net:transform(x)):argmax(2)
  return self
end

return DCN
