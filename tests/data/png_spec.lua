-- Pictures written as PNG.
local S = require "tests.support"
local hy = require "hyades"

describe("core.write_png", function()
  local folder
  setup(function() folder = S.folder() end)
  teardown(function() S.remove(folder) end)

  it("keeps every sample, for 1, 3 and 4 channels", function()
    for _, c in ipairs{ 1, 3, 4 } do
      for _, x in ipairs{ hy.randint({ 5, 7, c }, 0, 255, { dtype = "u8", rng = hy.rng(1) }),
        hy.arange(0, 35 * c - 1, { dtype = "u8" }):reshape(5, 7, c),
        hy.zeros(1, 1, c, { dtype = "u8" }) } do
        local path = folder .. "/t.png"
        hy.write_png(path, x)
        assert.same(x:totable(), hy.data.image(path):totable())
      end
    end
  end)

  it("deflates what repeats", function()
    hy.write_png(folder .. "/t.png", hy.full({ 300, 400, 3 }, 255, { dtype = "u8" }))
    local _, size = hy.file_info(folder .. "/t.png")
    assert.is_true(size < 1500)
  end)

  it("refuses what is no picture", function()
    local path = folder .. "/t.png"
    assert.raises(function() hy.write_png(path, hy.zeros(2, 2, 3)) end,
      "expected a u8 tensor h×w×c")
    assert.raises(function() hy.write_png(path, hy.zeros(2, 2, { dtype = "u8" })) end,
      "u8 tensor h×w×c")
    assert.raises(function() hy.write_png(path, hy.zeros(2, 2, 2, { dtype = "u8" })) end,
      "c of 1, 3 or 4")
    assert.raises(function() hy.write_png(path, hy.zeros(0, 2, 3, { dtype = "u8" })) end,
      "sides up to")
  end)
end)
