local hy = require "hyades"
local cluster, data, loss, model, nn, optim, train =
  hy.cluster, hy.data, hy.loss, hy.model, hy.nn, hy.optim, hy.train

--- A loss of your own, trained together with the reconstruction.
-- k: clusters · loss: function(z, centers, batch) → scalar tensor; z are the embedded rows of
-- batch.x, with gradient; centers k×d are trained as well
-- net: autoencoder, pretrained here unless given · init: of the centers
-- cluster_weight: of your loss · rec_weight, reduction: of the reconstruction; 0 leaves it out
-- scores: function(z, centers) → similarity n×k, by which points join clusters
local Joint = model.define("Joint", { k = model.required, loss = model.required,
  net = nn.Autoencoder, init = cluster.KMeans, epochs = 150, lr = 1e-4, batch = 256,
  cluster_weight = 1, rec_weight = 1, reduction = "sum_dims", scores = loss.student_t,
  rng = hy.rng }, { reduction = { "sum_dims", "mean_dims" } })

function Joint:assign(z)
  return self.scores(z, self.centers)
end

function Joint:fit(x)
  self.net = train.pretrained(self.net, x, self)
  self.centers = hy.param(model.start_centers(self, self.net:transform(x)))
  self.history = train.run{
    params = { self.net, self.centers },
    optimizer = optim.Adam{ lr = self.lr },
    batches = data.Batches{ x, size = self.batch, shuffle = self.rng:split() },
    epochs = self.epochs,
    progress = { desc = "Joint", verbose = self.verbose },
    after_epoch = model.watch(self, x),
    loss = function(batch)
      local z = self.net:encode(batch.x)
      local value = self.cluster_weight * self.loss(z, self.centers, batch)
      if self.rec_weight == 0 then return value end
      return value + self.rec_weight *
        loss.reconstruction(self.net:decode(z), batch.x, { reduction = self.reduction })
    end,
  }
  self.labels = self:assign(self.net:transform(x)):argmax(2)
  return self
end

return Joint
