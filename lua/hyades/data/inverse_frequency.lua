--- Weights against classes of unequal size.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"

--- A weight for every row, n / (classes · rows of its class), so that every class weighs the same
-- and the mean is 1; rows without a class (−1) weigh 0. For `weights` of data.Batches.
-- y: index tensor n, or data set with one labelling
-- → tensor n, f32
local function inverse_frequency(y)
  if type(y) == "table" and class.kind(rawget(y, "y")) == "tensor" then y = y.y end
  if class.kind(y) ~= "tensor" or y.dtype ~= "index" or y:dim() ~= 1 then
    error(("data.inverse_frequency: expected an index tensor of n labels, got %s"):format(
      class.kind(y) == "tensor" and y.dtype .. " " .. table.concat(y:size(), "×")
      or check.describe(y)), 2)
  end
  local counts = y:bincount()
  local k, classes = counts:numel(), counts:gt(0):sum():item()
  local of_class = counts:sum() / (classes * counts)
  local number = y:to("f64")
  local position = hy.where(number:lt(1), k + 1, number):to("index")
  return hy.cat({ of_class, hy.zeros(1, { dtype = "f64" }) }, 1):index(position):to("f32")
end

return inverse_frequency
