-- Bits of clusterings in subspaces: every value by hand.
require "tests.support"
local hy = require "hyades"
local mdl = require "hyades.cluster.mdl"
local subspaces = require "hyades.cluster.subspaces"

local function corners()
  local rows = {}
  for _, corner in ipairs{ { 0, 0 }, { 0, 6 }, { 10, 0 }, { 10, 6 } } do
    for _, by in ipairs{ { 0, 0 }, { 0.5, 0 }, { 0, 0.5 } } do
      rows[#rows + 1] = { corner[1] + by[1], corner[2] + by[2] }
    end
  end
  return hy.tensor(rows, { dtype = "f64" })
end

describe("the description length", function()
  it("of whole numbers follows the universal prior", function()
    local bits = { [0] = 1.518567, 1.518567, 2.518567, 3.767979, 4.518567, [8] = 6.767979,
      [10] = 7.364973, [100] = 12.880434 }
    for z, expected in pairs(bits) do assert.close(expected, mdl.integer(z), 1e-6) end
  end)

  it("measures the largest distance and the smallest gaps", function()
    local largest, exact = mdl.max_distance(corners())
    assert.close(12.349089, largest, 1e-6)
    assert.is_true(exact)
    assert.close(0.5, mdl.precision(corners(), "test"), 1e-12)
    local x = hy.tensor({ { 1, 7, 0 }, { 4, 7, 2 }, { 4, 7, 3 } }, { dtype = "f64" })
    assert.close((3 + 1) / 2, mdl.precision(x, "test"), 1e-12) -- the constant column does not count
    assert.close(2, mdl.precision(x:to "u8", "test"), 1e-12)
    assert.raises(function() mdl.precision(hy.ones(4, 2), "test") end,
      "test: every column of x is constant")
  end)

  it("bounds the largest distance of many points", function()
    local x = hy.randn(40000, 12, { rng = hy.rng(1) })
    local bound, exact = mdl.max_distance(x)
    assert.is_false(exact)
    assert.is_true(bound >= mdl.max_distance(x:narrow(1, 1, 3000)))
  end)

  it("adds up as by hand for one cluster, four, two by two", function()
    local x = corners()
    local code = mdl.code(12, mdl.max_distance(x), mdl.precision(x, "test"))
    local one = code:subspace(2, 1, nil, hy.cluster.KMeans{ k = 1 }:fit(x).inertia)
    assert.close(137.318614, one, 1e-6)
    assert.close(138.837181, mdl.total{ one }, 1e-6)
    local four = code:subspace(2, 4, nil, 4 / 3)
    assert.close(92.931472, four, 1e-6)
    assert.close(94.450039, mdl.total{ four }, 1e-6)
    local two = code:subspace(1, 2, nil, 2 / 3)
    assert.close(38.627878, two, 1e-6)
    assert.close(79.774324, mdl.total{ two, two }, 1e-6)
    local checked = code:subspace(1, 2, 0, 2 / 3)
    assert.close(82.811459, mdl.total{ checked, checked }, 1e-6)
  end)

  it("is 0 where there is nothing to say", function()
    assert.equal(0, mdl.gaussian(0, 10, 1))
    assert.equal(0, mdl.gaussian(3, 1, 1))
    assert.equal(0, mdl.gaussian(3, 10, 1e-16))
  end)

  it("finds the outlier of 22 values, and no other", function()
    local values = {}
    for i = 1, 21 do values[i] = { (i - 11) / 10 } end
    values[22] = { 9 }
    local x = hy.tensor(values, { dtype = "f64" })
    local code = mdl.code(22, 10, 0.1)
    assert.close(7.781360, code:uniform(1) + math.log(22, 2), 1e-6)
    assert.close(25.743882, code:outlier_distance(1, 1, 85.018182), 1e-5)
    local points = subspaces.sample("test", x, code)
    assert.close(85.018182, points.total, 1e-6)
    assert.close(73.803719, points.distance:max():item(), 1e-6)
    assert.close(0.349174, points.distance[21]:item(), 1e-6)
    assert.close(1.985537, points.distance[1]:item(), 1e-6) -- the next one: −1 is farther than 1
    local state = subspaces.start(points, { hy.zeros(1, 1, { dtype = "f64" }) }, {},
      { outliers = true })
    state:assign_all(true)
    local expected = {}
    for i = 1, 22 do expected[i] = i == 22 and -1 or 1 end
    assert.same(expected, state.labels[1]:totable())
    assert.equal(1, state.outliers[1])
  end)

  it("has no outliers where all points are equal", function()
    assert.equal(math.huge, mdl.code(9, 1, 1):outlier_distance(2, 1, 0))
  end)
end)
