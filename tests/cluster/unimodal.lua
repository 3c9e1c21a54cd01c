--- The dip by brute force: linear programs over all unimodal distribution functions.

-- Largest y[1] with A·y ≤ b, y ≥ 0, where b ≥ 0: the simplex method with Bland's rule.
local function simplex(a, b)
  local m, n = #a, #a[1]
  local rows, basis = {}, {}
  for i = 1, m do
    rows[i] = { table.unpack(a[i]) }
    for j = 1, m do rows[i][n + j] = i == j and 1 or 0 end
    rows[i][n + m + 1], basis[i] = b[i], n + i
  end
  local gain = { 1 }
  for j = 2, n + m + 1 do gain[j] = 0 end
  while true do
    local enter = 1
    while enter <= n + m and gain[enter] <= 1e-11 do enter = enter + 1 end
    if enter > n + m then return -gain[n + m + 1] end
    local leave, least
    for i = 1, m do
      if rows[i][enter] > 1e-11 then
        local ratio = rows[i][n + m + 1] / rows[i][enter]
        if not least or ratio < least - 1e-13
          or ratio < least + 1e-13 and basis[i] < basis[leave] then
          leave, least = i, ratio
        end
      end
    end
    local pivot = rows[leave][enter]
    for j = 1, n + m + 1 do rows[leave][j] = rows[leave][j] / pivot end
    local function clear(row)
      local factor = row[enter]
      if factor ~= 0 then
        for j = 1, n + m + 1 do row[j] = row[j] - factor * rows[leave][j] end
      end
    end
    for i = 1, m do
      if i ~= leave then clear(rows[i]) end
    end
    clear(gain)
    basis[leave] = enter
  end
end

-- The program for one mode, at the distinct value number `mode`. Its unknowns are e = 1 − distance,
-- and the heights of the unimodal function at the distinct values; at the mode it may jump, so that
-- there are two heights. Convex before, concave behind.
local function distance_to_mode(values, below, upto, mode)
  local k = #values
  local unknowns, a, b = k + 2, {}, {}
  local function height(i, behind) return 1 + i + ((i > mode or behind) and 1 or 0) end
  local function add(limit, ...)
    local row, terms = {}, { ... }
    for j = 1, unknowns do row[j] = 0 end
    for t = 1, #terms, 2 do row[terms[t]] = row[terms[t]] + terms[t + 1] end
    a[#a + 1], b[#b + 1] = row, limit
  end
  local function near(at, truth) -- |height − truth| ≤ 1 − e
    add(1 + truth, at, 1, 1, 1)
    add(1 - truth, at, -1, 1, 1)
  end
  for i = 1, k do
    near(height(i), below[i])
    near(height(i, i == mode), upto[i])
  end
  for j = 2, unknowns - 1 do add(0, j, 1, j + 1, -1) end -- it never falls
  add(1, unknowns, 1)
  local function bend(i, sign) -- slope after value i − slope before, ≥ 0 (sign 1) or ≤ 0
    local u = 1 / (values[i] - values[i - 1])
    local v = 1 / (values[i + 1] - values[i])
    local from, to = height(i - 1, sign < 0 and i - 1 == mode), height(i + 1)
    add(0, from, -sign * u, height(i), sign * (u + v), to, -sign * v)
  end
  for i = 2, mode - 1 do bend(i, 1) end
  for i = mode + 1, k - 1 do bend(i, -1) end
  return 1 - simplex(a, b)
end

--- The dip of a few values.
-- x: array of numbers, any order
-- → number
local function dip(x)
  local sorted, values, below, upto = { table.unpack(x) }, {}, {}, {}
  table.sort(sorted)
  for i, v in ipairs(sorted) do
    if v ~= values[#values] then
      values[#values + 1], below[#below + 1] = v, (i - 1) / #x
    end
    upto[#values] = i / #x
  end
  local least = math.huge
  for mode = 1, #values do
    least = math.min(least, distance_to_mode(values, below, upto, mode))
  end
  return least
end

return dip
