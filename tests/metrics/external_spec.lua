-- Measures that compare labels with a truth: worked numbers, goldens, properties.
require "tests.support"
local hy = require "hyades"
local metrics = hy.metrics

local T = { 0, 0, 0, 0, 1, 1, 1, 2, 2, 2 }
local P = { 1, 1, 0, 1, 0, 0, 0, 2, 2, 1 }
local P4 = { 1, 1, 0, 1, 0, 0, 0, 2, 2, 3 } -- one cluster more

-- Two labelings whose contingency table is this one.
local function labels_of(rows)
  local t, p = {}, {}
  for i, row in ipairs(rows) do
    for j, count in ipairs(row) do
      for _ = 1, count do t[#t + 1], p[#p + 1] = i, j end
    end
  end
  return t, p
end

local function random_labels(n, k, rng)
  local list = {}
  for i, u in ipairs(hy.rand(n, { rng = rng }):totable()) do list[i] = math.floor(u * k) end
  return list
end

local symmetric = { "acc", "nmi", "ari", "ami", "vi", "v_measure", "fowlkes_mallows" }
local others = { "purity", "homogeneity", "completeness", "fnmi", "dom" }

local function each(names, visit)
  for _, name in ipairs(names) do visit(name, metrics[name]) end
end

describe("the worked example", function()
  it("has a contingency table with truth in the rows", function()
    assert.same({ { 1, 3, 0 }, { 3, 0, 0 }, { 0, 1, 2 } }, metrics.confusion(T, P):totable())
    assert.equal("f64", metrics.confusion(T, P).dtype)
  end)

  local expected = { acc = 0.8, nmi = 0.596162, ami = 0.447837, ari = 0.391144, purity = 0.8,
    vi = 0.865756, homogeneity = 0.586860, completeness = 0.605763, v_measure = 0.596162,
    fowlkes_mallows = 0.560448, fnmi = 0.596162, dom = 0.698300 }
  for name, value in pairs(expected) do
    it("has " .. name, function() assert.close(value, metrics[name](T, P), 1e-6) end)
  end

  it("has one nmi and one ami for each average", function()
    local nmi = { arithmetic = 0.596162, geometric = 0.596237, min = 0.605763, max = 0.586860 }
    local ami = { arithmetic = 0.447837, geometric = 0.447914, min = 0.457757, max = 0.438337 }
    for average in pairs(nmi) do
      assert.close(nmi[average], metrics.nmi(T, P, { average = average }), 1e-6)
      assert.close(ami[average], metrics.ami(T, P, { average = average }), 1e-6)
    end
  end)

  it("has an expected mutual information", function()
    local a, b = hy.tensor{ 4, 3, 3 }, hy.tensor{ 4, 4, 2 }
    assert.close(0.287942, hy.expected_mutual_information(a, b):item(), 1e-6)
  end)

  it("has pair counts", function()
    local c = metrics.pair_counting(T, P)
    assert.same({ 7, 6, 5, 27 }, { c.tp, c.fp, c.fn, c.tn })
    assert.close({ 0.388889, 0.755556, 0.538462, 0.583333, 0.56, 0.560448 },
      { c.jaccard, c.rand, c.precision, c.recall, c.f1, c.fowlkes_mallows }, 1e-6)
  end)

  it("changes with one cluster more", function()
    assert.close(0.9, metrics.purity(T, P4), 1e-12)
    assert.close(0.8, metrics.acc(T, P4), 1e-12)
    assert.close(0.729469, metrics.nmi(T, P4), 1e-6)
    assert.close(0.522687, metrics.fnmi(T, P4), 1e-6)
  end)

  it("has a dom in nats", function()
    assert.close(1.170654, metrics.dom(T, P, { scaled = false }), 1e-6)
  end)
end)

describe("published confusion tables", function()
  local tables = {
    SubKmeans = { { { 1350, 331, 298, 1 }, { 652, 1032, 426, 50 }, { 29, 86, 616, 469 },
      { 148, 106, 582, 1234 } }, 0.2799, 0.5711, 0.2442 },
    DEC = { { { 1686, 2, 292, 0 }, { 10, 1705, 445, 0 }, { 26, 0, 686, 488 },
      { 48, 1, 607, 1414 } }, 0.5755, 0.7410, 0.5276 },
    IDEC = { { { 1757, 23, 199, 1 }, { 45, 1732, 383, 0 }, { 36, 5, 945, 214 },
      { 55, 14, 436, 1565 } }, 0.6024, 0.8096, 0.6004 },
    DipEncoder = { { { 1732, 6, 242, 0 }, { 4, 1709, 447, 0 }, { 3, 0, 653, 544 },
      { 19, 1, 456, 1594 } }, 0.6183, 0.7676, 0.5772 },
    VaDE = { { { 1588, 323, 67, 2 }, { 43, 2036, 79, 2 }, { 7, 25, 1144, 24 },
      { 17, 43, 1, 2009 } }, 0.7670, 0.9146, 0.7883 },
  }
  for name, row in pairs(tables) do
    it("give the nmi, acc and ari of " .. name, function()
      local t, p = labels_of(row[1])
      assert.equal(7410, #t)
      assert.close(row[2], metrics.nmi(t, p), 5e-5)
      assert.close(row[3], metrics.acc(t, p), 5e-5)
      assert.close(row[4], metrics.ari(t, p), 5e-5)
    end)
  end
end)

describe("random labelings", function()
  -- computed with scikit-learn 1.2
  local cases = {
    { t = { 2, 0, 1, 3, 0, 0, 0, 1, 1, 3, 2, 3, 1, 1, 2, 1, 3, 2, 0, 0, 0, 1, 3, 2, 0, 2, 1,
        2, 2, 2 },
      p = { -1, 0, -1, 3, 1, 0, -1, -1, 1, 3, 0, 3, 1, 1, 3, 3, 1, -1, 3, 0, 0, 1, -1, 2, 0, 0, 0,
        2, 2, -1 },
      nmi = { arithmetic = 0.276173967042, geometric = 0.276827792203, min = 0.296543082994,
        max = 0.258423247517 },
      ami = { arithmetic = 0.125172029268, geometric = 0.125530364236, min = 0.136504363579,
        max = 0.115577041675 },
      ari = 0.106804397271, homogeneity = 0.296543082994, completeness = 0.258423247517,
      v2 = 0.269992176201, fowlkes_mallows = 0.295227461367, acc = 0.5, purity = 0.6 },
    { t = { 0, 1, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 1, 1, 2, 0, 1, 2, 2, 0, 2, 1, 2, 0,
        1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0 },
      p = { 2, 4, 0, 7, 0, 7, 2, 0, -1, 7, 6, 0, 1, 0, 1, 6, 5, 6, 0, 2, 0, 1, 6, 1, 0, 3, 1, 2, 2,
        7, 4, 0, 2, 7, 3, 0, 1, 0, 1, 1 },
      nmi = { arithmetic = 0.237208709970, geometric = 0.251260490066, min = 0.353900875459,
        max = 0.178388464810 },
      ami = { arithmetic = 0.091997467232, geometric = 0.098558667596, min = 0.151436551095,
        max = 0.066066329331 },
      ari = 0.075913337068, homogeneity = 0.353900875459, completeness = 0.178388464810,
      v2 = 0.213718791116, fowlkes_mallows = 0.312890678234, acc = 0.375, purity = 0.675 },
  }
  for i, c in ipairs(cases) do
    it("agree with another library, case " .. i, function()
      for average, value in pairs(c.nmi) do
        assert.close(value, metrics.nmi(c.t, c.p, { average = average }), 1e-11)
        assert.close(c.ami[average], metrics.ami(c.t, c.p, { average = average }), 1e-11)
      end
      each({ "ari", "homogeneity", "completeness", "fowlkes_mallows", "acc", "purity" },
        function(name, measure) assert.close(c[name], measure(c.t, c.p), 1e-11) end)
      assert.close(c.v2, metrics.v_measure(c.t, c.p, { beta = 2 }), 1e-11)
    end)
  end
end)

describe("acc", function()
  it("is no greedy matching", function()
    assert.close(8 / 13, metrics.acc(labels_of{ { 5, 4 }, { 4, 0 } }), 1e-12)
  end)

  it("is the best of all matchings", function()
    local function best(count, i, used)
      if i > #count then return 0 end
      local most = best(count, i + 1, used) -- class i stays without a cluster
      for j = 1, #count[1] do
        if not used[j] then
          used[j] = true
          most = math.max(most, count[i][j] + best(count, i + 1, used))
          used[j] = nil
        end
      end
      return most
    end
    local rng = hy.rng(5)
    for trial = 1, 40 do
      local t = random_labels(25, 1 + trial % 5, rng)
      local p = random_labels(25, 1 + trial % 6, rng)
      local most = best(metrics.confusion(t, p):totable(), 1, {})
      assert.close(most / 25, metrics.acc(t, p), 1e-12)
    end
  end)

  it("punishes clusters beyond the classes", function()
    assert.close(0.25, metrics.acc({ 1, 1, 1, 1 }, { 1, 2, 3, 4 }), 1e-12)
  end)
end)

describe("partitions", function()
  local one, single = { 1, 1, 1, 1 }, { 1, 2, 3, 4 }

  it("that are the same score 1, whatever the ids", function()
    local t, p = { 7, 7, -1, 0, 0, 2 }, { 1, 1, 5, -3, -3, 9 }
    each(symmetric, function(name, measure)
      assert.close(name == "vi" and 0 or 1, measure(t, p), 1e-12)
    end)
    each(others, function(_, measure) assert.close(1, measure(t, p), 1e-12) end)
  end)

  it("of one cluster, both: 1", function()
    local all = { "acc", "nmi", "ami", "ari", "purity", "v_measure", "homogeneity", "dom" }
    each(all, function(_, measure) assert.equal(1, measure(one, { 3, 3, 3, 3 })) end)
  end)

  it("of one cluster against several: 0 beyond chance", function()
    each({ "nmi", "ami", "ari", "v_measure" }, function(_, measure)
      assert.equal(0, measure(one, { 1, 1, 2, 2 }))
      assert.equal(0, measure({ 1, 1, 2, 2 }, one))
    end)
    assert.equal(1, metrics.homogeneity(one, single))
    assert.equal(0, metrics.completeness(one, single))
  end)

  it("of single points, both: 1, and pair ratios without pairs are 0", function()
    each({ "acc", "nmi", "ami", "ari" }, function(_, measure)
      assert.equal(1, measure(single, { 4, 3, 2, 1 }))
    end)
    assert.equal(0, metrics.pair_counting(single, single).f1)
    assert.equal(1, metrics.nmi({ 5 }, { 7 }))
    assert.equal(0, metrics.pair_counting({ 5 }, { 7 }).rand)
  end)

  it("of single points are pure", function()
    assert.equal(1, metrics.purity({ 1, 1, 2, 2 }, single))
  end)

  it("may be swapped, and their clusters renamed", function()
    local rng = hy.rng(11)
    for _ = 1, 20 do
      local t, p = random_labels(50, 4, rng), random_labels(50, 6, rng)
      local renamed = {}
      for i, id in ipairs(p) do renamed[i] = (id * 5 + 3) % 7 - 4 end
      each(symmetric, function(_, measure)
        assert.close(measure(t, p), measure(p, t), 1e-12)
        assert.close(measure(t, p), measure(t, renamed), 1e-12)
      end)
      each(others, function(_, measure) assert.close(measure(t, p), measure(t, renamed), 1e-12) end)
    end
  end)

  it("at random score about 0 where chance is removed", function()
    local rng = hy.rng(2)
    local sum = { ari = 0, ami = 0 }
    for _ = 1, 50 do
      local t, p = random_labels(200, 5, rng), random_labels(200, 5, rng)
      sum.ari, sum.ami = sum.ari + metrics.ari(t, p), sum.ami + metrics.ami(t, p)
    end
    assert.is_true(math.abs(sum.ari / 50) < 0.01 and math.abs(sum.ami / 50) < 0.01)
  end)

  it("of 70,000 points overflow nothing", function()
    local t, p = {}, {}
    for i = 0, 69999 do
      t[i + 1] = i % 10
      p[i + 1] = i % 7 == 0 and (i + 1) % 10 or i % 10
    end
    local c = metrics.pair_counting(t, p)
    assert.same({ 184965000, 60000000, 60000000, 2145000000 }, { c.tp, c.fp, c.fn, c.tn })
    assert.close(0.7278561660412128, metrics.ari(t, p), 1e-10)
    assert.close(0.8218887460288661, metrics.nmi(t, p), 1e-10)
    assert.close(0.8218439677832136, metrics.ami(t, p), 1e-9)
    assert.close(6 / 7, metrics.acc(t, p), 1e-10)
  end)

  it("with as many clusters as points take little memory", function()
    local n = 60000
    local t = hy.arange(n):to "index"
    assert.equal(1, metrics.ari(t, t))
    local halves = hy.arange(0, n - 1):div(2):floor():add(1):to "index"
    assert.close(1, metrics.homogeneity(halves, t), 1e-12)
    assert.is_true(metrics.ami(halves, t) < 1e-6)
  end)
end)

describe("labels", function()
  it("may be index tensors, columns of them, strided, or arrays", function()
    local t, p = hy.tensor({ 1, 1, 2, 2, 3 }, { dtype = "index" }), { 1, 1, 1, 2, -1 }
    local both = hy.tensor({ { 1, 1 }, { 1, 1 }, { 2, 1 }, { 2, 2 }, { 3, -1 } },
      { dtype = "index" })
    local expected = metrics.nmi({ 1, 1, 2, 2, 3 }, p)
    assert.equal(expected, metrics.nmi(t, p))
    assert.equal(expected, metrics.nmi(both:narrow(2, 1, 1), both:narrow(2, 2, 1)))
    assert.equal(expected, metrics.nmi(t:reshape(5, 1), both:t()[2]))
    assert.equal(metrics.acc({ 1, 1, 2, 2, 3 }, p), metrics.acc(t, both:narrow(2, 2, 1)))
    assert.equal(expected, metrics.nmi({ 1.0, 1.0, 2.0, 2.0, 3.0 }, p))
  end)

  it("may have ids that lie far apart", function()
    local far = hy.tensor({ 2000000000, 1, 1, -1 }, { dtype = "index" })
    assert.same({ { 1, 0 }, { 0, 2 }, { 1, 0 } }, metrics.confusion(far, { 0, 9, 9, 0 }):totable())
    local huge = { math.maxinteger, math.mininteger, math.mininteger, 0 }
    assert.equal(1, metrics.nmi(huge, { 1, 2, 2, 3 }))
  end)

  it("that are no integers raise", function()
    assert.raises(function() metrics.nmi({ 1, 2.5 }, { 1, 2 }) end,
      "nmi: truth: element 2 is 2.5; labels are integers")
    assert.raises(function() metrics.acc({ 1, 2 }, { 0 / 0, 2 }) end, "acc: labels: element 1 is ")
    assert.raises(function() metrics.ari({ true, false }, { 1, 2 }) end, "element 1 is a boolean")
    assert.raises(function() metrics.vi({ "1", "2" }, { 1, 2 }) end, "element 1 is a string")
    assert.raises(function() metrics.purity(3, { 1 }) end,
      "truth must be an index tensor or an array of integers, got number")
    assert.raises(function() metrics.nmi(hy.ones(2), { 1, 2 }) end, 'use :to("index")')
  end)

  it("of different length, or none at all, raise", function()
    assert.raises(function() metrics.ari({ 1, 2 }, { 1, 2, 3 }) end,
      "ari: truth has 2 points and labels has 3")
    assert.raises(function() metrics.nmi({}, {}) end, "nmi: truth is empty")
    assert.raises(function()
      metrics.nmi({ 1, 2 }, hy.tensor({ { 1, 2 }, { 2, 1 } }, { dtype = "index" }))
    end, "labels holds 2 labelings")
  end)

  it("with an option nobody knows raise", function()
    assert.raises(function() metrics.nmi(T, P, { averge = "min" }) end, "average")
    assert.raises(function() metrics.ami(T, P, { average = "median" }) end, '"arithmetic"')
  end)

  it("of another type are refused by the ops as well", function()
    local bytes = hy.zeros(3, { dtype = "u8" })
    assert.raises(function() hy.contingency(bytes, bytes) end, "contingency: truth must be index")
    assert.raises(function() hy.overlaps({ 1, 2 }, { 1 }) end, "differ in length")
  end)
end)
