-- Every measure on random labelings, against its definition.
require "tests.support"
local hy = require "hyades"
local slow = require "tests.metrics.slow"
local metrics = hy.metrics

-- What labelings may look like: n, generator → array of integers.
local shapes = {
  function(n, rng) -- a few clusters, with noise
    local list = {}
    for i, u in ipairs(hy.rand(n, { rng = rng }):totable()) do list[i] = math.floor(u * 4) - 1 end
    return list
  end,
  function(n, rng) -- two clusters, one of them a single point
    local list, lone = {}, hy.randint({ 1 }, 1, n, { rng = rng }):item()
    for i = 1, n do list[i] = i == lone and 7 or 3 end
    return list
  end,
  function(n) -- one cluster
    local list = {}
    for i = 1, n do list[i] = 0 end
    return list
  end,
  function(n, rng) -- all different
    return hy.randperm(n, { rng = rng }):totable()
  end,
  function(n) -- nothing but noise
    local list = {}
    for i = 1, n do list[i] = -1 end
    return list
  end,
}

local external = { "nmi", "ami", "vi", "homogeneity", "completeness", "v_measure", "ari",
  "fowlkes_mallows", "purity", "fnmi", "dom" }

local function distinct(list)
  local seen, k = {}, 0
  for _, id in ipairs(list) do
    if not seen[id] then seen[id], k = true, k + 1 end
  end
  return k
end

describe("an external measure", function()
  it("is its definition, on labelings of every kind", function()
    local rng = hy.rng(1)
    for n = 1, 13, 2 do
      for _, one in ipairs(shapes) do
        for _, other in ipairs(shapes) do
          local t, p = one(n, rng), other(n, rng)
          for _, name in ipairs(external) do
            local got = metrics[name](t, p)
            assert(math.abs(got - slow[name](t, p)) < 1e-9,
              ("%s: %g, not %g for {%s} and {%s}"):format(name, got, slow[name](t, p),
                table.concat(t, " "), table.concat(p, " ")))
          end
          if distinct(t) < 7 then assert.close(slow.acc(t, p), metrics.acc(t, p), 1e-12) end
        end
      end
    end
  end)

  it("has an average of its own each", function()
    local rng = hy.rng(2)
    for _ = 1, 10 do
      local t, p = shapes[1](17, rng), shapes[1](17, rng)
      for _, average in ipairs{ "arithmetic", "geometric", "min", "max" } do
        assert.close(slow.nmi(t, p, average), metrics.nmi(t, p, { average = average }), 1e-10)
        assert.close(slow.ami(t, p, average), metrics.ami(t, p, { average = average }), 1e-10)
      end
    end
  end)

  it("may leave noise out", function()
    local rng = hy.rng(3)
    for _ = 1, 10 do
      local t, p, kept_t, kept_p = shapes[1](25, rng), shapes[1](25, rng), {}, {}
      for i = 1, 25 do
        if t[i] ~= -1 and p[i] ~= -1 then
          kept_t[#kept_t + 1], kept_p[#kept_p + 1] = t[i], p[i]
        end
      end
      for i = 1, 25 do -- 0 is no id of an index tensor
        t[i] = t[i] >= 0 and t[i] + 1 or -1
        p[i] = p[i] >= 0 and p[i] + 1 or -1
      end
      local index = hy.tensor(p, { dtype = "index" })
      for _, name in ipairs(external) do
        local expected = metrics[name](kept_t, kept_p)
        assert.equal(expected, metrics[name](t, p, { drop_noise = true }))
        assert.equal(expected, metrics[name](t, index, { drop_noise = true }))
      end
      assert.equal(metrics.acc(kept_t, kept_p), metrics.acc(t, p, { drop_noise = true }))
      assert.same(metrics.confusion(kept_t, kept_p):totable(),
        metrics.confusion(t, p, { drop_noise = true }):totable())
    end
    assert.raises(function() metrics.ari({ -1, 1 }, { 1, -1 }, { drop_noise = true }) end,
      "ari: every point is noise")
  end)
end)

describe("pair counting of several labelings", function()
  it("is its definition, whatever the threads", function()
    local rng = hy.rng(4)
    for trial = 1, 12 do
      local n, T, P = 3 + 11 * trial, {}, {}
      for i = 1, 1 + trial % 3 do T[i] = shapes[1](n, rng) end
      for i = 1, 1 + trial % 2 do P[i] = shapes[1 + 3 * (i - 1)](n, rng) end
      local expected = slow.pairs(T, P)
      local got = metrics.pair_counting(#T > 1 and T or T[1], #P > 1 and P or P[1],
        { remove_noise_spaces = false })
      for name, count in pairs(expected) do assert.equal(count, got[name]) end
    end
    local T = hy.randint({ 700, 3 }, 1, 40, { rng = rng }):to "index"
    local threads = hy.threads()
    hy.threads(1)
    local one = hy.together(T, T:narrow(2, 2, 2)):totable()
    hy.threads(2)
    assert.same(one, hy.together(T, T:narrow(2, 2, 2)):totable())
    hy.threads(threads)
  end)
end)

describe("a measure of several labelings", function()
  -- The best or smallest sum of entries of q over all one-to-one matchings of rows and columns.
  local function matched(q, columns, sign, i, used)
    if i > #q then return 0 end
    local best = #q > columns and matched(q, columns, sign, i + 1, used) or -math.huge
    for j = 1, columns do
      if not used[j] then
        used[j] = true
        best = math.max(best, sign * q[i][j] + matched(q, columns, sign, i + 1, used))
        used[j] = nil
      end
    end
    return best
  end

  it("aggregates a matrix as defined", function()
    local rng = hy.rng(11)
    for trial = 1, 20 do
      local rows, columns = 1 + trial % 4, 1 + trial % 3
      local T, P = {}, {}
      for i = 1, rows do T[i] = shapes[1](12, rng) end
      for j = 1, columns do P[j] = shapes[1](12, rng) end
      local function with(aggregate)
        return metrics.multi_confusion(T, P, { metric = "vi", aggregate = aggregate })
      end
      local q, most, least, sum = {}, 0, 0, 0
      for i = 1, rows do
        q[i] = {}
        for j = 1, columns do q[i][j] = slow.vi(T[i], P[j]) end
        most, least = most + math.max(table.unpack(q[i])), least + math.min(table.unpack(q[i]))
        sum = sum + slow.mean(q[i])
      end
      assert.close(q, with(nil), 1e-9)
      assert.close(most / rows, with "max", 1e-9)
      assert.close(least / rows, with "min", 1e-9)
      assert.close(sum / rows, with "mean", 1e-9)
      assert.close(matched(q, columns, 1, 1, {}) / rows, with "permut_max", 1e-9)
      if rows <= columns then -- otherwise rows may go without a column, for nothing
        assert.close(-matched(q, columns, -1, 1, {}) / rows, with "permut_min", 1e-9)
      end
    end
  end)

  it("averages over all pairs", function()
    local rng = hy.rng(12)
    for trial = 1, 10 do
      local E, nmi, vi, count = {}, 0, 0, 0
      for i = 1, 2 + trial % 4 do E[i] = shapes[1](20, rng) end
      for i = 1, #E do
        for j = i + 1, #E do
          nmi, vi, count = nmi + slow.nmi(E[i], E[j]), vi + slow.vi(E[i], E[j]), count + 1
        end
      end
      assert.close(nmi / count, metrics.agreement(E), 1e-9)
      assert.close(vi / count, metrics.average_vi(E), 1e-9)
      local candidate, sum = shapes[1](20, rng), 0
      for _, one in ipairs(E) do sum = sum + slow.nmi(candidate, one) / #E end
      assert.close(sum, metrics.anmi(candidate, E), 1e-9)
    end
  end)
end)

-- ---- internal measures ----------------------------------------------------------------------------

local function points(n, d, rng)
  return hy.randn(n, d, { dtype = "f64", rng = rng })
end

describe("an internal measure", function()
  it("is its definition", function()
    local rng = hy.rng(5)
    for trial = 1, 12 do
      local n = 9 + 5 * trial
      local x = points(n, 1 + trial % 3 * 12, rng) -- by differences, and by products
      local labels = shapes[trial % 5 == 0 and 2 or 1](n, rng)
      for i = 1, trial % 3 == 2 and n or 0 do labels[i] = i % 12 end -- many clusters
      local rows = x:totable()
      local D = slow.distances(rows)
      local values = slow.silhouettes(D, labels)
      assert.close(values, metrics.silhouette(x, labels, { samples = true }), 1e-9)
      assert.close(slow.mean(values), metrics.silhouette(x, labels), 1e-9)
      assert.close(slow.davies_bouldin(rows, labels), metrics.davies_bouldin(x, labels), 1e-9)
      assert.close(slow.calinski_harabasz(rows, labels), metrics.calinski_harabasz(x, labels), 1e-9)
      local separation, compactness = slow.cvnn(D, labels, 3)
      assert.close(separation + compactness, metrics.cvnn(x, labels, { k = 3 }), 1e-9)
    end
  end)

  it("for densities is its definition", function()
    local rng = hy.rng(6)
    for trial = 1, 12 do
      local n = 20 + 2 * trial
      local x = points(n, 1 + trial % 3 * 12, rng)
      local rows = x:totable()
      local D = slow.distances(rows)
      for i, shape in ipairs(shapes) do
        local labels = shape(n, rng)
        assert(math.abs(slow.disco(D, labels, trial % 4 + 1)
          - metrics.disco(x, labels, { min_points = trial % 4 + 1 })) < 1e-9, "shape " .. i)
      end
      local two = {}
      for i = 1, n do two[i] = i % 2 end
      assert.close(slow.dcsi(rows, two, 3), metrics.dcsi(x, two, { min_points = 3 }), 1e-9)
    end
  end)

  it("of one cluster with noise is its definition", function()
    local x = points(30, 2, hy.rng(7))
    local labels = {}
    for i = 1, 30 do labels[i] = i % 7 == 0 and -1 or 2 end
    assert.close(slow.disco(slow.distances(x:totable()), labels, 3),
      metrics.disco(x, labels, { min_points = 3 }), 1e-9)
  end)

  it("leaves noise out on demand", function()
    local rng = hy.rng(8)
    local x, labels = points(40, 2, rng), shapes[1](40, rng)
    local rows, kept = {}, {}
    for i, id in ipairs(labels) do
      if id ~= -1 then rows[#rows + 1], kept[#kept + 1] = i, id end
    end
    local inner = x:index(rows)
    for _, name in ipairs{ "silhouette", "davies_bouldin", "calinski_harabasz", "cvnn" } do
      assert.equal(metrics[name](inner, kept), (metrics[name](x, labels, { drop_noise = true })))
      assert.is_true(metrics[name](x, labels) ~= metrics[name](inner, kept))
    end
  end)

  it("needs two clusters, and fewer than points", function()
    local x = points(6, 2, hy.rng(9))
    for _, name in ipairs{ "silhouette", "davies_bouldin", "calinski_harabasz", "cvnn", "dcsi" } do
      assert.raises(function() metrics[name](x, { 1, 1, 1, 1, 1, 1 }) end,
        name .. ": labels holds 1 cluster for 6 points")
      assert.raises(function() metrics[name](x, { 1, 2, 3, 4, 5, 6 }) end,
        name .. ": labels holds 6 clusters for 6 points")
      assert.raises(function()
        metrics[name](x, { 1, 1, -1, -1, 1, 1 }, { drop_noise = true })
      end, "holds 1 cluster")
    end
  end)
end)

describe("dendrogram purity", function()
  it("is its definition on random trees", function()
    local rng = hy.rng(10)
    for trial = 1, 10 do
      local leaves = 2 + trial
      local left, merges = {}, {}
      for b = 1, leaves do left[b] = b end
      for row = 1, leaves - 1 do
        local pair = {}
        for side = 1, 2 do
          pair[side] = table.remove(left, hy.randint({ 1 }, 1, #left, { rng = rng }):item())
        end
        merges[row] = pair
        left[#left + 1] = leaves + row
      end
      local t, leaf = {}, {}
      for i = 1, 30 do
        t[i] = hy.randint({ 1 }, 1, 3, { rng = rng }):item()
        leaf[i] = hy.randint({ 1 }, 1, leaves, { rng = rng }):item()
      end
      local expected = slow.dendrogram_purity(t, leaf, merges)
      assert.close(expected, metrics.dendrogram_purity(t, leaf, merges), 1e-12)
      local index = hy.tensor(leaf, { dtype = "index" })
      assert.close(expected, metrics.dendrogram_purity(hy.tensor(t, { dtype = "index" }), index,
        hy.tensor(merges, { dtype = "index" })), 1e-12)
      assert.close(slow.purity(t, leaf), metrics.leaf_purity(t, leaf), 1e-12)
    end
  end)
end)
