--- Rows in portions: `for batch in batches:epoch() do … end`.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Augmentation = require "hyades.data.Augmentation"

local Batches = class.define "Batches"

local function fail(text, ...)
  error("data.Batches: " .. text:format(...), 4)
end

local function tensor_of(value)
  if class.kind(value) == "tensor" then return value end
  local x = type(value) == "table" and rawget(value, "x")
  return class.kind(x) == "tensor" and x or nil
end

-- One tensor, one data set, or a list of these.
local function sources(given)
  if tensor_of(given) then given = { given } end
  if type(given) ~= "table" or #given == 0 then
    fail("the first element must be a tensor, a data set or a list of these, got %s",
      class.kind(given) or type(given))
  end
  local xs = {}
  for i, value in ipairs(given) do
    xs[i] = tensor_of(value) or fail("element %d of the list is no tensor and no data set", i)
    if xs[i]:dim() == 0 then fail("a single number has no rows") end
    if xs[i]:size(1) ~= xs[1]:size(1) then
      fail("element %d of the list has %d rows, the first has %d", i, xs[i]:size(1), xs[1]:size(1))
    end
  end
  return xs
end

local function generator(shuffle)
  if shuffle == true then return hy.rng end
  if shuffle and class.kind(shuffle) ~= "rng" then
    fail("shuffle must be true, false or a generator, got %s", check.describe(shuffle))
  end
  return shuffle or nil
end

local function chances(weights, n)
  if class.kind(weights) ~= "tensor" then
    if type(weights) ~= "table" or class.kind(weights) then
      fail("weights must be a tensor or a list of numbers, got %s", check.describe(weights))
    end
    weights = hy.tensor(weights)
  end
  if weights:numel() ~= n then fail("there are %d weights for %d rows", weights:numel(), n) end
  return weights:reshape(n)
end

--- Batches of one or several tensors with the same number of rows.
-- [1]: tensor, data set, or list of these · size=256: rows in a batch
-- shuffle=false: true or a generator for a new order in every epoch
-- augment: one of data.augment, or a function(x, rng, rows) → tensor: the batch's `view`. What
-- data.augment makes of a row depends on the generator, the epoch and the row, not on its batch
-- views=1: how many of them, independent of each other, in `views`; the first is `view`
-- drop_last=false: leave out a short batch
-- weights: tensor or list of n numbers: every epoch draws n rows with these chances, optional
function Batches:init(options)
  options = check.options("data.Batches", options, { size = 256, shuffle = false,
    augment = check.optional, views = 1, weights = check.optional, drop_last = false }, true)
  self.sources = sources(options[1])
  self.n = self.sources[1]:size(1)
  check.number("data.Batches", "size", options.size, 1, nil, true)
  self.size = math.tointeger(math.min(options.size, math.max(self.n, 1)))
  self.rng = generator(options.shuffle)
  if options.augment then check.callable("data.Batches", "augment", options.augment) end
  check.number("data.Batches", "views", options.views, 1, nil, true)
  self.augment, self.views = options.augment, math.tointeger(options.views)
  self.drop_last = options.drop_last
  if options.weights then self.weights = chances(options.weights, self.n) end
  return self
end

--- Number of batches in an epoch.
-- → integer
function Batches:count()
  return (self.drop_last and self.n or self.n + self.size - 1) // self.size
end

-- Order of the rows in a new epoch; nil: as they are.
local function new_order(self)
  if self.weights then return hy.categorical(self.weights, self.n, { rng = self.rng or hy.rng }) end
  return self.rng and hy.randperm(self.n, { rng = self.rng })
end

-- The networks want f32.
local function as_input(x)
  return x.dtype == "u8" and x:to("f32") or x
end

local function view_of(self, x, rng, rows)
  local view = self.augment(x, rng, rows)
  if class.kind(view) ~= "tensor" or view:dim() == 0 or view:size(1) ~= x:size(1) then
    error(("data.Batches: augment must return a tensor with %d rows, got %s"):format(x:size(1),
      class.kind(view) == "tensor" and table.concat(view:size(), "×") or check.describe(view)), 0)
  end
  return view
end

-- The generator of a batch's views: a row's view hangs on the epoch and the row, so that every batch
-- starts where the epoch did. A function of the user draws on.
local function generator_of(self, epoch)
  return epoch and hy.rng(0):state(epoch) or self.rng or hy.rng
end

local function gather(self, order, first, size, epoch)
  local batch = { xs = {} }
  batch.rows = order and order:narrow(1, first, size)
    or hy.arange(first, first + size - 1, { dtype = "index" })
  for i, x in ipairs(self.sources) do
    batch.xs[i] = as_input(order and x:index(batch.rows) or x:narrow(1, first, size))
  end
  batch.x = batch.xs[1]
  if self.augment then
    local rng = generator_of(self, epoch)
    batch.views = {}
    for v = 1, self.views do batch.views[v] = view_of(self, batch.x, rng, batch.rows) end
    batch.view = batch.views[1]
  end
  return batch
end

--- One pass over the rows.
-- → iterator of batches { x=, xs= (of every tensor), rows= (index), and when augmented view=, views= }
function Batches:epoch()
  local order = new_order(self)
  local own = class.is(self.augment, Augmentation) and (self.rng or hy.rng):split():state()
  local at, count = 0, self:count()
  return function()
    if at == count then return nil end
    at = at + 1
    local first = (at - 1) * self.size + 1
    return gather(self, order, first, math.min(self.size, self.n - first + 1), own)
  end
end

return Batches
