-- The collapse monitor: each alarm for an embedding that collapsed, none for a healthy one.
local S = require "tests.support"
local hy = require "hyades"
local data, deep, nn, monitor = hy.data, hy.deep, hy.nn, hy.train.monitor

local k, n = 5, 200

local function random(seed, ...) return hy.randn({ ... }, { rng = hy.rng(seed) }) end

-- Rows i in cluster i mod k + 1.
local labels = {}
for i = 1, n do labels[i] = i % k + 1 end

-- Scores that give each row's own label the share `certainty`.
local function scores_of(list, certainty)
  local member = hy.one_hot(hy.tensor(list, { dtype = "index" }), k)
  local rest = (1 - certainty) / (k - 1)
  return member * (certainty - rest) + rest
end

local healthy_scores = scores_of(labels, 0.9)
local healthy_z = hy.one_hot(hy.tensor(labels, { dtype = "index" }), k) * 5 + random(1, n, k)

-- What a monitor says over ten epochs in which scores and embedding follow these functions.
local function said(scores, z, options)
  options = options or {}
  local watch = monitor.new{ epochs = options.epochs or 10, hard = options.hard }
  local all = {}
  for epoch = 0, 10 do
    local sentences = watch:look(epoch, epoch == 0 and healthy_scores or scores(epoch),
      epoch == 0 and healthy_z or z(epoch))
    table.move(sentences, 1, #sentences, #all + 1, all)
  end
  return all
end

local function always(value) return function() return value end end

local function says(all, text)
  assert.is_truthy(table.concat(all, "\n"):find(text, 1, true), text .. " in: "
    .. table.concat(all, "\n"))
end

describe("monitor.signals", function()
  it("are the closed forms", function()
    local s = monitor.signals(healthy_scores, healthy_z)
    assert.equal(k, s.used)
    assert.close(1, s.balance, 1e-6)
    assert.close(0.9, s.confidence, 1e-6)
    assert.close(healthy_z:var(1, { ddof = 0 }):sum():item(), s.spread, 1e-4)
    assert.same(labels, s.labels:totable())
  end)

  it("count axes", function()
    local z = hy.tensor{ { 1, 0, 0 }, { -1, 0, 0 }, { 0, 1, 0 }, { 0, -1, 0 } }
    assert.close(2, monitor.signals(hy.eye(4), z).rank, 1e-6)
    assert.close(1, monitor.signals(hy.eye(4), z * hy.tensor{ 1, 0, 0 }).rank, 1e-6)
    local wide = hy.cat({ z, hy.zeros(4, 50) }, 2)
    assert.close(2, monitor.signals(hy.eye(4), wide).rank, 1e-6)
    assert.equal(0, monitor.signals(hy.eye(4), z * 0).rank)
  end)

  it("do not count a cluster with less than a tenth of its share", function()
    local list = table.move(labels, 1, n, 1, {})
    for i = 1, n do list[i] = i <= 3 and 1 or list[i] == 1 and 2 or list[i] end
    assert.equal(k - 1, monitor.signals(scores_of(list, 0.9), healthy_z).used)
    assert.equal("integer", math.type(monitor.signals(healthy_scores, healthy_z).used))
  end)
end)

describe("the monitor", function()
  it("is silent about a healthy embedding", function()
    assert.same({}, said(always(healthy_scores), always(healthy_z)))
    assert.same({}, said(always(scores_of(labels, 1)), always(healthy_z), { hard = true }))
  end)

  it("misses clusters after the warm-up", function()
    local merged = {}
    for i = 1, n do merged[i] = math.min(labels[i], k - 1) end
    local all = said(always(scores_of(merged, 0.9)), always(healthy_z))
    assert.same({ "epoch 3: only 4 of 5 clusters hold a tenth of their fair share" }, all)
  end)

  it("notices that the clusters are out of balance", function()
    local one = {}
    for i = 1, n do one[i] = i <= 5 * k and labels[i] or 1 end
    says(said(always(scores_of(one, 0.99)), always(healthy_z)),
      "epoch 1: the clusters are out of balance")
  end)

  it("notices that assignments stay undecided, after the warm-up", function()
    local all = said(always(scores_of(labels, 0.21)), always(healthy_z))
    assert.same({ "epoch 3: the assignments stay undecided: mean confidence 0.210 with 5 clusters" },
      all)
  end)

  it("notices that assignments are certain too early, unless they are hard", function()
    says(said(always(scores_of(labels, 0.999)), always(healthy_z)),
      "epoch 1: the assignments are certain too early: mean confidence 0.999")
    local late = said(function(epoch) return epoch > 1 and scores_of(labels, 0.999) or healthy_scores end,
      always(healthy_z))
    assert.same({}, late)
  end)

  it("notices that the embedding shrinks", function()
    says(said(always(healthy_scores), always(healthy_z * 0.05)),
      "epoch 1: the embedding has shrunk to 0.0025 of its variance at the start")
    says(said(always(healthy_scores), always(hy.zeros(n, k))), "the embedding has shrunk to 0 of")
  end)

  it("notices that the embedding becomes a line", function()
    says(said(always(healthy_scores), always(random(2, n, 1) * hy.ones(1, k) * 9)),
      "the embedding is close to a line: effective rank 1.00")
  end)

  it("asks for no more axes than the centers span", function()
    local side = random(3, n, 1)
    local first = side:gt(0):to("f32") * 0.8 + 0.1
    local pair, line = hy.cat({ first, 1 - first }, 2), side * hy.ones(1, 3)
    local watch = monitor.new{ epochs = 10 }
    watch:look(0, pair, line)
    assert.same({}, (watch:look(1, pair, line)))
  end)

  it("notices labels that do not settle", function()
    local function turning(epoch)
      local list = {}
      for i = 1, n do list[i] = (i + epoch) % k + 1 end
      return scores_of(list, 0.9)
    end
    assert.same({ "epoch 5: the labels do not settle: over 30 % changed in each of 5 epochs" },
      said(turning, always(healthy_z)))
    local rests = said(function(epoch) return epoch % 5 < 2 and healthy_scores or turning(epoch) end,
      always(healthy_z))
    assert.same({}, rests)
  end)

  it("says each thing once", function()
    assert.equal(1, #said(always(healthy_scores), always(healthy_z * 0.05)))
  end)

  it("wants to know how many epochs there are", function()
    assert.raises(function() monitor.new{} end, "monitor.new: option epochs is missing")
    assert.raises(function() monitor.new{ epochs = -1 } end, "epochs: expected an integer")
  end)
end)

describe("a deep model", function()
  local blobs = data.blobs{ n = 300, k = 3, d = 8, std = 0.5, rng = hy.rng(1) }
  blobs.x = blobs.x / 10
  local net = nn.Autoencoder{ layers = { 8, 32, 3 }, rng = hy.rng(5) }
    :fit(blobs, { epochs = 30, batch = 64, rng = hy.rng(6) })

  local function options(more)
    local all = { k = 3, net = net:clone(), epochs = 6, batch = 64, rng = hy.rng(7) }
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  local collapsing = { loss = function(z) return z:square():sum(2):mean() end, rec_weight = 0,
    lr = 0.05, epochs = 12 }

  it("has no warnings when it finds the clusters", function()
    for _, name in ipairs{ "DEC", "IDEC", "DCN", "Joint" } do
      local own = name == "Joint" and { loss = function(z, centers)
        return hy.sqdist(z, centers):min(2):mean()
      end }
      assert.same({}, deep[name](options(own)):fit(blobs).warnings, name)
    end
  end)

  it("warns of a loss that pulls everything to one point, and starts anew at the next fit", function()
    local model = deep.Joint(options(collapsing)):fit(blobs)
    says(model.warnings, "the embedding has shrunk")
    model.net, model.rec_weight, model.lr = net:clone(), 1, 1e-4
    model.loss = function(z, centers) return hy.sqdist(z, centers):min(2):mean() end
    assert.same({}, model:fit(blobs).warnings)
  end)

  it("prints warnings when it is verbose, and keeps them in a file", function()
    local folder = S.folder()
    S.write(folder .. "/collapse.lua", [[
      local x = hy.randn(300, 8, { rng = hy.rng(1) })
      local model = deep.Joint{ k = 3, layers = { 8, 3 }, pretrain = { epochs = 1 }, epochs = 12,
        lr = 0.05, rec_weight = 0, loss = function(z) return z:square():sum(2):mean() end,
        verbose = arg[1] == "verbose", batch = 64, rng = hy.rng(2) }:fit(x)
      hy.save(arg[2], model)
      print(#hy.load(arg[2]).warnings > 0)]])
    for mode, expected in pairs{ verbose = "Joint: warning: epoch %d+: ", quiet = "^true\n$" } do
      local code, text = S.shell(("./hyades %s %s %s"):format(S.quote(folder .. "/collapse.lua"),
        mode, S.quote(folder .. "/model.safetensors")))
      assert.equal(0, code, text)
      assert.match(expected, text)
    end
    S.remove(folder)
  end)

  it("looks at some rows of many, spread over all", function()
    local seen
    local model = { k = 3, epochs = 1, net = { transform = function(_, x) seen = x return x end },
      assign = function(_, z) return z:softmax(2) end }
    hy.model.watch(model, hy.arange(1, 5000):reshape(5000, 1) * hy.ones(1, 3))
    assert.same({ 1000, 3 }, seen:size())
    assert.close({ 1, 5000 }, seen:select(2, 1):index(hy.tensor({ 1, 1000 }, { dtype = "index" })))
  end)
end)
