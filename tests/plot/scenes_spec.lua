require "tests.support"
local gallery = require "tests.plot.gallery"
local scene = require "tests.plot.scene"
local known = require "tests.plot.scenes"

for _, theme in ipairs{ "light", "dark" } do
  describe("the gallery in " .. theme, function()
    for name, figure in pairs(gallery(theme)) do
      it("draws " .. name .. " as it was when somebody looked at it", function()
        assert.equal(known[theme][name], scene(figure))
      end)
    end
  end)
end
