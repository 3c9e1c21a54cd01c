--- GTSRB: traffic signs, photographed from a car.

local core = require "hyades.core"
local hy = require "hyades"
local check = require "hyades.check"
local fetch = require "hyades.data.fetch"
local Dataset = require "hyades.data.Dataset"

local inside = "Final_Training/Images"

local function folder_of(root, class)
  return ("%s/%s/%05d"):format(root, inside, class)
end

-- The folder that holds all these classes.
local function find_root(classes, dir)
  local folders = fetch.folders("gtsrb", dir)
  for _, root in ipairs(folders) do
    local complete = true
    for _, class in ipairs(classes) do
      complete = complete and core.file_info(folder_of(root, class)) == "folder"
    end
    if complete then return root end
  end
  error(("data.gtsrb: the pictures of these classes are not there; put the folders %s/000NN of the "
    .. "benchmark's training images into %s/"):format(inside, folders[#folders]), 0)
end

local function pictures_of(folder)
  local names = {}
  for _, name in ipairs(core.list_folder(folder)) do
    if name:find "%.ppm$" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function read_classes(classes)
  local list, names = {}, {}
  for i, class in ipairs(classes) do
    list[i] = math.tointeger(check.number("data.gtsrb", ("classes[%d]"):format(i), class, 0, 42, true, 4))
    names[i] = tostring(list[i])
  end
  if #list == 0 then error("data.gtsrb: classes must name a class at least", 3) end
  return list, names
end

-- Mean 0 and deviation 1 for every picture.
local function standardized(x)
  local spread = x:std(2, { keep = true, ddof = 0 })
  return (x - x:mean(2, { keep = true })) / hy.where(spread:eq(0), 1, spread)
end

--- Traffic signs, each picture at one size, c×h×w pixels a row. Light differs so much between them
-- that raw pixels show little else: that is what equalize and standardize are for.
-- classes={ 4, 13, 35, 38 }, of 0 … 42: 70 km/h, yield, ahead only, keep right (7,410 pictures)
-- size=32: pixels along both sides · equalize=true: spread the levels of each picture and channel
-- standardize: "image" for mean 0 and deviation 1 of every picture; optional
-- raw=false: pixels as f32 in [0, 1]; true: u8 · dir: folder to look into, optional
-- → data set; names[y] the number of the class in the benchmark
local function gtsrb(options)
  options = check.options("data.gtsrb", options, { classes = { 4, 13, 35, 38 }, size = 32,
    equalize = true, standardize = check.optional, raw = false, dir = check.optional })
  local size = math.tointeger(check.number("data.gtsrb", "size", options.size, 1, 4096, true))
  if options.standardize and options.standardize ~= "image" then
    error(('data.gtsrb: standardize must be "image" or nil, got %s'):format(
      check.describe(options.standardize)), 2)
  elseif options.standardize and options.raw then
    error("data.gtsrb: raw pixels cannot be standardized", 2)
  end
  local classes, names = read_classes(options.classes)
  local root = find_root(classes, options.dir)
  local paths, y = {}, {}
  for c, class in ipairs(classes) do
    local folder = folder_of(root, class)
    for _, name in ipairs(pictures_of(folder)) do
      paths[#paths + 1], y[#y + 1] = folder .. "/" .. name, c
    end
  end

  local x = hy.zeros(#paths, 3, size, size, { dtype = "u8" })
  for i, path in ipairs(paths) do
    local picture <close> = core.read_image(path)
    if picture:size(3) ~= 3 then error(("data.gtsrb: %s: is not in color"):format(path), 0) end
    x:narrow(1, i, 1):copy(picture:permute(3, 1, 2):resize(size, size):unsqueeze(1))
  end
  if options.equalize then x = x:equalize() end
  local rows = Dataset.pixels(x:reshape(#paths, 3 * size * size), 255, options.raw)
  return Dataset{
    name = "gtsrb", x = options.standardize and standardized(rows) or rows,
    y = hy.tensor(y, { dtype = "index" }), names = names, image = { h = size, w = size, c = 3 },
    source = "J. Stallkamp, M. Schlipsing, J. Salmen and C. Igel (2012), Man vs. computer, Neural "
      .. "Networks 32",
    license = "free for research",
  }
end

return gtsrb
