-- Nearest neighbors, distances to clusters, spanning trees: against all pairs, by brute force.
require "tests.support"
local hy = require "hyades"
local slow = require "tests.metrics.slow"
local cluster = hy.cluster

-- Rows with many equal distances: a grid of few values.
local function lattice(n, d, rng, dtype)
  return hy.randint({ n, d }, 1, 3, { rng = rng }):to(dtype or "f64")
end

local function with_threads(fn)
  local before, results = hy.threads(), {}
  for i, threads in ipairs{ 1, 2, 3 } do
    hy.threads(threads)
    results[i] = fn()
  end
  hy.threads(before)
  assert.same(results[1], results[2])
  assert.same(results[1], results[3])
end

describe("knn", function()
  it("finds the nearest others, ties to the lowest position", function()
    local rng = hy.rng(1)
    for _, case in ipairs{ { 2, 1 }, { 30, 2 }, { 65, 16 }, { 70, 17 }, { 300, 40 } } do
      local n, d = table.unpack(case)
      for _, x in ipairs{ hy.randn(n, d, { dtype = "f64", rng = rng }), lattice(n, d, rng) } do
        local D, k = slow.distances(x:totable()), math.min(7, n - 1)
        local index, distance = cluster.knn(x, k)
        index, distance = index:totable(), distance:totable()
        for i = 1, n do
          local order = slow.neighbors(D, i)
          for j = 1, k do
            assert.equal(order[j], index[i][j])
            assert.close(D[i][order[j]], distance[i][j], 1e-12)
          end
        end
      end
    end
  end)

  it("is the same in every type where the numbers are", function()
    local x = hy.randint({ 150, 30 }, 1, 255, { rng = hy.rng(2) }):to "f64"
    local index, distance = hy.knn(x, 9)
    for _, dtype in ipairs{ "f32", "u8" } do
      local i, d = hy.knn(x:to(dtype), 9)
      assert.same(index:totable(), i:totable())
      assert.same(distance:totable(), d:totable())
    end
  end)

  it("keeps its digits far from the origin and beside an outlier", function()
    local x = hy.randn(200, 20, { dtype = "f64", rng = hy.rng(3) }):to "f32" + 1000
    x = hy.cat({ x, hy.full({ 1, 20 }, 1e6) }, 1)
    local index = hy.knn(x, 5):totable()
    local D = slow.distances(x:totable())
    for i = 1, 201 do
      local order = slow.neighbors(D, i)
      for j = 1, 5 do assert.equal(order[j], index[i][j]) end
    end
  end)

  it("of equal rows are the first ones", function()
    local index, distance = hy.knn(hy.ones(600, 20), 3)
    assert.equal(0, distance:max():item())
    assert.same({ { 2, 3, 4 }, { 1, 3, 4 }, { 1, 2, 4 }, { 1, 2, 3 }, { 1, 2, 3 } },
      index:narrow(1, 1, 5):totable())
  end)

  it("does not depend on the threads", function()
    local x = hy.randn(700, 50, { rng = hy.rng(4) })
    with_threads(function()
      local index, distance = hy.knn(x, 6)
      return { index:totable(), distance:totable() }
    end)
  end)

  it("says what it wants", function()
    local x = hy.ones(4, 2)
    assert.raises(function() cluster.knn(x, 4) end,
      "cluster.knn: k: expected an integer from 1 to 3, got 4")
    assert.raises(function() hy.knn(x, 4) end, "knn: k is 4; it must be from 1 to 3")
    assert.raises(function() cluster.knn(x, 0) end, "from 1 to 3, got 0")
    assert.raises(function() cluster.knn(hy.tensor{ { 1, 2 }, { 3, 0 / 0 } }, 1) end,
      "x is NaN at row 2, column 2")
    assert.raises(function() cluster.knn(5, 1) end, "cluster.knn: expected a tensor n×d")
  end)
end)

describe("distances to clusters", function()
  local function expected(D, labels)
    local own, other = {}, {}
    for i = 1, #D do
      local sum, size = {}, {}
      for j = 1, #D do
        sum[labels[j]] = (sum[labels[j]] or 0) + D[i][j]
        size[labels[j]] = (size[labels[j]] or 0) + (i == j and 0 or 1)
      end
      own[i], other[i] = sum[labels[i]] / math.max(size[labels[i]], 1), math.huge
      for id, total in pairs(sum) do
        if id ~= labels[i] then other[i] = math.min(other[i], total / size[id]) end
      end
    end
    return own, other
  end

  it("are means over all pairs", function()
    local rng = hy.rng(5)
    for _, case in ipairs{ { 1, 3, 1 }, { 2, 3, 2 }, { 40, 2, 5 }, { 90, 20, 3 }, { 300, 30, 150 } } do
      local n, d, k = table.unpack(case)
      local x = hy.randn(n, d, { dtype = "f64", rng = rng })
      local labels = hy.randint({ n }, 1, k, { rng = rng }):to "index"
      local own, other = hy.label_distances(x, labels)
      local a, b = expected(slow.distances(x:totable()), labels:totable())
      assert.close(a, own, 1e-12)
      assert.close(b, other, 1e-12)
      own, other = hy.label_distances(x:to "f32", labels)
      assert.close(a, own, 1e-5)
      assert.close(b, other, 1e-5)
    end
  end)

  it("of points that nearly coincide keep their digits", function()
    local rng = hy.rng(6)
    local labels = hy.cat({ hy.ones(60), hy.full({ 60 }, 2) }, 1):to "index"
    local near = hy.randn(120, 30, { rng = rng }) * 1e-3
    local x = hy.cat({ near:narrow(1, 1, 60) + 5, near:narrow(1, 61, 60) - 5 }, 1)
    local a, b = expected(slow.distances(x:totable()), labels:totable())
    local own, other = hy.label_distances(x, labels)
    for i, value in ipairs(own:totable()) do
      assert.is_true(math.abs(value / a[i] - 1) < 2e-3) -- centered f32 keeps 5·2^-24 of 1e-3
    end
    assert.close(b, other, 1e-5)
  end)

  it("do not depend on the threads, nor on the order of the points", function()
    local x = hy.randint({ 600, 30 }, 1, 255, { rng = hy.rng(7) }):to "u8"
    local labels = hy.randint({ 600 }, 1, 4, { rng = hy.rng(8) }):to "index"
    with_threads(function()
      local own, other = hy.label_distances(x, labels)
      return { own:totable(), other:totable() }
    end)
    local order = hy.randperm(600, { rng = hy.rng(9) })
    local own, other = hy.label_distances(x, labels)
    local a, b = hy.label_distances(x:index(order), labels:index(order))
    assert.close(own:index(order), a, 1e-6)
    assert.close(other:index(order), b, 1e-6)
  end)

  it("say what they want", function()
    assert.raises(function() hy.label_distances(hy.ones(3, 2), { 1, 2 }) end, "2 labels for 3 rows")
    assert.raises(function() hy.label_distances(hy.full({ 3, 20 }, 1e30) * hy.randn(3, 20), { 1, 2, 2 }) end,
      "overflow")
  end)
end)

describe("the minimum spanning tree", function()
  -- Kruskal over all pairs
  local function total(D)
    local pairs_of, parent, sum = {}, {}, 0
    for i = 1, #D do
      parent[i] = i
      for j = i + 1, #D do pairs_of[#pairs_of + 1] = { D[i][j], i, j } end
    end
    table.sort(pairs_of, function(a, b) return a[1] < b[1] end)
    local function root(i)
      while parent[i] ~= i do i = parent[i] end
      return i
    end
    for _, one in ipairs(pairs_of) do
      local a, b = root(one[2]), root(one[3])
      if a ~= b then
        parent[a], sum = b, sum + one[1]
      end
    end
    return sum
  end

  it("is as short as Kruskal's, with and without core distances", function()
    local rng = hy.rng(10)
    for _, n in ipairs{ 1, 2, 3, 20, 60 } do
      for _, x in ipairs{ hy.randn(n, 3, { dtype = "f64", rng = rng }), lattice(n, 2, rng),
        lattice(n, 20, rng, "u8") } do
        local D = slow.distances(x:totable())
        local edges, lengths = cluster.mst(x)
        assert.same({ n - 1, 2 }, edges:size())
        assert.close(total(D), lengths:sum():item(), 1e-9)
        local core = slow.cores(D, math.min(3, n))
        _, lengths = cluster.mst(x, { core = hy.tensor(core, { dtype = "f64" }) })
        for i = 1, n do
          for j = 1, n do D[i][j] = math.max(D[i][j], core[i], core[j]) end
        end
        assert.close(total(D), lengths:sum():item(), 1e-9)
      end
    end
  end)

  it("names edges of that length, shortest first", function()
    local x = hy.tensor{ { 0 }, { 1 }, { 3 }, { 7 }, { 12 } }
    local edges, lengths = cluster.mst(x)
    assert.same({ 1, 2, 4, 5 }, lengths:totable())
    assert.same({ { 1, 2 }, { 2, 3 }, { 3, 4 }, { 4, 5 } }, edges:totable())
    local _, bytes = cluster.mst(x:to "u8")
    assert.same({ 1, 2, 4, 5 }, bytes:totable())
  end)

  it("of the worked example has these mutual reachabilities", function()
    local x = hy.tensor({ 0, 1, 2, 3.5, 10, 10.5, 11, 20 }, { dtype = "f64" }):reshape(-1, 1)
    local _, near = cluster.knn(x, 2)
    local core = near:select(2, 2)
    assert.close({ 2, 1, 1.5, 2.5, 1, 0.5, 1, 9.5 }, core, 1e-12)
    local edges, lengths = cluster.mst(x, { core = core })
    assert.close({ 1, 1, 1.5, 2, 2.5, 6.5, 9.5 }, lengths, 1e-12)
    local merges, dc = hy.single_linkage(edges), slow.dc(slow.distances(x:totable()), core:totable())
    assert.equal(2, dc[1][2])
    assert.equal(1.5, dc[2][3])
    assert.equal(2.5, dc[1][4])
    assert.equal(6.5, dc[1][6])
    assert.equal(9.5, dc[3][8])
    for j = 1, 8 do
      local mask = hy.zeros(8)
      mask:narrow(1, j, 1):copy(hy.ones(1))
      local sum, least = hy.tree_distances(merges, lengths, mask:gt(0))
      for i = 1, 8 do
        assert.equal(dc[i][j], sum:totable()[i])
        assert.equal(i == j and math.huge or dc[i][j], least:totable()[i])
      end
    end
  end)

  it("does not depend on the threads", function()
    local x = hy.randn(500, 60, { rng = hy.rng(11) })
    with_threads(function()
      local edges, lengths = hy.mst(x)
      return { edges:totable(), lengths:totable() }
    end)
  end)

  it("says what it wants", function()
    local x = hy.ones(3, 2)
    assert.raises(function() cluster.mst(x, { core = hy.ones(2) }) end, "x and core differ in length")
    assert.raises(function() hy.mst(x, hy.tensor{ 1, -1, 0 }) end, "core is -1 at 2")
    assert.raises(function() cluster.mst(x, { cores = hy.ones(3) }) end, '"core"')
    assert.raises(function() hy.mst(hy.zeros(0, 2)) end, "x has 0 rows")
  end)
end)

describe("a single-linkage tree", function()
  it("has a node for every edge", function()
    local edges = hy.tensor({ { 2, 1 }, { 4, 5 }, { 3, 2 }, { 5, 1 } }, { dtype = "index" })
    assert.same({ { 1, 2 }, { 4, 5 }, { 3, 6 }, { 7, 8 } }, hy.single_linkage(edges):totable())
  end)

  it("gives distances to any set of leaves", function()
    local rng = hy.rng(12)
    for n = 1, 40, 3 do
      local x = lattice(n, 2, rng)
      local D = slow.distances(x:totable())
      local edges, lengths = hy.mst(x)
      local dc = slow.minimax(D)
      local marked = hy.rand(n, { rng = rng }):lt(0.5)
      local sum, least = hy.tree_distances(hy.single_linkage(edges), lengths, marked)
      sum, least = sum:totable(), least:totable()
      for i = 1, n do
        local total, nearest = 0, math.huge
        for j, is in ipairs(marked:totable()) do
          if is == 1 and j ~= i then total, nearest = total + dc[i][j], math.min(nearest, dc[i][j]) end
        end
        assert.close(total, sum[i], 1e-9)
        assert.equal(nearest, least[i])
      end
    end
  end)

  it("that is none raises", function()
    local function index(t) return hy.tensor(t, { dtype = "index" }) end
    local two, three = hy.ones(2), hy.zeros(3, { dtype = "u8" })
    assert.raises(function() hy.single_linkage(index{ { 1, 2 }, { 2, 1 } }) end,
      "edges closes a circle in row 2")
    assert.raises(function() hy.single_linkage(index{ { 1, 4 }, { 2, 1 } }) end, "outside of 1..3 in row 1")
    assert.raises(function() hy.single_linkage(index{ 1, 2 }) end, "two columns")
    assert.raises(function() hy.tree_distances(index{ { 1, 2 }, { 1, 4 } }, two, three) end,
      "row 2 names node 1, which was merged before")
    assert.raises(function() hy.tree_distances(index{ { 1, 5 }, { 2, 3 } }, two, three) end,
      "does not exist by then")
    assert.raises(function() hy.tree_distances(index{ { 1, 2 }, { 3, 4 } }, hy.ones(1), three) end,
      "differ in length")
    assert.raises(function() hy.tree_distances(index{ { 1, 2 }, { 3, 4 } }, two, two) end,
      "marked must be u8")
  end)
end)

describe("a watcher", function()
  local x = hy.randn(2500, 20, { rng = hy.rng(1) })

  it("is told how far a long op is, until nothing watches", function()
    local shares = {}
    assert.is_nil(hy.watch(function(done, total) shares[#shares + 1] = done / total end))
    hy.mst(x)
    assert.equal("function", type(hy.watch(nil)))
    local told = #shares
    assert.is_true(told > 0)
    for _, share in ipairs(shares) do assert.is_true(share >= 0 and share <= 1) end
    hy.mst(x)
    assert.equal(told, #shares)
  end)

  it("may call ops itself; its errors end the op", function()
    hy.watch(function() hy.ones(3, 3):mm(hy.eye(3)) end)
    local edges = hy.mst(x)
    assert.equal(2499, edges:size(1))
    hy.watch(function() error("enough", 0) end)
    assert.raises(function() hy.mst(x) end, "mst: enough")
    hy.watch(nil)
    assert.equal(2499, hy.mst(x):size(1))
  end)

  it("shows a line for one call, and goes also when that fails", function()
    local progress, watched = require "hyades.progress", require "hyades.watched"
    progress.silent = true
    finally(function() progress.silent = false end)
    assert.same({ 5, 6, nil, 7 }, { watched("sum", function(...) return ... end, 5, 6, nil, 7) })
    assert.raises(function() watched("mst", hy.mst, x, hy.ones(3)) end, "differ in length")
    assert.is_nil(hy.watch(nil))
  end)
end)
