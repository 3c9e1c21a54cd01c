--- Every estimator of hy.cluster, for specs that hold for all of them.

local hy = require "hyades"
local class = require "hyades.class"

local estimators = {}

-- Options that an estimator needs, or that make it quick.
local options = { KMeans = { k = 3 }, GMM = { k = 3 }, SubKmeans = { k = 3 },
  NrKmeans = { k = { 3, 2, 1 } }, AutoNR = { n_init = 3 }, NrDipMeans = {}, Orth1 = { k = { 3, 2 } },
  Orth2 = { k = { 3, 2 } }, FOSSCLU = { k = 3 }, FastICA = {}, FourC = { eps = 1, max_dim = 1 },
  KMedians = { k = 3 }, KMedoids = { k = 3 }, LDAKmeans = { k = 3 }, MiniBatchKMeans = { k = 3 },
  ORCLUS = { k = 3, l = 2 }, Whitening = {}, PCA = { k = 2 }, XMeans = {}, GMeans = {}, PGMeans = {},
  SpecialK = {}, GapStatistic = { max_k = 3, references = 3 }, DipExt = {}, DipInit = { k = 3 },
  DipMeans = {}, DipNSub = {}, ProjectedDipMeans = {}, SkinnyDip = {}, TailoredDip = {}, UniDip = {},
  Agglomerative = { k = 3, linkage = "average" }, Spectral = { k = 3 } }
local of_a_line = { UniDip = true, TailoredDip = true }

--- Their names.
estimators.names = class.keys(options)

--- One of them, not fitted.
-- name: string · more: table of options, for those that it has not
-- → model
function estimators.make(name, more)
  local given = { rng = hy.cluster[name].defaults.rng and hy.rng(1) }
  for _, list in ipairs{ options[name], more or {} } do
    for key, value in pairs(list) do given[key] = value end
  end
  return hy.cluster[name](given)
end

--- The columns of x that it takes: all, or the first.
function estimators.columns(name, x)
  return of_a_line[name] and x:narrow(2, 1, 1):contiguous() or x
end

return estimators
