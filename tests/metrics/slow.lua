--- The measures once more, straight from their definitions, for the specs: plain Lua, any speed.
local slow = {}

local function choose2(n) return n * (n - 1) / 2 end

local function log_factorial(n)
  local sum = 0
  for i = 2, n do sum = sum + math.log(i) end
  return sum
end

local function count(list)
  local counts = {}
  for _, id in ipairs(list) do counts[id] = (counts[id] or 0) + 1 end
  return counts
end

local function keys(counts)
  local list = {}
  for id in pairs(counts) do list[#list + 1] = id end
  table.sort(list)
  return list
end

local function entropy(list)
  local h = 0
  for _, size in pairs(count(list)) do h = h - size / #list * math.log(size / #list) end
  return h
end

local function joint(t, p)
  local list = {}
  for i = 1, #t do list[i] = t[i] .. "/" .. p[i] end
  return list
end

local function information(t, p)
  return entropy(t) + entropy(p) - entropy(joint(t, p))
end

local averages = {
  arithmetic = function(x, y) return (x + y) / 2 end,
  geometric = function(x, y) return math.sqrt(x * y) end,
  min = math.min,
  max = math.max,
}

function slow.vi(t, p)
  return entropy(t) + entropy(p) - 2 * information(t, p)
end

function slow.nmi(t, p, average)
  local h, g = entropy(t), entropy(p)
  if h == 0 and g == 0 then return 1 end
  if h == 0 or g == 0 then return 0 end
  return information(t, p) / averages[average or "arithmetic"](h, g)
end

local function expected_information(t, p)
  local n, sum = #t, 0
  for _, a in pairs(count(t)) do
    for _, b in pairs(count(p)) do
      for k = math.max(1, a + b - n), math.min(a, b) do
        local log_probability = log_factorial(a) + log_factorial(b) + log_factorial(n - a)
          + log_factorial(n - b) - log_factorial(n) - log_factorial(k) - log_factorial(a - k)
          - log_factorial(b - k) - log_factorial(n - a - b + k)
        sum = sum + k / n * math.log(n * k / (a * b)) * math.exp(log_probability)
      end
    end
  end
  return sum
end

function slow.ami(t, p, average)
  local h, g = entropy(t), entropy(p)
  if #keys(count(joint(t, p))) == #keys(count(t)) and #keys(count(t)) == #keys(count(p)) then
    return 1
  end
  if h == 0 or g == 0 then return 0 end
  local expected = expected_information(t, p)
  return (information(t, p) - expected) / (averages[average or "arithmetic"](h, g) - expected)
end

function slow.homogeneity(t, p)
  return entropy(t) == 0 and 1 or information(t, p) / entropy(t)
end

function slow.completeness(t, p)
  return entropy(p) == 0 and 1 or information(t, p) / entropy(p)
end

function slow.v_measure(t, p)
  local h, c = slow.homogeneity(t, p), slow.completeness(t, p)
  return h + c < 1e-12 and 0 or 2 * h * c / (h + c)
end

local function together_in(columns, i, j)
  for _, column in ipairs(columns) do
    if column[i] == column[j] then return true end
  end
  return false
end

--- Pairs together in any column of T, of P: tp, fp, fn, tn.
function slow.pairs(T, P)
  local c = { tp = 0, fp = 0, fn = 0, tn = 0 }
  for i = 1, #T[1] do
    for j = i + 1, #T[1] do
      local t, p = together_in(T, i, j), together_in(P, i, j)
      local name = (t == p and "t" or "f") .. (p and "p" or "n")
      c[name] = c[name] + 1
    end
  end
  return c
end

function slow.ari(t, p)
  local c, all = slow.pairs({ t }, { p }), choose2(#t)
  local a, b = c.tp + c.fn, c.tp + c.fp
  local expected = all > 0 and a * b / all or 0
  if (a + b) / 2 == expected then return 1 end
  return (c.tp - expected) / ((a + b) / 2 - expected)
end

function slow.fowlkes_mallows(t, p)
  local c = slow.pairs({ t }, { p })
  local product = (c.tp + c.fp) * (c.tp + c.fn)
  return product > 0 and c.tp / math.sqrt(product) or 0
end

function slow.purity(t, p)
  local sum = 0
  for id in pairs(count(p)) do
    local inside = {}
    for i = 1, #t do if p[i] == id then inside[#inside + 1] = t[i] end end
    local most = 0
    for _, size in pairs(count(inside)) do most = math.max(most, size) end
    sum = sum + most
  end
  return sum / #t
end

function slow.fnmi(t, p)
  local r, c = #keys(count(t)), #keys(count(p))
  return slow.nmi(t, p) * math.exp(-math.abs(r - c) / r)
end

function slow.dom(t, p)
  local n, r = #t, #keys(count(t))
  if r == 1 then return 1 end
  local function cost(counts)
    local sum = 0
    for _, size in pairs(counts) do
      sum = sum + log_factorial(size + r - 1) - log_factorial(r - 1) - log_factorial(size)
    end
    return sum / n
  end
  local found = entropy(joint(t, p)) - entropy(p) + cost(count(p))
  local least, most = cost(count(t)), entropy(t) + math.log(r)
  return (most - found) / (most - least)
end

--- Every matching of classes to clusters; few of either.
function slow.acc(t, p)
  local classes, clusters = keys(count(t)), keys(count(p))
  local cells = count(joint(t, p))
  local function best(i, used)
    if i > #classes then return 0 end
    local most = best(i + 1, used)
    for _, id in ipairs(clusters) do
      if not used[id] then
        used[id] = true
        most = math.max(most, (cells[classes[i] .. "/" .. id] or 0) + best(i + 1, used))
        used[id] = nil
      end
    end
    return most
  end
  return best(1, {}) / #t
end

-- ---- points -------------------------------------------------------------------------------------

--- Euclidean distances of all pairs; x: array of rows.
function slow.distances(x)
  local D = {}
  for i = 1, #x do
    D[i] = {}
    for j = 1, #x do
      local sum = 0
      for l = 1, #x[i] do sum = sum + (x[i][l] - x[j][l]) ^ 2 end
      D[i][j] = math.sqrt(sum)
    end
  end
  return D
end

--- Positions of the others, nearest first, ties to the lowest.
function slow.neighbors(D, i)
  local order = {}
  for j = 1, #D do if j ~= i then order[#order + 1] = j end end
  table.sort(order, function(a, b)
    if D[i][a] ~= D[i][b] then return D[i][a] < D[i][b] end
    return a < b
  end)
  return order
end

--- Silhouette of every point from all distances; only points with keep[i] count.
function slow.silhouettes(D, labels, keep)
  local values = {}
  for i = 1, #D do
    local sum, size = {}, {}
    for j = 1, #D do
      if j ~= i and (not keep or keep[j]) then
        sum[labels[j]] = (sum[labels[j]] or 0) + D[i][j]
        size[labels[j]] = (size[labels[j]] or 0) + 1
      end
    end
    local a, b = nil, math.huge
    for id, total in pairs(sum) do
      if id == labels[i] then a = total / size[id] else b = math.min(b, total / size[id]) end
    end
    values[i] = a and math.max(a, b) > 0 and (b - a) / math.max(a, b) or 0
  end
  return values
end

function slow.mean(list)
  local sum = 0
  for _, value in ipairs(list) do sum = sum + value end
  return sum / #list
end

local function members_of(labels)
  local groups = {}
  for i, id in ipairs(labels) do
    groups[id] = groups[id] or {}
    table.insert(groups[id], i)
  end
  return groups
end

local function center_of(x, rows)
  local center = {}
  for l = 1, #x[1] do
    local sum = 0
    for _, i in ipairs(rows) do sum = sum + x[i][l] end
    center[l] = sum / #rows
  end
  return center
end

local function between(a, b)
  return slow.distances({ a, b })[1][2]
end

function slow.davies_bouldin(x, labels)
  local center, spread, sum, k = {}, {}, 0, 0
  for id, rows in pairs(members_of(labels)) do
    center[id] = center_of(x, rows)
    local total = 0
    for _, i in ipairs(rows) do total = total + between(x[i], center[id]) end
    spread[id] = total / #rows
  end
  for c in pairs(center) do
    local worst = 0
    for d in pairs(center) do
      local apart = between(center[c], center[d])
      if d ~= c and apart > 0 then worst = math.max(worst, (spread[c] + spread[d]) / apart) end
    end
    sum, k = sum + worst, k + 1
  end
  return sum / k
end

function slow.calinski_harabasz(x, labels)
  local rows, k, n = {}, 0, #x
  for i = 1, n do rows[i] = i end
  local middle, inside, outside = center_of(x, rows), 0, 0
  for _, group in pairs(members_of(labels)) do
    local center = center_of(x, group)
    k, outside = k + 1, outside + #group * between(center, middle) ^ 2
    for _, i in ipairs(group) do inside = inside + between(x[i], center) ^ 2 end
  end
  return inside == 0 and 1 or (outside / (k - 1)) / (inside / (n - k))
end

--- Separation and compactness.
function slow.cvnn(D, labels, k)
  local separation, compactness = 0, 0
  for id, rows in pairs(members_of(labels)) do
    local foreign, inside, seen = 0, 0, 0
    for _, i in ipairs(rows) do
      local near = slow.neighbors(D, i)
      for j = 1, k do if labels[near[j]] ~= id then foreign = foreign + 1 / k end end
      for _, j in ipairs(rows) do
        if j > i then inside, seen = inside + D[i][j], seen + 1 end
      end
    end
    separation = math.max(separation, foreign / #rows)
    compactness = compactness + (seen > 0 and inside / seen or 0)
  end
  return separation, compactness
end

--- Minimax path distances by relaxing through every point; D is changed.
function slow.minimax(D)
  for m = 1, #D do
    for i = 1, #D do
      for j = 1, #D do D[i][j] = math.min(D[i][j], math.max(D[i][m], D[m][j])) end
    end
  end
  return D
end

--- Distance to the m-th neighbor, the point itself counted.
function slow.cores(D, m)
  local core = {}
  for i = 1, #D do core[i] = m == 1 and 0 or D[i][slow.neighbors(D, i)[m - 1]] end
  return core
end

function slow.dc(D, core)
  local R = {}
  for i = 1, #D do
    R[i] = {}
    for j = 1, #D do R[i][j] = i == j and 0 or math.max(D[i][j], core[i], core[j]) end
  end
  return slow.minimax(R)
end

function slow.disco(D, labels, min_points)
  local core = slow.cores(D, min_points)
  local dc = slow.dc(D, core)
  local groups, keep, values = members_of(labels), {}, {}
  local noise = groups[-1]
  groups[-1] = nil
  local clusters = #keys(groups)
  if clusters == 0 then return -1 end
  if clusters == 1 and not noise then return 0 end
  for i, id in ipairs(labels) do keep[i] = id ~= -1 end
  local inside = slow.silhouettes(dc, labels, keep)
  for i, id in ipairs(labels) do
    if id ~= -1 and clusters == 1 then
      local split = {}
      for j in ipairs(labels) do split[j] = keep[j] and 0 or j end
      values[i] = slow.silhouettes(dc, split)[i]
    elseif id ~= -1 then
      values[i] = inside[i]
    else
      local least = math.huge
      for _, rows in pairs(groups) do
        local sparsest, near = 0, math.huge
        for _, j in ipairs(rows) do
          sparsest, near = math.max(sparsest, core[j]), math.min(near, dc[i][j])
        end
        for _, value in ipairs{ core[i], near } do
          local larger = math.max(value, sparsest)
          least = math.min(least, larger > 0 and (value - sparsest) / larger or 0)
        end
      end
      values[i] = least
    end
  end
  return slow.mean(values)
end

local function median(list)
  table.sort(list)
  return (list[(#list + 1) // 2] + list[#list // 2 + 1]) / 2
end

--- Core points of one class (positions within it) and the longest edge of their spanning tree.
local function class_core(D, m)
  local radii, core = {}, {}
  for i = 1, #D do radii[i] = D[i][slow.neighbors(D, i)[2 * m]] end
  local radius = median(radii)
  for i = 1, #D do
    if D[i][slow.neighbors(D, i)[m]] <= radius then core[#core + 1] = i end
  end
  local R, longest = {}, 0
  for a, i in ipairs(core) do
    R[a] = {}
    for b, j in ipairs(core) do R[a][b] = D[i][j] end
  end
  for _, row in ipairs(slow.minimax(R)) do longest = math.max(longest, table.unpack(row)) end
  return core, longest
end

function slow.dcsi(x, labels, m)
  local cores, conn, sep = {}, 0, math.huge
  for id, rows in pairs(members_of(labels)) do
    local points = {}
    for a, i in ipairs(rows) do points[a] = x[i] end
    local core, longest = class_core(slow.distances(points), m)
    conn = math.max(conn, longest)
    cores[id] = {}
    for a, i in ipairs(core) do cores[id][a] = points[i] end
  end
  for c, one in pairs(cores) do
    for d, other in pairs(cores) do
      for _, a in ipairs(c ~= d and one or {}) do
        for _, b in ipairs(other) do sep = math.min(sep, between(a, b)) end
      end
    end
  end
  return conn > 0 and (sep / conn) / (1 + sep / conn) or 1
end

--- Over all pairs of points of a class, the share of the class below their lowest common node.
function slow.dendrogram_purity(t, leaf, merges)
  local below, parents = {}, {}
  for b = 1, #merges + 1 do below[b] = {} end
  for i = 1, #t do table.insert(below[leaf[i]], i) end
  for row, pair in ipairs(merges) do
    local node = #merges + 1 + row
    below[node] = {}
    for _, child in ipairs(pair) do
      parents[child] = node
      table.move(below[child], 1, #below[child], #below[node] + 1, below[node])
    end
  end
  local function has(node, i)
    for _, j in ipairs(below[node]) do if j == i then return true end end
    return false
  end
  local sum, seen = 0, 0
  for i = 1, #t do
    for j = i + 1, #t do
      if t[i] == t[j] then
        local node, same = leaf[i], 0
        while not has(node, j) do node = parents[node] end
        for _, l in ipairs(below[node]) do if t[l] == t[i] then same = same + 1 end end
        sum, seen = sum + same / #below[node], seen + 1
      end
    end
  end
  return sum / seen
end

return slow
