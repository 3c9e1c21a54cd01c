--- What data.augment gives: a seeded change of rows, to be called or given to data.Batches.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"

local Augmentation = class.define("Augmentation")

local kinds = {} -- name → { defaults=, apply=, picture=, unit= }

local function fail(name, text, ...)
  error(("data.augment.%s: %s"):format(name, text:format(...)), 0)
end

--- Define a kind of augmentation: a constructor of options, data.augment.NAME.
-- name: string
-- how: table with defaults (option → default; `p`, the chance of each row, and `shape` come with
-- all), check(options, fail), optional, and apply(x, options, draw, rows, rng) → tensor;
-- draw(columns, { normal=, lo=, hi= }) → n×columns random numbers that belong to the rows
-- picture: flag, x must be pictures n×c×h×w · unit: flag, with values in [0, 1]
-- → function(options) → augmentation
function Augmentation.kind(name, how)
  local defaults = { p = 1, shape = check.optional }
  for option, default in pairs(how.defaults) do defaults[option] = default end
  kinds[name] = how
  return function(options)
    local given = check.options("data.augment." .. name, options, defaults, how.list)
    check.number("data.augment." .. name, "p", given.p, 0, 1)
    if given.shape ~= nil then
      local shape = given.shape
      if type(shape) ~= "table" or #shape ~= 3 then
        fail(name, "shape must be { channels, height, width }")
      end
      for _, size in ipairs(shape) do
        check.number("data.augment." .. name, "shape", size, 1, nil, true)
      end
    end
    if how.check then how.check(given, function(...) fail(name, ...) end) end
    return setmetatable({ name = name, options = given }, Augmentation)
  end
end

--- Raise unless an option is a pair of numbers, low and high, within [least, most].
-- fail: function that raises · name: string · value: anything · least, most: numbers
function Augmentation.check_range(raise, name, value, least, most)
  local low, high = table.unpack(type(value) == "table" and value or {})
  if type(low) ~= "number" or type(high) ~= "number" or not (low >= least and low <= high and
    high <= most) then
    raise("%s must be { low, high } within %g and %g, got %s", name, least, most,
      type(low) == "number" and type(high) == "number" and ("{ %g, %g }"):format(low, high)
      or check.describe(value))
  end
end

local function shape_text(x)
  return x:dim() == 0 and "a single number" or table.concat(x:size(), "×")
end

local function check_input(self, x)
  if class.kind(x) ~= "tensor" then
    fail(self.name, "expected a tensor with rows, got %s", class.kind(x) or check.describe(x))
  elseif x:dim() == 0 or x.dtype ~= "f32" and x.dtype ~= "f64" then
    fail(self.name, "expected rows in f32 or f64, got %s in %s", shape_text(x), x.dtype)
  end
end

-- Rows as pictures, and what puts them back.
local function as_pictures(self, how, x)
  local shape = self.options.shape
  local flat = shape and x:dim() == 2
  if flat and x:size(2) ~= shape[1] * shape[2] * shape[3] then
    fail(self.name, "rows of %d values are no pictures of %s", x:size(2), table.concat(shape, "×"))
  end
  if flat then x = x:reshape(x:size(1), table.unpack(shape)) end
  if how.picture and x:dim() ~= 4 then
    fail(self.name, "expected pictures n×c×h×w, got %s; give shape = { c, h, w } for flat rows",
      shape_text(x))
  end
  if how.unit and x:numel() > 0 and (x:min():item() < -1e-6 or x:max():item() > 1 + 1e-6) then
    fail(self.name, "pixels must lie in [0, 1], got %g to %g", x:min():item(), x:max():item())
  end
  return x, function(y) return flat and y:reshape(y:size(1), y:size(2) * y:size(3) * y:size(4)) or y end
end

-- The changed rows where the coin of the row says so.
local function chosen(self, coin, x, changed)
  local same = shape_text(x) == shape_text(changed)
  if not same then fail(self.name, "p must be 1 where the size of the pictures changes") end
  local shape = { x:size(1) }
  for axis = 2, x:dim() do shape[axis] = 1 end
  return hy.where(coin:lt(self.options.p):reshape(shape), changed, x)
end

local function check_rows(self, rows, n)
  if rows == nil then return hy.arange(1, n, { dtype = "index" }) end
  if type(rows) == "table" then rows = hy.tensor(rows, { dtype = "index" }) end
  if class.kind(rows) ~= "tensor" or rows.dtype ~= "index" or rows:numel() ~= n then
    fail(self.name, "rows must be an index tensor or array of %d, the numbers of the rows", n)
  end
  return rows
end

--- Change rows. The same generator, in the same state, changes row 7 in the same way whatever stands
-- beside it; the next call changes it in another.
-- x: tensor n×…, f32 or f64 · rng: generator, hy.rng · rows: index n, which rows of the data these
-- are; 1..n unless given
-- → tensor n×…
function Augmentation:__call(x, rng, rows)
  local how = kinds[self.name]
  check_input(self, x)
  if rng ~= nil and class.kind(rng) ~= "rng" then
    fail(self.name, "the second argument must be a generator, got %s", check.describe(rng))
  end
  rows = check_rows(self, rows, x:size(1))
  local pictures, back = as_pictures(self, how, x:detach())
  local own = (rng or hy.rng):split()
  local function draw(columns, options)
    options = options or {}
    return (options.normal and hy.randn_rows or hy.rand_rows)(rows, columns,
      { rng = own, dtype = x.dtype, lo = options.lo, hi = options.hi })
  end
  local coin = self.options.p < 1 and draw(1)
  local changed = how.apply(pictures, self.options, draw, rows, own)
  return back(coin and chosen(self, coin, pictures, changed) or changed)
end

function Augmentation:__tostring()
  return "data.augment." .. self.name
end

return Augmentation
