-- Means by label, the fused step, distances to the own center; eigenvectors of low rank.
require "tests.support"
local hy = require "hyades"

local function index(list) return hy.tensor(list, { dtype = "index" }) end

describe("cluster_means", function()
  it("gives the mean and the count of every label, in f64, whatever the type of x", function()
    for _, dtype in ipairs{ "f32", "f64", "u8" } do
      local x = hy.tensor({ { 1, 2 }, { 3, 4 }, { 5, 9 }, { 8, 8 } }, { dtype = dtype })
      local means, counts = hy.cluster_means(x, index{ 2, 2, 1, -1 }, 3)
      assert.equal("f64", means.dtype)
      assert.close({ { 5, 9 }, { 2, 3 }, { 0, 0 } }, means, 0)
      assert.close({ 1, 2, 0 }, counts, 0)
    end
  end)

  it("keeps the digits that f32 would lose", function()
    local x = hy.tensor{ { 1 }, { 1 + 2 ^ -20 }, { 1 } }
    assert.close({ { 1 + 2 ^ -20 / 3 } }, hy.cluster_means(x, index{ 1, 1, 1 }), 1e-15)
  end)

  it("says what is wrong", function()
    local x = hy.ones(3, 2)
    assert.raises(function() hy.cluster_means(x, index{ 1, 2 }) end, "2 labels for 3 rows of x")
    assert.raises(function() hy.cluster_means(x, index{ 1, 2, 4 }, 3) end,
      "labels holds 4, but there are 3 clusters")
    assert.raises(function() hy.cluster_means(x, index{ 1, 1, 1 }, 0) end, "k is 0")
    assert.raises(function() hy.cluster_means(hy.tensor{ { 1 }, { 0 / 0 } }, index{ 1, 1 }) end,
      "x is NaN at row 2, column 1")
  end)
end)

describe("nearest_means", function()
  it("is the nearest center, then the means by label", function()
    local x = hy.randn(700, 9, { rng = hy.rng(1) })
    local centers = x:narrow(1, 1, 6)
    local labels, means, counts = hy.nearest_means(x, centers)
    assert.same(hy.nearest_center(x, centers):totable(), labels:totable())
    local expected, sizes = hy.cluster_means(x, labels, 6)
    assert.close(expected, means, 1e-12)
    assert.close(sizes, counts, 0)
  end)
end)

describe("center_distance", function()
  it("is the squared distance to the center of the label, 0 for noise", function()
    local x, centers = hy.tensor{ { 0, 0 }, { 3, 4 }, { 9, 9 } }, hy.tensor{ { 0, 1 }, { 0, 0 } }
    assert.close({ 1, 25, 0 }, hy.center_distance(x, centers, index{ 1, 2, -1 }), 1e-12)
    assert.raises(function() hy.center_distance(x, centers, index{ 1, 2, 3 }) end, "labels holds 3")
  end)
end)

describe("eigh_low_rank", function()
  it("agrees with the eigenvectors of the whole matrix", function()
    local rng = hy.rng(3)
    for _, shape in ipairs{ { 3, 7 }, { 7, 3 }, { 5, 5 }, { 1, 4 } } do
      local a = hy.randn(shape[1], shape[2], { dtype = "f64", rng = rng })
      local w = hy.randn(shape[1], { dtype = "f64", rng = rng })
      local values, vectors = hy.eigh_low_rank(a, w)
      local whole = a:t():mm(a * w:reshape(-1, 1))
      local rank = math.min(shape[1], shape[2])
      assert.same({ shape[2], rank }, vectors:size())
      assert.close(vectors * values, whole:mm(vectors), 1e-10)
      assert.close(hy.eye(rank, { dtype = "f64" }), vectors:t():mm(vectors), 1e-12)
      assert.close(whole, (vectors * values):mm(vectors:t()), 1e-10)
    end
  end)

  it("wants a weight for every row", function()
    assert.raises(function() hy.eigh_low_rank(hy.ones(3, 2), hy.ones(2)) end,
      "a and weights differ in length")
  end)
end)

describe("qr with full", function()
  it("continues to a basis of the whole space", function()
    for _, shape in ipairs{ { 6, 2 }, { 4, 4 }, { 3, 5 }, { 4, 1 } } do
      local x = hy.randn(shape[1], shape[2], { dtype = "f64", rng = hy.rng(2) })
      local q, r = hy.qr(x, { full = true })
      local n = shape[1]
      assert.same({ n, n }, q:size())
      assert.close(hy.eye(n, { dtype = "f64" }), q:t():mm(q), 1e-12)
      assert.close(x, q:mm(r), 1e-12)
      local thin = hy.qr(x)
      assert.close(thin, q:narrow(2, 1, thin:size(2)), 1e-12)
    end
    assert.close(hy.eye(3), (hy.qr(hy.zeros(3, 0), { full = true })), 0)
  end)

  it("has no gradient for what it adds", function()
    assert.raises(function()
      hy.grad(function(x) return hy.qr(x, { full = true }):sum() end, hy.randn(4, 2))
    end, "full is on")
  end)
end)
