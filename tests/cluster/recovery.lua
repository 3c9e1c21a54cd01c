--- The recovery set of the clusterings in subspaces: 240 points in 5 columns, a clustering of three in
--- columns 1 and 2, one of two in column 3, noise in 4 and 5; no generator is involved.
-- → f64 240×5, index 240×2
local hy = require "hyades"

-- Radical inverse of van der Corput.
local function corput(i, base)
  local value, digit = 0, 1
  while i > 0 do
    digit = digit / base
    value, i = value + digit * (i % base), i // base
  end
  return value
end

-- Distribution function of the normal distribution, by its series.
local function normal(at)
  local sum, term, i = at, at, 0
  repeat
    i = i + 1
    term = term * at * at / (2 * i + 1)
    sum = sum + term
  until math.abs(term) < 1e-18
  return 0.5 + sum * math.exp(-at * at / 2) / math.sqrt(2 * math.pi)
end

local function quantile(p)
  local low, high = -6, 6
  for _ = 1, 12 do
    local middle = (low + high) / 2
    if normal(middle) < p then low = middle else high = middle end
  end
  local at = (low + high) / 2
  for _ = 1, 4 do at = at - (normal(at) - p) * math.sqrt(2 * math.pi) * math.exp(at * at / 2) end
  return at
end

local x, y -- made once

return function()
  if x then return x:clone(), y:clone() end
  local corners, rows, labels = { { 0, 0 }, { 10, 0 }, { 5, 9 } }, {}, {}
  for i = 0, 239 do
    local a, b = i % 3, i // 3 % 2
    local function noise(base) return quantile(corput(i + 1, base)) end
    local row = { corners[a + 1][1] + noise(7), corners[a + 1][2] + noise(11), 9 * b + noise(13),
      noise(17), noise(19) }
    for c = 1, 5 do row[c] = math.floor(row[c] * 100 + 0.5) / 100 end
    rows[i + 1], labels[i + 1] = row, { a + 1, b + 1 }
  end
  x, y = hy.tensor(rows, { dtype = "f64" }), hy.tensor(labels, { dtype = "index" })
  return x:clone(), y:clone()
end
