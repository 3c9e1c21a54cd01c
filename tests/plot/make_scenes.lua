-- Writes tests/plot/scenes.lua anew, after figures were changed on purpose and looked at:
-- ./hyades tests/plot/make_scenes.lua > scenes.lua && mv scenes.lua tests/plot/
local gallery = require "tests.plot.gallery"
local scene = require "tests.plot.scene"

print "--- What every figure of the gallery draws; made by make_scenes.lua."
print "return {"
for _, theme in ipairs{ "light", "dark" } do
  local names, figures = {}, gallery(theme)
  for name in pairs(figures) do names[#names + 1] = name end
  table.sort(names)
  print(("  %s = {"):format(theme))
  for _, name in ipairs(names) do print(("    [%q] = %q,"):format(name, scene(figures[name]))) end
  print "  },"
end
print "}"
