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
