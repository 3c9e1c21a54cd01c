-- The training loop: hooks, stops, records.
local S = require "tests.support"
local hy = require "hyades"
local data, loss, nn, optim, train = hy.data, hy.loss, hy.nn, hy.optim, hy.train

-- A line through points y = 2x + 1, to be found by a layer.
local function line(options)
  local x = hy.linspace(-1, 1, 40):reshape(40, 1)
  local layer = nn.Linear(1, 1, { rng = hy.rng(1) })
  local spec = {
    params = layer,
    optimizer = optim.SGD{ lr = 0.2 },
    batches = data.Batches{ { x, 2 * x + 1 }, size = 16, shuffle = hy.rng(2) },
    epochs = 30,
    loss = function(batch) return loss.mse(layer(batch.xs[1]), batch.xs[2]) end,
  }
  for name, value in pairs(options or {}) do spec[name] = value end
  return spec, layer
end

describe("train.run", function()
  it("fits a line", function()
    local spec, layer = line()
    local history = train.run(spec)
    assert.close(2, layer.weight:item(), 0.02)
    assert.close(1, layer.bias:item(), 0.02)
    assert.equal(30, #history)
    assert.is_true(history[30].loss < 1e-3)
  end)

  it("records numbers only: epoch, mean loss of a sample, seconds", function()
    local spec = line{ epochs = 2, optimizer = optim.SGD{ lr = 0 } }
    local history = train.run(spec)
    assert.equal(2, history[2].epoch)
    assert.close(history[1].loss, history[2].loss, 1e-5) -- other batches, the same mean
    assert.equal("number", type(history[1].seconds))
  end)

  it("runs its hooks in order, without an open tape", function()
    local seen, p = {}, hy.param(hy.ones(1))
    local function note(name)
      return function()
        seen[#seen + 1] = name
        assert.is_false((p * 2).requires_grad)
      end
    end
    train.run((line{ epochs = 1, before_epoch = note "before", after_step = note "step",
      after_epoch = note "after" }))
    assert.same({ "before", "step", "step", "step", "after" }, seen)
  end)

  it("tells hooks step, epoch, loss and batch", function()
    local steps = {}
    train.run((line{ epochs = 2, after_step = function(at)
      steps[#steps + 1] = at.step
      assert.equal("number", type(at.loss))
      assert.equal(at.batch.rows:size(1), at.batch.x:size(1))
    end }))
    assert.same({ 1, 2, 3, 4, 5, 6 }, steps)
  end)

  it("ends when a hook says stop", function()
    for _, hook in ipairs{ "before_epoch", "after_step", "after_epoch" } do
      local history = train.run((line{ [hook] = function(at)
        local epoch = type(at) == "table" and at.epoch or at
        return epoch == 3 and "stop"
      end }))
      assert.equal(hook == "before_epoch" and 2 or 3, #history, hook)
    end
  end)

  it("multiplies the learning rate by the schedule", function()
    local calls, spec, layer = {}, line{ epochs = 1 }
    local before = layer.weight:item()
    spec.schedule = function(step, steps)
      calls[step] = steps
      return 0
    end
    train.run(spec)
    assert.same({ 3, 3, 3 }, calls)
    assert.equal(before, layer.weight:item())
  end)

  it("clips the common norm of the gradients", function()
    local p, q = hy.param(hy.zeros(1)), hy.param(hy.zeros(1))
    train.run{ params = { p, q }, optimizer = optim.SGD{ lr = 1 }, epochs = 1, clip = 1,
      batches = data.Batches{ hy.zeros(4, 1), size = 4 },
      loss = function() return (p * 30 + q * 40):sum() end }
    assert.close({ -0.6 }, p)
    assert.close({ -0.8 }, q)
  end)

  it("gives a short last batch the weight of its rows", function()
    local p = hy.param(hy.zeros(1))
    train.run{ params = p, optimizer = optim.SGD{ lr = 1 }, epochs = 1,
      batches = data.Batches{ hy.zeros(5, 1), size = 4 }, loss = function() return p:sum() end }
    assert.close({ -1.25 }, p)
  end)

  it("stops early and brings the best weights back", function()
    local p, epoch = hy.param(hy.tensor{ 0 }), 0
    local history = train.run{ params = p, optimizer = optim.SGD{ lr = 1 }, epochs = 50,
      batches = data.Batches{ hy.zeros(1, 1), size = 1 }, early_stop = { patience = 4 },
      before_epoch = function(now) epoch = now end,
      loss = function() return p:sum() * (epoch <= 3 and 1 or -1) end }
    -- losses 0, -1, -2, then +3, +2, +1, 0: four bad epochs after the third
    assert.equal(7, #history)
    assert.close({ -3 }, p)
  end)

  it("brings back the running averages that belong to the best weights", function()
    local net, epoch, best = nn.Sequential{ nn.BatchNorm1d(1) }, 0, nil
    train.run{ params = net, optimizer = optim.SGD{ lr = 0.1 }, epochs = 9,
      batches = data.Batches{ hy.tensor{ { 1 }, { 3 } }, size = 2 }, early_stop = { patience = 2 },
      before_epoch = function(now) epoch = now end,
      after_epoch = function(record)
        if record.epoch == 2 then best = net[1].running_mean:totable() end
      end,
      loss = function(batch) return net(batch.x):square():mean() + (epoch > 2 and 5 or -epoch) end }
    assert.same(best, net[1].running_mean:totable())
  end)

  it("writes a line of JSON for each epoch", function()
    local folder = S.folder()
    train.run((line{ epochs = 2, log = folder .. "/log" }))
    local text = S.read(folder .. "/log")
    S.remove(folder)
    assert.is_truthy(text:find('^{"epoch": 1, "loss": [%d.e+-]+, "seconds": [%d.]+}\n{"epoch": 2'))
  end)

  it("stops at a NaN loss, naming the step and the parameter", function()
    local layer = nn.Linear(1, 1)
    local function run(fn)
      train.run{ params = layer, optimizer = optim.SGD{ lr = 1 }, epochs = 2, loss = fn,
        batches = data.Batches{ hy.ones(4, 1), size = 2 } }
    end
    assert.raises(function() run(function(batch) return (layer(batch.x) * (0 / 0)):sum() end) end,
      "the loss is NaN in step 1 (epoch 1); all parameters are finite")
    local step = 0
    assert.raises(function()
      run(function(batch)
        step = step + 1
        return layer(batch.x):sum() * (step == 2 and 1e38 or 1) * (step == 2 and 1e38 or 1)
      end)
    end, "the loss is infinite in step 2")
    layer.weight:fill(0 / 0)
    assert.raises(function() run(function(batch) return layer(batch.x):sum() end) end,
      "first parameter that is not finite: weight")
  end)

  it("clips by the norm over all parameters, however many", function()
    local params = {}
    for i = 1, 9 do params[i] = hy.param(hy.zeros(2, 2)) end
    train.run{ params = params, optimizer = optim.SGD{ lr = 1 }, epochs = 1, clip = 3,
      batches = data.Batches{ hy.zeros(4, 1), size = 4 },
      loss = function()
        local total = 0
        for _, p in ipairs(params) do total = total + p:sum() * 5 end
        return total
      end }
    assert.close({ { -0.5, -0.5 }, { -0.5, -0.5 } }, params[9]) -- 36 elements of 5: norm 30
  end)

  it("stops at a gradient that is not finite before it reaches the weights, when it clips", function()
    local p, q = hy.param(hy.ones(1)), hy.param(hy.zeros(1))
    local spec = { params = { p, q }, optimizer = optim.SGD{ lr = 1 }, epochs = 1, clip = 1,
      batches = data.Batches{ hy.zeros(4, 1), size = 4 },
      loss = function() return (p + q:sqrt()):sum() end } -- infinite slope at 0
    assert.raises(function() train.run(spec) end,
      "train.run: the gradient of params[2] is not finite in step 1 (epoch 1)")
    assert.close({ 1 }, p)
    assert.close({ 0 }, q)
  end)

  it("measures the validation in evaluation mode, and stops early by it", function()
    local net = nn.Sequential{ nn.Linear(1, 1), nn.Dropout(0.5) }
    local modes = {}
    local history = train.run{ params = net, optimizer = optim.SGD{ lr = 0 }, epochs = 50,
      batches = data.Batches{ hy.ones(4, 1), size = 4 }, early_stop = { patience = 2 },
      validation = data.Batches{ hy.ones(3, 1), size = 2 },
      loss = function(batch)
        modes[#modes + 1] = net[2].training
        return net(batch.x):square():mean()
      end }
    assert.same({ true, false, false, true, false, false, true, false, false }, modes)
    assert.equal(3, #history)
    local output = net:eval()(hy.ones(1, 1)):item()
    assert.close(output * output, history[1].validation, 1e-6)
    assert.is_nil(train.run((line{ epochs = 1 }))[1].validation)
  end)

  it("writes the validation into the log, and says when the log cannot be written", function()
    local folder = S.folder()
    train.run((line{ epochs = 1, log = folder .. "/log",
      validation = data.Batches{ { hy.ones(2, 1), hy.ones(2, 1) } } }))
    local record = require("hyades.core").json_decode(S.read(folder .. "/log"))
    S.remove(folder)
    assert.same({ "number", "number", 1 },
      { type(record.loss), type(record.validation), record.epoch })
    local spec, layer = line{ log = folder .. "/log" }
    local before = layer.weight:item()
    assert.raises(function() train.run(spec) end, folder .. "/log: No such file")
    assert.equal(before, layer.weight:item())
    assert.raises(function() train.run((line{ log = "/dev/full" })) end, "/dev/full: No space left")
  end)

  it("hands records to a log that is a function", function()
    local records = {}
    local history = train.run((line{ epochs = 2, log = function(r) records[#records + 1] = r end }))
    assert.same(history, records)
  end)

  it("gives the same history for the same seeds", function()
    local a, b = train.run((line())), train.run((line()))
    for i = 1, #a do assert.equal(a[i].loss, b[i].loss) end
  end)

  it("leaves no tensors behind", function()
    local spec = line{ epochs = 5 }
    train.run(spec)
    collectgarbage()
    collectgarbage()
    local before = hy.memory()
    spec.epochs = 50
    train.run(spec)
    collectgarbage()
    collectgarbage()
    assert.is_true(hy.memory() - before < 1e5)
  end)

  it("names options that are missing or unknown", function()
    local spec = line()
    spec.epochs = nil
    assert.raises(function() train.run(spec) end, "epochs")
    assert.raises(function() train.run((line{ after_epcoh = print })) end, 'did you mean "after_epoch"?')
  end)
end)

describe("a loss of the user", function()
  -- Runs a line with this loss, and then with the right one: the layer must still learn.
  local function fails(loss_of, text)
    local spec, layer = line()
    local right = spec.loss
    spec.loss = function(batch) return loss_of(batch, layer, right) end
    assert.raises(function() train.run(spec) end, text)
    for _, p in ipairs(layer:parameters()) do assert.is_false((p * 2).requires_grad) end
    spec.loss = right
    train.run(spec)
    assert.close(2, layer.weight:item(), 0.02)
    assert.close(1, layer.bias:item(), 0.02)
  end

  it("may raise, anything", function()
    fails(function() error("my own trouble", 0) end, "my own trouble")
    fails(function(batch, layer) return layer(batch.x):nonsense() end, "nonsense")
    local spec, mark = line(), {}
    spec.loss = function() error(mark) end
    local ok, problem = pcall(train.run, spec)
    assert.is_false(ok)
    assert.equal(mark, problem)
  end)

  it("must return a tensor with one element", function()
    fails(function() end,
      "train.run: loss returned nil; it must return a tensor with one element, as :mean() gives")
    fails(function() return 3.5 end, "train.run: loss returned 3.5; it must")
    fails(function() return { 1 } end, "train.run: loss returned table; it must")
    fails(function(batch, layer) return layer(batch.x) end,
      "train.run: loss returned a tensor of 16×1; it must")
  end)

  it("must depend on a parameter", function()
    local sentence = "train.run: the loss does not depend on any parameter"
    fails(function(batch) return batch.x:mean() end, sentence)
    fails(function(batch, layer) return layer(batch.x):mean():detach() end, sentence)
    fails(function(batch, layer) return hy.no_grad(function() return layer(batch.x):mean() end) end,
      sentence)
  end)

  it("may return f64, but nothing that was counted", function()
    local spec, layer = line()
    local right = spec.loss
    spec.loss = function(batch) return right(batch):to("f64") end
    train.run(spec)
    assert.close(2, layer.weight:item(), 0.02)
    local sentence = "train.run: the loss does not depend on any parameter"
    fails(function(batch, own) return own(batch.x):gt(0):max() end, sentence)
    fails(function(batch, own) return own(batch.x):argmax() end, sentence)
  end)

  it("belongs to the tape of its step, not to one of its own", function()
    fails(function(batch, _, right)
      local tape <close> = hy.tape()
      return right(batch)
    end, "was released when its tape closed")
    local tapes = {}
    fails(function(batch, _, right)
      tapes[#tapes + 1] = hy.tape() -- which stays open
      return right(batch)
    end, "the value does not depend on a parameter recorded on this tape")
    for _, tape in ipairs(tapes) do tape:close() end
  end)

  it("cannot change a parameter in place that it has used, but before", function()
    fails(function(batch, layer, right)
      local value = right(batch)
      layer.weight:fill(3)
      return value
    end, "was changed in place after the tape recorded it")
    local spec, layer = line()
    local right, first = spec.loss, true
    spec.loss = function(batch)
      if first then layer.weight:fill(3) end
      first = false
      return right(batch)
    end
    train.run(spec)
    assert.close(2, layer.weight:item(), 0.02)
  end)

  it("may train something inside, close what it was given, and change its batch", function()
    local spec, layer = line()
    local right, inner, inner_layer = spec.loss, line()
    spec.loss = function(batch)
      if inner then
        local now = inner
        inner = nil
        train.run(now)
      end
      local value = right(batch)
      getmetatable(value).__close(batch.xs[1])
      batch.x, batch.xs, batch.rows = nil, nil, nil
      collectgarbage()
      return value
    end
    train.run(spec)
    assert.close(2, layer.weight:item(), 0.02)
    assert.close(2, inner_layer.weight:item(), 0.02)
    local closed = line()
    local fine = closed.loss
    closed.loss = function(batch)
      local value = fine(batch)
      getmetatable(value).__close(value)
      return value
    end
    assert.raises(function() train.run(closed) end, "the tensor was closed")
  end)

  it("cannot use what an earlier step computed, and is told how to keep it", function()
    local kept
    fails(function(batch, _, right)
      local value = right(batch)
      local sum = kept and value + kept or value
      kept = value
      return sum
    end, "was released when its tape closed; use :detach() to keep it")
    local last
    fails(function(batch, _, right)
      if last then return last end
      last = right(batch)
      return last
    end, "was released when its tape closed")
  end)

  it("may yield, and then goes on as if it had not", function()
    local spec, layer = line()
    train.run(spec)
    local other, copy = line()
    local inner = other.loss
    other.loss = function(batch)
      local value = inner(batch)
      coroutine.yield()
      return value
    end
    local thread, yields = coroutine.create(train.run), 0
    while coroutine.status(thread) ~= "dead" do
      assert(coroutine.resume(thread, other))
      assert.is_false((copy.weight * 2).requires_grad) -- nothing records out here
      yields = yields + 1
    end
    assert.equal(91, yields)
    assert.equal(layer.weight:item(), copy.weight:item())
  end)

  it("may yield and never be resumed", function()
    local spec, layer = line()
    local right = spec.loss
    spec.loss = function(batch)
      coroutine.yield(right(batch))
    end
    coroutine.wrap(train.run)(spec)
    collectgarbage()
    collectgarbage()
    spec.loss = right
    train.run(spec)
    assert.close(2, layer.weight:item(), 0.02)
    assert.raises(function()
      train.run((line{ loss = function() return coroutine.yield() end }))
    end, "yield")
  end)

  it("starts without gradients that somebody left", function()
    local p = hy.param(hy.zeros(1))
    p.grad = hy.full({ 1 }, 100)
    train.run{ params = p, optimizer = optim.SGD{ lr = 1 }, epochs = 1,
      batches = data.Batches{ hy.zeros(1, 1) }, loss = function() return p:sum() end }
    assert.close({ -1 }, p)
  end)
end)

describe("train.run checks its options:", function()
  it("batches, validation and the optimizer", function()
    local function fails(options, text)
      assert.raises(function() train.run((line(options))) end, text)
    end
    fails({ batches = hy.ones(3, 1) }, "batches must be data.Batches, got tensor")
    fails({ validation = 5 }, "validation must be data.Batches, got 5")
    fails({ optimizer = optim.Adam }, "such as optim.Adam{ lr = 1e-3 }, got its constructor")
    fails({ optimizer = "adam" }, 'got "adam"')
    fails({ clip = -1 }, "clip: expected a number of at least 0, got -1")
    fails({ early_stop = { patience = 0 } }, "patience: expected an integer of at least 1, got 0")
  end)
end)

describe("train.alpha", function()
  it("is constant, a step, or a ramp", function()
    assert.equal(0.3, train.alpha.constant(0.3)(17))
    local pretrain = train.alpha.pretrain(5)
    assert.same({ 0, 1 }, { pretrain(4), pretrain(5) })
    local linear = train.alpha.ramp{ length = 10, from = 1, to = 3 }
    assert.same({ 1, 2, 3, 3 }, { linear(0), linear(5), linear(10), linear(99) })
    local cosine = train.alpha.ramp{ length = 10, shape = "cosine" }
    assert.close({ 0, 0.5, 1 }, { cosine(0), cosine(5), cosine(10) })
    local exp = train.alpha.ramp{ length = 10, shape = "exp" }
    assert.close({ math.exp(-5), math.exp(-1.25), 1 }, { exp(0), exp(5), exp(10) })
  end)

  it("ramps down as well: noise that fades, thresholds that draw nearer", function()
    local noise = train.alpha.ramp{ length = 4, from = 1.5, to = 0 }
    assert.same({ 1.5, 0.75, 0, 0 }, { noise(0), noise(2), noise(4), noise(5) })
    local upper = train.alpha.ramp{ length = 10, from = 0.95, to = 0.5 }
    local lower = train.alpha.ramp{ length = 10, from = 0.455, to = 0.5 }
    assert.close({ 0.725, 0.4775, 0 }, { upper(5), lower(5), upper(10) - lower(10) })
  end)

  it("refuses shapes, lengths and values that it does not have", function()
    assert.raises(function() train.alpha.ramp{ length = 1, shape = "square" } end, '"cosine"')
    assert.raises(function() train.alpha.ramp{ length = 0 } end, "length must be above 0, got 0")
    assert.raises(function() train.alpha.ramp{ length = 1, to = "x" } end, "to: expected a number")
    assert.raises(function() train.alpha.constant() end, "value: expected a number, got nil")
    assert.raises(function() train.alpha.pretrain "5" end, 'start: expected a number, got "5"')
  end)
end)
