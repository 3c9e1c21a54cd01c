--- What the measures for several labelings at once share.

local class = require "hyades.class"
local hy = require "hyades"
local partition = require "hyades.metrics.partition"

local several = {}

--- Does the value hold several labelings, and not one?
-- labels: index tensor, or array
-- → boolean
function several.is(labels)
  if class.kind(labels) == "tensor" then return labels:dim() == 2 and labels:size(2) ~= 1 end
  return type(labels) == "table" and type(labels[1]) ~= "number" and labels[1] ~= nil
end

-- A list of labelings, each an index tensor n or an array of integers.
local function list_of(where, labels)
  if not several.is(labels) then return { labels } end
  if class.kind(labels) ~= "tensor" then return labels end
  if labels:size(2) == 0 then error(where .. " holds no labeling", 0) end
  local list = {}
  for i = 1, labels:size(2) do list[i] = labels:narrow(2, i, 1) end
  return list
end

-- Drop labelings with exactly one cluster beside noise: the noise spaces.
local function without_noise_spaces(where, list)
  local kept = {}
  for _, one in ipairs(list) do
    if one.clusters ~= 1 then kept[#kept + 1] = one end
  end
  if #kept == 0 then
    error(where .. " holds only labelings with a single cluster; at least one with more is needed "
      .. "(or remove_noise_spaces = false)", 0)
  end
  return kept
end

--- Several labelings of the same points, checked.
-- where: string, the measure and its argument, for errors
-- labels: index tensor n×J, or an array of labelings; a single labeling is one of one
-- remove_noise_spaces: flag, leave out labelings with exactly one cluster beside noise
-- → array of { labels= index n, noise= u8 n, clusters= how many beside noise }
function several.read(where, labels, remove_noise_spaces)
  local list = {}
  for i, one in ipairs(list_of(where, labels)) do
    local name = ("%s: labeling %d"):format(where, i)
    local ids, noise = partition.labels(name, one), partition.noise(one)
    local has_noise = noise:sum():item() > 0
    list[i] = { labels = ids, noise = noise,
      clusters = ids:unique():numel() - (has_noise and 1 or 0) }
    if ids:numel() == 0 then error(where .. " is empty; at least one point is needed", 0) end
    if ids:numel() ~= list[1].labels:numel() then
      error(("%s has %d points and the first has %d"):format(name, ids:numel(),
        list[1].labels:numel()), 0)
    end
  end
  return remove_noise_spaces and without_noise_spaces(where, list) or list
end

--- Two such lists, of the same points.
-- name: string, the measure, for errors
-- truth, labels, remove_noise_spaces: as in several.read
-- → two arrays as from several.read
function several.both(name, truth, labels, remove_noise_spaces)
  local t = several.read(name .. ": truth", truth, remove_noise_spaces)
  local l = several.read(name .. ": labels", labels, remove_noise_spaces)
  local n, m = t[1].labels:numel(), l[1].labels:numel()
  if n ~= m then error(("%s: truth has %d points and labels has %d"):format(name, n, m), 0) end
  return t, l
end

--- The labelings as positions among their ids.
-- list: from several.read · split_noise: flag, every noise point becomes a cluster of its own
-- → array of index tensors n
function several.columns(list, split_noise)
  local columns = {}
  for i, one in ipairs(list) do
    local _, rank = one.labels:unique()
    if split_noise then
      local own = hy.arange(rank:numel(), { dtype = "f64" }) + rank:numel()
      rank = one.noise:where(own, rank:to "f64"):to "index"
    end
    columns[i] = rank
  end
  return columns
end

return several
