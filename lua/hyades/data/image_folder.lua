--- Pictures in folders, one folder a class.

local core = require "hyades.core"
local hy = require "hyades"
local check = require "hyades.check"
local Dataset = require "hyades.data.Dataset"

local endings = { png = true, jpg = true, jpeg = true, pgm = true, ppm = true }

local function sorted(path)
  local names = core.list_folder(path)
  table.sort(names)
  return names
end

-- Links may lead anywhere; only what lies within the root belongs to the set.
local function within(root, path)
  local real = core.real_path(path)
  return real and real:sub(1, #root + 1) == root .. "/"
end

-- Paths of the pictures, the class of each, and the names of the classes.
local function find(path)
  local root = core.real_path(path)
  if core.file_info(path) ~= "folder" then
    error(("data.image_folder: %s: is no folder"):format(path), 0)
  end
  local files, classes, names = {}, {}, {}
  for _, name in ipairs(sorted(path)) do
    local folder = path .. "/" .. name
    if core.file_info(folder) == "folder" and within(root, folder) then
      local before = #files
      for _, file in ipairs(sorted(folder)) do
        local ending = file:match "%.(%w+)$"
        if ending and endings[ending:lower()] and within(root, folder .. "/" .. file) then
          files[#files + 1], classes[#classes + 1] = folder .. "/" .. file, #names + 1
        end
      end
      if #files > before then names[#names + 1] = name end
    end
  end
  if #files == 0 then
    error(("data.image_folder: %s: holds no folder with PNG, JPEG, PGM or PPM pictures")
      :format(path), 0)
  end
  return files, classes, names
end

--- Pictures of one size from the folders of a folder; each folder with pictures is a class, in
-- alphabetic order. Links that lead out of the folder are left out.
-- path: string · options: raw=false: pixels as f32 in [0, 1]; true: u8
-- → data set; a row of x holds c×h×w pixels
local function image_folder(path, options)
  options = check.options("data.image_folder", options, { raw = false })
  if type(path) ~= "string" then
    error(("data.image_folder: expected the path of a folder, got %s")
      :format(check.describe(path)), 2)
  end
  local files, classes, names = find(path)
  local x, first
  for i, file in ipairs(files) do
    local picture = core.read_image(file)
    local h, w, c = table.unpack(picture:size())
    if not x then
      first = { h = h, w = w, c = c }
      x = hy.zeros(#files, h * w * c, { dtype = "u8" })
    elseif h ~= first.h or w ~= first.w or c ~= first.c then
      error(("data.image_folder: %s: is %d×%d×%d, %s is %d×%d×%d; all must have one size")
        :format(file, h, w, c, files[1], first.h, first.w, first.c), 0)
    end
    x:narrow(1, i, 1):copy(picture:permute(3, 1, 2):reshape(1, h * w * c))
  end
  return Dataset{ name = path:match "([^/]+)/*$" or path, x = Dataset.pixels(x, 255, options.raw),
    y = hy.tensor(classes, { dtype = "index" }), names = names, image = first, source = path }
end

return image_folder
