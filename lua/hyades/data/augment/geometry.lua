--- Changes of place: which pixels are seen.

local hy = require "hyades"
local check = require "hyades.check"
local Augmentation = require "hyades.data.Augmentation"

local geometry = {}

local function column(x, i) return x:narrow(2, i, 1) end

local make_flip = Augmentation.kind("flip", {
  defaults = { axis = "horizontal", p = 0.5 }, picture = true,
  check = function(options, fail)
    if options.axis ~= "horizontal" and options.axis ~= "vertical" then
      fail('axis must be "horizontal" or "vertical", got %s', check.describe(options.axis))
    end
  end,
  apply = function(x, options)
    local axis = options.axis == "horizontal" and 4 or 3
    local size = x:size(axis)
    return x:index(hy.linspace(size, 1, size):to "index", axis)
  end,
})

--- Mirror pictures. Where left and right mean something, as in digits and traffic signs, do not.
-- options: axis="horizontal" (left and right change places) or "vertical" · p=0.5 · shape
-- → augmentation
function geometry.flip(options)
  return make_flip(options)
end

local make_crop_resize = Augmentation.kind("crop_resize", {
  defaults = { scale = { 0.2, 1 }, ratio = { 3 / 4, 4 / 3 }, size = check.optional }, picture = true,
  check = function(options, fail)
    Augmentation.check_range(fail, "scale", options.scale, 1e-6, 1)
    Augmentation.check_range(fail, "ratio", options.ratio, 1e-3, 1e3)
    if options.size ~= nil then
      if type(options.size) ~= "table" or #options.size ~= 2 then fail "size must be { height, width }" end
      for _, side in ipairs(options.size) do
        check.number("data.augment.crop_resize", "size", side, 1, 1 << 15, true, 4)
      end
    end
  end,
  apply = function(x, options, draw)
    local h, w = x:size(3), x:size(4)
    local u = draw(4)
    local area = column(u, 1) * (options.scale[2] - options.scale[1]) + options.scale[1]
    local low, high = math.log(options.ratio[1]), math.log(options.ratio[2])
    local ratio = (column(u, 2) * (high - low) + low):exp()
    local height = ((area / ratio * (h * w)):sqrt()):minimum(h)
    local width = ((area * ratio * (h * w)):sqrt()):minimum(w)
    local top, left = column(u, 3) * (h - height), column(u, 4) * (w - width)
    local size = options.size or { h, w }
    return x:crop_resize(hy.cat({ top, left, height, width }, 2), size[1], size[2])
  end,
})

--- Cut out a box of random area, shape and place, and bring it back to size.
-- options: scale={0.2, 1}, its share of the area · ratio={3/4, 4/3}, width by height, drawn on a
-- logarithmic scale; longer sides are cut off · size={h, w} of the result (that of x) · p=1 · shape
-- → augmentation
function geometry.crop_resize(options)
  return make_crop_resize(options)
end

-- n×size: 1 for the positions nearer to the center than half the side.
local function covered(center, side, size)
  local at = hy.arange(0.5, size - 0.5, { dtype = center.dtype }):reshape(1, size)
  return (at - center):abs():lt(side / 2):to(center.dtype)
end

local make_cutout = Augmentation.kind("cutout", {
  defaults = { size = { 1, 16 }, fill = 0 }, picture = true,
  check = function(options, fail)
    Augmentation.check_range(fail, "size", options.size, 1, 1 << 15)
    check.number("data.augment.cutout", "fill", options.fill, nil, nil, false, 4)
  end,
  apply = function(x, options, draw)
    local n, h, w = x:size(1), x:size(3), x:size(4)
    local u = draw(3)
    local low, high = options.size[1], options.size[2]
    local side = (column(u, 1) * (high - low + 1)):floor():minimum(high - low) + low
    -- an even square has its middle between two pixels
    local even = ((side / 2):floor() * 2 - side + 1) / 2
    local function middle(i, size) return (column(u, i) * size):floor() + 0.5 + even end
    local rows, columns = covered(middle(2, h), side, h), covered(middle(3, w), side, w)
    local mask = (rows:reshape(n, 1, h, 1) * columns:reshape(n, 1, 1, w)):gt(0)
    return hy.where(mask, hy.full({ 1 }, options.fill, { dtype = x.dtype }), x)
  end,
})

--- Blank out a square. DeVries & Taylor, 2017. After the normalization, where there is one.
-- options: size={1, 16}, side in pixels, drawn as a whole number · fill=0 · p=1 · shape
-- The center is any pixel, and what lies outside is cut off.
-- → augmentation
function geometry.cutout(options)
  return make_cutout(options)
end

return geometry
