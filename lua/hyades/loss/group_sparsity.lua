local loss = require("hyades").loss
local check = require "hyades.check"
local guard = require "hyades.loss.guard"

-- The widths of the groups: d columns in k groups as even as possible, or as listed.
local function widths_of(groups, d)
  local widths, sum = {}, 0
  if math.type(groups) == "integer" and groups >= 1 and groups <= d then
    for g = 1, groups do widths[g] = g * d // groups - (g - 1) * d // groups end
    return widths
  elseif type(groups) == "table" then
    for g, width in ipairs(groups) do
      widths[g], sum = check.number("loss.group_sparsity", "groups", width, 1, d, true), sum + width
    end
  end
  if sum ~= d then
    error(('loss.group_sparsity: groups must be how many, a list of widths with sum %d, "rows" or '
      .. '"columns"'):format(d), 3)
  end
  return widths
end

-- Lengths along an axis; the root of a bit more than 0 has a gradient at 0.
local function lengths(x, axis)
  return (x:square():sum(axis) + 1e-10):sqrt()
end

--- Group sparsity: the lengths of groups of columns, each times the root of its width. For an
-- embedding every sample is drawn to use few groups, one for each cluster say: averaged over the
-- rows. Huang et al. (DEN), ICPR 2014. For a weight matrix whole rows or columns go to zero, which
-- selects units or features: added up. Yuan & Lin, 2006. The gradient of a group of zeros is 0.
-- x: tensor n×d · groups: integer, array of widths, or "rows" or "columns" of a weight matrix
-- → scalar tensor
function loss.group_sparsity(x, groups)
  guard.matrix("loss.group_sparsity", "x", x)
  if groups == "rows" or groups == "columns" then
    local along = groups == "rows" and 2 or 1
    return lengths(x, along):sum() * math.sqrt(x:size(along))
  end
  local first, value = 1, 0
  for _, width in ipairs(widths_of(groups, x:size(2))) do
    value = value + lengths(x:narrow(2, first, width), 2):mean() * math.sqrt(width)
    first = first + width
  end
  return value
end

return loss.group_sparsity
