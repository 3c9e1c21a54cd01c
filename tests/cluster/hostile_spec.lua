-- Every estimator with data that it did not expect: a result, or a sentence of its own.
require "tests.support"
local hy = require "hyades"

-- Options that an estimator needs, or that make it quick.
local options = { KMeans = { k = 3 }, GMM = { k = 3 }, SubKmeans = { k = 3 }, NrKmeans = { k = { 3, 2, 1 } },
  AutoNR = { n_init = 3 }, NrDipMeans = {}, Orth1 = { k = { 3, 2 } }, Orth2 = { k = { 3, 2 } },
  FOSSCLU = { k = 3 }, FastICA = {}, FourC = { eps = 1, max_dim = 1 }, KMedians = { k = 3 },
  KMedoids = { k = 3 }, LDAKmeans = { k = 3 }, MiniBatchKMeans = { k = 3 }, ORCLUS = { k = 3, l = 2 },
  Agglomerative = { k = 3, linkage = "average" }, Spectral = { k = 3 },
  Whitening = {}, PCA = { k = 2 }, XMeans = {}, GMeans = {}, PGMeans = {}, SpecialK = {},
  GapStatistic = { max_k = 3, references = 3 }, DipExt = {}, DipInit = { k = 3 }, DipMeans = {},
  DipNSub = {}, ProjectedDipMeans = {}, SkinnyDip = {}, TailoredDip = {}, UniDip = {} }
local of_a_line = { UniDip = true, TailoredDip = true }

local function set(x, row, column, value)
  x = x:clone()
  x[{ row, column }] = value
  return x
end

-- name → points, or what should have been points; those in `wrong` must be refused.
local function inputs(x)
  local d = x:size(2)
  return {
    ["one row"] = x:narrow(1, 1, 1), ["no rows"] = x:narrow(1, 1, 0), ["equal rows"] = hy.ones(20, d),
    ["a constant column"] = set(x, 1, 1, 0):narrow(2, 1, 1):expand(x:size(1), d) * 1,
    ["few distinct rows"] = x:index(hy.randint({ 40 }, 1, 2, { rng = hy.rng(2) })),
    ["bytes"] = (x * 20 + 100):to "u8", ["f64"] = x:to "f64", ["huge values"] = x * 1e30,
    ["tiny values"] = x * 1e-30,
  }, {
    ["NaN"] = set(x, 3, 1, 0 / 0), ["infinity"] = set(x, 3, 1, math.huge), ["a string"] = "x",
    ["one axis"] = x:reshape(-1), ["labels"] = hy.tensor({ 1, 2, 3 }, { dtype = "index" }),
    ["nothing"] = nil, ["a plain table"] = {},
  }
end

for _, name in ipairs(require("hyades.class").keys(options)) do
  it("cluster." .. name .. " answers any data", function()
    local x = hy.randn(40, of_a_line[name] and 1 or 4, { rng = hy.rng(1) })
    local function fit(data)
      local given = { rng = hy.cluster[name].defaults.rng and hy.rng(1) }
      for key, value in pairs(options[name]) do given[key] = value end
      return pcall(function() return hy.cluster[name](given):fit(data) end)
    end
    local unusual, wrong = inputs(x)
    for what, data in pairs(unusual) do
      local ok, message = fit(data)
      assert.is_falsy(not ok and (message:find("attempt to", 1, true)
        or message:find("bad argument", 1, true)), what .. ": " .. tostring(message))
    end
    for what, data in pairs(wrong) do
      local ok, message = fit(data)
      assert.is_false(ok, what)
      assert.is_truthy(message:find(name, 1, true), what .. ": " .. message)
    end
    assert.is_true((fit(x)))
  end)
end
