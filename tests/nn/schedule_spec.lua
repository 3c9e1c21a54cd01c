-- Schedules of the learning rate, and the search for it.
require "tests.support"
local hy = require "hyades"
local data, loss, nn, optim, train = hy.data, hy.loss, hy.nn, hy.optim, hy.train
local schedule = optim.schedule

-- What a schedule gives in the steps 1, 2, … of a run of so many.
local function factors(fn, steps, epoch_steps)
  local list, second = {}, {}
  for step = 1, steps do
    list[step], second[step] = fn(step, steps, 1, (step - 1) // (epoch_steps or steps) + 1)
  end
  return list, second
end

describe("optim.schedule", function()
  it("constant stays", function()
    assert.same({ 1, 1, 1 }, (factors(schedule.constant(), 3)))
    assert.same({ 0.5, 0.5 }, (factors(schedule.constant(0.5), 2)))
  end)

  it("step drops every so many steps or epochs", function()
    assert.close({ 1, 1, 0.5, 0.5, 0.25 }, (factors(schedule.step{ every = 2, factor = 0.5 }, 5)))
    assert.close({ 1, 1, 1, 1, 0.1, 0.1 }, (factors(schedule.step{ epochs = 2 }, 6, 2)))
    assert.raises(function() schedule.step{} end, "give either every (steps) or epochs")
    assert.raises(function() schedule.step{ every = 0 } end, "every: expected an integer of at least 1")
  end)

  it("cosine falls along half a cosine, after a linear rise", function()
    assert.close({ 1, 0.975528, 0.904508, 0.793893, 0.654508, 0.5, 0.345492, 0.206107, 0.095492,
      0.024472 }, (factors(schedule.cosine{}, 10)), 1e-6)
    assert.close({ 0.5, 1, 1, 0.853553, 0.5, 0.146447 }, (factors(schedule.cosine{ warmup = 0.4 }, 6)),
      1e-6)
    assert.close({ 1, 0.6 }, (factors(schedule.cosine{ final = 0.2 }, 2)), 1e-6)
    assert.raises(function() schedule.cosine{ warmup = 2 } end, "warmup: expected a number from 0 to 1")
  end)

  it("onecycle goes up and down, the momentum the other way", function()
    local factor, momentum = factors(schedule.onecycle{}, 10)
    assert.close({ 0.04, 0.52, 1, 0.950485, 0.811746, 0.611262, 0.388742, 0.188258, 0.049519,
      0.000004 }, factor, 1e-6)
    assert.close({ 0.95, 0.9, 0.85, 0.854952, 0.868826, 0.888874, 0.911126, 0.931174, 0.945048,
      0.95 }, momentum, 1e-6)
    local _, none = schedule.onecycle{ momentum = false }(1, 10)
    assert.is_nil(none)
    for steps = 1, 5 do
      for _, value in ipairs((factors(schedule.onecycle{}, steps))) do
        assert.is_true(value >= 0 and value <= 1)
      end
    end
  end)

  it("inverse decays slowly", function()
    local fn = schedule.inverse{}
    assert.close({ 1, 1.0001 ^ -0.75, 2 ^ -0.75 }, { fn(1), fn(2), fn(10001) })
  end)

  it("plateau drops when the loss makes no progress", function()
    local plateau = schedule.plateau{ patience = 2, factor = 0.1, lowest = 0.05 }
    local seen = {}
    for i, value in ipairs{ 3, 2, 2, 2, 1, 1, 0.99995, 1, 1 } do
      plateau:observe(value)
      seen[i] = plateau()
    end
    assert.close({ 1, 1, 1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05 }, seen)
  end)

  it("plateau rests after a drop, and goes on from its state", function()
    local plateau = schedule.plateau{ patience = 1, cooldown = 2 }
    local other = schedule.plateau{ patience = 1, cooldown = 2 }
    local seen = {}
    for i = 1, 8 do
      other:load(plateau:state())
      plateau:observe(1)
      other:observe(1)
      assert.equal(plateau(), other())
      seen[i] = plateau()
    end
    assert.same({ 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125 }, seen)
  end)

  it("says what it does not know", function()
    assert.raises(function() schedule.onecycle{ peek = 1 } end, 'did you mean "peak"?')
  end)
end)

-- One parameter that every step pulls by 1.
local function pulled(options)
  local p = hy.param(hy.zeros(1))
  local spec = { params = p, optimizer = optim.SGD{ lr = 1 }, epochs = 3,
    batches = data.Batches{ hy.zeros(4, 1), size = 2 }, loss = function() return p:sum() end }
  for name, value in pairs(options) do spec[name] = value end
  return spec, p
end

describe("train.run with a schedule", function()
  it("multiplies the learning rate", function()
    local spec, p = pulled{ schedule = schedule.step{ epochs = 1, factor = 0.5 } }
    train.run(spec)
    assert.close({ -2 * (1 + 0.5 + 0.25) }, p)
  end)

  it("moves the momentum of SGD and of Adam", function()
    local spec, p = pulled{ epochs = 1, optimizer = optim.SGD{ lr = 1, momentum = 0.9 },
      schedule = function(step) return 1, step == 2 and 0.5 or 0.9 end }
    train.run(spec)
    assert.close({ -1 - 1.5 }, p)
    local adam, q = pulled{ epochs = 1, optimizer = optim.Adam{ lr = 1 },
      schedule = function() return 1, 0.5 end }
    train.run(adam)
    local moved = optim.Adam{ lr = 1, betas = { 0.5, 0.999 } }
    local other = pulled{ epochs = 1, optimizer = moved }
    train.run(other)
    assert.same(other.params:totable(), q:totable())
  end)

  it("tells a plateau the loss of the validation", function()
    local calls = 0
    local spec, p = pulled{ epochs = 4, schedule = schedule.plateau{ patience = 1, factor = 0.5 },
      validation = data.Batches{ hy.zeros(1, 1) } }
    spec.loss = function()
      calls = calls + 1
      return p:sum() * 0 + calls
    end
    local seen = {}
    for i, record in ipairs(train.run(spec)) do seen[i] = record.validation end
    assert.close({ 3, 6, 9, 12 }, seen) -- two steps, then one validation batch
    assert.equal(0.125, spec.schedule())
  end)

  it("says what a schedule must return", function()
    local spec, p = pulled{ schedule = function() end }
    assert.raises(function() train.run(spec) end,
      "train.run: schedule returned nil in step 1; it must return a factor of the learning rate")
    assert.close({ 0 }, p)
  end)
end)

describe("optim.lr_finder", function()
  local function problem(options)
    local x = hy.randn(64, 4, { rng = hy.rng(1) })
    local net = nn.Linear(4, 1, { rng = hy.rng(2) })
    local spec = { params = net, optimizer = optim.SGD{ lr = 0.1, momentum = 0.5 },
      batches = data.Batches{ { x, x:sum(2, { keep = true }) }, size = 16, shuffle = hy.rng(3) },
      loss = function(batch) return loss.mse(net(batch.xs[1]), batch.xs[2]) end,
      from = 1e-4, to = 100, steps = 60 }
    for name, value in pairs(options or {}) do spec[name] = value end
    return spec, net
  end

  -- The losses of a run with what the search got.
  local function losses_of(spec)
    local history = train.run{ params = spec.params, optimizer = spec.optimizer,
      batches = spec.batches, epochs = 2, loss = spec.loss }
    return { history[1].loss, history[2].loss }
  end

  it("finds a learning rate that works, and stops when the loss explodes", function()
    local found = optim.lr_finder((problem()))
    assert.is_true(#found.lr < 60 and #found.lr == #found.loss)
    assert.close(1e-4, found.lr[1], 1e-9)
    assert.is_true(found.suggestion > 1e-3 and found.suggestion < 1, tostring(found.suggestion))
  end)

  it("leaves everything as it was: weights, optimizer and generators", function()
    local searched = problem()
    losses_of(searched)
    optim.lr_finder(searched)
    local untouched = problem()
    losses_of(untouched)
    assert.same(losses_of(untouched), losses_of(searched))
  end)

  it("ends at a loss that is not finite, and passes other errors on", function()
    local spec, net = problem()
    local before, inner, calls = net.weight:totable(), spec.loss, 0
    spec.loss = function(batch)
      calls = calls + 1
      return inner(batch) * (calls == 5 and 1 / 0 or 1)
    end
    assert.equal(4, #optim.lr_finder(spec).lr)
    spec.loss = function() error("my own trouble", 0) end
    assert.raises(function() optim.lr_finder(spec) end, "my own trouble")
    spec.loss = function() return nil end
    assert.raises(function() optim.lr_finder(spec) end, "loss returned nil")
    assert.same(before, net.weight:totable())
  end)

  it("says what it wants", function()
    assert.raises(function() optim.lr_finder((problem{ from = 2, to = 1 })) end, "0 < from < to")
    assert.raises(function() optim.lr_finder((problem{ steps = 1 })) end, "steps: expected an integer")
    assert.raises(function() optim.lr_finder((problem{ form = 1 })) end, 'did you mean "from"?')
  end)
end)
