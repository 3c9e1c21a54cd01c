local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local checkpoint = require "hyades.train.checkpoint"

local smoothing = 0.9
local too_much = 4 -- times the best loss: the run has diverged

local diverged = setmetatable({}, { __tostring = function() return "the loss is not finite" end })

-- The learning rate at which the loss falls fastest; nil when it never falls. The slope is taken
-- over a tenth of the steps, which the noise of single batches does not decide.
local function steepest(rates, losses)
  local reach = math.max(1, #losses // 20)
  local best, at = 0, nil
  for i = 1 + reach, #losses - reach do
    local slope = losses[i + reach] - losses[i - reach] -- the rates grow evenly in their logarithm
    if slope < best then best, at = slope, rates[i] end
  end
  return at
end

-- The steps of the search, with what they saw in `found`.
local function search(given, found)
  local ratio, average, best = given.to / given.from, 0, math.huge
  local function rate(step)
    return given.from * ratio ^ math.min((step - 1) / math.max(given.steps - 1, 1), 1)
  end
  hy.train.run{
    params = given.params, optimizer = given.optimizer, batches = given.batches,
    clip = given.clip, epochs = math.ceil(given.steps / given.batches:count()),
    schedule = function(step) return rate(step) / given.optimizer.lr end,
    loss = function(batch)
      local value = given.loss(batch)
      if class.kind(value) == "tensor" and value:numel() == 1 then
        local number = value:item()
        if number ~= number or math.abs(number) == math.huge then error(diverged, 0) end
      end
      return value
    end,
    after_step = function(at)
      average = smoothing * average + (1 - smoothing) * at.loss
      local smooth = average / (1 - smoothing ^ at.step)
      found.lr[at.step], found.loss[at.step] = rate(at.step), smooth
      best = math.min(best, smooth)
      local rise = smooth - best > (too_much - 1) * math.abs(best)
      return (at.step >= given.steps or rise) and "stop"
    end,
  }
end

--- Try growing learning rates for some batches, and say where the loss falls fastest. Parameters,
-- optimizer and generators are afterwards as they were. Smith, WACV 2017.
-- params, optimizer, batches, loss, clip: as in train.run · from=1e-6, to=1: learning rates
-- steps=100: batches
-- → { lr=array, loss=array (smoothed), suggestion=number, or nil where the loss never falls }
return function(options)
  local given = check.options("optim.lr_finder", options, { params = check.required,
    optimizer = check.required, batches = check.required, loss = check.required,
    clip = check.optional, from = 1e-6, to = 1, steps = 100 })
  check.number("optim.lr_finder", "steps", given.steps, 2, nil, true)
  if not (given.from > 0 and given.to > given.from and given.optimizer.lr > 0) then
    error("optim.lr_finder: expected 0 < from < to, and an optimizer with lr > 0", 2)
  elseif given.batches:count() == 0 then
    error("optim.lr_finder: there are no batches", 2)
  end
  local before, found = checkpoint.take(given), { lr = {}, loss = {} }
  local done, problem = pcall(search, given, found)
  checkpoint.put(given, before, "optim.lr_finder")
  if not done and problem ~= diverged then error(problem, 0) end
  found.suggestion = steepest(found.lr, found.loss)
  return found
end
