-- Whitening and independent components.
local S = require "tests.support"
local hy = require "hyades"
local Whitening, FastICA = hy.cluster.Whitening, hy.cluster.FastICA

local six = hy.tensor({ { 2, 0 }, { -2, 0 }, { 0, 2 }, { 0, -2 }, { 3, 3 }, { -3, -3 } },
  { dtype = "f64" })

describe("Whitening", function()
  it("stretches six points by hand", function()
    local white = Whitening{ method = "zca" }:fit(six)
    assert.close({ 8.8, 1.6 }, white.explained_variance, 1e-12)
    assert.close({ { 0.563835, -0.226735 }, { -0.226735, 0.563835 } }, white.matrix, 1e-6)
    local h = math.sqrt(0.5)
    local pca = Whitening{}:fit(six).matrix:abs()
    local row = { h / math.sqrt(8.8), h / math.sqrt(1.6) }
    assert.close({ row, row }, pca, 1e-12)
  end)

  it("leaves variance 1 and no correlation, and turns back", function()
    for _, dtype in ipairs{ "f32", "f64" } do
      local x = (hy.randn(200, 5, { rng = hy.rng(1), dtype = "f64" }):mm(
        hy.randn(5, 5, { rng = hy.rng(2), dtype = "f64" })) + 10):to(dtype)
      for _, method in ipairs{ "pca", "zca" } do
        local white = Whitening{ method = method }
        local z = white:fit_transform(x)
        assert.equal(dtype, z.dtype)
        local tol = dtype == "f32" and 1e-4 or 1e-10
        assert.close(hy.eye(5), (hy.covariance(z)), tol)
        assert.close(x, white:inverse_transform(z), tol)
      end
    end
  end)

  it("of zca stays nearer to the points than any rotation of it", function()
    local x = hy.randn(300, 3, { rng = hy.rng(1), dtype = "f64" }) *
      hy.tensor({ 3, 1, 0.5 }, { dtype = "f64" })
    local z = Whitening{ method = "zca" }:fit_transform(x)
    local centered = x - x:mean(1)
    local own = (z - centered):square():sum():item()
    for seed = 1, 5 do
      local turn = hy.qr(hy.randn(3, 3, { rng = hy.rng(seed), dtype = "f64" }))
      assert.is_true((z:mm(turn) - centered):square():sum():item() >= own - 1e-9)
    end
  end)

  it("drops directions without extent", function()
    local x = hy.randn(50, 2, { rng = hy.rng(1) })
    x = hy.cat({ x, x:narrow(2, 1, 1) * 2, hy.ones(50, 1) * 7 }, 2)
    local z = Whitening{}:fit_transform(x)
    assert.same({ 50, 2 }, z:size())
    local zca = Whitening{ method = "zca" }:fit(x)
    assert.close(x, zca:inverse_transform(zca:transform(x)), 1e-4)
    assert.same({ 50, 1 }, Whitening{ k = 1 }:fit_transform(x):size())
  end)

  it("refuses what it cannot do", function()
    assert.raises(function() Whitening{}:fit(hy.ones(4, 2)) end, "all rows of x are equal")
    assert.raises(function() Whitening{}:fit(hy.ones(1, 2)) end, "at least 2 points")
    assert.raises(function() Whitening{ k = 3 }:fit(six) end, "at most the 2 features")
    assert.raises(function() Whitening{}:transform(six) end, "call fit first")
    assert.raises(function() Whitening{ method = "lda" } end, "method")
    assert.raises(function() Whitening{}:fit(hy.tensor{ { 1 }, { 0 / 0 } }) end, "row 2")
  end)
end)

describe("FastICA", function()
  it("steps as by hand on four points", function()
    local z = hy.tensor({ { 1, 1 }, { 1, -1 }, { -1, 1 }, { -1, -1 } }, { dtype = "f64" })
    local angle = math.rad(20)
    local w = hy.tensor({ { math.cos(angle), math.sin(angle) } }, { dtype = "f64" })
    for _, expected in ipairs{ { 0.998840, 0.048161 }, { 1, 0.000112 } } do
      w = FastICA.step(z, w, "cube")
      assert.close({ expected }, w:abs(), 1e-6)
    end
  end)

  it("finds mixed sources, up to order and sign", function()
    for _, fun in ipairs{ "tanh", "cube" } do
      local s = hy.rand(3000, 3, { rng = hy.rng(1), dtype = "f64" })
      local mixing = hy.randn(3, 3, { rng = hy.rng(2), dtype = "f64" })
      local ica = FastICA{ fun = fun, rng = hy.rng(3) }
      local found = ica:fit_transform(s:mm(mixing:t()) + 5)
      assert.is_nil(ica.warning)
      local both = hy.cat({ s, found }, 2)
      local cov = hy.covariance(both)
      local scale = cov:diag():sqrt()
      local correlation = (cov / scale / scale:reshape(-1, 1)):narrow(1, 1, 3):narrow(2, 4, 3):abs()
      assert.close({ 1, 1, 1 }, (correlation:max(1)), 5e-3)
      assert.close({ 1, 1, 1 }, (correlation:max(2)), 5e-3)
      assert.close(hy.eye(3), cov:narrow(1, 4, 3):narrow(2, 4, 3), 1e-8)
    end
  end)

  it("turns back, has orthonormal rotations, and repeats with the same seed", function()
    local x = hy.rand(500, 4, { rng = hy.rng(1), dtype = "f64" }) ^ 2
    local ica = FastICA{ rng = hy.rng(5) }:fit(x)
    assert.close(x, ica:inverse_transform(ica:transform(x)), 1e-10)
    assert.close(hy.eye(4), ica.rotation:mm(ica.rotation:t()), 1e-10)
    assert.close(hy.eye(4), ica.components:mm(ica.mixing), 1e-10)
    assert.same(ica.components:totable(), FastICA{ rng = hy.rng(5) }:fit(x).components:totable())
    assert.same({ 500, 2 }, FastICA{ k = 2, rng = hy.rng(5) }:fit_transform(x):size())
  end)

  it("says so when it does not converge", function()
    local ica = FastICA{ max_iter = 1, rng = hy.rng(1) }:fit(hy.rand(100, 3, { rng = hy.rng(2) }))
    assert.is_truthy(ica.warning:find("not converged after 1 iterations", 1, true))
    assert.equal(1, #ica.history)
  end)

  it("comes back from a file", function()
    local folder = S.folder()
    local x = hy.rand(100, 3, { rng = hy.rng(2) })
    for _, class in ipairs{ Whitening, FastICA, hy.cluster.PCA } do
      local fitted = class{}:fit(x)
      hy.save(folder .. "/model", fitted)
      assert.same(fitted:transform(x):totable(), hy.load(folder .. "/model"):transform(x):totable())
    end
    S.remove(folder)
  end)
end)
