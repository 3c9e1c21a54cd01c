-- A run that is killed goes on from its checkpoint with the same bits.
local S = require "tests.support"
local hy = require "hyades"
local data, loss, nn, optim, train = hy.data, hy.loss, hy.nn, hy.optim, hy.train

-- A run with everything that has a state: dropout, running averages, an optimizer with moments and
-- a group, a schedule that watches, early stopping, shuffling, augmentation, the default generator.
local function make(options)
  hy.seed(4)
  local rng = hy.rng(5)
  local x = hy.randn(60, 6, { rng = rng })
  local net = nn.Autoencoder{ layers = { 6, 8, 2 }, batch_norm = true, dropout = 0.2, rng = rng }
  local center = hy.param(hy.zeros(2))
  local noise = hy.rng(6)
  local spec = {
    params = { net, { params = center, lr = 0.1 } },
    optimizer = optim.AdamW{ lr = 0.01 },
    batches = data.Batches{ x, size = 16, shuffle = rng:split(),
      augment = function(rows, generator)
        return rows + hy.randn(rows:size(), { rng = generator }) * 0.1
      end },
    validation = data.Batches{ x, size = 32 },
    epochs = 12,
    clip = 1,
    schedule = optim.schedule.plateau{ patience = 1 },
    early_stop = { patience = 8 },
    loss = function(batch)
      local rows = batch.view or batch.x
      local input = rows + hy.randn(rows:size(), { rng = noise }) * 0.1
      local z = net:encode(input + hy.rand(1) * 0.1) -- from the default generator
      return loss.reconstruction(net:decode(z), batch.x) + (z - center):square():mean()
    end,
  }
  for name, value in pairs(options or {}) do spec[name] = value end
  return spec, { net = net, center = center, noise = noise }
end

-- All numbers that a run leaves behind, as one text of exact digits.
local function bits(history, things)
  local parts = {}
  for _, record in ipairs(history) do
    parts[#parts + 1] = ("%d %a %a"):format(record.epoch, record.loss, record.validation)
  end
  local state = things.net:state()
  local names = {}
  for name in pairs(state) do names[#names + 1] = name end
  table.sort(names)
  state.center = things.center:detach()
  names[#names + 1] = "center"
  for _, name in ipairs(names) do
    local x = state[name]:reshape(state[name]:numel()):totable()
    for i, value in ipairs(x) do x[i] = ("%a"):format(value) end
    parts[#parts + 1] = name .. " " .. table.concat(x, " ")
  end
  parts[#parts + 1] = ("%a"):format(hy.rng:uniform())
  return table.concat(parts, "\n")
end

local whole_spec, whole_things = make()
local whole = bits(train.run(whole_spec), whole_things)

describe("a checkpoint", function()
  local folder
  before_each(function() folder = S.folder() end)
  after_each(function() S.remove(folder) end)

  -- The run up to the step, and then again from its checkpoint; how many epochs the second ran.
  local function broken(step, every)
    local function with_checkpoint(options)
      local spec, things = make(options)
      spec.checkpoint = { path = folder .. "/run", every = every, keep = { things.noise } }
      return spec, things
    end
    local spec = with_checkpoint{ after_step = function(at)
      if at.step == step then error("the lights went out", 0) end
    end }
    assert.raises(function() train.run(spec) end, "the lights went out")
    local epochs = 0
    local again, things = with_checkpoint{ before_epoch = function() epochs = epochs + 1 end }
    return bits(train.run(again), things), epochs
  end

  it("continues a run that ended anywhere, bit by bit", function()
    for _, step in ipairs{ 1, 4, 5, 17, 31, 48 } do
      assert.equal(whole, (broken(step, 1)), "step " .. step)
      assert.equal(0, (S.shell("rm " .. S.quote(folder .. "/run"))))
    end
  end)

  it("repeats only the epochs since it was written", function()
    local _, epochs = broken(31, 1) -- 4 steps an epoch: in the eighth
    assert.equal(5, epochs)
  end)

  it("may be written every few epochs", function()
    local result, epochs = broken(31, 3)
    assert.equal(whole, result)
    assert.equal(6, epochs)
  end)

  it("gives a finished run back without training", function()
    local result = broken(48, 5)
    local spec, things = make{ before_epoch = function() error("it trains again", 0) end }
    spec.checkpoint = { path = folder .. "/run", every = 5, keep = { things.noise } }
    assert.equal(result, bits(train.run(spec), things))
  end)

  it("brings the best weights back when the run stopped early", function()
    local function run(before_epoch)
      local p, epoch = hy.param(hy.tensor{ 0 }), 0
      local history = train.run{ params = p, optimizer = optim.SGD{ lr = 1 }, epochs = 50,
        batches = data.Batches{ hy.zeros(1, 1), size = 1 }, early_stop = { patience = 4 },
        checkpoint = folder .. "/stop",
        before_epoch = function(now)
          epoch = now
          return before_epoch and before_epoch(now)
        end,
        loss = function() return p:sum() * (epoch <= 3 and 1 or -1) end }
      return #history, p:item()
    end
    pcall(run, function(now) if now == 6 then error "killed" end end)
    assert.same({ 7, -3 }, { run() })
    assert.same({ 7, -3 }, { run(function() error "it trains again" end) })
  end)

  it("is refused by another run, which is left as it is", function()
    local spec = make()
    spec.checkpoint = { path = folder .. "/run", keep = {} }
    spec.epochs = 1
    train.run(spec)
    local function refused(change, text)
      local other, things = make()
      other.checkpoint = folder .. "/run"
      change(other, things)
      local before = things.center:totable()
      assert.raises(function() train.run(other) end, text)
      assert.same(before, things.center:totable())
    end
    refused(function(other) other.params[2] = nil end,
      "this is the state of another run: this one has no params.2.params")
    refused(function(other) other.params[3] = hy.param(hy.zeros(1)) end, "it has no params.3")
    refused(function(other) other.params[2].params = hy.param(hy.zeros(3)) end,
      "params.2.params is f32 2 there and f32 3 here")
    refused(function(other) other.optimizer = optim.SGD{ lr = 1 } end, "the state is one of optim.AdamW")
    refused(function(other) other.batches = data.Batches{ hy.zeros(60, 6), size = 10 } end,
      "it has 60 rows in batches of 16, this one 60 in batches of 10")
  end)

  it("that is none, or damaged, is named", function()
    local spec = make{ checkpoint = folder .. "/run" }
    S.write(folder .. "/run", "nonsense")
    assert.raises(function() train.run(spec) end, folder .. "/run")
    hy.save(folder .. "/run", { hy.ones(1) })
    assert.raises(function() train.run(spec) end, folder .. "/run is no checkpoint")
    assert.raises(function() train.run((make{ checkpoint = { every = 2 } })) end, "path is missing")
    assert.raises(function() train.run((make{ checkpoint = { path = "a", every = 0 } })) end,
      "every: expected an integer of at least 1, got 0")
    assert.raises(function() train.run((make{ checkpoint = 7 })) end, "got 7")
  end)
end)

describe("a killed process", function()
  -- Trains in a child and prints the digits of the weights; the steps take a while.
  local script = [[
    hy.seed(3)
    local rng, path = hy.rng(1), ...
    local x = hy.randn(2000, 30, { rng = rng })
    local net = nn.Autoencoder{ layers = { 30, 60, 4 }, dropout = 0.1, rng = rng }
    net:fit(x, { epochs = 30, batch = 50, rng = rng, checkpoint = path ~= "" and path or nil,
      schedule = optim.schedule.onecycle() })
    local sum = 0
    for _, p in ipairs(net:parameters()) do
      for _, v in ipairs(p:detach():reshape(p:numel()):totable()) do
        sum = sum * 1.000001 + v
      end
    end
    print(("%a %a %d"):format(sum, net.history[30].loss, #net.history))
  ]]

  it("goes on with the same bits, whenever it was killed", function()
    local folder = S.folder()
    S.write(folder .. "/train.lua", script)
    local command = "OMP_NUM_THREADS=1 ./hyades " .. S.quote(folder .. "/train.lua") .. " "
    local started = hy.clock()
    local code, expected = S.shell(command .. "''")
    local took = hy.clock() - started
    assert.equal(0, code, expected)
    local kills = 0
    for _, share in ipairs{ 0.3, 0.45, 0.6, 0.75 } do -- each goes on where the one before ended
      local limit = ("timeout -s KILL %.2f "):format(took * share)
      local status = S.shell(limit .. command:gsub("^OMP", "env OMP") .. S.quote(folder .. "/run"))
      if status ~= 0 then kills = kills + 1 end
    end
    assert.is_true(kills >= 1)
    local last, got = S.shell(command .. S.quote(folder .. "/run"))
    S.remove(folder)
    assert.equal(0, last, got)
    assert.equal(expected, got)
  end)
end)
