--- Augmentations made of others.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Augmentation = require "hyades.data.Augmentation"

local several = {}

local function check_list(options, fail)
  for i, inner in ipairs(options) do
    if not class.is(inner, Augmentation) then
      fail("element %d must be an augmentation, got %s", i, class.kind(inner) or check.describe(inner))
    end
  end
end

local make_compose = Augmentation.kind("compose", {
  defaults = {}, list = true,
  check = function(options, fail)
    if #options == 0 then fail "expected a list of augmentations" end
    check_list(options, fail)
  end,
  apply = function(x, options, _, rows, rng)
    for _, inner in ipairs(options) do x = inner(x, rng, rows) end
    return x
  end,
})

--- Augmentations one after the other.
-- options: [1], [2] …: augmentations · p=1 · shape, for all of them
-- → augmentation
function several.compose(options)
  return make_compose(options)
end

-- What needs no warp, each at its own strength.
local function photometric_set()
  local augment = hy.data.augment
  return { augment.autocontrast{}, augment.equalize{}, augment.solarize{ p = 1 }, augment.posterize{},
    augment.sharpness{}, augment.brightness{}, augment.contrast{}, augment.saturation{} }
end

local make_photometric = Augmentation.kind("photometric", {
  defaults = { n = 4 }, list = true, picture = true,
  check = function(options, fail)
    check.number("data.augment.photometric", "n", options.n, 1, nil, true, 4)
    check_list(options, fail)
    if #options == 0 then table.move(photometric_set(), 1, 8, 1, options) end
  end,
  apply = function(x, options, draw, rows, rng)
    local choice = (draw(math.tointeger(options.n)) * (#options + 1)):floor()
    for round = 1, options.n do
      local mine, places, parts = choice:select(2, round), {}, {}
      for i = 0, #options do
        local own = rng:split() -- also for nobody: what a row gets hangs on no other
        local at = mine:eq(i):nonzero():reshape(-1)
        if at:numel() > 0 then
          local part = x:index(at)
          parts[#parts + 1] = i > 0 and options[i](part, own, rows:index(at)) or part
          places[#places + 1] = at
        end
      end
      if #parts > 0 then x = hy.cat(parts, 1):index(hy.cat(places, 1):argsort()) end
    end
    return x
  end,
})

--- Some changes of levels and colors, drawn for every picture with replacement: of autocontrast,
-- equalize, solarize, posterize, sharpness, brightness, contrast, saturation, and none at all. Cubuk
-- et al., RandAugment, 2020, without its warps.
-- options: n=4 changes of each picture · [1], [2] …: augmentations to draw from instead of these (and
-- none at all) · p=1 · shape
-- → augmentation
function several.photometric(options)
  return make_photometric(options)
end

return several
