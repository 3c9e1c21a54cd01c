--- Training: the one loop, pretraining, and schedules of the weight of a loss.

local hy = require "hyades"
local check = require "hyades.check"
local checkpoint = require "hyades.train.checkpoint"
local class = require "hyades.class"
local early_stop = require "hyades.train.early_stop"
local parameters = require "hyades.optim.parameters"

local train = {}

local function is_finite(x)
  return x == x and x ~= math.huge and x ~= -math.huge
end

local function fail_not_finite(groups, value, batch, at)
  local tensors, names = parameters.list(groups)
  local culprit = "all parameters are finite, and so is the data: lower lr, or look at the loss"
  for i, p in ipairs(tensors) do
    if not is_finite(p:detach():sum():item()) then
      culprit = "first parameter that is not finite: " .. names[i]
      break
    end
  end
  for i, x in ipairs(batch.rows and batch.xs or {}) do
    local row, column, wrong = check.first_not_finite(x)
    if row then
      culprit = ("the data%s is %s at row %d, column %d"):format(i > 1 and " " .. i or "",
        wrong ~= wrong and "NaN" or "infinite", batch.rows[row]:item(), column)
    end
  end
  error(("train.run: the loss is %s in step %d (epoch %d); %s")
    :format(value ~= value and "NaN" or "infinite", at.step, at.epoch, culprit), 0)
end

-- What the gradients are multiplied by so that their common norm stays below limit.
local function clip_factor(groups, limit, at)
  local norms, tensors, names = {}, parameters.list(groups)
  for _, p in ipairs(tensors) do
    if p.grad then norms[#norms + 1] = p.grad:norm():to("f64") end
  end
  if #norms == 0 then return 1 end
  local norm = hy.stack(norms):norm():item()
  if not is_finite(norm) then
    for i, p in ipairs(tensors) do
      if p.grad and not is_finite(p.grad:norm():item()) then
        error(("train.run: the gradient of %s is not finite in step %d (epoch %d)")
          :format(names[i], at.step, at.epoch), 0)
      end
    end
  end
  return norm > limit and limit / norm or 1
end

local function number_text(value)
  return is_finite(value) and ("%.9g"):format(value) or "null"
end

local function write_log(log, record)
  if type(log) == "function" then return log(record) end
  local file = assert(io.open(log, "a"))
  local validation = record.validation and
    (', "validation": %s'):format(number_text(record.validation)) or ""
  local written, problem = file:write(('{"epoch": %d, "loss": %s%s, "seconds": %.3f}\n')
    :format(record.epoch, number_text(record.loss), validation, record.seconds))
  local closed, trouble = file:close()
  if not (written and closed) then
    error(("train.run: log: %s: %s"):format(log, problem or trouble), 0)
  end
end

local function check_value(value)
  local problem
  if class.kind(value) ~= "tensor" then
    problem = check.describe(value)
  elseif value:numel() ~= 1 then
    problem = "a tensor of " .. table.concat(value:size(), "×")
  end
  if problem then
    error(("train.run: loss returned %s; it must return a tensor with one element, as :mean() gives")
      :format(problem), 0)
  end
  return value
end

local function factor_of(spec, at)
  if not spec.schedule then return {} end
  local factor, momentum = spec.schedule(at.step, at.steps, at.loss, at.epoch)
  if type(factor) ~= "number" or factor ~= factor then
    error(("train.run: schedule returned %s in step %d; it must return a factor of the learning rate")
      :format(check.describe(factor), at.step), 0)
  end
  return { lr = factor, momentum = momentum }
end

-- One batch of n rows: forward, backward, step. Returns the loss as a number.
local function train_batch(spec, groups, batch, n, at)
  local tape <close> = hy.tape()
  local value = check_value(spec.loss(batch))
  local number = value:item()
  if not is_finite(number) then fail_not_finite(groups, number, batch, at) end
  if not value.requires_grad then
    error("train.run: the loss does not depend on any parameter; it must be computed from them " ..
      "without :detach(), :item() or hy.no_grad", 0)
  end
  tape:backward(value)
  local factor = factor_of(spec, at)
  factor.gradient = n / at.size *
    (spec.clip and clip_factor(groups, spec.clip, at) or 1)
  spec.optimizer:step(groups, factor)
  return number
end

-- One pass over the batches. Returns the mean loss of a sample, and whether a hook said "stop".
local function train_epoch(spec, groups, at, bar)
  local total, samples, share = 0, 0, 1 / spec.batches:count()
  for batch in spec.batches:epoch() do
    at.step = at.step + 1
    local n = batch.rows:size(1) -- the loss may do with the batch what it likes
    at.loss = train_batch(spec, groups, batch, n, at)
    total, samples = total + at.loss * n, samples + n
    if bar.shown then bar:set{ loss = total / samples }:step(share) end
    if spec.after_step and spec.after_step{ step = at.step, epoch = at.epoch, loss = at.loss,
      batch = batch } == "stop" then
      return total / samples, true
    end
  end
  return samples > 0 and total / samples or 0, false
end

-- The modules among the parameters, outermost only.
local function modules_of(params, found)
  if type(params) ~= "table" then return found end
  if params.evaluating then
    found[#found + 1] = params
  else
    modules_of(params.params, found)
    for _, inner in ipairs(params) do modules_of(inner, found) end
  end
  return found
end

-- Mean loss of a sample of the validation batches, with all modules in evaluation mode.
local function validate(spec)
  local modules = modules_of(spec.params, {})
  local function measure()
    local total, samples = 0, 0
    for batch in spec.validation:epoch() do
      local n = batch.rows:size(1)
      total, samples = total + check_value(spec.loss(batch)):item() * n, samples + n
    end
    return samples > 0 and total / samples or 0
  end
  local function inside(i)
    if not modules[i] then return hy.no_grad(measure) end
    return modules[i]:evaluating(function() return inside(i + 1) end)
  end
  return inside(1)
end

local run_options = {
  params = check.required, optimizer = check.required, batches = check.required,
  epochs = check.required, loss = check.required, before_epoch = check.optional,
  after_step = check.optional, after_epoch = check.optional, schedule = check.optional,
  progress = false, clip = check.optional, early_stop = check.optional, log = check.optional,
  checkpoint = check.optional, validation = check.optional,
}

local function check_run(spec)
  for _, name in ipairs{ "batches", "validation" } do
    local batches = spec[name]
    if batches ~= nil and (type(batches) ~= "table" or not batches.epoch) then
      error(("train.run: %s must be data.Batches, got %s"):format(name, class.kind(batches) or
        check.describe(batches)), 3)
    end
  end
  if type(spec.optimizer) ~= "table" or class.is_class(spec.optimizer) or not spec.optimizer.step then
    error("train.run: optimizer must be an optimizer such as optim.Adam{ lr = 1e-3 }, got " ..
      (class.is_class(spec.optimizer) and "its constructor" or check.describe(spec.optimizer)), 3)
  end
  if type(spec.log) == "string" then -- a path that cannot be written is known before the work
    local file, problem = io.open(spec.log, "a")
    if not file then error("train.run: log: " .. problem, 3) end
    file:close()
  end
end

-- After the batches of an epoch: records, hooks, whether to go on.
local function finish_epoch(spec, watch, record)
  local stop = false
  local judged = record.validation or record.loss
  if spec.log then write_log(spec.log, record) end
  if spec.after_epoch and spec.after_epoch(record) == "stop" then stop = true end
  if type(spec.schedule) == "table" and spec.schedule.observe then spec.schedule:observe(judged) end
  if watch and watch.stop(judged) then stop = true end
  return stop
end

--- What the option `progress` of train.run means, as options of hy.progress.
-- given: title, options of hy.progress, true for the title "training"; false or nil shows nothing
-- → table
function train.progress_options(given)
  if not given then return { desc = "", verbose = false } end
  if given == true then given = "training" end
  if type(given) == "string" then given = { desc = given } end
  if type(given) ~= "table" then
    error("train.run: progress must be a title, true or options of hy.progress, got " ..
      check.describe(given), 0)
  end
  return { desc = given.desc or "training", unit = given.unit or "epoch", verbose = given.verbose }
end

-- All epochs that are left. `progress` is what a checkpoint keeps beside the state of the run.
local function train_epochs(spec, groups, watch, file, progress)
  local options = train.progress_options(spec.progress)
  options.initial = progress.epoch
  local bar <close> = hy.progress(spec.epochs, options)
  for _, record in ipairs(progress.history) do bar:trace(record.loss) end
  local at = { step = progress.step, epoch = progress.epoch, loss = progress.loss,
    steps = spec.epochs * spec.batches:count(), size = math.min(spec.batches.size, spec.batches.n) }
  for epoch = progress.epoch + 1, progress.stopped and 0 or spec.epochs do
    local started = hy.clock()
    at.epoch = epoch
    if spec.before_epoch and spec.before_epoch(epoch) == "stop" then break end
    local mean, stop = train_epoch(spec, groups, at, bar)
    local record = { epoch = epoch, loss = mean }
    if spec.validation then record.validation = validate(spec) end
    record.seconds = hy.clock() - started
    progress.history[epoch] = record
    bar:trace(mean):set{ loss = mean, validation = record.validation }:step(epoch - bar.done)
    stop = finish_epoch(spec, watch, record) or stop
    progress.epoch, progress.step, progress.loss, progress.stopped = epoch, at.step, at.loss, stop
    progress.watch = watch and watch.state()
    if file then file.save(epoch, progress, stop or epoch == spec.epochs) end
    if stop then break end
  end
end

--- The training loop. Every other one in Hyades is a call of this.
-- params: tensor, module, list, or groups { params=, lr=, … } · optimizer: see optim
-- batches: data.Batches · epochs: integer · loss: function(batch) → scalar tensor
-- before_epoch: function(epoch) · after_step: function{ step, epoch, loss, batch }
-- after_epoch: function{ epoch, loss, seconds }; they run while no tape is open, "stop" ends
-- schedule: of optim.schedule, or function(step, steps, loss, epoch) → factor of the learning rate
-- progress: title of a progress bar, or options of hy.progress · clip: largest common norm of the gradients
-- validation: data.Batches whose loss is measured after each epoch, in evaluation mode
-- early_stop: { patience=5, min_delta=1e-4 } epochs without progress (of the validation if there
-- is one); the best weights come back
-- log: path of a file that gets a line of JSON for each epoch, or function{ epoch, loss, seconds }
-- checkpoint: path, or { path=, every=1 (epochs), keep=list }: the run goes on from the file if it
-- is there, with the same bits as if it had never been killed; remove the file to start anew. It
-- holds parameters, averages, optimizer, schedule and generators of params, batches and `keep`,
-- which lists what else the loss and the hooks draw from or change. After a restart the log may
-- hold an epoch twice.
-- Every row weighs the same: the gradient of a short last batch is scaled by its share of `size`.
-- → array of { epoch=, loss=, seconds=, validation= }; loss is the mean over the samples
function train.run(spec)
  spec = check.options("train.run", spec, run_options)
  check.number("train.run", "epochs", spec.epochs, 0, nil, true)
  if spec.clip then check.number("train.run", "clip", spec.clip, 0) end
  check_run(spec)
  local groups = parameters.collect(spec.params)
  local watch = spec.early_stop and early_stop(spec.early_stop, checkpoint.tensors(spec.params))
  local file = spec.checkpoint and checkpoint.open(spec.checkpoint, spec)
  local progress = { epoch = 0, step = 0, history = {}, stopped = false }
  for _, p in ipairs((parameters.list(groups))) do p.grad = nil end
  local saved = file and file.load()
  if saved then
    progress = saved
    if watch and saved.watch then watch.load(saved.watch) end
  end
  train_epochs(spec, groups, watch, file, progress)
  if watch then watch.restore() end
  return progress.history
end

local function columns_of(x)
  return (class.kind(x) == "tensor" and x or x.x):size(2)
end

--- The network of a deep model, ready to embed: built if it is a constructor, pretrained unless
-- that has been done. A network that is given is trained in place; give `net:clone()` to keep it.
-- net: autoencoder, or a constructor of one · x: tensor n×d or dataset
-- options: table; layers={ d, 500, 500, 2000, 10 }, pretrain={ epochs=100, lr=1e-3, … } (options
-- of net:fit) or false, batch=256, rng, verbose
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
  local recipe = { epochs = 100, lr = 1e-3, batch = options.batch or 256, rng = rng,
    progress = { desc = "pretraining", verbose = options.verbose or false } }
  for name, value in pairs(options.pretrain or {}) do recipe[name] = value end
  return net:fit(x, recipe)
end

--- Is the embedding collapsing? See `train.monitor.new`; models have it built in.
train.monitor = require "hyades.monitor"

--- Schedules of the weight of a loss.
train.alpha = require "hyades.train.alpha"

return train
