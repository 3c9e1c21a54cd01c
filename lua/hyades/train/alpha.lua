--- Schedules of a weight α(t): functions of a time, for losses of the form α·a + (1 − α)·b.
-- A published weight λ of b + λ·a is α = λ/(1 + λ), with 1 + λ times the learning rate.
local check = require "hyades.check"

local alpha = {}

--- The same weight always.
-- value: number
-- → function(t)
function alpha.constant(value)
  check.number("train.alpha.constant", "value", value)
  return function() return value end
end

--- 0 before `start`, then 1: pretrain, then fine-tune.
-- start: number
-- → function(t)
function alpha.pretrain(start)
  check.number("train.alpha.pretrain", "start", start)
  return function(t)
    return check.number("train.alpha.pretrain", "t", t) < start and 0 or 1
  end
end

local shapes = {
  linear = function(share) return share end,
  cosine = function(share) return (1 - math.cos(math.pi * share)) / 2 end,
  exp = function(share) return math.exp(-5 * (1 - share) ^ 2) end,
}

--- Goes from `from` to `to` while t goes from 0 to `length`, then stays. Also what other weights
-- need: a capacity that grows, noise that fades (to=0), thresholds that draw nearer.
-- length: number above 0 · from=0, to=1 · shape="linear", "cosine" or "exp" (e^(−5(1−t/T)²))
-- → function(t)
function alpha.ramp(given)
  given = check.options("train.alpha.ramp", given, { length = check.required, from = 0, to = 1,
    shape = "linear" })
  local shape = shapes[given.shape]
  if not shape then
    error(('train.alpha.ramp: shape must be "linear", "cosine" or "exp", got %q')
      :format(tostring(given.shape)), 2)
  end
  for _, name in ipairs{ "length", "from", "to" } do
    check.number("train.alpha.ramp", name, given[name])
  end
  if given.length <= 0 then
    error(("train.alpha.ramp: length must be above 0, got %.14g"):format(given.length), 2)
  end
  return function(t)
    check.number("train.alpha.ramp", "t", t)
    local share = math.min(math.max(t / given.length, 0), 1)
    return given.from + (given.to - given.from) * shape(share)
  end
end

return alpha
