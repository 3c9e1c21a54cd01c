--- Changes of color, pixel by pixel.

local hy = require "hyades"
local check = require "hyades.check"
local Augmentation = require "hyades.data.Augmentation"

local color = {}

-- Factors within ±reach of 1, never below 0.
local function factors(u, reach)
  local low = math.max(0, 1 - reach)
  return u * (1 + reach - low) + low
end

local make_color_jitter = Augmentation.kind("color_jitter", {
  defaults = { brightness = 0.4, contrast = 0.4, saturation = 0.4, hue = 0.1, p = 0.8 },
  picture = true, unit = true,
  check = function(options)
    for _, name in ipairs{ "brightness", "contrast", "saturation" } do
      check.number("data.augment.color_jitter", name, options[name], 0, nil, false, 4)
    end
    check.number("data.augment.color_jitter", "hue", options.hue, 0, 0.5, false, 4)
  end,
  apply = function(x, options, draw)
    local u, amounts = draw(8), {}
    for i, name in ipairs{ "brightness", "contrast", "saturation" } do
      amounts[i] = factors(u:narrow(2, i, 1), options[name])
    end
    amounts[4] = (u:narrow(2, 4, 1) * 2 - 1) * options.hue
    return hy.adjust_color(x, hy.cat(amounts, 2), (u:narrow(2, 5, 4):argsort(2)))
  end,
})

--- Other brightness, contrast, saturation and hue, in an order of its own for every picture.
-- options: brightness=0.4, contrast=0.4, saturation=0.4: factors within ± of 1; hue=0.1: turns within ±
-- around the circle of colors, at most 0.5 · p=0.8 · shape
-- → augmentation
function color.color_jitter(options)
  return make_color_jitter(options)
end

-- One of the four by a factor drawn from a range.
local function by_factor(name, place)
  return Augmentation.kind(name, {
    defaults = { factor = { 0.05, 0.95 } }, picture = true, unit = true,
    check = function(options, fail) Augmentation.check_range(fail, "factor", options.factor, 0, 1e3) end,
    apply = function(x, options, draw)
      local parts, one = {}, hy.ones({ x:size(1), 1 }, { dtype = x.dtype })
      for i = 1, 3 do parts[i] = one end
      parts[place] = draw(1, { lo = options.factor[1], hi = options.factor[2] })
      parts[4] = one * 0
      return hy.adjust_color(x, hy.cat(parts, 2))
    end,
  })
end

local make_brightness = by_factor("brightness", 1)

--- Values times a factor.
-- options: factor={0.05, 0.95} · p=1 · shape
-- → augmentation
function color.brightness(options)
  return make_brightness(options)
end

local make_contrast = by_factor("contrast", 2)

--- Distances to the mean gray of the picture times a factor.
-- options: factor={0.05, 0.95} · p=1 · shape
-- → augmentation
function color.contrast(options)
  return make_contrast(options)
end

local make_saturation = by_factor("saturation", 3)

--- Distances to the gray of each pixel times a factor.
-- options: factor={0.05, 0.95} · p=1 · shape
-- → augmentation
function color.saturation(options)
  return make_saturation(options)
end

local make_grayscale = Augmentation.kind("grayscale", {
  defaults = { p = 0.2 }, picture = true,
  apply = function(x)
    if x:size(2) == 1 then return x end
    if x:size(2) ~= 3 then
      error(("data.augment.grayscale: expected 1 or 3 channels, got %d"):format(x:size(2)), 0)
    end
    local weights = hy.tensor({ 0.299, 0.587, 0.114 }, { dtype = x.dtype }):reshape(1, 3, 1, 1)
    return (x * weights):sum(2, { keep = true }):expand(x:size()):clone()
  end,
})

--- Gray pictures, 0.299 red + 0.587 green + 0.114 blue, that keep their three channels. One channel
-- stays as it is.
-- options: p=0.2 · shape
-- → augmentation
function color.grayscale(options)
  return make_grayscale(options)
end

local make_invert = Augmentation.kind("invert", {
  defaults = { p = 0.25 }, unit = true, apply = function(x) return 1 - x end,
})

--- Negatives: 1 - x.
-- options: p=0.25 · shape
-- → augmentation
function color.invert(options)
  return make_invert(options)
end

local make_solarize = Augmentation.kind("solarize", {
  defaults = { threshold = 0.5, p = 0.2 }, unit = true,
  check = function(options)
    check.number("data.augment.solarize", "threshold", options.threshold, 0, 1, false, 4)
  end,
  apply = function(x, options) return hy.where(x:ge(options.threshold), 1 - x, x) end,
})

--- Negatives of what is bright: 1 - x from the threshold on.
-- options: threshold=0.5 · p=0.2 · shape
-- → augmentation
function color.solarize(options)
  return make_solarize(options)
end

return color
