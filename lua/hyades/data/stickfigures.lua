--- Stick figures: one set, two right clusterings.

local hy = require "hyades"
local check = require "hyades.check"
local fetch = require "hyades.data.fetch"
local Dataset = require "hyades.data.Dataset"

--- 900 stick figures of 20×20 pixels in 9 poses: 3 of the upper body by 3 of the lower body.
-- dir: folder to look into, optional · raw=false: pixels as f32 in [0, 1]; true: u8
-- → data set; y is n×2 (upper body, lower body), names[s][y] the label of labelling s in the file
local function stickfigures(options)
  options = check.options("data.stickfigures", options, { dir = check.optional, raw = false })
  local paths = fetch.files{ set = "stickfigures", files = { { name = "stickfigures.data" } },
    dir = options.dir }
  local rows <close> = hy.read_csv(paths[1], ",", "u8")
  if rows:size(2) ~= 402 then
    error(("data.stickfigures: %s: expected 2 labels and 400 pixels a row, got %d numbers")
      :format(paths[1], rows:size(2)), 2)
  end
  return Dataset{
    name = "stickfigures", x = Dataset.pixels(rows:narrow(2, 3, 400), 255, options.raw),
    y = (rows:narrow(2, 1, 2):to("f64") + 1):to("index"),
    names = { { "0", "1", "2" }, { "0", "1", "2" } }, image = { h = 20, w = 20, c = 1 },
    source = "S. Günnemann, I. Färber, M. Rüdiger and T. Seidl (2014), SMVC, KDD",
  }
end

return stickfigures
