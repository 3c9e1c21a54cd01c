--- A data set: x with one row a sample, y the classes from 1, names[y] what they are called, and
-- where it all comes from.

local check = require "hyades.check"
local class = require "hyades.class"

local Dataset = class.define "Dataset"

local fields = { "name", "x", "y", "names", "image", "centers", "source", "license" }

local is_field = {}
for _, name in ipairs(fields) do is_field[name] = true end

--- A data set from its parts.
-- name: string · x: tensor n×d · y: index tensor, n or n×S, optional
-- names: list, name of class 1, 2, …; for n×S a list of these
-- image: { h=, w=, c= } when rows are pictures · source, license: string, optional
-- → data set
function Dataset:init(parts)
  for key, value in pairs(check.options("data.Dataset", parts, {
    name = "data", x = check.required, y = check.optional, names = check.optional,
    image = check.optional, centers = check.optional, source = check.optional,
    license = check.optional,
  })) do
    self[key] = value
  end
  return self
end

--- Labels counted from 0, as files have them, as classes from 1.
-- column: tensor of n numbers
-- → index tensor
function Dataset.classes(column)
  return (column:to("f64"):reshape(column:numel()) + 1):to("index")
end

--- The ten digits as names of the classes 1 to 10.
-- → list
function Dataset.digit_names()
  return { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" }
end

--- Pixels as f32 in [0, 1], or as they are.
-- counts: u8 tensor · scale: number, the largest count · raw: flag
-- → tensor
function Dataset.pixels(counts, scale, raw)
  if raw then return counts:clone() end
  local wide <close> = counts:to("f32")
  return wide / scale
end

--- The 8×8 digits of Optdigits from its rows: 64 counts up to 16, then the digit.
-- name: string · rows: u8 tensor n×65 · raw: flag
-- → data set
function Dataset.optdigits(name, rows, raw)
  return Dataset{
    name = name,
    x = Dataset.pixels(rows:narrow(2, 1, 64), 16, raw),
    y = Dataset.classes(rows:narrow(2, 65, 1)),
    names = Dataset.digit_names(), image = { h = 8, w = 8, c = 1 },
    source = "E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI",
    license = "CC BY 4.0",
  }
end

function Dataset.__index(_, key)
  if is_field[key] then return nil end
  local method = rawget(Dataset, key)
  if method ~= nil then return method end
  local nearest = type(key) == "string" and check.suggest(key, fields)
  error(("a data set has no %s%s"):format(check.describe(key),
    nearest and ("; did you mean %q?"):format(nearest) or ""), 2)
end

local function grouped(n)
  local text = tostring(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

function Dataset:__tostring()
  local size = {}
  for i, n in ipairs(self.x:size()) do size[i] = grouped(n) end
  local lines = { ("%s: %s %s"):format(self.name, table.concat(size, "×"), self.x.dtype) }
  if self.image then
    local image = self.image
    lines[1] = lines[1] .. (", pictures of %d×%d×%d"):format(image.h, image.w, image.c)
  end
  if self.names and type(self.names[1]) == "table" then
    for s, names in ipairs(self.names) do
      lines[#lines + 1] = ("  labelling %d, %d classes: %s"):format(s, #names,
        table.concat(names, " "))
    end
  elseif self.names then
    lines[#lines + 1] = ("  %d classes: %s"):format(#self.names, table.concat(self.names, " "))
  end
  for _, key in ipairs{ "source", "license" } do
    if self[key] then lines[#lines + 1] = ("  %s: %s"):format(key, self[key]) end
  end
  return table.concat(lines, "\n")
end

return Dataset
