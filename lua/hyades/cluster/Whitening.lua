--- Whitening: the linear map after which all features have variance 1 and no correlation.
-- method: "pca" (axes are the principal components) or "zca" (axes stay as near to the features as
--   possible; Bell & Sejnowski, Vision Research 1997)
-- k: components to keep, those of largest variance (default: all) · verbose=false: show progress
-- Directions whose variance is below 1e-10 of the largest are dropped: "pca" then gives fewer
-- columns, "zca" points without extent along them.
-- Fields: mean, matrix d×k ("zca": d×d) with transform(x) = (x − mean)·matrix, inverse, its
-- pseudo-inverse, explained_variance (f64, of the directions that were kept).

local hy = require "hyades"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"
local watched = require "hyades.watched"

local Whitening = model.define("Whitening", { method = "pca", k = check.optional,
  verbose = false }, { method = { "pca", "zca" } })

local LEAST = 1e-10 -- share of the largest variance that counts

function Whitening:fit(x)
  local name = model.name_of(self)
  x = points(name, x, true)
  local n, d = x:size(1), x:size(2)
  if n < 2 then error(("%s: at least 2 points are needed, got %d"):format(name, n), 0) end
  if self.k and self.k > d then
    error(("%s: option k must be at most the %d features of x, got %d"):format(name, d, self.k), 0)
  end
  local covariance, mean = watched(self.verbose and "Whitening", hy.covariance, x)
  local variance, v = hy.eigh_largest(covariance, self.k or d)
  if variance[1]:item() <= 0 then error(name .. ": all rows of x are equal", 0) end
  local kept = variance:gt(variance[1]:item() * LEAST):sum():item() // 1 | 0
  variance, v = variance:narrow(1, 1, kept), v:narrow(2, 1, kept)

  local dtype = x.dtype == "u8" and "f32" or x.dtype
  local scale = variance:sqrt()
  local back = self.method == "zca" and v:t() or hy.eye(kept, { dtype = "f64" })
  self.matrix = (v / scale):mm(back):to(dtype)
  self.inverse = back:t():mm((v * scale):t()):to(dtype)
  self.mean, self.explained_variance = mean:to(dtype), variance:clone()
  return self
end

local function fitted(self)
  return self.fitted and self or error("Whitening: call fit first", 0)
end

--- The rows of x with covariance 1.
-- x: tensor n×d, or a dataset
-- → tensor n×k
function Whitening:transform(x)
  return (points("Whitening", x) - fitted(self).mean):mm(self.matrix)
end

--- Points from whitened ones.
-- z: tensor n×k
-- → tensor n×d
function Whitening:inverse_transform(z)
  return z:mm(fitted(self).inverse) + self.mean
end

return Whitening
