--- Training: the one loop, pretraining, and schedules of the weight of a loss.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local parameters = require "hyades.optim.parameters"

local train = {}

local function is_finite(x)
  return x == x and x ~= math.huge and x ~= -math.huge
end

local function fail_not_finite(groups, value, step, epoch)
  local tensors, names = parameters.list(groups)
  local culprit = "all parameters are finite, so look at the data and the loss"
  for i, p in ipairs(tensors) do
    if not is_finite(p:detach():sum():item()) then
      culprit = "first parameter that is not finite: " .. names[i]
      break
    end
  end
  error(("train.run: the loss is %s in step %d (epoch %d); %s")
    :format(value ~= value and "NaN" or "infinite", step, epoch, culprit), 0)
end

-- What the gradients are multiplied by so that their common norm stays below limit.
local function clip_factor(groups, limit)
  local total = 0
  for _, p in ipairs((parameters.list(groups))) do
    if p.grad then total = total + p.grad:square():sum():item() end
  end
  local norm = math.sqrt(total)
  return norm > limit and limit / norm or 1
end

-- Watches the loss of the epochs; keeps the best parameters.
local function Watch(options, groups)
  local given = check.options("early_stop", options == true and {} or options,
    { patience = 5, min_delta = 1e-4 })
  local tensors = parameters.list(groups)
  local best, bad, kept = math.huge, 0, nil
  local watch = {}
  function watch.stop(value)
    if best - value >= given.min_delta then
      best, bad, kept = value, 0, {}
      for i, p in ipairs(tensors) do kept[i] = p:detach():clone() end
    else
      bad = bad + 1
    end
    return bad >= given.patience
  end
  function watch.restore()
    for i, value in ipairs(kept or {}) do tensors[i]:copy(value) end
  end
  return watch
end

local function write_log(log, record)
  if type(log) == "function" then return log(record) end
  local file = assert(io.open(log, "a"))
  file:write(('{"epoch": %d, "loss": %.9g, "seconds": %.3f}\n')
    :format(record.epoch, record.loss, record.seconds))
  file:close()
end

-- One batch: forward, backward, step. Returns the loss as a number.
local function train_batch(spec, groups, batch, at)
  local tape <close> = hy.tape()
  local value = spec.loss(batch)
  local number = value:item()
  if not is_finite(number) then fail_not_finite(groups, number, at.step, at.epoch) end
  tape:backward(value)
  spec.optimizer:step(groups, {
    lr = spec.schedule and spec.schedule(at.step, at.steps, at.loss),
    gradient = batch.rows:size(1) / at.size * (spec.clip and clip_factor(groups, spec.clip) or 1),
  })
  return number
end

-- One pass over the batches. Returns the mean loss of a sample, and whether a hook said "stop".
local function train_epoch(spec, groups, at)
  local total, samples = 0, 0
  for batch in spec.batches:epoch() do
    at.step = at.step + 1
    at.loss = train_batch(spec, groups, batch, at)
    local n = batch.rows:size(1)
    total, samples = total + at.loss * n, samples + n
    if spec.after_step and spec.after_step{ step = at.step, epoch = at.epoch, loss = at.loss,
      batch = batch } == "stop" then
      return total / samples, true
    end
  end
  return samples > 0 and total / samples or 0, false
end

local run_options = {
  params = check.required, optimizer = check.required, batches = check.required,
  epochs = check.required, loss = check.required, before_epoch = check.optional,
  after_step = check.optional, after_epoch = check.optional, schedule = check.optional,
  progress = false, clip = check.optional, early_stop = check.optional, log = check.optional,
}

--- The training loop. Every other one in Hyades is a call of this.
-- params: tensor, module, list, or groups { params=, lr= } · optimizer: see optim
-- batches: data.Batches · epochs: integer · loss: function(batch) → scalar tensor
-- before_epoch: function(epoch) · after_step: function{ step, epoch, loss, batch }
-- after_epoch: function{ epoch, loss, seconds }; they run while no tape is open, "stop" ends
-- schedule: function(step, steps, loss) → factor of the learning rate
-- progress: title of a progress bar · clip: largest common norm of the gradients
-- early_stop: { patience=5, min_delta=1e-4 } epochs without progress; the best weights come back
-- log: path of a file that gets a line of JSON for each epoch, or function{ epoch, loss, seconds }
-- Every row weighs the same: the gradient of a short last batch is scaled by its share of `size`.
-- → array of { epoch=, loss=, seconds= }; loss is the mean over the samples
function train.run(spec)
  spec = check.options("train.run", spec, run_options)
  check.number("train.run", "epochs", spec.epochs, 0, nil, true)
  if type(spec.batches) ~= "table" or not spec.batches.epoch then
    error("train.run: batches must be data.Batches, got " .. check.describe(spec.batches), 2)
  end
  local groups = parameters.collect(spec.params)
  local watch = spec.early_stop and Watch(spec.early_stop, groups)
  local title = spec.progress == true and "training" or spec.progress
  local bar <close> = hy.progress(spec.epochs, title)
  local history = {}
  local batches = spec.batches
  local at = { step = 0, epoch = 0, steps = spec.epochs * batches:count(),
    size = math.min(batches.size, batches.n) }
  for epoch = 1, spec.epochs do
    local started = hy.clock()
    at.epoch = epoch
    if spec.before_epoch and spec.before_epoch(epoch) == "stop" then break end
    local mean, stop = train_epoch(spec, groups, at)
    local record = { epoch = epoch, loss = mean, seconds = hy.clock() - started }
    history[epoch] = record
    bar:set{ loss = mean }:step()
    if spec.log then write_log(spec.log, record) end
    if spec.after_epoch and spec.after_epoch(record) == "stop" then stop = true end
    if watch and watch.stop(mean) then stop = true end
    if stop then break end
  end
  if watch then watch.restore() end
  return history
end

local function columns_of(x)
  return (class.kind(x) == "tensor" and x or x.x):size(2)
end

--- The network of a deep model, ready to embed: built if it is a constructor, pretrained unless
-- that has been done. A network that is given is trained in place; give `net:clone()` to keep it.
-- net: autoencoder, or a constructor of one · x: tensor n×d or dataset
-- options: table; layers={ d, 500, 500, 2000, 10 }, pretrain={ epochs=100, lr=1e-3 } or false,
-- batch=256, rng, verbose
-- → autoencoder
function train.pretrained(net, x, options)
  local rng = options.rng or hy.rng
  net = net or hy.nn.Autoencoder
  if class.is_constructor(net) then
    net = net{ layers = options.layers or { columns_of(x), 500, 500, 2000, 10 }, rng = rng:split() }
  end
  if type(net) ~= "table" or not (net.encode and net.encoder) then
    error("train.pretrained: net must be an autoencoder or a constructor of one, got "
      .. check.describe(net), 0)
  elseif net.fitted or options.pretrain == false then
    return net
  end
  local recipe = check.options("pretrain", options.pretrain, { epochs = 100, lr = 1e-3,
    batch = options.batch or 256 })
  return net:fit(x, { epochs = recipe.epochs, lr = recipe.lr, batch = recipe.batch,
    rng = rng, progress = options.verbose and "pretraining" or false })
end

--- Is the embedding collapsing? See `train.monitor.new`; models have it built in.
train.monitor = require "hyades.monitor"

--- Schedules of a weight α(t): functions of a time, for losses of the form α·a + (1 − α)·b.
-- A published weight λ of b + λ·a is α = λ/(1 + λ), with 1 + λ times the learning rate.
train.alpha = {}

--- The same weight always.
-- value: number
-- → function(t)
function train.alpha.constant(value)
  check.number("train.alpha.constant", "value", value)
  return function() return value end
end

--- 0 before `start`, then 1: pretrain, then fine-tune.
-- start: number
-- → function(t)
function train.alpha.pretrain(start)
  check.number("train.alpha.pretrain", "start", start)
  return function(t) return t < start and 0 or 1 end
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
function train.alpha.ramp(given)
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
    local share = math.min(math.max(t / given.length, 0), 1)
    return given.from + (given.to - given.from) * shape(share)
  end
end

return train
