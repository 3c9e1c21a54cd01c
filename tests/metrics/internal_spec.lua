-- Measures that need no truth, and measures of trees: worked numbers, invariances, errors.
local S = require "tests.support"
local hy = require "hyades"
local metrics = hy.metrics

local X = hy.tensor({ { 0, 0 }, { 0, 1 }, { 1, 0 }, { 5, 5 }, { 5, 6 }, { 6, 5 }, { 9, 0 } },
  { dtype = "f64" })
local A, B = { 0, 0, 0, 1, 1, 1, 2 }, { 0, 0, 0, 1, 1, 1, 1 }

local function column(list) return hy.tensor(list, { dtype = "f64" }):reshape(-1, 1) end

describe("the worked example", function()
  it("has silhouettes", function()
    assert.close({ 0.867792, 0.824933, 0.824933, 0.843826, 0.832604, 0.792983, 0 },
      metrics.silhouette(X, A, { samples = true }), 1e-6)
    assert.close(0.712439, metrics.silhouette(X, A), 1e-6)
    assert.close(0.652166, metrics.silhouette(X, B), 1e-6)
  end)

  it("has ratios of spread and distance", function()
    assert.close(0.157011, metrics.davies_bouldin(X, A), 1e-6)
    assert.close(0.447524, metrics.davies_bouldin(X, B), 1e-6)
    assert.close(85.857143, metrics.calinski_harabasz(X, A), 1e-6)
    assert.close(12.184771, metrics.calinski_harabasz(X, B), 1e-6)
  end)

  it("has foreign neighbors", function()
    assert.close(3.276142, metrics.cvnn(X, A, { k = 2 }), 1e-6)
    assert.close(4.947970, metrics.cvnn(X, B, { k = 2 }), 1e-6)
    assert.close({ 1.460015, 1 }, metrics.cvnn(X, { A, B }, { k = 2 }), 1e-6)
    local both = hy.stack({ hy.tensor{ 1, 1, 1, 2, 2, 2, 3 }, hy.tensor{ 1, 1, 1, 2, 2, 2, 2 } }, 2)
    assert.close({ 1.460015, 1 }, metrics.cvnn(X, both:to "index", { k = 2 }), 1e-6)
  end)

  it("is the same in f32, u8 and as a dataset", function()
    for _, x in ipairs{ X:to "f32", X:to "u8", { x = X } } do
      assert.close(0.712439, metrics.silhouette(x, A), 1e-6)
      assert.close(0.157011, metrics.davies_bouldin(x, A), 1e-6)
      assert.close(85.857143, metrics.calinski_harabasz(x, A), 1e-6)
      assert.close(3.276142, metrics.cvnn(x, A, { k = 2 }), 1e-6)
    end
  end)
end)

describe("silhouette, davies_bouldin, calinski_harabasz, cvnn", function()
  it("agree with another library", function() -- scikit-learn 1.2
    local expected = {
      [30] = { 0.17088307825335727, 1.8513253301425032, 20.69791035631266 },
      [5] = { 0.019311168324101145, 2.719889044564628, 13.17372496024748 },
    }
    for d, values in pairs(expected) do
      local rows, labels = {}, {}
      for i = 1, 60 do
        rows[i], labels[i] = {}, i * 5 % 7 % 4
        for j = 1, d do
          rows[i][j] = (i * j * 7 + i * i * 3) % 23 / 4 + (j % 3 == 0 and 3 * labels[i] or 0)
        end
      end
      local x = hy.tensor(rows, { dtype = "f64" })
      assert.close(values[1], metrics.silhouette(x, labels), 1e-10)
      assert.close(values[2], metrics.davies_bouldin(x, labels), 1e-10)
      assert.close(values[3], metrics.calinski_harabasz(x, labels), 1e-10)
    end
  end)

  it("do not change when points are turned, moved, shuffled or named anew", function()
    local rng = hy.rng(1)
    local blobs = hy.data.blobs{ n = 200, k = 4, d = 20, rng = rng }
    local x, labels = blobs.x:to "f64", blobs.y
    local turn = hy.qr(hy.randn(20, 20, { dtype = "f64", rng = rng }))
    local order = hy.randperm(200, { rng = rng })
    local renamed = {}
    for i, id in ipairs(labels:totable()) do renamed[i] = (id * 3) % 5 - 2 end
    for _, name in ipairs{ "silhouette", "davies_bouldin", "calinski_harabasz", "cvnn" } do
      local value = metrics[name](x, labels)
      assert.close(value, metrics[name](x:mm(turn) + 3, labels), 1e-9)
      assert.close(value, metrics[name](x:index(order), labels:index(order)), 1e-9)
      assert.close(value, metrics[name](x, renamed), 1e-9)
      assert.close(value, metrics[name](x, labels:reshape(-1, 1)), 0)
      assert.close(value * (name == "cvnn" and 2 or 1), metrics[name](x * 2, labels), 1e-9)
      assert.close(value, metrics[name](hy.cat({ x, hy.ones(200, 1, { dtype = "f64" }) }, 2), labels),
        1e-9)
    end
  end)

  it("of points that all coincide", function()
    local same = hy.ones(6, 3)
    local labels = { 1, 1, 1, 2, 2, 2 }
    assert.equal(0, metrics.silhouette(same, labels))
    local value, warning = metrics.davies_bouldin(same, labels)
    assert.equal(0, value)
    assert.is_truthy(warning:find "centers coincide")
    assert.equal(1, metrics.calinski_harabasz(same, labels))
    assert.same({ 0, 0 }, metrics.cvnn(same, { labels, labels }, { k = 2 }))
  end)

  it("say what they want", function()
    for _, name in ipairs{ "silhouette", "davies_bouldin", "calinski_harabasz", "cvnn", "dcsi", "disco" } do
      local measure = metrics[name]
      assert.raises(function() measure(A, X) end, name .. ": expected a tensor n×d")
      assert.raises(function() measure(X, { 1, 2 }) end, name .. ": x has 7 rows and labels has 2")
      assert.raises(function() measure(X, { 1, 2, 1, 2, 1, 2, 1.5 }) end, "element 7 is 1.5")
      assert.raises(function() measure(X, A, { noise = true }) end, "unknown option")
      local bad = hy.ones(7, 3)
      bad:narrow(1, 4, 1):copy(hy.tensor{ { 1, 0 / 0, 1 } })
      assert.raises(function() measure(bad, A) end, name .. ": x is NaN or infinite")
      assert.raises(function() measure(bad, A) end, "row 4")
    end
    assert.raises(function() metrics.cvnn(X, A, { k = 7 }) end, "option k is 7")
    assert.raises(function() metrics.cvnn(X, A, { k = 0 }) end, "at least 1, got 0")
    assert.raises(function() metrics.silhouette(X, { -1, -1, -1, -1, -1, -1, -1 }, { drop_noise = true }) end,
      "every point noise")
  end)

  it("of many points take little memory", function()
    local _, text = S.shell [[./hyades -e '
      local x, labels = hy.rand(4000, 50), {}
      for i = 1, 4000 do labels[i] = i % 10 end
      local before = hy.memory()
      metrics.silhouette(x, labels)
      local _, peak = hy.memory()
      print(peak - before)']]
    assert.is_true(tonumber(text) < 8e6, text) -- all distances would be 64 MB
  end)
end)

describe("dcsi", function()
  local line = column{ 0, 1, 2, 3, 4, 10, 11, 12, 13, 14 }
  local two = { 0, 0, 0, 0, 0, 1, 1, 1, 1, 1 }

  it("compares the gap with the longest edge", function()
    for min_points = 1, 2 do
      local value, more = metrics.dcsi(line, two, { min_points = min_points })
      assert.close(6 / 7, value, 1e-12)
      assert.equal(6, more.separation)
      assert.equal(1, more.connectedness)
      assert.is_nil(more.warning)
    end
  end)

  it("of three classes tells about each pair", function()
    local x = column{ 0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 100, 102, 104, 106, 108 }
    local value, more = metrics.dcsi(x, { 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2 },
      { min_points = 2 })
    assert.close(6 / 8, value, 1e-12)
    local expected = { 6 / 7, 96 / 98, 86 / 88 }
    local m = more.pairwise:totable()
    assert.close(expected, { m[1][2], m[1][3], m[2][3] }, 1e-12)
    assert.close((expected[1] + expected[2] + expected[3]) / 3, more.mean, 1e-12)
  end)

  it("skips classes that are too small, and says so", function()
    local x, labels = hy.cat({ line, column{ 50 } }, 1), table.move(two, 1, 10, 1, {})
    labels[11] = 2
    local value, more = metrics.dcsi(x, labels, { min_points = 2 })
    assert.close(6 / 7, value, 1e-12)
    assert.is_truthy(more.warning:find "1 of 3 classes")
    assert.raises(function() metrics.dcsi(x, labels, { min_points = 3 }) end, "only 0 of 3 classes")
  end)

  it("of classes without extent is 1", function()
    local x = hy.cat({ hy.zeros(5, 2), hy.ones(5, 2) }, 1)
    assert.equal(1, (metrics.dcsi(x, two, { min_points = 1 })))
  end)
end)

describe("disco", function()
  local x = column{ 0, 1, 2, 3.5, 10, 10.5, 11, 20 }
  local labels = { 0, 0, 0, 0, 1, 1, 1, -1 }

  it("scores clusters and noise", function()
    local values = metrics.disco(x, labels, { min_points = 3, samples = true })
    assert.close({ 0.666667, 0.692308, 0.692308, 0.615385, 0.846154, 0.846154, 0.846154, 0.736842 },
      values, 1e-6)
    assert.close(0.742746, metrics.disco(x, labels, { min_points = 3 }), 1e-6)
  end)

  it("of nothing but noise is −1, of one cluster 0", function()
    assert.equal(-1, metrics.disco(x, { -1, -1, -1, -1, -1, -1, -1, -1 }))
    assert.equal(0, metrics.disco(x, { 2, 2, 2, 2, 2, 2, 2, 2 }))
    assert.equal(0, metrics.disco(x, { 1, 2, 3, 4, 5, 6, 7, 8 }))
  end)

  it("takes min_points up to n, from tensors as well", function()
    local index = hy.tensor({ 1, 1, 1, 1, 2, 2, 2, -1 }, { dtype = "index" })
    assert.close(0.742746, metrics.disco(x, index, { min_points = 3 }), 1e-6)
    assert.is_true(metrics.disco(x, labels, { min_points = 8 }) <= 1)
    assert.raises(function() metrics.disco(x, labels, { min_points = 9 }) end,
      "option min_points is 9 and x has 8 rows")
  end)

  it("prefers rings told apart to rings cut in halves", function()
    local rings = hy.data.circles{ n = 300, noise = 0.02, rng = hy.rng(3) }
    local halves = rings.x:narrow(2, 1, 1):reshape(-1):gt(0):to("f32"):add(1):to "index"
    assert.is_true(metrics.disco(rings.x, rings.y) > 0.3)
    assert.is_true(metrics.disco(rings.x, halves) < 0.1)
    assert.is_true(metrics.silhouette(rings.x, rings.y) < metrics.silhouette(rings.x, halves))
  end)
end)

describe("dendrogram_purity", function()
  local merges = { { 1, 2 }, { 3, 6 }, { 4, 7 }, { 5, 8 } } -- single linkage of 0 1 3 7 12

  it("has worked values", function()
    assert.close(0.675, metrics.dendrogram_purity({ 0, 0, 1, 1, 1 }, nil, merges), 1e-12)
    assert.close(0.591667, metrics.dendrogram_purity({ 0, 1, 0, 1, 1 }, nil, merges), 1e-6)
    local edges = hy.cluster.mst(column{ 0, 1, 3, 7, 12 })
    local tree = hy.single_linkage(edges)
    assert.close(0.675, metrics.dendrogram_purity({ 0, 0, 1, 1, 1 }, nil, tree), 1e-12)
    local linkage = hy.cat({ tree:to "f64", hy.ones(4, 2, { dtype = "f64" }) }, 2)
    assert.close(0.675, metrics.dendrogram_purity({ 0, 0, 1, 1, 1 }, { 1, 2, 3, 4, 5 }, linkage), 1e-12)
  end)

  it("is 1 where classes are subtrees or leaves", function()
    assert.equal(1, metrics.dendrogram_purity({ 1, 1, 2, 2 }, nil, { { 1, 2 }, { 3, 4 }, { 5, 6 } }))
    assert.equal(1, metrics.dendrogram_purity({ 1, 1, 2, 2 }, { 1, 1, 2, 2 }, { { 1, 2 } }))
    assert.equal(1, metrics.dendrogram_purity({ 4, 4, 4 }, { 1, 1, 1 }, {}))
    assert.equal(1, metrics.leaf_purity({ 1, 1, 2, 2 }, { 1, 1, 2, 3 }))
  end)

  it("says what it wants", function()
    local function purity(...) return metrics.dendrogram_purity(...) end
    assert.raises(function() purity({ 1, 2, 3, 4, 5 }, nil, merges) end, "no two points share a class")
    assert.raises(function() purity({ 1, 1 }, nil, merges) end, "5 leaves and truth 2 points")
    assert.raises(function() purity({ 1, 1 }, { 1, 6 }, merges) end, "element 2 is 6; leaves are 1 to 5")
    assert.raises(function() purity({ 1, 1 }, { 1 }, merges) end, "truth has 2 points and labels has 1")
    assert.raises(function() purity({ 1, 1, 1 }, nil, { { 1, 2 }, { 2, 3 } }) end, "merges: row 2")
    assert.raises(function() purity({ 1, 1 }, nil, 5) end, "merges must be a tensor or an array")
  end)
end)
