-- Agglomerative clustering: the tree of each linkage, its cuts, and what it refuses.
require "tests.support"
local hy = require "hyades"
local Agglomerative, metrics = hy.cluster.Agglomerative, hy.metrics

local line = hy.tensor({ 0, 1, 3, 7, 12 }, { dtype = "f64" }):reshape(5, 1)
local linkages = { "ward", "complete", "average", "single" }
local heights = { -- of `line`, by hand
  ward = { 1, 2.886751, 5, 12.651746 }, complete = { 1, 3, 5, 12 },
  average = { 1, 2.5, 5, 8.166667 }, single = { 1, 2, 4, 5 },
}

-- Straight from the definition: the distance of two sets of rows.
local function distance(linkage, x, a, b)
  local p, q = x:index(a), x:index(b)
  local all = hy.sqdist(p, q):sqrt()
  if linkage == "single" then return all:min():item() end
  if linkage == "complete" then return all:max():item() end
  if linkage == "average" then return all:mean():item() end
  local gap = (p:mean(1) - q:mean(1)):square():sum():item()
  return math.sqrt(2 * #a * #b / (#a + #b) * gap)
end

-- The heights of merging the nearest two again and again.
local function slow_heights(linkage, x)
  local sets, found = {}, {}
  for i = 1, x:size(1) do sets[i] = { i } end
  while #sets > 1 do
    local best, a, b = math.huge, nil, nil
    for i = 1, #sets do
      for j = i + 1, #sets do
        local d = distance(linkage, x, sets[i], sets[j])
        if d < best then best, a, b = d, i, j end
      end
    end
    table.move(sets[b], 1, #sets[b], #sets[a] + 1, sets[a])
    table.remove(sets, b)
    found[#found + 1] = best
  end
  return found
end

describe("cluster.Agglomerative", function()
  for _, linkage in ipairs(linkages) do
    it("merges by " .. linkage .. " as by hand", function()
      local model = Agglomerative{ k = 2, linkage = linkage }:fit(line)
      assert.close(heights[linkage], model.distances, 1e-6)
      assert.close({ 1, 2, 1, 2 }, model.merges[1], 0)
      if linkage ~= "single" then assert.close({ 4, 5, 5, 2 }, model.merges[3], 0) end
      assert.equal(5, model.merges[4][4]:item())
    end)

    it("merges by " .. linkage .. " as its definition says", function()
      local x = hy.randn(18, 3, { rng = hy.rng(1), dtype = "f64" })
      assert.close(slow_heights(linkage, x),
        Agglomerative{ k = 2, linkage = linkage }:fit(x).distances, 1e-9)
    end)

    it("finds the same by " .. linkage .. " with the distances given", function()
      local x = hy.randn(60, 3, { rng = hy.rng(2), dtype = "f64" })
      local matrix = hy.sqdist(x, x):sqrt()
      matrix = (matrix + matrix:t()) / 2
      local got = Agglomerative{ k = 4, linkage = linkage, metric = "precomputed" }:fit(matrix)
      local expected = Agglomerative{ k = 4, linkage = linkage }:fit(x)
      assert.close(expected.merges, got.merges, 1e-6)
      assert.same(expected.labels:totable(), got.labels:totable())
    end)
  end

  it("finds the same by ward and single without room for all distances", function()
    local x = hy.randn(300, 4, { rng = hy.rng(3), dtype = "f64" })
    for _, linkage in ipairs{ "ward", "single" } do
      local roomy = Agglomerative{ k = 3, linkage = linkage }:fit(x)
      local tight = Agglomerative{ k = 3, linkage = linkage, memory = 0 }:fit(x)
      assert.close(roomy.merges, tight.merges, 1e-9)
    end
  end)

  it("says what memory it needs before it starts", function()
    assert.raises(function()
      Agglomerative{ k = 2, linkage = "average" }:fit(hy.zeros(100000, 2))
    end, "the distances of all pairs of 100000 points take 40 GB, and memory allows 1.07")
  end)

  it("cuts anywhere, by number and by height", function()
    local model = Agglomerative{ height = 4, linkage = "single" }:fit(line)
    assert.same({ 1, 1, 1, 1, 2 }, model.labels:totable())
    assert.same({ 1, 1, 1, 2, 3 }, model:cut{ k = 3 }:totable())
    assert.same({ 1, 2, 3, 4, 5 }, model:cut{ height = 0.5 }:totable())
    assert.same({ 1, 1, 1, 1, 1 }, model:cut{ k = 1 }:totable())
    assert.same({ 1, 2, 3, 4, 5 }, model:cut{ k = 5 }:totable())
    assert.raises(function() model:cut{} end, "give either k")
    assert.raises(function() model:cut{ k = 2, height = 1 } end, "give either k")
    assert.raises(function() model:cut{ k = 6 } end, "k = 6 needs at least as many points, got 5")
  end)

  it("separates blobs, and rings where only single linkage can", function()
    local blobs = hy.data.blobs{ n = 300, k = 4, d = 5, rng = hy.rng(1) }
    for _, linkage in ipairs{ "ward", "complete", "average" } do
      assert.is_true(metrics.ari(blobs.y, Agglomerative{ k = 4, linkage = linkage }
        :fit(blobs).labels) > 0.95, linkage)
    end
    local rings = hy.data.circles{ n = 400, noise = 0.03, rng = hy.rng(2) }
    assert.equal(1, metrics.ari(rings.y, Agglomerative{ k = 2, linkage = "single" }:fit(rings).labels))
  end)

  it("gives a tree that dendrogram purity reads", function()
    local model = Agglomerative{ k = 2, linkage = "single" }:fit(line)
    assert.close(0.675, metrics.dendrogram_purity({ 0, 0, 1, 1, 1 }, nil, model.merges), 1e-6)
  end)

  it("knows other metrics", function()
    local x = hy.tensor{ { 1, 0 }, { 2, 0 }, { 0, 1 } }
    assert.close({ 0, 1 }, Agglomerative{ k = 2, linkage = "average", metric = "cosine" }
      :fit(x).distances, 1e-6)
    assert.close({ 1, 2.5 }, Agglomerative{ k = 2, linkage = "average", metric = "manhattan" }
      :fit(x).distances, 1e-6)
    assert.close({ 1, 2 }, Agglomerative{ k = 2, linkage = "single", metric = "sqeuclidean" }
      :fit(x).distances, 1e-6)
    assert.raises(function() Agglomerative{ k = 2, metric = "cosine" }:fit(x) end,
      'linkage "ward" goes with metric "euclidean" or "precomputed", not "cosine"')
    assert.raises(function()
      Agglomerative{ k = 2, linkage = "single", metric = "cosine" }:fit(hy.zeros(2, 2))
    end, "row 1 of x is 0 and has no direction")
  end)

  it("says so where the distances overflow, and keeps what is finite", function()
    local x = hy.randn(12, 2, { rng = hy.rng(1), dtype = "f64" })
    local matrix = (hy.sqdist(x, x) + hy.sqdist(x, x):t()) * 1e200
    assert.raises(function() Agglomerative{ k = 2, metric = "precomputed" }:fit(matrix) end,
      "the distances overflow; scale x down")
    assert.raises(function() Agglomerative{ k = 2 }:fit(x * 1e200) end, "overflow")
    assert.raises(function() Agglomerative{ k = 2, memory = 0 }:fit(x * 1e200) end, "overflow")
    for _, linkage in ipairs(linkages) do
      local small = Agglomerative{ k = 2, linkage = linkage }:fit(x)
      local large = Agglomerative{ k = 2, linkage = linkage }:fit(x * 1e100)
      assert.same(small.labels:totable(), large.labels:totable())
      assert.same({ 1 }, Agglomerative{ k = 1, linkage = linkage }:fit(x:narrow(1, 1, 1)).labels:totable())
    end
  end)

  it("takes one point, and gives the same for any number of threads", function()
    assert.same({ 1 }, Agglomerative{ k = 1 }:fit(hy.ones(1, 3)).labels:totable())
    local x = hy.randn(400, 4, { rng = hy.rng(4) })
    local threads = hy.threads()
    local function fit(n, memory)
      hy.threads(n)
      return Agglomerative{ k = 3, memory = memory }:fit(x).merges:totable()
    end
    local plain, direct = fit(1), fit(1, 0)
    assert.same(plain, fit(3))
    assert.same(direct, fit(3, 0))
    hy.threads(threads)
  end)

  it("names what is wrong", function()
    assert.raises(function() Agglomerative{ k = 2, linkage = "average" }:fit{} end, "Agglomerative: x")
    assert.raises(function() Agglomerative{}:fit(line) end, "give either k")
    assert.raises(function() Agglomerative{ k = 6 }:fit(line) end, "needs at least as many points")
    assert.raises(function() Agglomerative{ k = 2, linkage = "avrage" } end, 'did you mean "average"?')
    assert.raises(function() Agglomerative{ k = 2, metric = "precomputed" }:fit(line) end,
      "x must be square to be a matrix of distances, got 5×1")
    assert.raises(function()
      Agglomerative{ k = 2, metric = "precomputed" }:fit(hy.tensor{ { 0, 1 }, { 2, 0 } })
    end, "x is no matrix of distances: it holds 2 at row 2, column 1 and 1 at row 1, column 2")
    assert.raises(function() hy.linkage(line, 5) end, "linkage is 5")
    assert.raises(function() Agglomerative{ k = 2 }:predict(line) end, "call fit first")
    assert.raises(function() Agglomerative{ k = 2 }:fit(line):predict(line) end, "has no predict")
  end)
end)
