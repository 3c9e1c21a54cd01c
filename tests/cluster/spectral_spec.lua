-- Spectral clustering and the eigenvectors that it works with.
require "tests.support"
local hy = require "hyades"
local Spectral, metrics = hy.cluster.Spectral, hy.metrics
local eigenspace = require "hyades.cluster.eigenspace"

local function f64(values) return hy.tensor(values, { dtype = "f64" }) end

-- Triangles 1 2 3 and 4 5 6 with a weak bridge between 3 and 4.
local function triangles()
  return f64{ { 0, 1, 1, 0, 0, 0 }, { 1, 0, 1, 0, 0, 0 }, { 1, 1, 0, 0.1, 0, 0 },
    { 0, 0, 0.1, 0, 1, 1 }, { 0, 0, 0, 1, 0, 1 }, { 0, 0, 0, 1, 1, 0 } }
end

describe("cluster.Spectral", function()
  it("has the eigenvalues of the normalized Laplacian", function()
    local model = Spectral{ k = 6, affinity = "precomputed", rng = hy.rng(1) }:fit(triangles())
    assert.close({ 0, 0.0314066, 1.452381, 1.5, 1.5, 1.516213 }, model.values, 1e-6)
  end)

  it("cuts where the graph is weakest, whatever its diagonal", function()
    local a = triangles()
    local labels = Spectral{ k = 2, affinity = "precomputed", rng = hy.rng(1) }:fit(a).labels
    assert.equal(1, metrics.ari({ 1, 1, 1, 2, 2, 2 }, labels))
    local heavy = Spectral{ k = 2, affinity = "precomputed", rng = hy.rng(1) }
      :fit(a + hy.eye(6, { dtype = "f64" }) * 5)
    assert.close({ 0, 0.0314066 }, heavy.values, 1e-6)
  end)

  it("separates rings by neighbors and by a narrow kernel, where k-means cannot", function()
    local rings = hy.data.circles{ n = 400, noise = 0.05, rng = hy.rng(2) }
    for _, options in ipairs{ {}, { affinity = "rbf", gamma = 50 } } do
      options.k, options.rng = 2, hy.rng(1)
      assert.equal(1, metrics.ari(rings.y, Spectral(options):fit(rings).labels))
    end
    local plain = hy.cluster.KMeans{ k = 2, rng = hy.rng(1) }:fit(rings)
    assert.is_true(metrics.ari(rings.y, plain.labels) < 0.1)
  end)

  it("finds the same eigenvalues in a large graph as in its matrix", function()
    local blobs = hy.data.blobs{ n = 2400, k = 4, d = 3, rng = hy.rng(3) }
    local model = Spectral{ k = 4, rng = hy.rng(1) }:fit(blobs)
    assert.is_true(metrics.ari(blobs.y, model.labels) > 0.95)
    local n, near = 2400, hy.knn(blobs.x, 10)
    local a = hy.zeros({ n * n }, { dtype = "f64" })
    local from = hy.arange(0, n - 1, { dtype = "f64" }):reshape(n, 1) * n
    local at = (near:to "f64" + from):reshape(-1):to "index"
    a = a:scatter_add(at, hy.ones({ n * 10 }, { dtype = "f64" })):reshape(n, n)
    a = (a + a:t()) / 2
    local scale = a:sum(1):rsqrt()
    local values = 1 - hy.eigh_largest(a * scale * scale:reshape(n, 1), 4)
    assert.close(values, model.values, 1e-9)
    assert.same({}, model.warnings)
  end)

  it("warns of points that nothing joins, and still labels them", function()
    local a = triangles()
    for i = 1, 6 do a[{ 6, i }], a[{ i, 6 }] = 0, 0 end
    local model = Spectral{ k = 3, affinity = "precomputed", rng = hy.rng(1) }:fit(a)
    assert.same({ "1 points are joined to no other" }, model.warnings)
    assert.equal(6, model.labels:numel())
  end)

  it("repeats itself with the same seed", function()
    local x = hy.randn(300, 3, { rng = hy.rng(4) })
    local function labels() return Spectral{ k = 3, rng = hy.rng(5) }:fit(x).labels:totable() end
    assert.same(labels(), labels())
    assert.same({ 1 }, Spectral{ k = 1 }:fit(hy.ones(1, 2)).labels:totable())
  end)

  it("names what is wrong", function()
    local x = hy.randn(10, 2, { rng = hy.rng(1) })
    local function fails(options, data, text)
      options.k = options.k or 2
      assert.raises(function() Spectral(options):fit(data) end, text)
    end
    fails({ affinity = "nieghbors" }, x, 'did you mean "neighbors"?')
    fails({ affinity = "precomputed" }, x, "x must be square to be a matrix of affinities, got 10×2")
    fails({ affinity = "precomputed" }, hy.tensor{ { 0, -1 }, { -1, 0 } }, "the negative affinity -1")
    fails({ affinity = "precomputed" }, hy.tensor{ { 0, 1 }, { 2, 0 } }, "x must be symmetric")
    fails({ affinity = "rbf", gamma = -1 }, x, "Spectral: gamma: expected a number of at least 0")
    fails({ affinity = "rbf", memory = 100 }, x, 'affinity "rbf" of 10 points takes 8e-07 GB')
    fails({ neighbors = 0 }, x, "option neighbors: expected an integer of at least 1, got 0")
    fails({ k = 11 }, x, "k = 11 needs at least as many points, got 10")
  end)
end)

describe("the space of the largest eigenvalues", function()
  it("is that of the matrix, values that occur twice included", function()
    local q = hy.qr(hy.randn(80, 80, { dtype = "f64", rng = hy.rng(1) }))
    local values = hy.cat({ f64{ 1, 1, 0.99, 0.99, 0.98 },
      hy.linspace(0.95, -1, 75, { dtype = "f64" }) }, 1)
    local a = (q * values):mm(q:t())
    local found, vectors, rounds = eigenspace(function(x) return a:mm(x) end, 80, 5, hy.rng(2))
    assert.close({ 1, 1, 0.99, 0.99, 0.98 }, found, 1e-10)
    assert.close(a:mm(vectors), vectors * found, 1e-6)
    assert.close(hy.eye(5), vectors:t():mm(vectors), 1e-10)
    assert.is_true(rounds < 50)
  end)

  it("says when it has not settled", function()
    local a = hy.eye(100, { dtype = "f64" }) * hy.linspace(1, 0.999, 100, { dtype = "f64" })
    local _, _, rounds = eigenspace(function(x) return a:mm(x) end, 100, 3, hy.rng(2),
      { tol = 0, max_iter = 1 })
    assert.is_nil(rounds)
  end)
end)
