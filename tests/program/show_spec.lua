require "tests.support"
local hy = require "hyades"
local show = require "hyades.show"

describe("printed results", function()
  it("are plain for numbers and texts", function()
    assert.equal("1.5", show.value(1.5))
    assert.equal("a\nb", show.value "a\nb")
    assert.equal("1\tnil\tx", show.values(table.pack(1, nil, "x")))
    assert.equal("1\na\nb", show.values(table.pack(1, "a\nb")))
  end)

  it("sort the names of a table behind its positions", function()
    assert.equal('{ 10, 20, [5] = true, a = 1, b = "x", ["c d"] = 2, [false] = 0 }',
      show.value{ 10, 20, b = "x", a = 1, ["c d"] = 2, [5] = true, [false] = 0 })
    assert.equal("{}", show.value{})
    assert.equal('{ "line\\nbreak" }', show.value{ "line\nbreak" })
  end)

  it("stop at the third level and at a cycle", function()
    assert.equal("{ { { { … } } } }", show.value{ { { { 1 } } } })
    local t = { 1 }
    t.self = t
    assert.equal("{ 1, self = { … } }", show.value(t))
    local shared = { 1 }
    assert.equal("{ { 1 }, { 1 } }", show.value{ shared, shared })
  end)

  it("break long tables into lines of at most 80 columns", function()
    local t = { name = ("x"):rep(70) }
    for i = 1, 40 do t[i] = i * 1000 end
    local text = show.value(t)
    for line in text:gmatch "[^\n]+" do assert.is_true(#line <= 80 or line:find "name" ~= nil) end
    assert.match("\n  name = ", text)
    assert.match("\n}$", text)
  end)

  it("leave out what exceeds a hundred items", function()
    local t = {}
    for i = 1, 150 do t[i] = 0 end
    assert.match("… 50 more", show.value(t))
  end)

  it("use __tostring, and the footer of long texts inside a table", function()
    local function object(text)
      return setmetatable({}, { __tostring = function() return text end })
    end
    assert.equal("two\nlines", show.value(object "two\nlines"))
    assert.equal("{ one }", show.value{ object "one" })
    assert.equal("{ two … }", show.value{ object "two\nlines" })
    assert.equal("{ [f32 2×2 cpu] }", show.value{ object "1 2\n3 4\n[f32 2×2 cpu]" })
  end)

  it("do not ask metamethods for keys", function()
    local t = setmetatable({ 1 }, { __index = error, __pairs = error, __len = error })
    assert.equal("{ 1 }", show.value(t))
  end)
end)

describe("what the library makes", function()
  after_each(function() show.fit(80) end)

  it("is shown in a short block: a fitted model with its fields and shapes", function()
    local km = hy.cluster.KMeans{ k = 2, rng = hy.rng(1) }
    assert.equal("KMeans{ k = 2 }", show.value(km))
    local text = show.value(km:fit(hy.randn(20, 3, { rng = hy.rng(2) })))
    assert.match("^KMeans{ k = 2 } %(fitted%)\n", text)
    assert.match("\n  centers     %[f32 2×3 cpu%]\n", text)
    assert.match("\n  labels      %[index 20 cpu%]", text)
    assert.match("\n  inertia     %d", text)
    local joint = hy.deep.DEC{ k = 2, layers = { 3, 2 }, pretrain = { epochs = 1 }, epochs = 2,
      rng = hy.rng(1) }
    text = show.value(joint:fit(hy.randn(20, 3, { rng = hy.rng(2) })))
    assert.match("\n  history +2 epochs, loss [%d.e-]+ at the end\n", text)
    assert.match("\n  net +nn.Autoencoder{ layers = { 3, 2 } }, 17 parameters\n", text)
  end)

  it("has the number of parameters, also inside a table", function()
    local net = hy.nn.MLP{ layers = { 4, 3 } }
    assert.match("\n  total +15$", show.value(net))
    assert.equal("{ nn.MLP, 15 parameters }", show.value{ net })
  end)

  it("is known by kind and in one line", function()
    local function both(value, columns)
      return show.kind(value) .. ": " .. show.brief(value, columns or 60)
    end
    assert.equal("tensor: [f32 2×3 cpu]", both(hy.ones(2, 3)))
    assert.equal("data.Batches: data.Batches", both(hy.data.Batches{ hy.ones(2, 2) }))
    assert.match("^data.Dataset: blobs: 10×2 f32 …$", both(hy.data.blobs{ n = 10 }))
    assert.equal("module: hyades.nn, 24 names", (both(hy.nn):gsub("%d+", "24")))
    assert.equal("table: { 1, 2 }", both{ 1, 2 })
    assert.equal("table: table of 40 items", both(hy.ones(40):totable()))
    assert.equal("integer: 3", both(3))
    assert.equal('string: "aaaaaaaa…', both(("a"):rep(100), 10))
    assert.equal("rng: rng(seed 1, stream 0, draw 0)", both(hy.rng(1)))
    assert.match("^class: ", both(hy.nn.MLP))
  end)

  it("says of a function what it takes, and of a module what is in it", function()
    assert.equal("function hy.sum(x, axis?, { keep = false }) → tensor", show.value(hy.sum))
    assert.match("^function %(output, target%), .*mse.lua:%d+$", show.value(hy.loss.mse))
    assert.match("^hyades.cluster: help%(cluster%) explains it\n.* KMeans", show.value(hy.cluster))
  end)

  it("fits narrow windows", function()
    show.fit(20)
    for line in show.value{ 100001, 100002, 100003, name = "a" }:gmatch "[^\n]+" do
      assert.is_true(#line <= 20, line)
    end
    for line in show.value(hy.cluster):gsub("^[^\n]*", ""):gmatch "[^\n]+" do
      assert.is_true(#line <= 22, line) -- the longest name has 20 letters
    end
  end)

  it("survives objects whose text raises", function()
    local bad = setmetatable({}, { __tostring = function() error "no text" end })
    assert.equal("(cannot be shown)", show.brief(bad, 40))
    local x <close> = hy.ones(2)
    assert.equal("[f32 2 cpu]", show.brief(x, 40))
  end)
end)
