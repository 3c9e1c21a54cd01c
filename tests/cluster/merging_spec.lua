-- The steps that JULE and DNC are made of: merging by affinity, and a sweep that finds its clusters.
require "tests.support"
local hy = require "hyades"
local metrics = hy.metrics

local function f64(values) return hy.tensor(values, { dtype = "f64" }) end
local function index(values) return hy.tensor(values, { dtype = "index" }) end

describe("affinity_merge", function()
  -- Two neighbors of each of four points. Of single points the affinity is 2 · w(a→b) · w(b→a).
  local x = f64{ { 0 }, { 1 }, { 5 }, { 7 } }
  local near = index{ { 2, 3 }, { 1, 3 }, { 4, 2 }, { 3, 1 } }
  local weights = f64{ { 0.9, 0.1 }, { 0.5, 0.8 }, { 0.4, 0.7 }, { 0.6, 0.2 } }
  local alone = index{ 1, 2, 3, 4 }

  it("merges the pair with the largest product first", function()
    -- 1-2: 0.9·0.5 = 0.45; 2-3: 0.8·0.7 = 0.56; 3-4: 0.4·0.6 = 0.24; 1-3: only one way
    local function merged(k) return hy.affinity_merge(x, near, weights, k, alone):totable() end
    assert.same({ 1, 2, 3, 4 }, merged(4))
    assert.same({ 1, 2, 2, 3 }, merged(3))
    -- flows of {2,3}: to it 0.45, 0.24 as sums; from it (0.45 + 0)/2, (0 + 0.24)/2
    assert.same({ 1, 1, 1, 2 }, merged(2))
    assert.same({ 1, 1, 1, 1 }, merged(1))
  end)

  it("starts from chains of first neighbors, or from labels, -1 alone", function()
    assert.same({ 1, 1, 2, 2 }, hy.affinity_merge(x, near, weights, 4):totable())
    assert.same({ 1, 2, 2, 3 }, hy.affinity_merge(x, near, weights, 4, index{ 3, 1, 1, -1 }):totable())
  end)

  it("counts all arrows between two clusters", function()
    -- {1, 2} and {3}: into 3 come 0.1 + 0.8, and 0.7 goes back; into 2 comes 0.7, back goes 0.8.
    -- A = 0.9·0.7/4 + 0.7·0.8 = 0.7175; {3} and {4}: 2·0.24; {1, 2} and {4}: 0.
    assert.same({ 1, 1, 1, 2 },
      hy.affinity_merge(x, near, weights, 2, index{ 1, 1, 2, 3 }):totable())
    local weak = f64{ { 0.9, 0.1 }, { 0.5, 0.2 }, { 0.4, 0.2 }, { 0.9, 0.2 } } -- 0.06/… < 2·0.36
    assert.same({ 1, 1, 2, 2 },
      hy.affinity_merge(x, near, weak, 2, index{ 1, 1, 2, 3 }):totable())
  end)

  it("prefers, with the local term, the pair that stands apart from its next neighbors", function()
    -- all apart: 2-3 has 2·0.56 with 2·0.45 next to it; 4-3 has 2·0.5 and nothing next to it
    local graph = f64{ { 0.9, 0 }, { 0.5, 0.8 }, { 1, 0.7 }, { 0.5, 0 } }
    local function first(above)
      return hy.affinity_merge(x, near, graph, 3, alone, { neighborhood = 2, above = above }):totable()
    end
    assert.same({ 1, 2, 2, 3 }, first(4))
    assert.same({ 1, 2, 3, 3 }, first(3))
  end)

  it("gives small clusters without affinity to the nearest center", function()
    local far = f64{ { 0 }, { 1 }, { 5 }, { 0.4 } } -- nobody returns the arrows of 4
    local lonely = index{ { 2 }, { 1 }, { 2 }, { 3 } }
    local w = f64{ { 1 }, { 1 }, { 1 }, { 1 } }
    local labels = hy.affinity_merge(far, lonely, w, 2, alone):totable()
    assert.equal(labels[1], labels[4])
  end)

  it("clusters digits better than k-means does", function()
    local digits = hy.data.digits()
    local near_x, distance = hy.knn(digits.x, 20)
    local square = distance:square()
    local labels = hy.affinity_merge(digits.x, near_x, (square / -square:mean()):exp(), 10)
    assert.equal(10, labels:max():item())
    assert.is_true(metrics.nmi(digits.y, labels) > 0.85)
  end)

  it("names what is wrong", function()
    local function fails(text, ...)
      local arguments = table.pack(...)
      assert.raises(function()
        hy.affinity_merge(table.unpack(arguments, 1, arguments.n))
      end, text)
    end
    fails("neighbors and weights differ in shape", x, near, weights:t(), 2)
    fails("neighbors holds 9; points are 1..4", x, index{ { 9 }, { 1 }, { 1 }, { 1 } },
      hy.ones({ 4, 1 }, { dtype = "f64" }), 2)
    fails("weights holds -1 in row 2", x, near, weights * f64{ { 1 }, { -2 }, { 1 }, { 1 } }, 2)
    fails("k is 0", x, near, weights, 0)
    fails("labels has 2 elements for 4 rows", x, near, weights, 2, index{ 1, 2 })
    fails("label 5 is outside 1..4", x, near, weights, 2, index{ 1, 2, 3, 5 })
    fails("the affinities of 2 clusters take 3.2e-08 GB", x, near, weights, 2, { memory = 8 })
    fails("neighborhood is 99", x, near, weights, 2, { neighborhood = 99 })
  end)
end)

describe("gibbs_sweep", function()
  it("draws by points times e to the score, and widens the margin by its step", function()
    -- Scores of 100 against 0 leave nothing to chance.
    local theta = f64{ { 100, 0 }, { 0, 100 }, { 0, 0 } }
    local twice = f64{ { 1, 0 }, { 1, 0 }, { 0, 1 }, { 0, 1 } }
    local labels, weights = hy.gibbs_sweep(twice, theta, index{ 1, 1, 2, 2 },
      { alpha = 1e-300, margin = 105, step = 30, rng = hy.rng(1) })
    assert.same({ 1, 1, 2, 2 }, labels:totable())
    -- τ = (105 - 100)/2 for the first of each pair; then the margins hold: own is 102.5, the other -2.5
    assert.close({ { 102.5, -2.5 }, { -2.5, 102.5 } }, weights, 1e-9)
    weights = select(2, hy.gibbs_sweep(twice, theta, index{ 1, 1, 2, 2 },
      { alpha = 1e-300, margin = 105, step = 1, rng = hy.rng(1) }))
    assert.close({ { 102, -2 }, { -2, 102 } }, weights, 1e-9)
  end)

  it("opens new clusters up to the most that it may, and drops empty ones", function()
    local x = hy.randn(50, 3, { rng = hy.rng(2) })
    local none = hy.full({ 50 }, -1, { dtype = "index" })
    local labels, weights = hy.gibbs_sweep(x, hy.zeros(0, 3), none, { max_clusters = 3, alpha = 1e9,
      rng = hy.rng(1) })
    assert.equal(3, weights:size(1))
    assert.same({ 1, 2, 3 }, (labels:unique()):totable())
    assert.equal("f32", weights.dtype)
  end)

  it("finds five clusters in 20 dimensions without being told how many", function()
    local blobs = hy.data.blobs{ n = 500, k = 5, d = 20, rng = hy.rng(1) }
    local x = (blobs.x - blobs.x:mean(1)):normalize(2) * 10
    local labels, weights = hy.full({ 500 }, -1, { dtype = "index" }), hy.zeros(0, 20)
    local rng = hy.rng(3)
    for _ = 1, 15 do
      labels, weights = hy.gibbs_sweep(x, weights, labels, { margin = 10, rng = rng })
    end
    assert.is_true(math.abs(weights:size(1) - 5) <= 1)
    assert.is_true(metrics.ari(blobs.y, labels) > 0.9)
  end)

  it("repeats itself with the same seed, and moves the generator only when it succeeds", function()
    local x, none = hy.randn(20, 3, { rng = hy.rng(2) }), hy.full({ 20 }, -1, { dtype = "index" })
    local rng = hy.rng(5)
    local before = rng:state()
    assert.raises(function() hy.gibbs_sweep(x, hy.zeros(0, 2), none, { rng = rng }) end, "differ in columns")
    assert.same(before, rng:state())
    local first = hy.gibbs_sweep(x, hy.zeros(0, 3), none, { rng = rng })
    assert.same(first:totable(),
      (hy.gibbs_sweep(x, hy.zeros(0, 3), none, { rng = hy.rng(5) })):totable())
  end)

  it("names what is wrong", function()
    local x, theta = hy.ones(2, 3), hy.ones(2, 3)
    local function fails(labels, options, text)
      assert.raises(function() hy.gibbs_sweep(x, theta, labels, options) end, text)
    end
    fails({ 1 }, {}, "labels has 1 elements for 2 rows")
    fails({ 1, 3 }, {}, "label 3 is outside 1..2")
    fails({ 1, 2 }, { alpha = 0 }, "alpha is 0")
    fails({ 1, 2 }, { sigma = -1 }, "sigma is -1")
    fails({ 1, 2 }, { max_clusters = 1 }, "max_clusters is 1 for the 2 there are")
  end)
end)
