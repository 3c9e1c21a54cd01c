local S = require "tests.support"
local hy = require "hyades"
local complete = require "hyades.complete"
local help = require "hyades.help"
local options = require "hyades.options"

-- The candidates for what stands before the cursor, and that text without the word they replace.
local function candidates(code)
  local start, found = complete(code)
  return found, code:sub(1, start - 1)
end

local function first(code)
  return candidates(code)[1]
end

describe("completion", function()
  setup(function()
    rawset(_G, "workspace", { hy = hy, list = { { inner = 1 } }, ["not a name"] = 1,
      km = hy.cluster.KMeans{ k = 2 }, net = hy.nn.Autoencoder{ layers = { 4, 2 } },
      x = hy.ones(2), digits = hy.data.blobs{ n = 10 } })
  end)
  teardown(function() rawset(_G, "workspace", nil) end)

  it("finds globals, keywords and what the code declares itself", function()
    assert.same({ "workspace" }, candidates "print(worksp")
    assert.same({ "while", "workspace" }, candidates "w" and
      { table.unpack((candidates "wh")), table.unpack((candidates "works")) })
    assert.same({ "index" }, candidates "for index, value in pairs(t) do ind")
    assert.same({ "argument" }, candidates "function f(argument, other) return argum")
    assert.same({}, candidates "nothing_is_called_so")
  end)

  it("finds fields, and replaces the last word only", function()
    local found, before = candidates "y = workspace.lis"
    assert.same({ "list" }, found)
    assert.equal("y = workspace.", before)
    assert.same({ "inner" }, candidates "workspace.list[1].")
    assert.same({ "inner" }, candidates "workspace['list'][1].in")
    assert.same({ "not a name" }, candidates "workspace['not")
    for _, name in ipairs(candidates "workspace.") do assert.not_equal("not a name", name) end
  end)

  it("lists what a folder holds before anything of it is loaded", function()
    local code, text = S.shell [[./hyades -e '
      print(table.concat(select(2, require("hyades.complete")("cluster.KM")), " "))
      print(#select(2, require("hyades.complete")("cluster:")))
      print(package.loaded["hyades.cluster.KMeans"])']]
    assert.equal(0, code, text)
    assert.equal("KMeans KMedians KMedoids\n0\nnil\n", text)
  end)

  it("finds methods behind a colon, also of what a constructor or an op will return", function()
    assert.same({ "predict" }, candidates "workspace.km:pred")
    assert.same({}, candidates "workspace.km:max_it")
    assert.same({ "max_iter" }, candidates "workspace.km.max_it")
    assert.same({ "softmax", "softplus" }, candidates "workspace.x:softp" and
      { first "workspace.x:softm", first "workspace.x:softp" })
    assert.same({ "predict" }, candidates "workspace.hy.cluster.KMeans{ k = 3 }:fit(x):pred")
    assert.same({ "sqdist", "sqrt", "square", "squeeze" }, candidates "workspace.hy.ones(3):sum(1):sq")
    assert.same({ "upper" }, candidates "('text'):up")
    assert.same({ "encode" }, candidates "workspace.net:enc")
  end)

  it("offers the options that a table may still have", function()
    assert.same({ "max_iter = " }, candidates "workspace.hy.cluster.KMeans{ k = 3, max")
    local found = candidates "workspace.hy.cluster.KMeans{ k = 3, "
    for _, name in ipairs(found) do assert.not_equal("k = ", name) end
    assert.same({ "dtype = ", "mean = ", "rng = ", "std = " }, candidates "workspace.hy.randn(2, 3, { ")
    assert.same({ "keep = " }, candidates "workspace.x:sum(1, { ")
    assert.same({ "likelihood = " }, candidates "workspace.hy.nn.VAE{ like")
    assert.same({ "epochs = " }, candidates "workspace.net:fit(x, { ep")
    assert.same({ "checkpoint = ", "clip = " }, candidates "workspace.hy.train.run{ c")
    assert.same({ "betas = " }, candidates "workspace.hy.optim.Adam{ b")
    assert.equal("std = ", first "workspace.hy.data.blobs{ n = f(1, { 2 }), s")
    assert.same({ "workspace" }, candidates "workspace.hy.cluster.KMeans{ k = works")
  end)

  it("offers the words of an option, modules and files inside strings", function()
    assert.same({ "batch" }, candidates "workspace.hy.deep.DEC{ target = 'b")
    assert.same({ "hyades.complete" }, candidates "require 'hyades.compl")
    local folder = S.folder()
    S.write(folder .. "/a file.txt", "")
    S.write(folder .. "/.hidden", "")
    S.shell("mkdir " .. folder .. "/folder")
    assert.same({ "a file.txt", "folder/" }, candidates("f('" .. folder .. "/"))
    assert.same({ ".hidden" }, candidates("f('" .. folder .. "/.h"))
    assert.same({ "folder/" }, candidates("!ls " .. folder .. "/fo"))
    assert.same({}, candidates "f('/no such folder/x")
    assert.same({}, candidates "f('~/")
    S.remove(folder)
  end)

  it("knows the commands of the prompt", function()
    assert.same({ "time", "timeit" }, candidates "%ti")
    assert.same({ "list" }, candidates "?workspace.lis")
    assert.same({ "list" }, candidates "%timeit f(workspace.lis")
  end)

  it("says nothing inside comments and numbers, and survives any code", function()
    for _, code in ipairs{ "-- wor", "--[[ wor", "1.", "12", "x = 'a' .. 'b'.", "}}}.", ")(:", "a..b:",
      "{{{", "\xff.\xfe", "f(])", "..", ":", "::label:", "nil.", "{ ,", "f(x,, { " } do
      local start, found = complete(code)
      assert.equal("table", type(found), code)
      assert.is_true(start >= 1 and start <= #code + 1, code)
    end
    assert.same({}, candidates "-- wor")
    assert.same({}, candidates "x = 3.")
  end)

  it("calls no __index, and goes through tables", function()
    local called = 0
    rawset(_G, "trap", setmetatable({ own = 1 }, {
      __index = function() called = called + 1 return { far = 1 } end,
      __pairs = function() called = called + 1 return next, {} end,
      __len = function() called = called + 1 return 0 end,
      __call = function() called = called + 1 end,
    }))
    rawset(_G, "deep_one", setmetatable({}, { __index = setmetatable({ near = 1 },
      { __index = { nearer = 1 } }) }))
    local circle = {}
    rawset(_G, "circle", setmetatable(circle, { __index = circle }))
    assert.same({ "own" }, candidates "trap.")
    assert.same({}, candidates "trap.own.")
    assert.same({}, candidates "trap.other.")
    complete "trap{ a"
    complete "trap(1):"
    assert.same({ "near", "nearer" }, candidates "deep_one.nea")
    assert.same({}, candidates "circle.x")
    assert.equal(0, called)
    for _, name in ipairs{ "trap", "deep_one", "circle" } do rawset(_G, name, nil) end
  end)

  it("is quick among 1,000 globals", function()
    for i = 1, 1000 do rawset(_G, "crowd" .. i, i) end
    local started = hy.clock()
    for _ = 1, 10 do assert.equal(1000, #candidates "x = crowd") end
    local each = (hy.clock() - started) / 10
    for i = 1, 1000 do rawset(_G, "crowd" .. i, nil) end
    assert.is_true(each < (S.sanitized and 1 or 0.2), each .. " s; the promise is 20 ms")
  end)
end)

describe("the options of a constructor", function()
  it("are known for everything that is public and takes some", function()
    for _, folder in ipairs{ "cluster", "deep", "nn", "optim", "data", "metrics", "loss", "plot" } do
      local module = hy[folder]
      for _, name in ipairs(getmetatable(module) and getmetatable(module).names or {}) do
        local text = help.text(module[name])
        local takes = text:find "[%(,]options%)" or text:find "%f[%w]options: %w+="
        assert.is_true(not takes or #options.of(module[name]) > 0, folder .. "." .. name)
      end
    end
  end)

  it("come with their defaults", function()
    local found = {}
    for _, option in ipairs(options.of(hy.data.blobs)) do found[option.name] = option.default end
    assert.same({ n = "500", k = "5", d = "2", std = "1", box = "10", rng = "hy.rng" }, found)
    assert.same({}, options.of(print))
    assert.same({}, options.of(5))
  end)
end)
