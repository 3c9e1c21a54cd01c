local hy = require "hyades"
local cluster, data, deep, loss, model, nn, optim, train =
  hy.cluster, hy.data, hy.deep, hy.loss, hy.model, hy.nn, hy.optim, hy.train
local DEC = deep.DEC

--- Improved Deep Embedded Clustering: DEC that keeps its decoder. Guo, Gao, Liu & Yin, IJCAI 2017.
-- k, net, init, alpha, target, refresh, tol: as in DEC · cluster_weight: of the divergence
-- rec_weight: of the reconstruction · reduction: "mean_dims" averages the squared errors of a row, as
-- the authors do; "sum_dims" adds them, and so weighs the clusters d times less
local IDEC = model.define("IDEC", { k = model.required, net = nn.Autoencoder, init = cluster.KMeans,
  alpha = 1, target = "batch", epochs = 150, refresh = 1, tol = 1e-3, lr = 1e-4, batch = 256,
  cluster_weight = 0.1, rec_weight = 1, reduction = "mean_dims", rng = hy.rng },
  { target = { "batch", "global" }, reduction = { "sum_dims", "mean_dims" } })

IDEC.assign = DEC.assign

function IDEC:fit(x)
  self.net = train.pretrained(self.net, x, self)
  self.centers = hy.param(model.start_centers(self, self.net:transform(x)))

  local target
  self.labels = nil
  self.history = train.run{
    params = { self.net, self.centers },
    optimizer = optim.Adam{ lr = self.lr },
    batches = data.Batches{ x, size = self.batch, shuffle = self.rng:split() },
    epochs = self.epochs,
    progress = { desc = "IDEC", verbose = self.verbose },
    after_epoch = model.watch(self, x),
    before_epoch = function(epoch)
      if self.target == "batch" or (epoch - 1) % self.refresh ~= 0 then return end
      local q = self:assign(self.net:transform(x))
      local labels = q:argmax(2)
      local moved = self.labels and labels:ne(self.labels):mean():item() or 1
      target, self.labels = DEC.target(q), labels
      return moved < self.tol and "stop"
    end,
    loss = function(batch)
      local z = self.net:encode(batch.x)
      local rec = loss.reconstruction(self.net:decode(z), batch.x, { reduction = self.reduction })
      return self.cluster_weight * DEC.loss(self, z, target, batch) + self.rec_weight * rec
    end,
  }
  self.labels = self:assign(self.net:transform(x)):argmax(2)
  return self
end

return IDEC
