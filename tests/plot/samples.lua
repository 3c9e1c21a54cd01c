--- Data for pictures, the same every time.

local samples = {}

--- n rows of d columns (2) around three places.
function samples.points(n, d)
  local rows = {}
  for i = 1, n do
    rows[i] = {}
    for j = 1, d or 2 do rows[i][j] = math.sin(i * 12.9898 * j) * 3 + i % 3 * 4 end
  end
  return rows
end

--- Which place each of n such rows belongs to.
function samples.classes(n)
  local labels = {}
  for i = 1, n do labels[i] = i % 3 + 1 end
  return labels
end

return samples
