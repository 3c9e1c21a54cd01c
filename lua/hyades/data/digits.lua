--- The digits that come with Hyades.

local core = require "hyades.core"
local check = require "hyades.check"
local fetch = require "hyades.data.fetch"
local Dataset = require "hyades.data.Dataset"

--- 1,797 handwritten digits of 8×8 pixels, the test part of UCI Optdigits.
-- raw=false: pixels as f32 in [0, 1]; true: counts 0..16 as u8
-- → data set; y is 1..10, names[y] the digit
local function digits(options)
  options = check.options("data.digits", options, { raw = false })
  local rows <close> = core.read_csv(fetch.share() .. "/digits.csv.gz", ",", "u8")
  return Dataset.optdigits("digits", rows, options.raw)
end

return digits
