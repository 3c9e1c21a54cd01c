--- k-means on batches: centers are running means of the points that were nearest to them.
-- Sculley, Web-scale k-means clustering, WWW 2010.
-- k: clusters · batch: points in a batch · max_iter: epochs over the data at most
-- init: as for KMeans; found on 3 batches of points (at least 3k) · n_init: restarts of the start,
--   the one with the smallest inertia on those points is kept
-- patience: batches without a better smoothed inertia after which fit stops
-- discount: what the counts are multiplied with before each batch; below 1 centers stay mobile and
--   forget (0.5 for embeddings that move), and a center whose count runs out starts again
-- reassign: a center with less than this share of the mean count starts again at a random point
-- rng · verbose
-- Fields: labels, centers, inertia (of the last pass over all points), counts (k, f64),
-- iterations (batches), history (smoothed inertia of a point, by batch).

local hy = require "hyades"
local centered = require "hyades.cluster.centered"
local check = require "hyades.check"
local class = require "hyades.class"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local MiniBatchKMeans = model.define("MiniBatchKMeans", { k = model.required, init = "k-means++",
  n_init = 3, batch = 1024, max_iter = 100, patience = 10, discount = 1, reassign = 0.01,
  rng = hy.rng, verbose = false })

-- Centers from some of the points, by the k-means of KMeans without iterations.
local function first_centers(self, x)
  local n = x:size(1)
  local size = math.min(n, 3 * math.max(self.batch, self.k))
  local some = x:index(hy.randperm(n, { rng = self.rng }):narrow(1, 1, size))
  local fixed = class.kind(self.init) == "tensor"
  local start = hy.cluster.KMeans{ k = self.k, init = self.init, n_init = fixed and 1 or self.n_init,
    max_iter = 0, rng = self.rng:split() }
  return model.on_behalf(start, self):fit(some).centers:to "f64"
end

-- Centers that hardly any point is near move to random points of the batch.
local function restart_lost(self, batch)
  local lost = self.counts:lt(self.reassign * self.counts:mean()):nonzero():reshape(-1)
  local n = math.min(lost:numel(), batch:size(1))
  if self.reassign == 0 or n == 0 then return end
  local rows = hy.randperm(batch:size(1), { rng = self.rng }):narrow(1, 1, n)
  local found, kept = batch:index(rows):to "f64", self.counts:max():item() * self.reassign
  for i = 1, n do
    local c = lost[i]:item()
    self.running:narrow(1, c, 1):copy(found:narrow(1, i, 1))
    self.counts:narrow(1, c, 1):copy(hy.full({ 1 }, kept, { dtype = "f64" }))
  end
end

--- Move the centers by one more batch. Starts the model where it has no centers yet.
-- x: tensor n×d, or a dataset
-- → the model; its field `labels` holds the batch's, assigned before the centers moved
function MiniBatchKMeans:partial_fit(x)
  x = points("MiniBatchKMeans", x)
  if not self.running then
    self.running, self.fitted = first_centers(self, x), true
    self.counts = hy.zeros(self.k, { dtype = "f64" })
  end
  local labels, distance = hy.nearest_center(x, self.running:to(x.dtype))
  -- x by x, μ ← (1 − 1/n_c)·μ + x/n_c gives the mean of all that were counted
  local mean, more = hy.label_means(x:to "f64", labels, self.k)
  self.counts = self.counts * self.discount + more
  local rate = (more / self.counts:maximum(1e-300)):reshape(-1, 1)
  self.running = self.running + rate * (mean - self.running)
  self.labels, self.batch_inertia = labels, distance:mean():item()
  self.centers = self.running:to(x.dtype)
  return self
end

-- Epochs of shuffled batches until the smoothed inertia of a point rests.
local function iterate(self, x)
  local n = x:size(1)
  local weight = math.min(1, 2 * self.batch / (n + 1))
  local smoothed, best, waited = nil, math.huge, 0
  local progress <close> = hy.progress(self.max_iter * ((n + self.batch - 1) // self.batch),
    { desc = "MiniBatchKMeans", verbose = self.verbose })
  for _ = 1, self.max_iter do
    local order = hy.randperm(n, { rng = self.rng })
    for first = 1, n, self.batch do
      local rows = order:narrow(1, first, math.min(self.batch, n - first + 1))
      local batch = x:index(rows)
      self:partial_fit(batch)
      restart_lost(self, batch)
      smoothed = smoothed and smoothed + weight * (self.batch_inertia - smoothed)
        or self.batch_inertia
      self.iterations = self.iterations + 1
      self.history[self.iterations] = smoothed
      progress:step():set{ inertia = smoothed }
      if smoothed < best then
        best, waited = smoothed, 0
      else
        waited = waited + 1
        if waited >= self.patience then return end
      end
    end
  end
end

function MiniBatchKMeans:fit(x)
  x = points("MiniBatchKMeans", x, true)
  if x:size(1) < self.k then
    error(("MiniBatchKMeans: k = %d needs at least as many points, got %d"):format(self.k,
      x:size(1)), 0)
  end
  check.number("MiniBatchKMeans", "option discount", self.discount, 0, 1, false, 4)
  self.running = first_centers(self, x)
  self.counts = hy.zeros(self.k, { dtype = "f64" })
  self.iterations, self.history = 0, {}
  iterate(self, x)
  self.centers = self.running:to(x.dtype == "u8" and "f32" or x.dtype)
  local labels, distance = hy.nearest_center(x, self.centers)
  self.labels, self.inertia = labels, distance:to("f64"):sum():item()
  return self
end

MiniBatchKMeans.predict, MiniBatchKMeans.transform = centered.predict, centered.transform

return MiniBatchKMeans
