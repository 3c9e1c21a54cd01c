--- USPS: digits from envelopes.

local hy = require "hyades"
local check = require "hyades.check"
local fetch = require "hyades.data.fetch"
local Dataset = require "hyades.data.Dataset"

local parts = { train = { "zip.train" }, test = { "zip.test" }, all = { "zip.train", "zip.test" } }

--- 9,298 handwritten digits of 16×16 pixels in [−1, 1] as in the files zip.train and zip.test.
-- split="all", "train" (7,291) or "test" (2,007) · dir: folder to look into, optional
-- → data set
local function usps(options)
  options = check.options("data.usps", options, { split = "all", dir = check.optional })
  if not parts[options.split] then
    error(("data.usps: split must be \"train\", \"test\" or \"all\", got %s")
      :format(check.describe(options.split)), 2)
  end
  local files = {}
  for i, name in ipairs(parts[options.split]) do files[i] = { name = name } end
  local tables = {}
  for i, path in ipairs(fetch.files{ set = "usps", files = files, dir = options.dir }) do
    tables[i] = hy.read_csv(path, " ")
  end
  local rows <close> = tables[2] and hy.cat(tables, 1) or tables[1]
  return Dataset{
    name = "usps", x = rows:narrow(2, 2, 256):clone(), y = Dataset.classes(rows:narrow(2, 1, 1)),
    names = Dataset.digit_names(), image = { h = 16, w = 16, c = 1 },
    source = "Y. LeCun et al. (1989), US Postal Service; zip data of The Elements of Statistical "
      .. "Learning",
    license = "free for research",
  }
end

return usps
