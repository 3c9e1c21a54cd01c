-- JSON in and out.
require "tests.support"
local hy = require "hyades"

describe("JSON", function()
  it("comes back as it was", function()
    for _, value in ipairs{ 1, -2.5, 1e300, 0.1, 0.1 + 0.2, 5e-324, "text", "",
      "Größe \"×\" \\ \n\t\1", true, false,
      { 1, 2, { 3 } }, { a = 1, b = { c = "d" } }, { { x = {} }, { y = { 1 } } }, {},
      2 ^ 53 // 1 | 0 } do
      assert.same(value, hy.json_decode(hy.json_encode(value)))
    end
  end)

  it("keeps integers integers", function()
    assert.equal("integer", math.type(hy.json_decode "3"))
    assert.equal("float", math.type(hy.json_decode "3.5"))
    assert.equal("[1,2.5]", hy.json_encode{ 1, 2.5 })
  end)

  it("is refused where it is none", function()
    for _, text in ipairs{ "", "{", "[1,]", "nul", "{} x", "'a'", "{}\0", "\"a" } do
      assert.raises(function() hy.json_decode(text) end, "no JSON at byte")
    end
    assert.raises(function() hy.json_decode(("["):rep(100000)) end, "no JSON")
  end)

  it("has no functions, infinities, zero bytes, odd keys or circles", function()
    local circle = {}
    circle.inner = circle
    for _, case in ipairs{
      { { print }, "no function" }, { 1 / 0, "JSON has no" }, { 0 / 0, "JSON has no" },
      { { [1] = 1, [3] = 1 }, "neither 1..n nor strings" },
      { { 1, a = 1 }, "neither 1..n nor strings" },
      { "a\0b", "zero byte" }, { circle, "contains itself" }, { hy.zeros(1), "no tensor" } } do
      assert.raises(function() hy.json_encode(case[1]) end, case[2])
    end
  end)
end)
