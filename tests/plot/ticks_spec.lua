require "tests.support"
local ticks = require "hyades.plot.ticks"

local function texts(...)
  local _, list = ticks.linear(...)
  return list
end

describe("ticks", function()
  it("go in steps of 1, 2 or 5 times a power of ten", function()
    assert.same({ "0", "2", "4", "6", "8", "10" }, texts(0, 10, 6))
    assert.same({ "0", "5", "10" }, texts(0, 10, 3))
    assert.same({ "0.0", "0.1", "0.2", "0.3" }, texts(0, 0.31, 4))
    assert.same({ "0.00", "0.05", "0.10" }, texts(-0.01, 0.11, 4))
  end)

  it("are never more than asked for and always inside", function()
    for seed = 1, 200 do
      local lo = math.sin(seed) * 10.0 ^ (seed % 9 - 4)
      local hi = lo + (1.1 + math.cos(seed * 7)) * 10.0 ^ (seed % 7 - 3)
      local most = 2 + seed % 9
      local positions = ticks.linear(lo, hi, most)
      assert.is_true(#positions >= 1 and #positions <= most + 1)
      local slack = (hi - lo) * 1e-5
      for _, p in ipairs(positions) do assert.is_true(p >= lo - slack and p <= hi + slack) end
    end
  end)

  it("stay whole where only integers make sense", function()
    assert.same({ "1", "2", "3" }, texts(0.9, 3.1, 8, true))
  end)

  it("read like a person writes: commas, a real minus, powers of ten", function()
    assert.same({ "0", "20,000", "40,000", "60,000" }, texts(0, 70000, 4))
    assert.same({ "−2", "−1", "0", "1" }, texts(-2, 1.5, 5))
    assert.same({ "0", "1×10⁷", "2×10⁷" }, texts(0, 2e7, 3))
    assert.same({ "0", "5×10⁻⁶", "10×10⁻⁶" }, texts(0, 1e-5 - 1e-13, 3))
    assert.equal("9999", ticks.text(9999))
    assert.equal("1,234,567.5", ticks.text(1234567.5, 1))
    assert.equal("0", ticks.text(-0.2))
  end)

  it("of a logarithmic axis are powers of ten, thinned out when there are many", function()
    local positions, list = ticks.log(-3, 2, 10)
    assert.close({ -3, -2, -1, 0, 1, 2 }, positions, 1e-9)
    assert.same({ "10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹", "10²" }, list)
    local _, few = ticks.log(0, 8, 3)
    assert.same({ "10⁰", "10³", "10⁶" }, few)
  end)

  it("of a short logarithmic axis are numbers between", function()
    local positions, list = ticks.log(math.log(0.15, 10), math.log(1.2, 10), 6)
    assert.same({ "0.2", "0.5", "1" }, list)
    assert.close(math.log(0.5, 10), positions[2], 1e-9)
    positions = ticks.log(math.log(0.31, 10), math.log(0.44, 10), 6)
    assert.is_true(#positions >= 2)
  end)
end)
