-- Covariances of points and clusters; many small eigenproblems.
require "tests.support"
local hy = require "hyades"

local function index(values) return hy.tensor(values, { dtype = "index" }) end

-- The covariance by its formula, in f64.
local function slow(x, ddof)
  x = x:to "f64"
  local mean = x:mean(1)
  local c = x - mean
  return c:t():mm(c) / (x:size(1) - (ddof or 0)), mean
end

describe("covariance", function()
  it("is the mean product of deviations, for any sizes and types", function()
    for _, size in ipairs{ { 2, 1 }, { 7, 3 }, { 50, 113 }, { 2100, 5 }, { 30, 240 } } do
      for _, dtype in ipairs{ "f32", "f64" } do
        local x = hy.randn(size[1], size[2], { rng = hy.rng(1), dtype = dtype }) + 3
        local expected, mean = slow(x, 1)
        local got, center = hy.covariance(x)
        assert.equal("f64", got.dtype)
        assert.close(expected, got, 1e-12)
        assert.close(mean, center, 1e-12)
        assert.close(expected, (hy.covariance(x, { fast = true })), dtype == "f32" and 1e-5 or 1e-12)
        assert.close(expected * (size[1] - 1) / size[1], (hy.covariance(x, { ddof = 0 })), 1e-12)
      end
    end
  end)

  it("survives a large offset, also of f32 rows multiplied in f32", function()
    local z = hy.randn(300, 4, { rng = hy.rng(2), dtype = "f64" })
    assert.close((hy.covariance(z)), (hy.covariance(z + 1e6)), 1e-8)
    local x = (z + 1000):to "f32"
    assert.close(slow(x, 1), (hy.covariance(x, { fast = true })), 1e-5)
  end)

  it("reads bytes", function()
    local x = (hy.rand(3000, 20, { rng = hy.rng(1) }) * 255):floor():to "u8"
    assert.close(slow(x, 1), (hy.covariance(x)), 1e-10)
  end)

  it("goes around the means of labels, and leaves noise out", function()
    local x = hy.randn(40, 6, { rng = hy.rng(3) })
    local list = {}
    for i = 1, 40 do list[i] = i % 5 == 0 and -1 or i % 3 + 1 end
    local got, means = hy.covariance(x, index(list), { k = 4, ddof = 2 })
    local expected = hy.zeros(6, 6, { dtype = "f64" })
    for c = 1, 3 do
      local rows = {}
      for i = 1, 40 do if list[i] == c then rows[#rows + 1] = i end end
      local scatter, mean = slow(x:index(rows))
      expected = expected + scatter * #rows
      assert.close(mean:reshape(-1), means[c], 1e-12)
    end
    assert.close(expected / (32 - 2), got, 1e-12)
    assert.close({ 0, 0, 0, 0, 0, 0 }, means[4], 0)
  end)

  it("of each label is that of its rows alone", function()
    local x = hy.randn(400, 7, { rng = hy.rng(4) })
    local labels = hy.randint({ 400 }, 1, 5, { rng = hy.rng(5) })
    local covariances, means, counts = hy.label_covariances(x, labels, 6)
    assert.same({ 6, 7, 7 }, covariances:size())
    for c = 1, 5 do
      local rows = labels:eq(index{ c }):nonzero():reshape(-1)
      local expected, mean = slow(x:index(rows))
      assert.equal(rows:numel(), counts[c]:item())
      assert.close(mean:reshape(-1), means[c], 1e-12)
      assert.close(expected, covariances[c], 1e-12)
    end
    assert.close(hy.zeros(7, 7), covariances[6], 0)
  end)

  it("gives the same bits for one thread and two", function()
    local x = hy.randn(5000, 130, { rng = hy.rng(6) })
    local labels = hy.randint({ 5000 }, 1, 4, { rng = hy.rng(5) })
    local threads, results = hy.threads(), {}
    for n = 1, 2 do
      hy.threads(n)
      results[n] = { (hy.covariance(x)), (hy.covariance(x, { fast = true })),
        (hy.label_covariances(x, labels)),
        (hy.covariance(x:narrow(2, 1, 2):contiguous())) }
    end
    hy.threads(threads)
    for i, expected in ipairs(results[1]) do
      assert.equal(0, expected:ne(results[2][i]):sum():item())
    end
  end)

  it("refuses what it cannot do", function()
    local x = hy.tensor{ { 1, 2 }, { 3, 0 / 0 } }
    assert.raises(function() hy.covariance(x) end, "x is NaN at row 2, column 2")
    assert.raises(function() hy.covariance(hy.ones(1, 2)) end, "1 points leave nothing to divide by")
    assert.raises(function() hy.covariance(hy.zeros(0, 2)) end, "x has no rows")
    assert.raises(function() hy.covariance(hy.ones(3, 2), index{ 1, 2 }) end, "2 labels for 3 rows")
    assert.raises(function() hy.covariance(hy.ones(2, 2), index{ 1, 3 }, { k = 2 }) end,
      "label 3 at 2 is above k = 2")
    assert.raises(function() hy.label_covariances(hy.ones(2, 2), index{ -1, -1 }) end, "no labels")
  end)
end)

describe("eigh_batch", function()
  it("agrees with eigh, matrix by matrix", function()
    local a = hy.randn(70, 5, 5, { rng = hy.rng(1), dtype = "f64" })
    a = a:matmul(a:permute{ 1, 3, 2 })
    local values, vectors = hy.eigh_batch(a)
    for i = 1, 70, 23 do
      local expected, columns = hy.eigh(a[i])
      assert.close(expected, values[i], 1e-12)
      assert.close(columns, vectors[i], 1e-9)
    end
    local back = (vectors * values:reshape(70, 1, 5)):matmul(vectors:permute{ 1, 3, 2 })
    assert.close(a, back, 1e-10)
  end)

  it("gives the same bits for one thread and three", function()
    local a = hy.randn(60, 20, 20, { rng = hy.rng(1), dtype = "f64" })
    a = a + a:permute{ 1, 3, 2 }
    local threads, results = hy.threads(), {}
    for n = 1, 3 do
      hy.threads(n)
      results[n] = { hy.eigh_batch(a) }
      results[n][3], results[n][4] = hy.eigh_batch(a:narrow(1, 1, 1))
    end
    hy.threads(threads)
    for i, expected in ipairs(results[1]) do
      assert.equal(0, expected:ne(results[3][i]):sum():item())
    end
  end)

  it("leaves the vectors out when told so", function()
    local a = hy.randn(9, 4, 4, { rng = hy.rng(1), dtype = "f64" })
    a = a:matmul(a:permute{ 1, 3, 2 })
    local values, vectors = hy.eigh_batch(a, { vectors = false })
    assert.close((hy.eigh_batch(a)), values, 1e-12)
    assert.is_nil(vectors)
  end)

  it("takes no matrices, and refuses what is none", function()
    local values, vectors = hy.eigh_batch(hy.zeros(0, 3, 3))
    assert.same({ 0, 3 }, values:size())
    assert.same({ 0, 3, 3 }, vectors:size())
    assert.raises(function() hy.eigh_batch(hy.zeros(2, 3)) end, "x must be b×n×n")
    assert.raises(function() hy.eigh_batch(hy.zeros(2, 3, 4)) end, "got 2×3×4")
    assert.raises(function() hy.eigh_batch(hy.full({ 2, 1, 1 }, 0 / 0)) end, "matrix 1")
  end)
end)

describe("eigh_largest", function()
  it("is the upper end of eigh, turned round", function()
    local a = hy.randn(30, 30, { rng = hy.rng(1), dtype = "f64" })
    a = a + a:t()
    local values, vectors = hy.eigh(a)
    for _, k in ipairs{ 1, 4, 30 } do
      local top, columns = hy.eigh_largest(a, k)
      local order = {}
      for i = 1, k do order[i] = 31 - i end
      assert.close(values:index(order), top, 1e-10)
      assert.close(vectors:index(order, 2), columns, 1e-8)
    end
  end)

  it("finds as many orthonormal vectors of equal values", function()
    local values, vectors = hy.eigh_largest(hy.eye(9, { dtype = "f64" }) * 2, 4)
    assert.close({ 2, 2, 2, 2 }, values, 1e-12)
    assert.close(hy.eye(4), vectors:t():mm(vectors), 1e-12)
  end)

  it("refuses what it cannot do", function()
    assert.raises(function() hy.eigh_largest(hy.eye(3), 4) end, "k is 4; it must be from 1 to the 3")
    assert.raises(function() hy.eigh_largest(hy.ones(2, 3), 1) end, "must be square")
    assert.raises(function() hy.eigh_largest(hy.tensor{ { 1, 2 }, { 0, 1 } }, 1) end, "not symmetric")
  end)
end)
