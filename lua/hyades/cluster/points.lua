--- Reads what a method is given to fit: n points with d features.
-- name: string, the method, for errors · x: tensor n×d, or a dataset with one in its field x
-- bytes=false: flag, leave u8 as it is, for what converts it block by block
-- → tensor n×d, f32 or f64

local class = require "hyades.class"

local function points(name, x, bytes)
  if type(x) == "table" and class.kind(x.x) == "tensor" then x = x.x end
  if class.kind(x) ~= "tensor" then
    error(("%s: expected a tensor n×d or a dataset, got %s"):format(name,
      class.kind(x) or type(x)), 0)
  end
  if x:dim() ~= 2 then
    error(("%s: expected a tensor n×d, got one of shape %s; use :reshape(n, -1)"):format(name,
      x:dim() == 0 and "0-dim" or table.concat(x:size(), "×")), 0)
  end
  return x.dtype == "u8" and not bytes and x:to "f32" or x
end

return points
