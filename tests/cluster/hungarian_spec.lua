-- The assignment problem.
require "tests.support"
local hy = require "hyades"
local hungarian = hy.cluster.hungarian

-- Smallest total over all ways to give min(r, c) rows different columns.
local function brute_force(cost)
  local rows, columns = #cost, #cost[1]
  local size = math.min(rows, columns)
  local function search(i, used, left)
    if left == 0 then return 0 end
    if rows - i + 1 < left then return math.huge end
    local least = search(i + 1, used, left)
    for j = 1, columns do
      if not used[j] then
        used[j] = true
        least = math.min(least, cost[i][j] + search(i + 1, used, left - 1))
        used[j] = nil
      end
    end
    return least
  end
  return search(1, {}, size)
end

-- The assignment uses every column at most once, matches min(r, c) rows, and costs the total.
local function check(cost)
  local assigned, total = hungarian(cost)
  local seen, sum, matched = {}, 0, 0
  for i, j in ipairs(assigned:totable()) do
    if j ~= -1 then
      assert.is_nil(seen[j])
      seen[j] = true
      sum, matched = sum + cost[i][j], matched + 1
    end
  end
  assert.equal(#cost, assigned:numel())
  assert.equal(math.min(#cost, #cost[1]), matched)
  assert.close(sum, total, 1e-12)
  return total
end

local function random_cost(rows, columns, rng, value)
  local cost = {}
  for i = 1, rows do
    cost[i] = {}
    for j, u in ipairs(hy.rand(columns, { rng = rng, dtype = "f64" }):totable()) do
      cost[i][j] = value(u)
    end
  end
  return cost
end

describe("hungarian", function()
  it("finds the cheapest assignment of a known table", function()
    local assigned, total = hungarian{ { 4, 1, 3 }, { 2, 0, 5 }, { 3, 2, 2 } }
    assert.same({ 2, 1, 3 }, assigned:totable())
    assert.equal(5, total)
  end)

  local kinds = {
    ["real costs"] = function(u) return u end,
    ["negative costs"] = function(u) return u * 10 - 7 end,
    ["integers with many ties"] = function(u) return math.floor(u * 4) end,
    ["costs far apart"] = function(u) return 10 ^ (u * 12 - 6) end,
    ["equal costs"] = function() return 3 end,
  }
  for name, value in pairs(kinds) do
    it("is as good as trying everything: " .. name, function()
      local rng = hy.rng(1)
      for rows = 1, 6 do
        for columns = 1, 6 do
          local cost = random_cost(rows, columns, rng, value)
          assert.close(brute_force(cost), check(cost), 1e-9)
        end
      end
    end)
  end

  it("leaves rows without a column where rows outnumber columns", function()
    local assigned, total = hungarian{ { 5 }, { 1 }, { 3 } }
    assert.same({ -1, 1, -1 }, assigned:totable())
    assert.equal(1, total)
  end)

  it("takes any tensor and keeps large integers exact", function()
    local big = 2 ^ 52
    local _, total = hungarian(hy.tensor({ { big + 1, big }, { big, big + 3 } }, { dtype = "f64" }))
    assert.equal(2 * big, total)
    _, total = hungarian(hy.tensor{ { 1, 5 }, { 0, 2 } }:t())
    assert.equal(3, total)
  end)

  it("solves a larger one quickly", function()
    local cost = hy.rand(300, 300, { rng = hy.rng(4) })
    local start = hy.clock()
    local _, total = hungarian(cost)
    assert.is_true(hy.clock() - start < 2)
    assert.is_true(total > 1 and total < 2.2) -- tends to π²/6
  end)

  it("refuses what has no answer", function()
    assert.raises(function() hungarian{ { 1, 0 / 0 } } end, "row 1, column 2")
    assert.raises(function() hungarian{ { 1, 2 }, { math.huge, 1 } } end, "row 2, column 1")
    assert.raises(function() hy.hungarian(hy.zeros(0, 3)) end, "cost is empty")
    assert.raises(function() hy.hungarian(hy.zeros(3)) end, "cost")
  end)
end)
