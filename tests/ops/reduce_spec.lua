--- Reductions over everything or along an axis.
require "tests.support"
local hy = require "hyades"

local nan, inf = 0 / 0, math.huge
local x = hy.tensor{ { 1, 2, 6 }, { -3, 5, 1 } }

--- Gradient of the sum of f(x).
local function gradient(f, value)
  return (hy.grad(function(p) return f(p):sum() end, value))
end

describe("a reduction", function()
  it("has its gradient along every axis, kept or dropped", function()
    local y = hy.rand(2, 3, 4, { rng = hy.rng(1), dtype = "f64", lo = 0.5, hi = 2 })
    for _, name in ipairs{ "sum", "mean", "var", "std", "norm", "min", "max", "prod", "logsumexp" } do
      for axis = 1, 3 do
        for _, keep in ipairs{ false, true } do
          assert(hy.gradcheck(function(p) return (p[name](p, axis, { keep = keep })) end, { y }))
        end
      end
      assert(hy.gradcheck(function(p) return p[name](p, { keep = true }) end, { y }))
    end
    assert(hy.gradcheck(function(p) return p:norm(2, { p = 1 }) end, { y - 1.2 }))
    assert(hy.gradcheck(function(p) return p:var(2, { ddof = 0 }) end, { y }))
  end)

  it("reads views", function()
    local y = x:t():narrow(1, 2, 2)
    assert.same({ 7, 7 }, (y:sum(2):sort()):totable())
    assert.same({ 6, 5 }, (y:max(1)):totable())
    assert.close(y:contiguous():std(2), y:std(2), 0)
  end)

  it("names an axis that does not exist", function()
    assert.raises(function() x:sum(3) end, "sum: argument 2 (axis): axis 3 does not exist")
    assert.raises(function() x:sum(1, { kept = true }) end, "did you mean \"keep\"?")
  end)
end)

describe("sum and mean", function()
  it("run over everything or along an axis", function()
    assert.equal(12, x:sum():item())
    assert.same({}, x:sum():size())
    assert.same({ -2, 7, 7 }, x:sum(1):totable())
    assert.same({ 9, 3 }, x:sum(-1):totable())
    assert.same({ { 9 }, { 3 } }, x:sum(2, { keep = true }):totable())
    assert.same({ { 12 } }, x:sum{ keep = true }:totable())
    assert.same({ 3, 1 }, x:mean(2):totable())
    assert.equal(2, x:mean():item())
  end)

  it("count u8 and index in f64", function()
    local mask = x:gt(1)
    assert.equal(3, mask:sum():item())
    assert.equal("f64", mask:sum().dtype)
    assert.equal(0.5, mask:mean():item())
    assert.equal(6, hy.tensor({ 1, 2, 3 }, { dtype = "index" }):sum():item())
    assert.equal(510, hy.full({ 2 }, 255, { dtype = "u8" }):sum():item())
  end)

  it("of nothing are 0 and NaN", function()
    assert.equal(0, hy.zeros(0):sum():item())
    assert.same({ 0, 0, 0 }, hy.zeros(0, 3):sum(1):totable())
    assert.same({ 0 }, hy.zeros(0, 3):sum(2):size())
    assert.close(nan, hy.zeros(0):mean():item())
    assert.close({ nan, nan }, hy.zeros(0, 2):mean(1))
  end)

  it("keep f32 sums exact where a plain loop drifts", function()
    assert.equal(2 ^ 24 + 2 ^ 20, hy.ones(2 ^ 24 + 2 ^ 20):sum():item())
  end)

  it("pass NaN on", function()
    assert.close(nan, hy.tensor{ 1, nan }:sum())
    assert.close(nan, hy.tensor{ inf, -inf }:mean())
  end)
end)

describe("var and std", function()
  it("divide by n - ddof", function()
    assert.close({ 7, 16 }, x:var(2), 1e-6)
    assert.close({ 14 / 3, 32 / 3 }, x:var(2, { ddof = 0 }), 1e-6)
    assert.close({ math.sqrt(7), 4 }, x:std(2), 1e-6)
    assert.close({ { 8 }, { 4.5 }, { 12.5 } }, x:t():var(2, { keep = true }), 1e-6)
    assert.close(10.4, x:var(), 1e-6)
  end)

  it("are NaN where no freedom is left", function()
    assert.close({ nan, nan }, hy.ones(2, 1):var(2))
    assert.close({ 0, 0 }, hy.ones(2, 1):var(2, { ddof = 0 }))
    assert.close(nan, hy.zeros(0):std())
  end)

  it("do not cancel far from 0", function()
    assert.close(1, (hy.tensor{ 1, 2, 3 } + 1e6):var(), 1e-6)
  end)

  it("give std a finite gradient at 0", function()
    assert.same({ 0, 0, 0 }, gradient(function(p) return p:std() end, hy.ones(3)):totable())
  end)
end)

describe("norm", function()
  it("is Euclidean or sums absolute values", function()
    assert.close(5, hy.tensor{ 3, -4 }:norm(), 1e-6)
    assert.equal(7, hy.tensor{ 3, -4 }:norm{ p = 1 }:item())
    assert.close({ math.sqrt(41), math.sqrt(35) }, x:norm(2), 1e-6)
    assert.same({ 2, 1 }, x:norm(2, { keep = true }):size())
    assert.equal(0, hy.zeros(0):norm():item())
    assert.raises(function() x:norm{ p = 3 } end, "p is 3; it wants 1 or 2")
  end)

  it("has gradient 0 at 0", function()
    local g = gradient(function(p) return p:norm(2) end, hy.tensor{ { 0, 0 }, { 3, 4 } })
    assert.close({ { 0, 0 }, { 0.6, 0.8 } }, g, 1e-6)
  end)
end)

describe("min and max", function()
  it("give the value, and along an axis its first position", function()
    assert.equal(6, x:max():item())
    assert.equal(1, select("#", x:max()))
    local value, at = x:max(2)
    assert.same({ 6, 5 }, value:totable())
    assert.same({ 3, 2 }, at:totable())
    value, at = hy.tensor{ { 2, 1, 1 } }:min(2, { keep = true })
    assert.same({ { 1 } }, value:totable())
    assert.same({ { 2 } }, at:totable())
  end)

  it("keep the dtype of u8 and index", function()
    local labels = hy.tensor({ 3, -1, 2 }, { dtype = "index" })
    assert.equal("index", labels:max().dtype)
    assert.equal(3, labels:max():item())
    assert.equal(-1, labels:min():item())
    assert.equal("u8", x:gt(0):max().dtype)
  end)

  it("send the gradient to that position", function()
    assert.same({ { 0, 0, 1 }, { 0, 1, 0 } }, gradient(function(p) return (p:max(2)) end, x):totable())
    assert.same({ 1, 0 }, gradient(function(p) return p:max() end, hy.tensor{ 4, 4 }):totable())
  end)

  it("let NaN win", function()
    local value, at = hy.tensor{ { 1, nan, 3 } }:max(2)
    assert.close({ nan }, value)
    assert.same({ 2 }, at:totable())
  end)

  it("of nothing are an error", function()
    assert.raises(function() hy.zeros(0):max() end, "max: x has no elements")
    assert.raises(function() hy.zeros(2, 0):min(2) end, "min: axis 2 has no elements")
    assert.same({ 0 }, (hy.zeros(2, 0):min(1)):size())
  end)
end)

describe("argmin and argmax", function()
  it("are 1-based, lowest at ties", function()
    assert.same({ 3, 2 }, x:argmax(2):totable())
    assert.same({ 2, 1, 2 }, x:argmin(1):totable())
    assert.equal(3, x:argmax():item())
    assert.equal(4, x:argmin():item())
    assert.equal("index", x:argmax(1).dtype)
    assert.same({ 1, 1 }, hy.ones(2, 3):argmax(2):totable())
  end)

  it("of nothing are an error", function()
    assert.raises(function() hy.zeros(0, 2):argmax(1) end, "argmax: axis 1 has no elements")
  end)
end)

describe("prod", function()
  it("multiplies", function()
    assert.same({ 12, -15 }, x:prod(2):totable())
    assert.equal(-180, x:prod():item())
    assert.equal(1, hy.zeros(0):prod():item())
  end)

  it("has the right gradient beside zeros", function()
    local g = gradient(function(p) return p:prod(2) end, hy.tensor{ { 0, 2, 3 }, { 0, 0, 5 }, { 2, 3, 4 } })
    assert.same({ { 6, 0, 0 }, { 0, 0, 0 }, { 12, 8, 6 } }, g:totable())
  end)
end)

describe("cumsum", function()
  it("runs along an axis", function()
    assert.same({ { 1, 3, 9 }, { -3, 2, 3 } }, x:cumsum(2):totable())
    assert.same({ { 1, 2, 6 }, { -2, 7, 7 } }, x:cumsum():totable())
    assert.equal("f64", x:gt(1):cumsum(2).dtype)
    assert.same({ 0, 3 }, hy.zeros(0, 3):cumsum(1):size())
  end)

  it("has the reversed gradient", function()
    assert.same({ 3, 2, 1 }, gradient(function(p) return p:cumsum() end, hy.ones(3)):totable())
  end)
end)

describe("any and all", function()
  it("reduce masks to masks", function()
    local mask = hy.tensor({ { 0, 2 }, { 1, 1 }, { 0, 0 } }, { dtype = "u8" })
    assert.same({ 1, 1, 0 }, mask:any(2):totable())
    assert.same({ 0, 1, 0 }, mask:all(2):totable())
    assert.equal("u8", mask:any().dtype)
    assert.equal(1, hy.zeros(0, { dtype = "u8" }):all():item())
    assert.equal(0, hy.zeros(0, { dtype = "u8" }):any():item())
    assert.raises(function() x:any() end, "any: x must be a mask (u8), got f32")
  end)
end)
