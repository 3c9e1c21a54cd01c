--- Independent components: the directions along which the data look least Gaussian.
-- Hyvärinen, Fast and robust fixed-point algorithms for independent component analysis, 1999.
-- k: components (default: as many as whitening leaves) · fun: "tanh" or "cube", the nonlinearity
-- max_iter: iterations · tol: stop when every direction has turned less, 1 − |cos| · rng
-- Fields: components k×d, transform(x) = (x − mean)·componentsᵀ with covariance 1; mixing d×k, its
-- pseudo-inverse; mean; rotation k×k, in whitened space; iterations; history, the cosine of the
-- direction that turned most; warning, or nil. Order and sign of components mean nothing; at most
-- one source may be Gaussian.

local hy = require "hyades"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"
local Whitening = require "hyades.cluster.Whitening"

local FastICA = model.define("FastICA", { k = check.optional, fun = "tanh", max_iter = 200,
  tol = 1e-4, rng = hy.rng, verbose = false }, { fun = { "tanh", "cube" } })

-- g(u) and g'(u)
local functions = {
  tanh = function(u)
    local g = u:tanh()
    return g, 1 - g ^ 2
  end,
  cube = function(u) return u ^ 3, 3 * u ^ 2 end,
}

--- The nearest matrix with orthonormal rows: (w·wᵀ)^−½·w.
-- w: tensor k×d of rank k, k ≤ d
-- → tensor k×d
function FastICA.decorrelate(w)
  local values, v = hy.eigh(w:mm(w:t()))
  return (v / values:sqrt()):mm(v:t()):mm(w)
end

--- One fixed-point step of all directions: E[z·g(wᵀz)] − E[g'(wᵀz)]·w, then decorrelated.
-- z: tensor n×k, white · w: tensor c×k, directions as rows · fun: "tanh" or "cube"
-- → tensor c×k
function FastICA.step(z, w, fun)
  local g, slope = functions[fun](z:mm(w:t()))
  return FastICA.decorrelate(g:t():mm(z) / z:size(1) - slope:mean(1):reshape(-1, 1) * w)
end

function FastICA:fit(x)
  x = points("FastICA", x, true)
  local white = model.on_behalf(Whitening{ k = self.k, verbose = self.verbose }, self):fit(x)
  local z = white:transform(x):to "f64"
  local k = z:size(2)
  local w = FastICA.decorrelate(hy.randn(k, k, { rng = self.rng:split(), dtype = "f64" }))

  local progress = hy.progress(self.max_iter, { desc = "FastICA", verbose = self.verbose })
  self.history, self.warning = {}, nil
  for iteration = 1, self.max_iter do
    local new = FastICA.step(z, w, self.fun)
    local turned = (new * w):sum(2):abs():min():item()
    self.iterations, self.history[iteration], w = iteration, turned, new
    progress:step():set{ cos = turned }
    if turned > 1 - self.tol then break end
  end
  progress:close()
  if (self.history[#self.history] or 0) <= 1 - self.tol then
    self.warning = ("not converged after %d iterations: more than one source may be Gaussian")
      :format(self.max_iter)
  end

  self.rotation, self.mean = w, white.mean
  self.components = w:mm(white.matrix:to("f64"):t()):to(white.mean.dtype)
  self.mixing = (white.inverse:to "f64"):t():mm(w:t()):to(white.mean.dtype)
  return self
end

local function fitted(self)
  return self.fitted and self or error("FastICA: call fit first", 0)
end

--- The sources behind the rows of x.
-- x: tensor n×d, or a dataset
-- → tensor n×k
function FastICA:transform(x)
  return (points("FastICA", x) - fitted(self).mean):mm(self.components:t())
end

--- Points from sources.
-- z: tensor n×k
-- → tensor n×d
function FastICA:inverse_transform(z)
  return z:mm(fitted(self).mixing:t()) + self.mean
end

return FastICA
