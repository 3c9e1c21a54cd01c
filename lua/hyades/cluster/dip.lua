local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"

--- The dip of Hartigan & Hartigan, Annals of Statistics 1985: how far the distribution of the values
-- is from the nearest one with a single peak. Near 0 for one peak, at most 1/4 for two. Moving or
-- stretching the values does not change it.
-- x: tensor n or n×d, or an array of numbers · options: sorted=false (the values ascend already),
-- min_is_zero=true (otherwise at least 1/(2n))
-- → the dip, a number; the modal interval, two positions among the sorted values; the modal
-- triangle, three (−1: none). For n×d tensors: f64 d, index d×2, index d×3
-- Fewer than 4 values, or equal ones: 0. NaN and infinities raise. Ties make the dip larger.
-- Gradients come from `hy.dip`, which also gives the rows that hold the triangle.
local function dip(x, options)
  if type(x) == "table" and class.kind(x) ~= "tensor" then x = hy.tensor(x, { dtype = "f64" }) end
  if class.kind(x) ~= "tensor" then
    error(("cluster.dip: x must be a tensor n or n×d, or an array of numbers, got %s"):format(
      check.describe(x)), 2)
  end
  local dips, interval, triangle = hy.dip(x:to "f64", options or {})
  if x:dim() == 1 then return dips:item(), interval, triangle end
  return dips, interval, triangle
end

return dip
