-- Principal components.
require "tests.support"
local hy = require "hyades"
local PCA = hy.cluster.PCA

local six = { { 2, 0 }, { -2, 0 }, { 0, 2 }, { 0, -2 }, { 3, 3 }, { -3, -3 } }

describe("PCA", function()
  it("finds variances 8.8 and 1.6 along the diagonals", function()
    local pca = PCA{}:fit(hy.tensor(six))
    local h = math.sqrt(0.5)
    assert.close({ 8.8, 1.6 }, pca.explained_variance, 1e-6)
    assert.close({ 8.8 / 10.4, 1.6 / 10.4 }, pca.explained_variance_ratio, 1e-6)
    assert.close({ h, h }, pca.components:totable()[1], 1e-6)
    assert.close(h, math.abs(pca.components[{ 2, 1 }]:item()), 1e-6)
  end)

  it("agrees with another library, largest loadings positive", function() -- scikit-learn 1.2
    local x = hy.tensor({ { 1, 2, 0 }, { 3, 1, 4 }, { 0, 5, 2 }, { 6, 2, 1 }, { 2, 2, 7 } },
      { dtype = "f64" })
    local pca = PCA{ k = 3 }
    local z = pca:fit_transform(x)
    assert.close({ 7.84971679, 6.25926733, 1.19101588 }, pca.explained_variance, 1e-8)
    assert.close({ 0.51305338, 0.40910244, 0.07784418 }, pca.explained_variance_ratio, 1e-7)
    local components = { { -0.04440894, -0.1446981, 0.98847878 },
      { 0.89896557, -0.43738099, -0.02363843 }, { 0.43576227, 0.88755863, 0.14950224 } }
    assert.close(components, pca.components, 1e-7)
    assert.close({ -2.64768884, -1.01741178, -1.38369689 }, z:totable()[1], 1e-7)
    assert.equal("f64", z.dtype)
  end)

  it("turns without loss, and loses least with few components", function()
    local x = hy.randn(50, 6, { rng = hy.rng(1), dtype = "f64" }):mm(
      hy.randn(6, 6, { rng = hy.rng(2), dtype = "f64" })) + 100
    local all = PCA{}:fit(x)
    assert.close(x, all:inverse_transform(all:transform(x)), 1e-9)
    local few = PCA{ k = 2 }:fit(x)
    local lost = (x - few:inverse_transform(few:transform(x))):square():sum():item() / 49
    local variance = all.explained_variance:totable()
    assert.close(variance[3] + variance[4] + variance[5] + variance[6], lost, 1e-9)
    assert.close({ { 1, 0 }, { 0, 1 } }, few.components:mm(few.components:t()), 1e-12)
  end)

  it("survives a large offset and constant features", function()
    local z = hy.tensor(six):to "f64"
    local x = hy.cat({ z + 1e6, hy.ones(6, 1, { dtype = "f64" }) }, 2)
    assert.close({ 8.8, 1.6, 0 }, PCA{}:fit(x).explained_variance, 1e-6)
    assert.close({ 0, 0 }, PCA{}:fit(hy.ones(4, 2)).explained_variance_ratio, 1e-12)
  end)

  it("works with more features than points", function()
    local x = hy.randn(5, 20, { rng = hy.rng(3) })
    local pca = PCA{}:fit(x)
    assert.same({ 5, 20 }, pca.components:size())
    assert.close(x, pca:inverse_transform(pca:transform(x)), 1e-4)
  end)

  it("finds the same by a random space as by the covariance", function()
    local scale = hy.tensor({ 9, 5, 3, 2, 1 }, { dtype = "f64" })
    for _, dtype in ipairs{ "f32", "f64", "u8" } do
      local x = hy.cat({ hy.randn(900, 5, { rng = hy.rng(1), dtype = "f64" }) * scale * 4,
        hy.randn(900, 35, { rng = hy.rng(2), dtype = "f64" }) }, 2):mm(
        (hy.qr(hy.randn(40, 40, { rng = hy.rng(3), dtype = "f64" })))) + 120
      x = dtype == "u8" and x:round():clamp(0, 255):to "u8" or x:to(dtype)
      local full = PCA{ k = 5, solver = "full" }:fit(x)
      local random = PCA{ k = 5, solver = "randomized", rng = hy.rng(4) }:fit(x)
      assert.close(full.singular_values, random.singular_values, 1e-4)
      assert.close(full.explained_variance_ratio, random.explained_variance_ratio, 1e-4)
      assert.close(full.components, random.components, 1e-2)
      assert.close(hy.eye(5), random.components:mm(random.components:t()), 1e-5)
      local again = PCA{ k = 5, solver = "randomized", rng = hy.rng(4) }:fit(x)
      assert.same(random.components:totable(), again.components:totable())
    end
  end)

  it("gives singular values of the centered points", function()
    local x = hy.randn(30, 8, { rng = hy.rng(1), dtype = "f64" })
    local _, s = hy.svd(x - x:mean(1))
    for _, size in ipairs{ 30, 6 } do -- more points than features, and fewer
      local part = x:narrow(1, 1, size)
      _, s = hy.svd(part - part:mean(1))
      assert.close(s, PCA{}:fit(part).singular_values, 1e-6)
    end
  end)

  it("gives the same bits for one thread and two", function()
    local x = hy.randn(3000, 150, { rng = hy.rng(6) })
    local threads, results = hy.threads(), {}
    for n = 1, 2 do
      hy.threads(n)
      results[n] = PCA{ k = 7 }:fit(x).components
    end
    hy.threads(threads)
    assert.equal(0, results[1]:ne(results[2]):sum():item())
  end)

  it("refuses what it cannot do", function()
    local x = hy.tensor(six)
    assert.raises(function() PCA{ k = 3 }:fit(x) end, "from 1 to min(n, d) = 2, got 3")
    assert.raises(function() PCA{ k = 0.9 }:fit(x) end, "got 0.9")
    assert.raises(function() PCA{}:fit(x:narrow(1, 1, 1)) end, "at least 2 points")
    assert.raises(function() PCA{}:transform(x) end, "call fit first")
    assert.raises(function() PCA{ components = 2 } end, "components")
    assert.raises(function() PCA{ solver = "fast" } end, 'must be "auto" or "full" or "randomized"')
    local bad = hy.ones(4, 2):copy(hy.tensor{ { 1, 2 }, { 3, 4 }, { 5, 0 / 0 }, { 1, 1 } })
    for _, solver in ipairs{ "full", "randomized" } do
      assert.raises(function() PCA{ solver = solver }:fit(bad) end, "x is NaN at row 3, column 2")
    end
    assert.raises(function() PCA{}:fit(bad:t():contiguous()) end, "x is NaN at row 2, column 3")
  end)
end)
