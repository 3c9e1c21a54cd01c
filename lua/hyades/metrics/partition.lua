--- What the external measures share: reading labelings, their overlaps, entropies.

local hy = require "hyades"
local class = require "hyades.class"

local partition = {}

-- Arbitrary integers to positions 1..K in ascending order.
local function ranked(where, list)
  local seen, distinct = {}, {}
  for i = 1, #list do
    local value = list[i]
    local id = type(value) == "number" and math.tointeger(value)
    if not id then
      error(("%s: element %d is %s; labels are integers"):format(where, i,
        type(value) == "number" and tostring(value) or "a " .. type(value)), 0)
    end
    if not seen[id] then
      seen[id] = true
      distinct[#distinct + 1] = id
    end
  end
  table.sort(distinct)
  for rank, id in ipairs(distinct) do seen[id] = rank end
  local ranks = {}
  for i = 1, #list do ranks[i] = seen[math.tointeger(list[i])] end
  return hy.tensor(ranks, { dtype = "index" })
end

--- One labeling, checked.
-- where: string, the measure and its argument, for errors
-- labels: index tensor n or n×1, or an array of integers
-- → index n; Lua arrays become positions among their distinct ids
function partition.labels(where, labels)
  if type(labels) == "table" and not class.of(labels) then
    if #labels == 0 then error(where .. " is empty; at least one point is needed", 0) end
    return ranked(where, labels)
  end
  if class.kind(labels) ~= "tensor" or labels.dtype ~= "index" then
    error(("%s must be an index tensor or an array of integers, got %s"):format(where,
      class.kind(labels) == "tensor" and labels.dtype .. ' tensor; use :to("index")'
      or class.kind(labels) or type(labels)), 0)
  end
  if labels:dim() == 2 and labels:size(2) ~= 1 then
    error(("%s holds %d labelings; choose one with :narrow(2, i, 1)"):format(where,
      labels:size(2)), 0)
  end
  return labels:reshape(-1)
end

--- Which points of a labeling are noise, -1?
-- labels: index n, or an array of integers
-- → u8 n
function partition.noise(labels)
  if class.kind(labels) == "tensor" then return labels:reshape(-1):eq(-1) end
  local noise = {}
  for i = 1, #labels do noise[i] = labels[i] == -1 and 1 or 0 end
  return hy.tensor(noise, { dtype = "u8" })
end

--- Two labelings of the same points, checked.
-- name: string, the measure, for errors
-- truth, labels: index tensors n or n×1, or arrays of integers
-- drop_noise: flag, leave out the points that are noise in either
-- → two index tensors
function partition.read(name, truth, labels, drop_noise)
  local t, l = partition.labels(name .. ": truth", truth), partition.labels(name .. ": labels", labels)
  local n = t:numel()
  if n ~= l:numel() then
    error(("%s: truth has %d points and labels has %d"):format(name, n, l:numel()), 0)
  end
  if n == 0 then error(name .. ": truth and labels are empty; at least one point is needed", 0) end
  if not drop_noise then return t, l end
  local noise, other = partition.noise(truth), partition.noise(labels)
  local kept = noise:where(noise, other):eq(0)
  if kept:sum():item() == 0 then
    error(name .. ": every point is noise in truth or labels; at least one point is needed", 0)
  end
  return t:index(kept), l:index(kept)
end

--- The overlaps of two labelings, as Lua arrays.
-- name: string, the measure, for errors · truth, labels, drop_noise: as in partition.read
-- → { n=, a= sizes in truth, b= sizes in labels, cells= array of { count, i, j } }: count points
--   lie in class i and cluster j; the counts are integers
function partition.compare(name, truth, labels, drop_noise)
  truth, labels = partition.read(name, truth, labels, drop_noise)
  local counts, rows, columns = hy.overlaps(truth, labels)
  counts, rows, columns = counts:totable(), rows:totable(), columns:totable()
  local p = { n = truth:numel(), a = {}, b = {}, cells = {} }
  for cell, count in ipairs(counts) do
    local i, j = rows[cell], columns[cell]
    count = math.tointeger(count)
    p.a[i] = (p.a[i] or 0) + count
    p.b[j] = (p.b[j] or 0) + count
    p.cells[cell] = { count, i, j }
  end
  return p
end

--- Entropy of a partition in nats.
-- sizes: array of cluster sizes · n: their sum
-- → number
function partition.entropy(sizes, n)
  local h = 0
  for i = 1, #sizes do h = h - sizes[i] / n * math.log(sizes[i] / n) end
  return math.max(h, 0)
end

--- Mutual information in nats, and both entropies.
-- p: from partition.compare
-- → I, H(truth), H(labels)
function partition.information(p)
  local ha, hb = partition.entropy(p.a, p.n), partition.entropy(p.b, p.n)
  local log, log_n, sum = math.log, math.log(p.n), 0
  for _, cell in ipairs(p.cells) do
    local count, a, b = cell[1], p.a[cell[2]], p.b[cell[3]]
    sum = sum + count / p.n * (log(count) - log(a) - log(b) + log_n)
  end
  return math.min(math.max(sum, 0), ha, hb), ha, hb
end

--- Do both labelings say the same, up to the names of the clusters?
-- p: from partition.compare
-- → boolean
function partition.same(p)
  return #p.cells == #p.a and #p.cells == #p.b
end

local averages = {
  arithmetic = function(x, y) return (x + y) / 2 end,
  geometric = function(x, y) return math.sqrt(x * y) end,
  min = math.min,
  max = math.max,
}

--- The mean that normalizes mutual information.
-- name: string, the measure, for errors · average: "arithmetic", "geometric", "min" or "max"
-- → function of two numbers
function partition.average(name, average)
  return averages[average] or error(('%s: option average must be "arithmetic", "geometric", "min" '
    .. 'or "max", got %s'):format(name, tostring(average)), 0)
end

--- Pairs of points within clusters of these sizes.
-- sizes: array of integers
-- → integer
function partition.pairs(sizes)
  local sum = 0
  for i = 1, #sizes do sum = sum + sizes[i] * (sizes[i] - 1) // 2 end
  return sum
end

--- Pairs together in both labelings, in truth, in labels, and in all.
-- p: from partition.compare
-- → four integers
function partition.pair_counts(p)
  local together = 0
  for _, cell in ipairs(p.cells) do together = together + cell[1] * (cell[1] - 1) // 2 end
  return together, partition.pairs(p.a), partition.pairs(p.b), partition.pairs{ p.n }
end

return partition
