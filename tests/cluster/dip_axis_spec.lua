-- Directions with large dips: the gradient, DipExt, DipInit, DipNSub.
local S = require "tests.support"
local hy = require "hyades"
local axis = require "hyades.cluster.dip_axis"
local chance = require "hyades.cluster.dip_chance"
local DipExt, DipInit, DipNSub = hy.cluster.DipExt, hy.cluster.DipInit, hy.cluster.DipNSub

local function f64(values) return hy.tensor(values, { dtype = "f64" }) end

-- Van der Corput's sequence, and the quantile of the normal distribution.
local function radical_inverse(i, base)
  local value, weight = 0, 1 / base
  while i > 0 do
    value, weight, i = value + weight * (i % base), weight / base, i // base
  end
  return value
end

local function normal_below(x)
  local term, sum = x, x
  for k = 1, 150 do
    term = term * x * x / (2 * k + 1)
    sum = sum + term
  end
  return 0.5 + sum * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
end

local function quantile(p)
  local low, high = -6, 6
  for _ = 1, 55 do
    local middle = (low + high) / 2
    if normal_below(middle) < p then low = middle else high = middle end
  end
  return (low + high) / 2
end

-- Two groups along a diagonal that neither feature shows.
local function diagonal()
  local rows, labels, c = {}, {}, math.sqrt(0.5)
  for i = 0, 179 do
    local group = i >= 90 and 1 or 0
    local u = 0.5 * quantile(radical_inverse(i + 1, 2)) + 8 * group
    local v = 3 * quantile(radical_inverse(i + 1, 3))
    rows[i + 1], labels[i + 1] = { c * (u - v), c * (u + v) }, group + 1
  end
  return f64(rows), hy.tensor(labels, { dtype = "index" })
end

local x, truth = diagonal()
local eight = f64{ { 0, 0 }, { 1, 2 }, { 2, 1 }, { 3, 0 }, { 10, 1 }, { 11, 3 }, { 12, 0 }, { 13, 2 } }

local function orthonormal(components)
  local k = components:size(1)
  assert.close(hy.eye(k, { dtype = "f64" }), components:mm(components:t()), 1e-10)
end

describe("the gradient of a dip along a direction", function()
  it("is that of eight known points, and of their p-value", function()
    local w = f64{ 1, 0.5 }
    local dip, gradients = axis.dip(eight, axis.along(eight, w), "ignore")
    assert.close(.1704545, dip, 1e-7)
    assert.equal(1, #gradients)
    assert.close({ .004132231, -.008264463 }, gradients[1], 1e-9)
    assert.close({ -.004907339, .009814678 }, gradients[1] * chance.slope(dip, 8), 1e-9)
  end)

  it("agrees with that of the op and with differences", function()
    for seed = 1, 10 do
      local points = hy.randn(40, 3, { dtype = "f64", rng = hy.rng(seed) })
      local w = hy.randn(3, { dtype = "f64", rng = hy.rng(seed + 100) })
      local _, gradients = axis.dip(points, axis.along(points, w), "ignore")
      local function dip_along(v) return (hy.dip(axis.along(points, v))) end
      assert.close(hy.grad(dip_along, w), gradients[1], 1e-12)
      assert.is_true(hy.gradcheck(dip_along, { w }))
      local members = hy.tensor({ 30, 2, 11, 5, 17, 23, 8 }, { dtype = "index" })
      local dip, some = axis.dip(points, axis.along(points, w), "ignore", nil, members)
      local alone, expected = axis.dip(points:index(members), axis.along(points:index(members), w),
        "ignore")
      assert.equal(alone, dip)
      assert.close(expected[1] or 0, some[1] or 0, 1e-14)
    end
  end)

  it("is there for every triangle that ties allow", function()
    local tied = f64{ { 0, 1 }, { 0, 2 }, { 1, 0 }, { 2, 5 }, { 10, 7 }, { 10, 3 }, { 11, 1 }, { 12, 0 } }
    local z = axis.along(tied, f64{ 1, 0 })
    local dip, one = axis.dip(tied, z, "ignore")
    local _, all = axis.dip(tied, z, "all", hy.rng(1))
    assert.equal(1, #one)
    assert.equal(4, #all) -- two rows with the first corner, two with the last
    local found = false
    for _, gradient in ipairs(all) do
      found = found or gradient:ne(one[1]):sum():item() == 0
      assert.close(one[1][1]:item(), gradient[1]:item(), 1e-14) -- the tied rows agree in z
    end
    assert.is_true(found)
    local function key(gradient) return ("%.9f"):format(gradient[2]:item()) end
    local possible, seen = {}, {}
    for _, gradient in ipairs(all) do possible[key(gradient)] = true end
    for seed = 1, 40 do
      local again, random = axis.dip(tied, z, "random", hy.rng(seed))
      assert.equal(dip, again)
      assert.equal(1, #random)
      seen[key(random[1])] = true
    end
    assert.same(possible, seen)
  end)

  it("is zero for a triangle without width", function()
    assert.same({ 0, 0 }, axis.slope(eight:narrow(1, 1, 3), { 1, 1, 1 }, { 1, 2, 3 }, 8):totable())
  end)

  it("is nothing where there is no triangle", function()
    local dip, gradients = axis.dip(eight, hy.ones(8, { dtype = "f64" }), "all", hy.rng(1))
    assert.equal(0, dip)
    assert.same({}, gradients)
  end)
end)

describe("the orthogonal complement", function()
  it("loses one direction and keeps all lengths in the others", function()
    for seed = 1, 5 do
      local points = hy.randn(20, 4, { dtype = "f64", rng = hy.rng(seed) })
      local w = hy.randn(4, { dtype = "f64", rng = hy.rng(seed + 10) })
      w = w / w:norm()
      local rest, basis = axis.without(w, points, hy.eye(4, { dtype = "f64" }))
      orthonormal(basis:t())
      assert.close({ 0, 0, 0 }, axis.along(basis:t(), w), 1e-12)
      assert.close(points:mm(basis), rest, 1e-12)
    end
    local rest = axis.without(f64{ 1, 0 }, eight)
    assert.close(eight:narrow(2, 2, 1), rest:abs(), 1e-14)
  end)
end)

describe("DipExt", function()
  it("finds the diagonal that shows two groups", function()
    assert.close({ .017074, .016581 }, (hy.dip(x)), 1e-6)
    local c = math.sqrt(0.5)
    assert.close(.181667, hy.dip(axis.along(x, f64{ c, c })):item(), 1e-6)
    for _, ties in ipairs{ "ignore", "random", "all" } do
      local model = DipExt{ ties = ties, rng = hy.rng(1) }:fit(x)
      assert.is_true(model.dips[1] >= .1815)
      assert.equal(1, #model.dips)
      assert.close(model.dips[1], hy.dip(model:transform(x):reshape(-1)):item(), 1e-9)
    end
  end)

  it("is never worse than the best feature, and sorts by dip", function()
    for seed = 1, 5 do
      local points = hy.rand(80, 4, { dtype = "f64", rng = hy.rng(seed) })
      local model = DipExt{ k = 4, scale = false }:fit(points)
      assert.is_true(math.max(table.unpack(model.dips)) >= hy.dip(points):max():item() - 1e-12)
      for i = 2, 4 do assert.is_true(model.dips[i] <= model.dips[i - 1]) end
      orthonormal(model.components)
      for i, dip in ipairs(model.dips) do
        assert.close(dip, hy.dip(model:transform(points):select(2, i)):item(), 1e-9)
      end
    end
  end)

  it("keeps features whose dips reach the threshold", function()
    local rng = hy.rng(2)
    local function two(std) -- a feature with two groups
      return hy.randn(200, 1, { dtype = "f64", rng = rng }) * std + hy.randperm(200, { rng = rng })
        :to("f64"):gt(100):to("f64"):reshape(-1, 1) * 10
    end
    local points = hy.cat({ two(0.5), two(0.5), hy.randn(200, 3, { dtype = "f64", rng = rng }) }, 2)
    assert.equal(2, #DipExt{}:fit(points).dips)
    assert.equal(5, #DipExt{ threshold = 0 }:fit(points).dips)
    assert.equal(3, #DipExt{ k = 3 }:fit(points).dips)
  end)

  it("scales every feature from 0 to its dip", function()
    local model = DipExt{ k = 2 }
    local z = model:fit_transform(x)
    assert.close({ 0, 0 }, z:min(1), 1e-12)
    assert.close(model.dips, z:max(1):totable(), 1e-12)
  end)

  it("does not depend on place and scale", function()
    local dips = DipExt{ k = 2 }:fit(x).dips
    assert.close(dips, DipExt{ k = 2 }:fit(x * 100 + 7).dips, 1e-6)
  end)

  it("takes one feature, constant ones and few points", function()
    local one = DipExt{}:fit(x:narrow(2, 1, 1))
    assert.same({ { 1 } }, one.components:totable())
    local flat = DipExt{ k = 2 }:fit(hy.ones(10, 2))
    assert.same({ 0, 0 }, flat.dips)
    assert.same({ { 0, 0 } }, flat:transform(hy.ones(1, 2)):totable())
    assert.same({ 0 }, DipExt{ k = 1 }:fit(hy.rand(3, 2)).dips)
  end)

  it("warns of ties", function()
    local whole = (hy.rand(100, 2, { rng = hy.rng(3) }) * 5):floor()
    assert.is_truthy(DipExt{}:fit(whole).warning:find("column 1 are ties", 1, true))
    assert.equal(nil, DipExt{}:fit(x).warning)
  end)

  it("names what it cannot use", function()
    assert.raises(function() DipExt{ k = 3 }:fit(x) end, "k")
    assert.raises(function() DipExt{ ties = "some" } end, "ties")
    assert.raises(function() DipExt{ threshold = 2 }:fit(x) end, "threshold")
    assert.raises(function() DipExt{}:fit(f64{ { 1, 0 / 0 } }) end, "DipExt: x is NaN at row 1, column 2")
    assert.raises(function() DipExt{}:transform(x) end, "fit first")
  end)

  it("comes back from a file and transforms", function()
    local folder = S.folder()
    local model = DipExt{}:fit(x)
    hy.save(folder .. "/model", model)
    assert.same(model:transform(x):totable(), hy.load(folder .. "/model"):transform(x):totable())
    S.remove(folder)
  end)
end)

describe("DipInit", function()
  it("finds the two groups of the diagonal", function()
    local model = DipInit{ k = 2 }:fit(x)
    assert.equal(1, hy.metrics.acc(truth, model.labels))
    assert.equal(0, model:predict(x):ne(model.labels):sum():item())
    assert.same({ 2, 1 }, model.centers:size())
  end)

  it("adds one feature at a time", function()
    local set = hy.data.blobs{ n = 400, k = 4, d = 3, std = 0.4, rng = hy.rng(4) }
    local model = DipInit{ k = 4, n_features = 3 }:fit(set)
    assert.same({ 4, 3 }, model.centers:size())
    assert.is_true(hy.metrics.ari(set.y, model.labels) > 0.7)
    local z = model:transform(set.x)
    assert.close((z - model.centers:index(model.labels)):square():sum():item(), model.inertia, 1e-9)
  end)

  it("takes as many clusters as points, and equal points", function()
    assert.equal(5, DipInit{ k = 5 }:fit(hy.rand(5, 2, { rng = hy.rng(5) })).labels:unique():numel())
    assert.equal(1, DipInit{ k = 2 }:fit(hy.ones(9, 2)).labels:unique():numel())
    assert.raises(function() DipInit{ k = 6 }:fit(hy.rand(5, 2)) end, "k = 6")
    assert.raises(function() DipInit{ k = 0 } end, "k")
    assert.raises(function() DipInit{ k = 2, n_features = 3 }:fit(x) end, "n_features")
  end)
end)

describe("DipNSub", function()
  it("finds the two groups of the diagonal along one direction", function()
    local model = DipNSub{}:fit(x)
    assert.equal(2, model.k)
    assert.same({ 1, 2 }, model.components:size())
    assert.equal(1, hy.metrics.acc(truth, model.labels))
  end)

  it("finds planted clusters", function()
    for seed = 1, 3 do
      local set = hy.data.blobs{ n = 600, k = 4, d = 5, std = 0.5, rng = hy.rng(seed) }
      local model = DipNSub{}:fit(set)
      assert.is_true(hy.metrics.ari(set.y, model.labels) > 0.95)
      orthonormal(model.components)
      assert.same({ 600, model.components:size(1) }, model:transform(set.x):size())
      for i, step in ipairs(model.history) do
        assert.equal(i <= model.components:size(1), step.share >= 0.15)
      end
    end
  end)

  it("leaves one cluster whole, with a direction", function()
    local model = DipNSub{}:fit(hy.randn(300, 3, { rng = hy.rng(6) }))
    assert.equal(1, model.k)
    assert.same({ 1, 3 }, model.components:size())
    assert.equal(1, model.labels:unique():numel())
  end)

  it("leaves noise on request", function()
    local noise = hy.rand(90, 2, { dtype = "f64", rng = hy.rng(7) }) * 30 - 10
    local both = hy.cat{ x, noise }
    local labels = DipNSub{ outliers = true, tails = false }:fit(both).labels
    local none = hy.tensor({ -1 }, { dtype = "index" })
    assert.is_true(labels:eq(none):sum():item() > 0)
    assert.equal(0, DipNSub{}:fit(both).labels:eq(none):sum():item())
  end)

  it("takes one feature, few points and ties", function()
    assert.equal(2, DipNSub{}:fit(f64{ 0, .1, .2, .3, .4, 9, 9.1, 9.2, 9.3, 9.4, 0.15, 9.15, .25, 9.25 }
      :reshape(-1, 1)).k)
    assert.equal(1, DipNSub{}:fit(hy.rand(3, 2)).k)
    assert.equal(1, DipNSub{}:fit(hy.ones(30, 2)).k)
    local whole = (hy.rand(100, 2, { rng = hy.rng(8) }) * 5):floor()
    assert.is_truthy(DipNSub{ ties = "random", rng = hy.rng(1) }:fit(whole).warning)
  end)

  it("names what it cannot use", function()
    assert.raises(function() DipNSub{ ties = "all" } end, "ties")
    assert.raises(function() DipNSub{ threshold = -1 }:fit(x) end, "threshold")
    assert.raises(function() DipNSub{}:fit(f64{ { 1 / 0 } }) end, "DipNSub: x is infinite at row 1")
    assert.raises(function() DipNSub{}:transform(x) end, "fit first")
  end)
end)
