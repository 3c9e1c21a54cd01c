--- k-means that finds k: a cluster is parted in two unless its points, seen along the line between the
-- two parts, look normal. Hamerly & Elkan, Learning the k in k-means, NIPS 2003.
-- alpha: significance of the test by Anderson and Darling · k_init: clusters to begin with
-- max_k: at most so many, and never more than points · trials: of each split
-- n_init: restarts of the first k-means · verbose: show progress
-- Fields: labels, centers, k, inertia; history, a row per round: { k=, inertia=, pvalue= }, the last
--   one the smallest of its clusters (1 where all have fewer than 8 points, which is too few for the
--   test, or equal ones), and for pictures the same as arrays: ks, scores (the p-values)

local hy = require "hyades"
local centered = require "hyades.cluster.centered"
local check = require "hyades.check"
local grow = require "hyades.cluster.grow"
local model = require "hyades.model"
local normality = require "hyades.cluster.normality"
local points = require "hyades.cluster.points"

local LEAST = 8 -- points, for the test to mean something

local GMeans = model.define("GMeans", { alpha = 1e-4, k_init = 1, max_k = math.huge, trials = 10,
  n_init = 10, rng = hy.rng, verbose = false })

--- How probable it is that a normal cluster looks like this one along the line between its parts.
-- members: tensor m×d · centers: tensor 2×d
-- → p-value
function GMeans.pvalue(members, centers)
  local axis = (centers[1] - centers[2]):to "f64"
  return (normality(members:to("f64"):mm(axis:reshape(-1, 1)):reshape(-1)))
end

function GMeans:fit(x)
  x = points("GMeans", x)
  local n = x:size(1)
  check.number("GMeans", "option alpha", self.alpha, 0, 1)
  check.number("GMeans", "option k_init", self.k_init, 1, n, true)
  check.number("GMeans", "option trials", self.trials, 1, nil, true)
  check.number("GMeans", "option max_k", self.max_k, self.k_init)
  local progress <close> = hy.progress(math.min(self.max_k, n),
    { desc = "GMeans", verbose = self.verbose })
  self.history, self.ks, self.scores = {}, {}, {}
  local function round(found)
    local i = #self.history + 1
    self.labels, self.centers, self.inertia = found.labels, found.centers, found.inertia
    self.k = found.centers:size(1)
    self.history[i] = { k = self.k, inertia = self.inertia, pvalue = 1.0 }
    self.ks[i], self.scores[i] = self.k, 1.0
    progress:step(self.k - progress.done):set{ inertia = self.inertia }
  end
  local function wants(members, parts)
    local p, i = GMeans.pvalue(members, parts.centers), #self.history
    self.scores[i] = math.min(self.scores[i], p)
    self.history[i].pvalue = self.scores[i]
    return p < self.alpha
  end

  local first = hy.cluster.KMeans{ k = self.k_init, n_init = self.n_init,
    rng = self.rng:split() }:fit(x)
  round{ labels = first.labels, centers = first.centers, inertia = first.inertia }
  grow(x, first.labels, first.centers, { wants = wants, least = LEAST,
    max_k = math.min(self.max_k, n), trials = self.trials, rng = self.rng:split(), round = round })
  return self
end

GMeans.predict, GMeans.transform = centered.predict, centered.transform

return GMeans
