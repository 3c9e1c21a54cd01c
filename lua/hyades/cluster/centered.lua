--- What models with one center for each cluster do with new points: the methods `predict` and
-- `transform` of k-means and its relatives.

local hy = require "hyades"
local class = require "hyades.class"
local points = require "hyades.cluster.points"

local centered = {}

local block_rows = 4096 -- of bytes that are held as numbers at a time

-- The points as they are compared with the centers: in f64 where these are.
local function read(self, x)
  local name = class.of(self).class_name
  if not self.centers then error(name .. ": call fit first", 0) end
  x = points(name, x, true)
  return self.centers.dtype == "f64" and x:to "f64" or x
end

--- The nearest center of every row of x.
-- x: tensor n×d, or a dataset
-- → index n
function centered.predict(self, x)
  return (hy.nearest_center(read(self, x), self.centers))
end

--- Distances (not squared) from every row of x to every center.
-- x: tensor n×d, or a dataset
-- → tensor n×k
function centered.transform(self, x)
  x = read(self, x)
  if x.dtype ~= "u8" then return hy.sqdist(x, self.centers:to(x.dtype)):sqrt() end
  local n = x:size(1)
  local distances = hy.zeros(n, self.centers:size(1))
  for first = 1, n, block_rows do
    local size = math.min(block_rows, n - first + 1)
    local rows <close> = x:narrow(1, first, size):to("f32")
    distances:narrow(1, first, size):copy(hy.sqdist(rows, self.centers):sqrt())
  end
  return distances
end

return centered
