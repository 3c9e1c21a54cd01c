local check = require "hyades.check"
local decoded = require "hyades.plot.decoded"
local numbers = require "hyades.plot.numbers"

local DEFAULTS = {
  shape = check.optional, columns = check.optional, titles = check.optional, title = check.optional,
  theme = check.optional, color = check.optional, names = check.optional, palette = check.optional,
}

--- The cluster centers of a fitted model as images; those of a deep model are decoded first.
-- model: with `centers`, and `net` if deep · shape: { h, w } or { h, w, c } (default: square) ·
-- columns: integer · titles: array of strings (default: the cluster's number) · title, color,
-- names, palette, theme: as in images
-- → figure
return function(model, given)
  local fn = "plot.centers"
  local o = check.options(fn, given, DEFAULTS)
  local centers = type(model) == "table" and rawget(model, "centers")
  if not numbers.is_tensor(centers) then
    numbers.fail(fn, "expected a fitted model with centers, got %s",
      type(model) == "table" and "one without" or numbers.kind(model))
  end
  local x = centers:detach()
  if rawget(model, "net") then x = decoded.points(fn, decoded.net(fn, model), x) end
  local titles = o.titles
  if not titles then
    titles = {}
    for i = 1, x:size(1) do titles[i] = tostring(i) end
  end
  local sheet = require("hyades.plot.images")(x, { shape = o.shape, columns = o.columns,
    titles = titles, title = o.title, theme = o.theme, color = o.color, names = o.names,
    palette = o.palette })
  sheet.kind = "centers"
  return sheet
end
