local options = require "hyades.plot.options"
local palette = require "hyades.plot.palette"

--- The theme of all figures made from now on that do not name one themselves.
-- name: "light" or "dark"; without it nothing changes
-- → the name of the theme
return function(name)
  if name ~= nil then options.theme = options.choice("plot.theme", "name", name, palette.themes) end
  return options.theme
end
