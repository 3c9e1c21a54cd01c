local hy = require "hyades"
local cluster, data, model, nn, optim, train =
  hy.cluster, hy.data, hy.model, hy.nn, hy.optim, hy.train

--- Deep Embedded Clustering. Xie, Girshick & Farhadi, ICML 2016.
-- k: clusters · net: autoencoder, pretrained here unless given · alpha: Student-t degrees
-- target: "batch" sharpens the rows of a batch, "global" all rows at each refresh
-- refresh: epochs between targets, tol: stop when fewer labels move (both "global" only)
local DEC = model.define("DEC", { k = model.required, net = nn.Autoencoder, init = cluster.KMeans,
  alpha = 1, target = "batch", epochs = 150, refresh = 1, tol = 1e-3, lr = 1e-4, batch = 256,
  rng = hy.rng }, { target = { "batch", "global" } })

--- Student-t similarity of each row of z to each center; rows sum to 1.
function DEC.soft_assign(z, centers, alpha)
  local q = (1 + hy.sqdist(z, centers) / alpha) ^ (-(alpha + 1) / 2)
  return q / q:sum(2, { keep = true })
end

--- The target: q squared, balanced by cluster frequency.
function DEC.target(q)
  local w = q ^ 2 / q:sum(1, { keep = true })
  return w / w:sum(2, { keep = true })
end

--- KL(p ‖ q) of the soft assignment q of a batch and its target p, in one op: p is made of q, or
-- comes from the target of all rows.
-- z: tensor, the embedded rows of the batch · target: tensor n×k
-- → scalar tensor
function DEC:loss(z, target, batch)
  local p = self.target == "global" and target:index(batch.rows) or nil
  return hy.student_kl(z, self.centers, p, { alpha = self.alpha })
end

function DEC:assign(z)
  return DEC.soft_assign(z, self.centers, self.alpha)
end

function DEC:fit(x)
  self.net = train.pretrained(self.net, x, self) -- build and pretrain what is missing
  local z = self.net:transform(x)
  self.centers = hy.param(model.start_centers(self, z)) -- any init, 20 restarts

  local target
  self.labels = nil
  self.history = train.run{
    params = { self.net.encoder, self.centers },
    optimizer = optim.Adam{ lr = self.lr },
    batches = data.Batches{ x, size = self.batch, shuffle = self.rng:split() },
    epochs = self.epochs,
    progress = { desc = "DEC", verbose = self.verbose },
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
      return self:loss(self.net:encode(batch.x), target, batch)
    end,
  }
  self.labels = self:assign(self.net:transform(x)):argmax(2)
  return self
end

return DEC
