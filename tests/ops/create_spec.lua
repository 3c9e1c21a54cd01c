--- New tensors from numbers.
require "tests.support"
local hy = require "hyades"

describe("zeros, ones and full", function()
  it("take the shape as numbers or as a table", function()
    assert.same({ { 0, 0, 0 }, { 0, 0, 0 } }, hy.zeros(2, 3):totable())
    assert.same({ 2, 3 }, hy.ones{ 2, 3 }:size())
    assert.same({ { 7, 7 } }, hy.full({ 1, 2 }, 7):totable())
    assert.equal(0, hy.zeros(0, 3):numel())
    assert.same({}, hy.ones():size())
  end)

  it("make any dtype, but no index of zeros", function()
    for _, dtype in ipairs{ "f32", "f64", "u8", "index" } do
      local x = hy.ones(2, { dtype = dtype })
      assert.equal(dtype, x.dtype)
      assert.same({ 1, 1 }, x:totable())
    end
    assert.raises(function() hy.zeros(2, { dtype = "index" }) end, "0 is no position")
    assert.raises(function() hy.full({ 2 }, 256, { dtype = "u8" }) end, "256 is outside 0..255")
    assert.raises(function() hy.zeros(-1, 2) end, "negative")
  end)
end)

describe("eye", function()
  it("is the identity", function()
    assert.same({ { 1, 0 }, { 0, 1 } }, hy.eye(2):totable())
    assert.equal(0, hy.eye(0):numel())
    assert.raises(function() hy.eye(-1) end, "eye: n is -1")
  end)
end)

describe("arange", function()
  it("includes its end and is f32", function()
    assert.same({ 1, 2, 3, 4 }, hy.arange(1, 4):totable())
    assert.same({ 1, 2, 3 }, hy.arange(3):totable())
    assert.equal("f32", hy.arange(3).dtype)
    assert.same({ 5, 3, 1 }, hy.arange(5, 1, -2):totable())
    assert.same({ 1, 3 }, hy.arange(1, 4, 2):totable())
  end)

  it("reaches an end that rounding would miss", function()
    assert.close({ 0, 0.1, 0.2, 0.3 }, hy.arange(0, 0.3, 0.1, { dtype = "f64" }), 1e-15)
  end)

  it("is empty when the end lies before the start", function()
    assert.equal(0, hy.arange(2, 1):numel())
    assert.equal(0, hy.arange(0):numel())
  end)

  it("counts positions", function()
    local p = hy.arange(1, 3, { dtype = "index" })
    assert.equal("index", p.dtype)
    assert.same({ 1, 2, 3 }, p:totable())
  end)

  it("refuses to count nowhere", function()
    assert.raises(function() hy.arange(1, 5, 0) end, "steps of 0")
    assert.raises(function() hy.arange(1, math.huge) end, "cannot count from 1 to inf")
  end)
end)

describe("linspace", function()
  it("includes both ends", function()
    assert.close({ 0, 0.25, 0.5, 0.75, 1 }, hy.linspace(0, 1, 5), 0)
    assert.equal(0.3, hy.linspace(0, 0.3, 7, { dtype = "f64" })[7]:item())
    assert.same({ 4 }, hy.linspace(4, 9, 1):totable())
    assert.equal(0, hy.linspace(0, 1, 0):numel())
  end)
end)
