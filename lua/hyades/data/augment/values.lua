--- Changes of any numbers: for vectors the views that need no labels.

local hy = require "hyades"
local check = require "hyades.check"
local Augmentation = require "hyades.data.Augmentation"

local values = {}

local function each_value(x, draw, options)
  return draw(x:numel() // math.max(x:size(1), 1), options):reshape(x:size())
end

local make_noise = Augmentation.kind("noise", {
  defaults = { std = 0.05 },
  check = function(options)
    check.number("data.augment.noise", "std", options.std, 0, nil, false, 4)
  end,
  apply = function(x, options, draw) return x + each_value(x, draw, { normal = true }) * options.std end,
})

--- Normal noise on every value.
-- options: std=0.05 · p=1
-- → augmentation
function values.noise(options)
  return make_noise(options)
end

local make_dropout = Augmentation.kind("dropout", {
  defaults = { rate = 0.2, fill = 0 },
  check = function(options)
    check.number("data.augment.dropout", "rate", options.rate, 0, 1, false, 4)
    check.number("data.augment.dropout", "fill", options.fill, nil, nil, false, 4)
  end,
  apply = function(x, options, draw)
    local fill = hy.full({ 1 }, options.fill, { dtype = x.dtype })
    return hy.where(each_value(x, draw):lt(options.rate), fill, x)
  end,
})

--- Every value set to `fill` with probability rate; the others stay as they are.
-- options: rate=0.2 · fill=0 · p=1
-- → augmentation
function values.dropout(options)
  return make_dropout(options)
end

return values
