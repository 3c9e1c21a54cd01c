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
