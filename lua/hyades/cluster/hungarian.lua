local hy = require "hyades"
local class = require "hyades.class"

--- The assignment of rows to different columns with the smallest total cost (Kuhn 1955).
-- cost: tensor r×c, or an array of rows
-- → index r, the column of each row (−1: none, where rows outnumber columns); the total, a number
local function hungarian(cost)
  if class.kind(cost) ~= "tensor" then cost = hy.tensor(cost, { dtype = "f64" }) end
  local columns, total = hy.hungarian(cost)
  return columns, total:item()
end

return hungarian
