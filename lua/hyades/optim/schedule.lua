--- Schedules of the learning rate: what `train.run` multiplies it by in each step.
-- Each is a function(step, steps, loss, epoch) → factor[, momentum]; one of your own may be a plain
-- function. steps is the number of steps of the whole run, step counts from 1.

local check = require "hyades.check"
local class = require "hyades.class"

local schedule = {}

local function share_of(name, given, default)
  return check.number("optim.schedule." .. name, "warmup", given or default, 0, 1)
end

--- Always the same factor.
-- factor: number, 1
-- → schedule
function schedule.constant(factor)
  factor = check.number("optim.schedule.constant", "factor", factor or 1, 0)
  return function() return factor end
end

--- Times `factor` every so many steps or epochs.
-- every: steps, or epochs: epochs, between two drops · factor=0.1
-- → schedule
function schedule.step(options)
  local given = check.options("optim.schedule.step", options, { every = check.optional,
    epochs = check.optional, factor = 0.1 })
  local unit = given.every and "every" or "epochs"
  if (given.every == nil) == (given.epochs == nil) then
    error("optim.schedule.step: give either every (steps) or epochs", 2)
  end
  check.number("optim.schedule.step", unit, given[unit], 1, nil, true)
  check.number("optim.schedule.step", "factor", given.factor, 0)
  return function(step, _, _, epoch)
    local time = given.every and step or epoch
    return given.factor ^ ((time - 1) // given[unit])
  end
end

--- A linear rise, then half a cosine down. Loshchilov & Hutter, ICLR 2017.
-- warmup=0: share of the steps that rise · final=0: the factor that the cosine falls to
-- → schedule
function schedule.cosine(options)
  local given = check.options("optim.schedule.cosine", options, { warmup = 0, final = 0 })
  local warmup = share_of("cosine", given.warmup)
  check.number("optim.schedule.cosine", "final", given.final, 0)
  return function(step, steps)
    local rising = math.floor(warmup * steps)
    if step <= rising then return step / rising end
    local share = (step - 1 - rising) / (steps - rising)
    return given.final + (1 - given.final) * (1 + math.cos(math.pi * share)) / 2
  end
end

local function between(from, to, share) -- along half a cosine
  return to + (from - to) * (1 + math.cos(math.pi * share)) / 2
end

--- One cycle: up to the learning rate of the optimizer and down to almost nothing, both along a
-- cosine, with the momentum moving the opposite way. Smith & Topin, 2018.
-- peak=0.3: share of the steps before the peak · start=25, final=1e4: the first rate is that many
-- times smaller than the highest, the last one that many times smaller than the first
-- momentum={ 0.85, 0.95 }: at the peak and at both ends; false leaves it alone
-- → schedule
function schedule.onecycle(options)
  local given = check.options("optim.schedule.onecycle", options, { peak = 0.3, start = 25,
    final = 1e4, momentum = { 0.85, 0.95 } })
  check.number("optim.schedule.onecycle", "peak", given.peak, 0, 1)
  check.number("optim.schedule.onecycle", "start", given.start, 1)
  check.number("optim.schedule.onecycle", "final", given.final, 1)
  local low, high = 1 / given.start, given.momentum
  return function(step, steps)
    local at, top = step - 1, given.peak * steps - 1
    local rising = at <= top and top > 0
    local share = rising and at / top or math.min((at - top) / math.max(steps - 1 - top, 1), 1)
    local factor = rising and between(low, 1, share) or between(1, low / given.final, share)
    if not high then return factor end
    return factor, rising and between(high[2], high[1], share) or between(high[1], high[2], share)
  end
end

--- Inverse decay: (1 + gamma · t)^(−power) after t steps.
-- gamma=1e-4, power=0.75
-- → schedule
function schedule.inverse(options)
  local given = check.options("optim.schedule.inverse", options, { gamma = 1e-4, power = 0.75 })
  check.number("optim.schedule.inverse", "gamma", given.gamma, 0)
  return function(step)
    return (1 + given.gamma * (step - 1)) ^ -given.power
  end
end

local Plateau = class.define("Plateau")

local plateau_defaults = { factor = 0.5, patience = 10, min_delta = 1e-4, lowest = 0, cooldown = 0 }

--- See schedule.plateau.
function Plateau:init(options)
  local given = check.options("optim.schedule.plateau", options, plateau_defaults)
  for name, value in pairs(given) do
    self[name] = check.number("optim.schedule.plateau", name, value, 0)
  end
  self.now, self.best, self.bad, self.rest = 1, math.huge, 0, 0
  return self
end

function Plateau:__call()
  return self.now
end

--- The loss of an epoch, which train.run tells after each: that of the validation if there is one.
-- value: number
function Plateau:observe(value)
  if self.best - value >= self.min_delta then
    self.best, self.bad = value, 0
  else
    self.bad = self.bad + 1
  end
  if self.rest > 0 then self.rest, self.bad = self.rest - 1, 0 end
  if self.bad >= self.patience then
    self.now = math.max(self.now * self.factor, self.lowest)
    self.bad, self.rest = 0, self.cooldown
  end
end

--- What has been observed so far.
-- → table of numbers
function Plateau:state()
  return { now = self.now, best = self.best, bad = self.bad, rest = self.rest }
end

--- Go on from a state.
-- state: result of `state`
-- → the schedule
function Plateau:load(state)
  for name, value in pairs(state) do self[name] = value end
  return self
end

--- Times `factor` whenever the loss of the epochs has made no progress for `patience` of them.
-- factor=0.5, patience=10, min_delta=1e-4 (a smaller gain is none), lowest=0: the smallest factor
-- cooldown=0: epochs after a drop that are not counted
-- → schedule that watches the losses of one run
function schedule.plateau(options)
  return Plateau(options)
end

return schedule
