--- Augmentations: seeded changes of rows that keep what they show. Each takes a table of options and
-- gives something to call, `change(x, rng, rows)`, or to give to data.Batches{ augment = }. Pictures are
-- n×c×h×w with pixels in [0, 1]; flat rows n×d are taken for pictures with shape = { c, h, w }. All know
-- the option p: the chance that a row changes at all.

local places = {
  geometry = { "flip", "crop_resize", "cutout" },
  color = { "color_jitter", "brightness", "contrast", "saturation", "grayscale", "invert", "solarize" },
  tone = { "posterize", "autocontrast", "equalize", "sharpness" },
  values = { "noise", "dropout" },
  several = { "compose", "photometric" },
}

local functions = {}
for file, names in pairs(places) do
  for _, name in ipairs(names) do functions[name] = "hyades.data.augment." .. file end
end

return require("hyades.lazy").extend({}, "data.augment", { functions = functions })
