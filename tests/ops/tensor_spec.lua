--- Tensors as Lua values: making, reading, indexing, assigning, printing, errors.
require "tests.support"
local hy = require "hyades"

describe("hy.tensor", function()
  it("takes numbers and nested lists", function()
    local x = hy.tensor{ { 1, 2, 3 }, { 4, 5, 6 } }
    assert.same({ 2, 3 }, x:size())
    assert.equal("f32", x.dtype)
    assert.same({ { 1, 2, 3 }, { 4, 5, 6 } }, x:totable())
    assert.equal(3, hy.tensor(3):item())
    assert.same({ 0 }, hy.tensor({}):size())
  end)

  it("names lists that differ, wrong elements and unknown options", function()
    assert.raises(function() hy.tensor{ { 1, 2 }, { 3 } } end, "tensor: lists differ in length: 2 and 1")
    assert.raises(function() hy.tensor{ { 1, 2 }, 3 } end, "tensor: lists differ in depth")
    assert.raises(function() hy.tensor{ 1, "two" } end, "tensor: element 2: expected number, got string")
    assert.raises(function() hy.tensor{ x = 1 } end, "table with named fields")
    assert.raises(function() hy.tensor("text") end, "expected a number or nested lists")
    assert.raises(function() hy.tensor({ 1 }, { dtyp = "f64" }) end, "unknown option \"dtyp\"")
    assert.raises(function() hy.tensor({ 1 }, { dtype = "f16" }) end, "\"f32\", \"f64\", \"u8\" or \"index\"")
    assert.raises(function() hy.tensor({ 1 }, { device = "cuda" }) end, "not part of this build")
    assert.raises(function() hy.tensor{ { { { { { { 1 } } } } } } } end, "deeper than 6")
  end)

  it("holds 1-based positions in index tensors; 0 is an error and -1 means none", function()
    local y = hy.tensor({ 1, 3, -1 }, { dtype = "index" })
    assert.same({ 1, 3, -1 }, y:totable())
    assert.same({ 1, 3, -1 }, y:to("f32"):totable())
    assert.same({ 1, 3, -1 }, y:to("f32"):to("index"):totable())
    assert.equal("integer", math.type(y[1]:item()))
    assert.raises(function() hy.tensor({ 0 }, { dtype = "index" }) end, "0 is no position")
    assert.raises(function() hy.tensor({ 1.5 }, { dtype = "index" }) end, "1.5 is no position")
    assert.raises(function() hy.tensor{ 0, 1 }:to("index") end, "cannot become index")
  end)

  it("keeps u8 within 0..255", function()
    assert.same({ 0, 255 }, hy.tensor({ 0, 255 }, { dtype = "u8" }):totable())
    assert.raises(function() hy.tensor({ 256 }, { dtype = "u8" }) end, "256 is outside 0..255")
    assert.raises(function() hy.tensor{ -1 }:to("u8") end, "outside 0..255")
  end)
end)

describe("tensor", function()
  local x = hy.tensor{ { 1, 2, 3 }, { 4, 5, 6 } }

  it("tells its size, dimensions and elements", function()
    assert.equal(2, x:size(1))
    assert.equal(3, x:size(-1))
    assert.equal(2, x:dim())
    assert.equal(6, x:numel())
    assert.equal("cpu", x.device)
    assert.raises(function() x:size(3) end, "expected 1..2 or -2..-1, got 3")
    assert.raises(function() x:item() end, "one element, got shape 2×3")
  end)

  it("is indexed by position from both ends", function()
    assert.same({ 4, 5, 6 }, x[2]:totable())
    assert.same({ 4, 5, 6 }, x[-1]:totable())
    assert.equal(6, x[{ 2, 3 }]:item())
    assert.equal(5, x[{ -1, -2 }]:item())
    assert.raises(function() return x[3] end, "position 3 is outside 1..2 of axis 1")
    assert.raises(function() return x[0] end, "position 0")
    assert.raises(function() return x[{ 1, 2, 3 }] end, "3 positions for a tensor of 2 dimensions")
    assert.raises(function() return x[1.5] end, "expected a position")
    assert.raises(function() return hy.tensor(1)[1] end, ":item()")
  end)

  it("is assigned through views", function()
    local y = hy.zeros(2, 3)
    y[1] = 7
    y[{ 2, 3 }] = 5
    y[{ 2 }] = hy.tensor{ 1, 2, 3 }
    assert.same({ { 7, 7, 7 }, { 1, 2, 3 } }, y:totable())
    local row = y[1]
    row[2] = 0
    assert.equal(0, y[{ 1, 2 }]:item())
    assert.raises(function() y[1] = hy.ones(4) end, "4 and 3")
    assert.raises(function() y.size = 3 end, "expected a position")
  end)

  it("slices with inclusive ends", function()
    assert.same({ { 2, 3 } }, x:slice{ { 1, 1 }, { 2, 3 } }:totable())
    assert.same({ { 4, 5, 6 } }, x:slice{ { 2, -1 } }:totable())
    assert.same({ { 3 }, { 6 } }, x:slice{ {}, { -1, -1 } }:totable())
    assert.raises(function() x:slice{ { 1, 3 } } end, "1..3 is outside 1..2")
    assert.raises(function() x:slice{ 1 } end, "expected {first, last}")
  end)

  it("suggests the nearest method", function()
    assert.raises(function() return x:sumn() end, "did you mean \"sum\"?")
    assert.raises(function() return hy.sqdits end, "did you mean \"sqdist\"?")
    assert.raises(function() return hy.clusters end, "did you mean \"cluster\"?")
  end)

  it("computes with numbers on both sides", function()
    local y = hy.tensor{ 1, 2, 4 }
    assert.same({ 3, 4, 6 }, (2 + y):totable())
    assert.same({ 1, 0, -2 }, (2 - y):totable())
    assert.same({ 2, 1, 0.5 }, (2 / y):totable())
    assert.same({ 2, 4, 16 }, (2 ^ y):totable())
    assert.same({ 1, 4, 16 }, (y ^ 2):totable())
    assert.same({ -1, -2, -4 }, (-y):totable())
    assert.equal("f64", (hy.tensor({ 1 }, { dtype = "f64" }) * 2).dtype)
  end)

  it("never promotes silently", function()
    local a, b = hy.ones(2), hy.ones({ 2 }, { dtype = "f64" })
    assert.raises(function() return a + b end,
      "add: dtypes differ: f32 and f64; convert one with :to(\"f32\")")
    assert.raises(function() return hy.tensor({ 1 }, { dtype = "index" }) + 1 end, "index holds no numbers")
    assert.raises(function() return hy.tensor({ 1 }, { dtype = "u8" }) * 2 end, "u8 holds no numbers")
  end)

  it("names the argument that is wrong", function()
    assert.raises(function() hy.sqdist(hy.ones(60, 3), hy.ones(10, 4)) end,
      "sqdist: rows differ in length: 60×3 and 10×4")
    assert.raises(function() hy.sqdist(x, "c") end, "sqdist: argument 2 (y): expected tensor, got string")
    assert.raises(function() hy.sqdist(x, { { 1, 2, 3 } }) end, "make one with hy.tensor")
    assert.raises(function() hy.sqdist(x) end, "sqdist: argument 2 (y): expected tensor, got nothing")
    assert.raises(function() x.sum() end, "got nothing; a method wants a colon: x:sum(…)")
    assert.raises(function() hy.sqdist(x, hy.ones(3)) end,
      "expected a matrix (2 dimensions), got a tensor of shape 3")
    assert.raises(function() x:sum("rows") end, "sum: argument 2 (axis): expected integer, got string")
    assert.raises(function() x:sum(3) end, "axis 3 does not exist; the tensor has 2 dimensions")
    assert.raises(function() x:sum(1, { keeep = true }) end,
      "sum: unknown option \"keeep\"; did you mean \"keep\"?")
    assert.raises(function() x:sum(1, { keep = 1 }) end, "sum: option keep: expected true or false, got 1")
    assert.raises(function() x:sum(1, 2, 3) end, "expected at most")
  end)

  it("compares equal to itself only by values, not by ==", function()
    assert.same({ 1, 0, 1 }, hy.tensor{ 1, 2, 3 }:eq(hy.tensor{ 1, 0, 3 }):totable())
    assert.equal("u8", x:lt(3).dtype)
    assert.same({ 0, 1 }, hy.tensor({ 1, 2 }, { dtype = "index" }):eq(2):totable())
  end)
end)

describe("printing", function()
  it("aligns columns and tells dtype, shape and device", function()
    assert.equal("[[1 2]\n [3 4]]\n[f32 2×2 cpu]", tostring(hy.tensor{ { 1, 2 }, { 3, 4 } }))
    assert.equal("[ 1.50 10.00 -0.25]\n[f32 3 cpu]", tostring(hy.tensor{ 1.5, 10, -0.25 }))
    assert.equal("3  [f32 cpu]", tostring(hy.tensor(3)))
    assert.equal("[]\n[f32 0 cpu]", tostring(hy.zeros(0)))
  end)

  it("shows NaN and infinities", function()
    local text = tostring(hy.tensor{ 0 / 0, 1 / 0, -1 / 0, 1 })
    assert.is_truthy(text:find("nan", 1, true))
    assert.is_truthy(text:find("-inf", 1, true))
  end)

  it("shortens beyond 1,000 elements", function()
    local text = tostring(hy.zeros(500, 100))
    assert.is_true(#text < 400)
    assert.is_truthy(text:find("…", 1, true))
    assert.is_truthy(text:find("[f32 500×100 cpu]", 1, true))
  end)

  it("uses powers of ten for very large and very small numbers", function()
    assert.is_truthy(tostring(hy.tensor{ 1e-9, 1 }):find("e-09", 1, true))
  end)

  it("stays within 80 columns", function()
    for line in tostring(hy.rand(3, 60)):gmatch "[^\n]+" do
      assert.is_true(utf8.len(line) <= 80, line)
    end
  end)
end)

describe("generator", function()
  it("repeats from its seed and differs between streams", function()
    local a, b = hy.rng(7), hy.rng(7)
    assert.same(hy.rand(5, { rng = a }):totable(), hy.rand(5, { rng = b }):totable())
    assert.not_same(hy.rand(5, { rng = a:split() }):totable(), hy.rand(5, { rng = b }):totable())
  end)

  it("derives streams in order, independent of how much was drawn", function()
    local a, b = hy.rng(7), hy.rng(7)
    hy.rand(100, { rng = a })
    assert.same(hy.rand(5, { rng = a:split() }):totable(), hy.rand(5, { rng = b:split() }):totable())
  end)

  it("is re-seeded in place", function()
    hy.seed(3)
    local first = hy.rand(4):totable()
    hy.seed(3)
    assert.same(first, hy.rand(4):totable())
    assert.raises(function() hy.seed("now") end, "expected integer, got string")
  end)

  it("continues from a saved state", function()
    local a = hy.rng(1)
    hy.rand(10, { rng = a })
    local b = hy.rng(9):state(a:state())
    assert.equal(a:uniform(), b:uniform())
  end)

  it("draws uniform integers", function()
    local r, seen = hy.rng(5), {}
    for _ = 1, 200 do
      seen[r:integer(6)] = true
    end
    assert.equal(6, #seen)
    assert.raises(function() r:integer(0) end, "at least 1, got 0")
  end)

  it("matches the published test vector of Philox 4x32-10", function()
    -- key 0, counter 0 → 6627e8d5 e169c58d bc57ac4c 9b00dbd8
    local expected = ((0x6627e8d5 << 20 | 0xe169c58d >> 12) + 0.5) / 2.0 ^ 52
    assert.equal(expected, hy.rng(0):uniform())
  end)
end)

describe("memory", function()
  it("is given back", function()
    collectgarbage()
    local before = hy.memory()
    do
      local big <close> = hy.zeros(1000, 1000)
      assert.is_true(hy.memory() >= before + 4 * big:numel())
    end
    assert.is_true(hy.memory() <= before + 1000)
  end)

  it("does not pile up as garbage under any collector", function()
    for _, mode in ipairs{ "incremental", "generational" } do
      collectgarbage(mode)
      local live
      for _ = 1, 400 do
        local _ = hy.zeros(500, 500)
        live = hy.memory()
      end
      assert.is_true(live < 80e6, mode .. ": " .. live)
    end
    collectgarbage "incremental"
  end)

  it("that runs out raises and leaves the program alive", function()
    assert.raises(function() hy.zeros(1 << 40, 1 << 12) end, "out of memory")
    assert.raises(function() hy.zeros(1 << 40, 1 << 40) end, "zeros:")
    assert.raises(function() hy.zeros(-1) end, "negative")
    assert.equal(4, hy.ones(4):sum():item())
  end)

  it("that fails once is tried again after a collection", function()
    hy.fail_allocation(2)
    assert.equal(3, hy.ones(3):sum():item())
    hy.fail_allocation()
  end)
end)

describe("module", function()
  it("is safe to open again", function()
    local x = hy.ones(3)
    package.loaded["hyades.core"] = nil
    local again = require "hyades.core"
    assert.close({ 2, 2, 2 }, again.add(x, hy.ones(3)))
    assert.equal(6, (again.ones(3) + x):sum():item())
  end)

  it("sets and tells the number of threads", function()
    local n = hy.threads()
    assert.equal(1, hy.threads(1))
    hy.threads(n)
    assert.raises(function() hy.threads(0) end, "threads")
  end)
end)
