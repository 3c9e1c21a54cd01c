--- Changes of the levels of pictures.

local hy = require "hyades"
local Augmentation = require "hyades.data.Augmentation"

local tone = {}

local make_posterize = Augmentation.kind("posterize", {
  defaults = { bits = { 4, 8 } }, unit = true,
  check = function(options, fail) Augmentation.check_range(fail, "bits", options.bits, 1, 8) end,
  apply = function(x, options, draw)
    local low, high = options.bits[1], options.bits[2]
    local bits = (draw(1) * (high - low + 1)):floor():minimum(high - low) + low
    local shape = { x:size(1) }
    for axis = 2, x:dim() do shape[axis] = 1 end
    local step = ((8 - bits) * math.log(2)):exp():round():reshape(shape)
    return (((x * 255):round() / step):floor() * step) / 255
  end,
})

--- Fewer levels: the highest bits of the 8 that a value has.
-- options: bits={4, 8}, how many are left, drawn as a whole number · p=1 · shape
-- → augmentation
function tone.posterize(options)
  return make_posterize(options)
end

local make_autocontrast = Augmentation.kind("autocontrast", {
  defaults = {}, picture = true, unit = true,
  apply = function(x)
    local flat = x:reshape(x:size(1), x:size(2), x:size(3) * x:size(4))
    if flat:numel() == 0 then return x end
    local low, high = flat:min(3, { keep = true }), flat:max(3, { keep = true })
    local stretched = (flat - low) / (high - low):maximum(1e-6)
    return hy.where((high - low):gt(1e-6), stretched, flat):reshape(x:size())
  end,
})

--- Every plane of a picture stretched to reach from 0 to 1; one of a single level stays.
-- options: p=1 · shape
-- → augmentation
function tone.autocontrast(options)
  return make_autocontrast(options)
end

local make_equalize = Augmentation.kind("equalize", {
  defaults = {}, picture = true, unit = true,
  apply = function(x)
    return hy.equalize((x * 255):round():to "u8"):to(x.dtype) / 255
  end,
})

--- Every plane with its levels spread over [0, 1], so that all are about as frequent (hy.equalize).
-- options: p=1 · shape
-- → augmentation
function tone.equalize(options)
  return make_equalize(options)
end

-- Each pixel averaged with its eight neighbors, itself counting 5 of 13; the border stays.
local function smooth(x)
  local h, w = x:size(3), x:size(4)
  local y = x:clone()
  if h < 3 or w < 3 then return y end
  local function part(top, left) return x:narrow(3, top, h - 2):narrow(4, left, w - 2) end
  local sum = part(2, 2) * 4
  for top = 1, 3 do
    for left = 1, 3 do sum = sum + part(top, left) end
  end
  y:narrow(3, 2, h - 2):narrow(4, 2, w - 2):copy(sum / 13)
  return y
end

local make_sharpness = Augmentation.kind("sharpness", {
  defaults = { factor = { 0.05, 0.95 } }, picture = true, unit = true,
  check = function(options, fail) Augmentation.check_range(fail, "factor", options.factor, 0, 1e3) end,
  apply = function(x, options, draw)
    local factor = draw(1, { lo = options.factor[1], hi = options.factor[2] }):reshape(x:size(1), 1, 1, 1)
    local blurred = smooth(x)
    return (blurred + (x - blurred) * factor):clamp(0, 1)
  end,
})

--- Differences to the smoothed picture times a factor: below 1 blurred a little, above 1 sharpened.
-- options: factor={0.05, 0.95} · p=1 · shape
-- → augmentation
function tone.sharpness(options)
  return make_sharpness(options)
end

return tone
