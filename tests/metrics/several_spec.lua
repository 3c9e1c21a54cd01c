-- Measures of several labelings at once, of matched classes, and of views.
require "tests.support"
local hy = require "hyades"
local metrics = hy.metrics

local T = { { 0, 0, 1, 1, 2, 2 }, { 0, 1, 0, 1, 0, 1 } }
local P = { { 0, 0, 0, 0, 0, 0 }, { 1, 0, 1, 0, 1, 0 }, { 0, 0, 1, 1, 1, 1 } }

-- The same as an index tensor n×J; ids from 1.
local function index(list)
  local columns = {}
  for j, ids in ipairs(list) do columns[j] = (hy.tensor(ids) + 1):to "index" end
  return hy.stack(columns, 2)
end

describe("the worked example", function()
  it("has a matrix without the noise space", function()
    for _, pair in ipairs{ { T, P }, { index(T), index(P) }, { index(T), P } } do
      assert.close({ { 0, 0.733680 }, { 1, 0 } }, metrics.multi_confusion(pair[1], pair[2]), 1e-6)
    end
    local full = metrics.multi_confusion(T, P, { remove_noise_spaces = false })
    assert.close({ { 0, 0, 0.733680 }, { 0, 1, 0 } }, full, 1e-6)
  end)

  it("has aggregates", function()
    local expected = { max = 0.866840, permut_max = 0.866840, min = 0, permut_min = 0, mean = 0.433420 }
    for name, value in pairs(expected) do
      assert.close(value, metrics.multi_confusion(T, P, { aggregate = name }), 1e-6)
    end
  end)

  it("has pair counts", function()
    for _, pair in ipairs{ { T, P }, { index(T), index(P) } } do
      local c = metrics.pair_counting(pair[1], pair[2])
      assert.same({ 9, 2, 0, 4 }, { c.tp, c.fp, c.fn, c.tn })
      assert.close({ 0.9, 0.866667, 0.818182 }, { c.f1, c.rand, c.jaccard }, 1e-6)
    end
  end)

  it("has the wrong numbers of clusters", function()
    assert.is_false(metrics.correct_k(T, P))
    assert.is_true(metrics.correct_k(T, T))
    assert.is_true(metrics.correct_k({ T[2] }, P))
    assert.is_false(metrics.correct_k({ T[2] }, P, { strict = true }))
    assert.is_true(metrics.correct_k(T, { T[2], T[1] }, { strict = true }))
  end)
end)

describe("multi_confusion", function()
  it("lets two truths share a prediction in max, and none in permut_max", function()
    local twice = { T[2], T[2] }
    local options = { metric = "nmi", aggregate = "max" }
    assert.close(1, metrics.multi_confusion(twice, { T[2] }, options), 1e-12)
    options.aggregate = "permut_max"
    assert.close(0.5, metrics.multi_confusion(twice, { T[2] }, options), 1e-12)
    options.aggregate = "permut_min"
    assert.close(0.5, metrics.multi_confusion(twice, { T[2] }, options), 1e-12)
  end)

  it("divides by the number of true labelings", function()
    local q = metrics.multi_confusion(T, { T[1], T[2], P[3] })
    assert.same({ 2, 3 }, q:size())
    assert.close(1, metrics.multi_confusion(T, { T[1], T[2], P[3] }, { aggregate = "permut_max" }), 1e-12)
    assert.close(0, metrics.multi_confusion(T, { T[1], T[2], P[3] }, { aggregate = "permut_min" }), 1e-12)
  end)

  it("takes any measure", function()
    assert.close({ { 1 } }, metrics.multi_confusion(T[1], T[1], { metric = metrics.ari }), 0)
    assert.close({ { 0 } }, metrics.multi_confusion(T[1], T[1], { metric = "vi" }), 0)
    local seen
    metrics.multi_confusion(T, P, { metric = function(a, b)
      seen = a:numel() + b:numel()
      return 2
    end })
    assert.equal(12, seen)
  end)

  it("keeps a labeling of nothing but noise, and drops one cluster with noise", function()
    local noise, one = { -1, -1, -1, -1, -1, -1 }, { 4, -1, 4, 4, -1, 4 }
    assert.same({ 1, 2 }, metrics.multi_confusion(T[1], { noise, one, T[2] }):size())
  end)

  it("says what it wants", function()
    assert.raises(function() metrics.multi_confusion(T, { P[1] }) end,
      "multi_confusion: labels holds only labelings with a single cluster")
    assert.raises(function() metrics.multi_confusion(T, { { 1, 2 } }) end,
      "truth has 6 points and labels has 2")
    assert.raises(function() metrics.multi_confusion({ { 1, 2 }, { 1, 2, 3 } }, T) end,
      "truth: labeling 2 has 3 points and the first has 2")
    assert.raises(function() metrics.multi_confusion(T, T, { aggregate = "median" }) end, '"permut_max"')
    assert.raises(function() metrics.multi_confusion(T, P[2], { aggregate = "mean_wo_diag" }) end,
      "as many labelings in truth as in labels")
    assert.raises(function() metrics.multi_confusion(T, T, { metric = 3 }) end, "option metric")
    assert.raises(function() metrics.multi_confusion(T, T, { metric = "nmy" }) end, "nmi")
    assert.raises(function() metrics.multi_confusion(3, T) end, "got number")
    assert.raises(function() metrics.multi_confusion({ {} }, T) end, "is empty")
  end)
end)

describe("pair counting of several labelings", function()
  it("is that of one, where there is one", function()
    local rng = hy.rng(1)
    local t, p = hy.randint({ 50 }, 1, 4, { rng = rng }):to "index", hy.randint({ 50 }, 1, 5, { rng = rng })
      :to "index"
    assert.same(metrics.pair_counting(t, p), metrics.pair_counting(hy.stack({ t, t }, 2), p))
  end)

  it("joins noise, unless it is dropped", function()
    local c = metrics.pair_counting({ { 1, 2, 3, 4 }, { 1, 2, -1, -1 } }, { 1, 2, 3, 3 })
    assert.same({ 1, 0, 0, 5 }, { c.tp, c.fp, c.fn, c.tn })
    c = metrics.pair_counting({ { 1, 2, 3, 4 }, { 1, 2, -1, -1 } }, { 1, 2, 3, 3 }, { drop_noise = true })
    assert.same({ 0, 1, 0, 5 }, { c.tp, c.fp, c.fn, c.tn })
  end)
end)

describe("an ensemble", function()
  local E = { { 0, 0, 0, 1, 1, 1 }, { 0, 0, 1, 1, 2, 2 }, { 1, 1, 1, 0, 0, 0 } }

  it("has a mean nmi with a candidate", function()
    for _, ensemble in ipairs{ E, index(E) } do
      assert.close(0.838601, metrics.anmi(E[1], ensemble), 1e-6)
      assert.close(0.677202, metrics.anmi(E[2], ensemble), 1e-6)
      assert.close(0.563696, metrics.anmi({ 0, 0, 1, 1, 1, 1 }, ensemble), 1e-6)
      assert.close(0.677202, metrics.agreement(ensemble), 1e-6)
    end
    assert.close(metrics.nmi(E[1], E[2], { average = "min" }),
      metrics.anmi(E[1], { E[2] }, { average = "min" }), 1e-12)
  end)

  it("agrees with itself", function()
    assert.close(1, metrics.agreement{ E[1], E[3], E[1] }, 1e-12)
    assert.close(1 / 3, metrics.agreement{ { 0, 0, 1, 1 }, { 0, 0, 1, 1 }, { 0, 1, 0, 1 } }, 1e-12)
    assert.raises(function() metrics.agreement(E[1]) end, "at least two")
  end)

  it("has an average variation of information", function()
    local a, b, c = E[1], E[2], { 0, 1, 0, 1, 0, 1 }
    local expected = (metrics.vi(a, b) + metrics.vi(a, c) + metrics.vi(b, c)) / 3
    assert.close(expected, metrics.average_vi{ a, b, c }, 1e-12)
    assert.close(expected, metrics.average_vi{ a, P[1], b, c }, 1e-12)
    assert.close(0, metrics.average_vi{ E[1], E[3] }, 1e-12)
    assert.raises(function() metrics.average_vi{ a, P[1] } end, "two at least")
  end)
end)

describe("classification", function()
  local t = { 0, 0, 0, 0, 1, 1, 1, 2, 2, 2 }
  local p = { 1, 1, 0, 1, 0, 0, 0, 2, 2, 1 } -- matched: class 0 with 1, 1 with 0, 2 with 2

  it("scores each class by its matched cluster", function()
    local c = metrics.classification(t, p)
    assert.close(0.8, c.accuracy, 1e-12)
    assert.close({ 3 / 4, 3 / 4, 3 / 4 }, { c.classes[1].precision, c.classes[1].recall, c.classes[1].f1 },
      1e-12)
    assert.close({ 3 / 4, 1, 6 / 7 }, { c.classes[2].precision, c.classes[2].recall, c.classes[2].f1 }, 1e-12)
    assert.close({ 1, 2 / 3, 4 / 5 }, { c.classes[3].precision, c.classes[3].recall, c.classes[3].f1 }, 1e-12)
    assert.same({ 4, 2 }, { c.classes[1].points, c.classes[1].cluster })
    assert.close({ 5 / 6, 29 / 36, (3 / 4 + 6 / 7 + 4 / 5) / 3 },
      { c.macro.precision, c.macro.recall, c.macro.f1 }, 1e-12)
    assert.close({ 0.8, 0.8, 0.8 }, { c.micro.precision, c.micro.recall, c.micro.f1 }, 1e-12)
  end)

  it("counts clusters without a class as errors, and classes without a cluster 0", function()
    local c = metrics.classification({ 1, 1, 1, 1 }, { 1, 1, 2, 3 })
    assert.close({ 0.5, 1, 0.5 }, { c.accuracy, c.macro.precision, c.macro.recall }, 1e-12)
    c = metrics.classification({ 1, 1, 2, 3 }, { 1, 1, 1, 1 })
    assert.same({ 0, 0, 0, -1 }, { c.classes[3].precision, c.classes[3].recall, c.classes[3].f1,
      c.classes[3].cluster })
    assert.close({ 1 / 6, 1 / 3 }, { c.macro.precision, c.macro.recall }, 1e-12)
  end)

  it("has the accuracy of acc, whatever the labels", function()
    local rng = hy.rng(2)
    for k = 1, 12 do
      local a = hy.randint({ 40 }, 1, 5, { rng = rng }):to "index"
      local b = hy.randint({ 40 }, 1, k, { rng = rng }):to "index"
      local c = metrics.classification(a, b)
      assert.close(metrics.acc(a, b), c.accuracy, 1e-12)
      assert.close(metrics.acc(a, b), c.micro.f1, 1e-12)
      local right = 0
      for _, one in ipairs(c.classes) do right = right + one.recall * one.points end
      assert.close(40 * c.accuracy, right, 1e-9)
    end
  end)
end)

-- The code itself comes with NrKmeans.
local it_with_code = pcall(require, "hyades.cluster.mdl") and it or pending

describe("mdl", function()
  local rows = {}
  for _, corner in ipairs{ { 0, 0 }, { 0, 6 }, { 10, 0 }, { 10, 6 } } do
    for _, step in ipairs{ { 0, 0 }, { 0.5, 0 }, { 0, 0.5 } } do
      rows[#rows + 1] = { corner[1] + step[1], corner[2] + step[2] }
    end
  end
  local x = hy.tensor(rows, { dtype = "f64" })
  local left = { 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1 }
  local low = { 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1 }
  local corners = { 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4 }
  local one = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }

  it_with_code("is lowest for the clusterings that are there", function()
    assert.close(138.837181, metrics.mdl(x, one), 1e-6)
    assert.close(94.450039, metrics.mdl(x, corners), 1e-6)
    assert.close(79.774324, metrics.mdl(x, { left, low }, { P = { { 1 }, { 2 } } }), 1e-6)
    assert.close(82.811459, metrics.mdl(x, { left, low }, { P = { { 1 }, { 2 } }, outliers = true }), 1e-6)
    local swap = hy.tensor{ { 0, 1 }, { 1, 0 } }
    assert.close(79.774324, metrics.mdl(x, { left, low }, { P = { { 2 }, { 1 } }, V = swap }), 1e-6)
    assert.is_true(metrics.mdl(x, { left, low }, { P = { { 2 }, { 1 } } }) > 100)
  end)

  it_with_code("takes -1 for outliers, and spaces without columns", function()
    local few = table.move(corners, 1, 12, 1, {})
    few[12] = -1
    assert.is_true(metrics.mdl(x, few) > metrics.mdl(x, corners))
    assert.is_true(metrics.mdl(x, { corners, one }, { P = { { 1, 2 }, {} } }) > metrics.mdl(x, corners))
  end)

  it_with_code("says what it wants", function()
    assert.raises(function() metrics.mdl(x, { left, low }) end, "mdl: option P must name the columns of V")
    assert.raises(function() metrics.mdl(x, { left, low }, { P = { { 1 }, { 1 } } }) end, "names column 1")
    assert.raises(function() metrics.mdl(x, { left, low }, { P = { { 1 }, {} } }) end, "names 1 of 2")
    assert.raises(function() metrics.mdl(x, one, { V = hy.eye(3) }) end, "V must be a tensor 2×2")
    assert.raises(function() metrics.mdl(x, { 1, 2 }) end, "mdl: x has 12 rows and labels has 2")
  end)
end)

describe("view_similarity", function()
  it("is the mean cosine of rows", function()
    local a = hy.tensor{ { 1, 0 }, { 0, 2 }, { 1, 1 }, { 0, 0 } }
    local b = hy.tensor{ { 3, 0 }, { 0, -1 }, { 1, 0 }, { 1, 1 } }
    assert.close((1 - 1 + math.sqrt(0.5) + 0) / 4, metrics.view_similarity(a, b), 1e-12)
  end)

  it("does not see the length of rows", function()
    local a, b = hy.randn(9, 4, { rng = hy.rng(3) }), hy.randn(9, 4, { rng = hy.rng(4) })
    assert.close(metrics.view_similarity(a, b), metrics.view_similarity(a * 7, b / 3), 1e-6)
    assert.close(1, metrics.view_similarity(a, a * 2), 1e-6)
    assert.raises(function() metrics.view_similarity(a, b:t()) end, "9×4 and 4×9")
    assert.raises(function() metrics.view_similarity(a, 3) end, "argument 2 must be a tensor")
  end)
end)
