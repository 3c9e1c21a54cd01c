local check = require "hyades.check"
local numbers = require "hyades.plot.numbers"

local DEFAULTS = {
  shape = check.optional, columns = check.optional, titles = check.optional, title = check.optional,
  theme = check.optional, color = check.optional, names = check.optional, palette = check.optional,
}

-- Centers as points of the data: decoded when they live in the embedding of a network. A decoder
-- overshoots black and white a little; that is cut, or all images would turn gray.
local function in_data_space(centers, net)
  if not net then return centers end
  local hy = require "hyades"
  local x = hy.no_grad(function() return net:clone():eval():decode(centers) end)
  local lo, hi = x:min():item(), x:max():item()
  return lo > -0.5 and hi > 0.5 and hi < 1.5 and x:clamp(0, 1) or x
end

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
  local net = rawget(model, "net")
  if net and not net.decode then numbers.fail(fn, "the model's network has no decode") end
  local x = in_data_space(centers:detach(), net)
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
