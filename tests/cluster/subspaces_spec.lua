-- The state of clusterings in subspaces against dense scatter matrices.
require "tests.support"
local hy = require "hyades"
local mdl = require "hyades.cluster.mdl"
local subspaces = require "hyades.cluster.subspaces"

local f64 = { dtype = "f64" }

-- Scatter within the clusters, the rows with −1 left out.
local function scatter(x, labels)
  local s = hy.zeros(x:size(2), x:size(2), f64)
  for _, c in ipairs((hy.unique(labels)):totable()) do
    if c > 0 then
      local rows = x:index(labels:eq(c):nonzero():reshape(-1)):to "f64"
      local centered = rows - rows:mean(1)
      s = s + centered:t():mm(centered)
    end
  end
  return s
end

local function trace(v, s) return (v:t():mm(s) * v:t()):sum():item() end

-- Bases of all subspaces, the last one too.
local function bases(state)
  local list = {}
  for j = 1, state:count() do list[j] = state:columns(j) end
  return list
end

local function random_state(k, sizes, options, x, seed)
  local rng = hy.rng(seed)
  local points = subspaces.sample("test", x)
  local v = hy.qr(hy.randn(x:size(2), x:size(2), { dtype = "f64", rng = rng }))
  local centers, basis, used = {}, {}, 0
  for j, count in ipairs(k) do
    centers[j] = hy.kmeans_plusplus(x, count, { rng = rng }):to "f64" - points.mean
    if j < #k then basis[j] = v:narrow(2, used + 1, sizes[j]):contiguous() end
    used = used + sizes[j]
  end
  return subspaces.start(points, centers, basis, options)
end

local function cloud(seed)
  local rng = hy.rng(seed)
  local x = hy.randn(120, 7, { dtype = "f64", rng = rng }) * hy.tensor({ 5, 4, 3, 2, 1, 1, 9 }, f64)
  x:narrow(1, 1, 2):copy(hy.tensor({ { 90, 0, 0, 0, 0, 3, 0 }, { 0, -80, 0, 0, 5, 0, 0 } }, f64))
  return x + 100
end

-- Cost, traces and bits of a state, as the definitions say.
local function check_measures(state, x)
  local v, total, costs = bases(state), 0, {}
  for j = 1, state:count() do
    local t = trace(v[j], scatter(x, state.labels[j]))
    assert.close(t, state:trace(j), 1e-9)
    costs[j] = state.points:code():subspace(state:m(j), state:k(j),
      state.find_outliers and state.labels[j]:eq(-1):sum():item() or nil, t)
    total = total + t
  end
  assert.close(total, state:cost(), 1e-9)
  assert.close(mdl.total(costs), state:mdl(), 1e-9)
  local V = hy.cat(v, 2)
  assert.close(hy.eye(7, f64), V:t():mm(V), 1e-12)
end

describe("a rotation", function()
  it("of 45° is undone by the corners of a rectangle", function()
    local x = hy.tensor({ { 0, 0 }, { 0, 6 }, { 10, 0 }, { 10, 6 } }, f64)
    local h = math.sqrt(0.5)
    local state = subspaces.start(subspaces.sample("test", x), { hy.tensor({ { -5, 0 }, { 5, 0 } }, f64),
      hy.tensor({ { 0, -3 }, { 0, 3 } }, f64) }, { hy.tensor({ { h }, { h } }, f64) }, {})
    state.counts, state.outliers = { hy.full({ 2 }, 2, f64), hy.full({ 2 }, 2, f64) }, { 0, 0 }
    state:rotate(1, 2)
    assert.close({ { 1 }, { 0 } }, state.basis[1]:abs(), 1e-12)
    assert.equal(1, state:m(2))
    assert.close(0, state:cost(), 1e-12)
  end)

  it("has the eigenvalues −100 and 36 there", function()
    local a = hy.tensor({ { 0, -3 }, { 0, 3 }, { -5, 0 }, { 5, 0 } }, f64) * math.sqrt(2)
    local values = hy.eigh_low_rank(a, hy.tensor({ 1, 1, -1, -1 }, f64))
    assert.close({ -100, 36 }, values, 1e-12)
  end)

  it("takes what the dense eigenvectors take, for every kind of pair", function()
    for seed = 1, 6 do
      local x = cloud(seed)
      for _, options in ipairs{ {}, { outliers = true } } do
        local state = random_state({ 4, 3, 1 }, { 2, 2, 3 }, options, x, seed)
        state:assign_all(true)
        for _, pair in ipairs{ { 1, 2 }, { 1, 3 }, { 2, 3 } } do
          local i, j = pair[1], pair[2]
          local v = bases(state)
          local both = hy.cat({ v[i], v[j] }, 2)
          local function weighted(s)
            return scatter(x, state.labels[s]) * (120 / (120 - state.outliers[s]))
          end
          local values, vectors = hy.eigh(both:t():mm(weighted(i) - weighted(j)):mm(both))
          local r = math.tointeger(values:lt(-1e-6):sum():item())
          state:rotate(i, j)
          assert.equal(r, state:m(i))
          local expected = both:mm(vectors:narrow(2, 1, r))
          local got = state:columns(i)
          assert.close(expected:mm(expected:t()), got:mm(got:t()), 1e-8)
        end
        check_measures(state, x)
      end
    end
  end)
end)

describe("a run", function()
  it("never raises the cost without outliers and bits", function()
    for seed = 1, 12 do
      local k = seed % 2 == 0 and { 4, 3, 1 } or { 3, 4, 2 }
      local state, before = random_state(k, { 2, 2, 3 }, {}, cloud(seed), seed), math.huge
      state:run(300, function(cost)
        assert.is_true(cost <= before * (1 + 1e-9), ("%.12g after %.12g"):format(cost, before))
        before = cost
      end)
    end
  end)

  it("keeps cost, traces, bits and the basis as defined, whatever its options", function()
    for seed = 1, 8 do
      local x = cloud(seed)
      for _, options in ipairs{ {}, { outliers = true }, { mdl_for_noisespace = true },
        { outliers = true, mdl_for_noisespace = true } } do
        local state = random_state({ 4, 3, 1 }, { 2, 2, 3 }, options, x, seed)
        state:run(300)
        check_measures(state, x)
      end
    end
  end)

  it("marks outliers, and never all of a cluster", function()
    local state = random_state({ 4, 3, 1 }, { 2, 2, 3 }, { outliers = true }, cloud(3), 5)
    state:run(300)
    local found = 0
    for j = 1, state:count() do
      found = found + state.outliers[j]
      assert.is_true(state.labels[j]:bincount(state:k(j)):min():item() > 0)
    end
    assert.is_true(found > 0)
  end)

  it("drops clusters and subspaces that ran empty, and counts them", function()
    local x = hy.tensor({ { 1, 2, 3 }, { 1, 2, 3 }, { 1, 2, 3 }, { 7, 2, 3 } }, f64)
    local state = random_state({ 3, 3 }, { 1, 2 }, {}, x, 1)
    state:run(50)
    assert.equal(1, state:count())
    assert.equal(1, state.subspaces_lost)
    assert.equal(2, state:k(1))
    assert.is_true(state.clusters_lost >= 1)
    assert.equal(3, state:m(1))
  end)
end)
