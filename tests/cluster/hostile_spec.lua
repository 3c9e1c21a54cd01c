-- Every estimator with data that it did not expect: a result, or a sentence of its own.
require "tests.support"
local hy = require "hyades"
local estimators = require "tests.cluster.estimators"

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

-- What no option can be, for one reason or another.
local absurd = { "x", -1, 0.5, 0 / 0, math.huge, { "a" }, true, function() end, hy.ones(2, 2) }
local patient = { max_iter = true, n_init = true, references = true, trials = true } -- could be endless

for _, name in ipairs(estimators.names) do
  describe("cluster." .. name, function()
    local function fit(data, options)
      return pcall(function() return estimators.make(name, options):fit(data) end)
    end

    it("answers any data", function()
      local x = estimators.columns(name, hy.randn(40, 4, { rng = hy.rng(1) }))
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

    it("answers any option", function()
      local x = estimators.columns(name, hy.data.blobs{ n = 16, k = 3, d = 4, rng = hy.rng(1) }.x)
      for option in pairs(hy.cluster[name].defaults) do
        for _, value in ipairs(option ~= "verbose" and absurd or {}) do
          local ok, message = fit(x, { [option] = value })
          local sentence = ok or message:find(name .. ": ", 1, true)
            and not message:find("attempt to", 1, true)
          assert.is_truthy(sentence or patient[option], ("%s = %s: %s"):format(option,
            tostring(value), tostring(message)))
        end
      end
      local ok, message = fit(x, { nothing_like_it = 1 })
      assert.is_false(ok)
      assert.is_truthy(message:find(name .. ': unknown option "nothing_like_it"', 1, true))
    end)
  end)
end
