-- What every estimator promises: types, threads, files, new points, help.
local S = require "tests.support"
local hy = require "hyades"
local estimators = require "tests.cluster.estimators"
local class = require "hyades.class"

local x = hy.data.blobs{ n = 300, k = 3, d = 5, std = 0.7, box = 9, rng = hy.rng(3) }.x
local forms = { f32 = x, f64 = x:to "f64",
  u8 = ((x - x:min()) / (x:max() - x:min()) * 255):round():to "u8" }

-- A tensor as an array, also within a list.
local function plain(value)
  if class.kind(value) == "tensor" then return value:totable() end
  if type(value) ~= "table" then return value end
  local list = {}
  for i, one in ipairs(value) do list[i] = plain(one) end
  return list
end

-- What a model found out, by field.
local function findings(model)
  local found = {}
  for _, name in ipairs{ "labels", "centers", "components", "matrix", "k", "inertia", "mdl" } do
    found[name] = plain(model[name])
  end
  return found
end

-- Results of `predict` and `transform` of the model, of those that it has.
local function answers(model, rows)
  local list = {}
  for _, method in ipairs{ "predict", "transform" } do
    local ok, result = pcall(function() return model[method](model, rows) end)
    assert.is_true(ok or tostring(result):find("has no " .. method, 1, true) ~= nil
      or tostring(result):find("SpecialK: new points", 1, true) ~= nil, tostring(result))
    list[method] = ok and result:totable() or nil
  end
  return list
end

for _, name in ipairs(estimators.names) do
  describe("cluster." .. name, function()
    it("reads f32, f64 and bytes, and finds the same with one thread and two", function()
      local threads = hy.threads()
      for dtype, points in pairs(forms) do
        points = estimators.columns(name, points)
        local results = {}
        for n = 1, 2 do
          hy.threads(n)
          results[n] = findings(estimators.make(name, name == "FourC" and dtype == "u8"
            and { eps = 20 } or nil):fit(points))
        end
        hy.threads(threads)
        assert.is_truthy(next(results[1]))
        assert.same(results[1], results[2])
      end
    end)

    it("predicts and transforms new points, after a way through a file too", function()
      local points = estimators.columns(name, x)
      local model = estimators.make(name)
      assert.raises(function() model:predict(points) end, name)
      assert.raises(function() model:transform(points) end, name)
      assert.equal(model, model:fit(points))
      local folder = S.folder()
      hy.save(folder .. "/model", model)
      local loaded = hy.load(folder .. "/model")
      S.remove(folder)
      local some = points:narrow(1, 11, 30)
      assert.same(answers(model, some), answers(loaded, some))
      assert.same(findings(model), findings(loaded))
      assert.raises(function() loaded:predict(hy.ones(4, 9)) end, name)
      assert.raises(function() loaded:transform(hy.ones(4, 9)) end, name)
      if not model.labels then return end
      local again = estimators.make(name):fit_predict(points)
      assert.same(model.labels:totable(), again:totable())
    end)

    it("has help that names its options and a source", function()
      local text = hy.help.text(hy.cluster[name])
      for option in pairs(hy.cluster[name].defaults) do
        assert.is_truthy(text:find(option, 1, true), option)
      end
      assert.is_truthy(text:find("%f[%d][12][09]%d%d%f[%D]"), "a year")
    end)
  end)
end
