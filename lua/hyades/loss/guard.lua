--- What the losses share: checks of their arguments, and logarithms that cannot be infinite.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"

local guard = {}

guard.tiny = 1e-37 -- just above the smallest normal f32

--- Is the value a tensor?
-- value: anything
-- → boolean
function guard.is_tensor(value)
  return class.kind(value) == "tensor"
end

local function shape_text(x)
  return x:dim() == 0 and "a single number" or table.concat(x:size(), "×")
end

--- Raise unless x and y are tensors of one shape.
-- name: string, the loss, for errors · x, y: anything
function guard.same_shape(name, x, y)
  if not guard.is_tensor(x) or not guard.is_tensor(y) then
    error(("%s: expected tensors, got %s"):format(name,
      check.describe(guard.is_tensor(x) and y or x)), 3)
  end
  local a, b = shape_text(x), shape_text(y)
  if a ~= b then error(("%s: the shapes differ: %s and %s"):format(name, a, b), 3) end
end

--- Raise unless x is a tensor.
-- name: string, the loss · argument: string, what x is called there · x: anything
function guard.tensor(name, argument, x)
  if not guard.is_tensor(x) then
    error(("%s: %s must be a tensor, got %s"):format(name, argument, check.describe(x)), 3)
  end
end

--- Raise unless x is a tensor with rows and columns, and at least one row.
-- name: string, the loss · argument: string, what x is called there · x: anything
function guard.matrix(name, argument, x)
  if not guard.is_tensor(x) or x:dim() ~= 2 or x:size(1) == 0 then
    error(("%s: %s must be a tensor n×d with a row at least, got %s"):format(name, argument,
      guard.is_tensor(x) and shape_text(x) or check.describe(x)), 3)
  end
end

--- Raise unless the value is one of these words.
-- name: string, the loss · option: string · value: anything · words: list of strings
function guard.choice(name, option, value, words)
  for _, word in ipairs(words) do
    if value == word then return end
  end
  error(('%s: %s must be "%s", got %s'):format(name, option, table.concat(words, '" or "'),
    check.describe(value)), 3)
end

--- Raise unless the value is a number above 0.
-- name: string, the loss · option: string · value: anything
function guard.positive(name, option, value)
  if type(value) ~= "number" or not (value > 0) then
    error(("%s: %s must be a number above 0, got %s"):format(name, option, check.describe(value)), 3)
  end
end

--- Logarithm of probabilities; of less than `tiny` that of `tiny`, without gradient.
-- p: tensor
-- → tensor
function guard.log(p)
  return p:maximum(guard.tiny):log()
end

--- Logarithms of the softmax of each row, never -inf: 0 times it is 0.
-- logits: tensor n×k
-- → tensor n×k
function guard.log_softmax(logits)
  return logits:log_softmax(2):maximum(-1e30)
end

--- Entropy of a distribution, in nats. The gradient is finite at 0.
-- p: tensor k
-- → scalar tensor
function guard.entropy(p)
  return -(p * p:maximum(1e-8):log()):sum()
end

--- Shares of clusters as a tensor with sum 1; equal ones unless given.
-- name: string, the loss · shares: tensor k, array or nil · k: integer · dtype: of the result
-- → tensor k
function guard.shares(name, shares, k, dtype)
  if shares == nil then return hy.full({ k }, 1 / k, { dtype = dtype }) end
  if type(shares) == "table" then shares = hy.tensor(shares, { dtype = dtype }) end
  if not guard.is_tensor(shares) or shares:numel() ~= k or not (shares:min():item() > 0) then
    error(("%s: shares must be %d numbers above 0"):format(name, k), 3)
  end
  return shares:to(dtype) / shares:sum():item()
end

return guard
