require "tests.support"
local palette = require "hyades.plot.palette"

describe("palette", function()
  it("has different colors for as many clusters as one likes", function()
    local seen = {}
    for k = 1, 60 do
      local color = palette.cluster(k)
      assert.is_true(color >= 0 and color <= 0xffffff)
      assert.is_nil(seen[color])
      seen[color] = true
    end
  end)

  it("runs through its maps from end to end", function()
    assert.equal(0x440154, palette.heat("viridis", 0))
    assert.equal(0xfde725, palette.heat("viridis", 1))
    assert.equal(0xfde725, palette.heat("viridis", 7))
    assert.equal(0xf7fbff, palette.heat("blues", -1))
  end)

  it("writes dark on light and light on dark", function()
    assert.equal(0xffffff, palette.contrast(0x08306b))
    assert.equal(palette.theme("light").ink, palette.contrast(0xf7fbff))
  end)

  it("keeps a cluster's color when another one is empty", function()
    local _, all = palette.classes{ 1, 2, 3 }
    local _, two = palette.classes{ 3, 1 }
    assert.equal(all[3].color, two[3].color)
  end)

  it("lists ids in order with their names, noise gray and last", function()
    local entries, of = palette.classes({ 2, -1, 1, 2 }, { "zero", "one" })
    assert.same({ "zero", "one", "noise" },
      { entries[1].name, entries[2].name, entries[3].name })
    assert.equal(palette.theme("light").noise, of[-1].color)
  end)

  it("takes any integers as labels", function()
    local entries, of = palette.classes{ 0, 700, 0, -3 }
    assert.same({ "-3", "0", "700" }, { entries[1].name, entries[2].name, entries[3].name })
    assert.equal(palette.cluster(2), of[0].color)
  end)
end)
