--- UCI Optdigits: the test part, or both parts.

local hy = require "hyades"
local check = require "hyades.check"
local fetch = require "hyades.data.fetch"
local Dataset = require "hyades.data.Dataset"

local both = {
  { name = "optdigits.tes",
    sha256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8" },
  { name = "optdigits.tra" },
}

-- The test part came with Hyades under another name.
local function paths_of(files, dir)
  if not files[2] and not dir and not fetch.find(fetch.folders "optdigits", files[1].name) then
    return { fetch.share() .. "/digits.csv.gz" }
  end
  return fetch.files{ set = "optdigits", files = files, dir = dir }
end

--- Handwritten digits of 8×8 pixels: 1,797 of the test part (data.digits holds the same rows), or
-- with optdigits.tra beside it all 5,620.
-- split="test" or "all" · dir: folder to look into, optional · raw=false: as for data.digits
-- → data set
local function optdigits(options)
  options = check.options("data.optdigits", options,
    { split = "test", dir = check.optional, raw = false })
  local files
  if options.split == "all" then
    files = both
  elseif options.split == "test" then
    files = { both[1] }
  else
    error(("data.optdigits: split must be \"test\" or \"all\", got %s")
      :format(check.describe(options.split)), 2)
  end
  local parts = {}
  for i, path in ipairs(paths_of(files, options.dir)) do
    parts[i] = hy.read_csv(path, ",", "u8")
  end
  local rows <close> = parts[2] and hy.cat(parts, 1) or parts[1]
  return Dataset.optdigits("optdigits", rows, options.raw)
end

return optdigits
