-- Pictures in another size, and with their levels spread.
require "tests.support"
local hy = require "hyades"

describe("resize", function()
  it("leaves pictures of the right size as they are", function()
    local x = hy.rand(2, 3, 5, 7, { rng = hy.rng(1) })
    assert.close(x, x:resize(5, 7), 1e-6)
  end)

  it("keeps a constant picture constant, larger and smaller", function()
    for _, size in ipairs{ { 3, 2 }, { 11, 40 }, { 1, 1 } } do
      assert.close(hy.full(size, 0.25), hy.full({ 6, 9 }, 0.25):resize(size[1], size[2]), 1e-6)
    end
  end)

  it("averages what shrinks, weighted by a triangle", function()
    -- to one pixel of two: the place is between them; to two of four: 1/8 · (1, 3, 3, 1) cut at the rim
    assert.close({ { 3 } }, hy.tensor{ { 2, 4 } }:resize(1, 1), 1e-6)
    local x = hy.tensor{ { 0, 8, 16, 24 } }
    assert.close({ { (0 * 3 + 8 * 3 + 16) / 7, (8 + 16 * 3 + 24 * 3) / 7 } }, x:resize(1, 2), 1e-5)
  end)

  it("draws straight lines between pixels where it grows", function()
    assert.close({ { 0, 1, 3, 4 } }, hy.tensor{ { 0, 4 } }:resize(1, 4), 1e-6)
  end)

  it("treats rows and columns alike", function()
    local x = hy.rand(8, 5, { rng = hy.rng(2) })
    assert.close(x:resize(3, 9), x:t():contiguous():resize(9, 3):t(), 1e-6)
  end)

  it("rounds bytes, and keeps the type", function()
    local x = hy.tensor({ { 0, 255 } }, { dtype = "u8" })
    assert.equal("u8", x:resize(1, 1).dtype)
    assert.same({ { 128 } }, x:resize(1, 1):totable())
    assert.equal("f64", hy.zeros(4, 4, { dtype = "f64" }):resize(2, 2).dtype)
  end)

  it("names what it cannot use", function()
    assert.raises(function() hy.zeros(4):resize(2, 2) end, "pictures")
    assert.raises(function() hy.zeros(4, 4):resize(0, 2) end, "height is 0")
    assert.raises(function() hy.zeros(4, 4):resize(2, 1 << 40) end, "width is 1099511627776")
    assert.raises(function() hy.zeros(0, 4):resize(2, 2) end, "pictures")
  end)
end)

describe("equalize", function()
  local function bytes(rows) return hy.tensor(rows, { dtype = "u8" }) end

  it("spreads the levels by the published rule", function()
    -- 1,020 pixels, as many of each of four levels: step = (1020 − 255) // 255 = 3
    local x = bytes{ { 10, 20, 30, 40 } }:expand(255, 4):contiguous()
    local y = x:equalize():narrow(1, 1, 1):totable()[1]
    assert.same({ (0 + 1) // 3, (255 + 1) // 3, (510 + 1) // 3, (765 + 1) // 3 }, y)
  end)

  it("leaves a plane of one level, and planes with too few pixels", function()
    assert.same({ { 7, 7 } }, bytes{ { 7, 7 } }:equalize():totable())
    assert.same({ { 1, 200 } }, bytes{ { 1, 200 } }:equalize():totable())
  end)

  it("treats every plane alone", function()
    local x = (hy.rand(2, 40, 40, { rng = hy.rng(3) }) * 100):to "u8"
    local both = x:equalize()
    for i = 1, 2 do
      assert.same(x[i]:contiguous():equalize():totable(), both[i]:totable())
      assert.is_true(both[i]:to("f32"):max():item() > 250)
    end
  end)

  it("keeps the order of the levels", function()
    local x = (hy.rand(50, 50, { rng = hy.rng(4) }) * 255):to "u8"
    local order = x:reshape(-1):to("f32"):argsort()
    local y = x:equalize():reshape(-1):to("f32"):index(order):totable()
    for i = 2, #y do assert.is_true(y[i] >= y[i - 1]) end
  end)

  it("names what it cannot use", function()
    assert.raises(function() hy.zeros(4, 4):equalize() end, "u8")
    assert.raises(function() bytes{ 1, 2 }:equalize() end, "pictures")
  end)
end)
