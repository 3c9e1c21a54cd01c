local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"

--- How alike two views of the same points are embedded: the mean cosine of row i of one and row i
-- of the other, 1 where they point the same way. A row of zeros counts 0. The sources report this
-- number without writing down its formula; the origin is not moved.
-- a, b: tensors n×d, f32 or f64
-- → number in [-1, 1]
local function view_similarity(a, b)
  for i = 1, 2 do
    local t = select(i, a, b)
    if class.kind(t) ~= "tensor" or t:dim() ~= 2 then
      error(("view_similarity: argument %d must be a tensor n×d, got %s"):format(i, check.describe(t)), 2)
    end
  end
  if a:size(1) ~= b:size(1) or a:size(2) ~= b:size(2) or a:size(1) == 0 then
    error(("view_similarity: both views need the same points and dimensions, got %d×%d and %d×%d")
      :format(a:size(1), a:size(2), b:size(1), b:size(2)), 2)
  end
  a, b = hy.normalize(a:to "f64"), hy.normalize(b:to "f64")
  return (a * b):sum(2):mean():item()
end

return view_similarity
