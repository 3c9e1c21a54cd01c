-- Losses that do not know the clusters: closed forms, hand-worked values, edges.
require "tests.support"
local hy = require "hyades"
local loss = hy.loss

local function double(t) return hy.tensor(t, { dtype = "f64" }) end

local function random(seed, ...) return hy.randn({ ... }, { dtype = "f64", rng = hy.rng(seed) }) end

describe("loss.reconstruction with layers", function()
  it("adds the squared errors of the layers, each divided by its width", function()
    local x, output = double{ { 1, 2, 3 }, { 0, 0, 0 } }, double{ { 1, 1, 1 }, { 1, 0, 0 } }
    local hidden, mirrored = double{ { 1, 0 }, { 0, 1 } }, double{ { 0, 2 }, { 0, 1 } }
    assert.close(3 + 5 / 4, loss.reconstruction(output, x, { layers = { { mirrored, hidden } } })
      :item())
    assert.close(3 + 5 / 2, loss.reconstruction(output, x,
      { layers = { { mirrored, hidden }, { mirrored, hidden } } }):item())
    assert.raises(function()
      loss.reconstruction(output, x, { layers = { { mirrored, x } } })
    end, "loss.reconstruction: layers: the shapes differ: 2×2 and 2×3")
  end)
end)

describe("loss.bce of whole samples", function()
  it("adds over the pixels and averages over the samples", function()
    local logits, x = double{ { 0, 0, 0 }, { 0, 0, 0 } }, double{ { 0, 1, 0.5 }, { 1, 1, 1 } }
    assert.close(3 * math.log(2), loss.bce(logits, x, { reduction = "sum_dims" }):item())
    assert.raises(function() loss.bce(logits, x, { reduction = "sum" }) end,
      'loss.bce: reduction must be "sum_dims" or "mean_dims", got "sum"')
  end)
end)

describe("loss.cross_entropy", function()
  it("leaves out rows with label -1", function()
    local logits = random(1, 3, 4)
    local two = logits:narrow(1, 1, 2)
    assert.close(loss.cross_entropy(two, { 4, 2 }):item(),
      loss.cross_entropy(logits, { 4, 2, -1 }):item())
    assert.equal(0, loss.cross_entropy(logits, { -1, -1, -1 }):item())
    local mask = hy.tensor({ 1, 1, 0 }, { dtype = "u8" })
    assert.close(loss.cross_entropy(two, { 4, 2 }):item(),
      loss.cross_entropy(logits, { 4, 2, 1 }, { mask = mask }):item())
  end)

  it("is infinite for a label that cannot be, and 0 for another that need not", function()
    local logits = hy.tensor{ { 0, -math.huge } }
    assert.equal(math.huge, loss.cross_entropy(logits, { 2 }):item())
    assert.equal(0, loss.cross_entropy(logits, { 1 }):item())
  end)
end)

describe("loss.self_augmentation", function()
  it("is the divergence from the clean prediction plus its entropy, with a constant clean side",
    function()
      local clean, changed = hy.param(random(2, 4, 3)), hy.param(random(3, 4, 3))
      local p, q = clean:detach():softmax(2), changed:detach():softmax(2)
      local entropy = -(p * p:log()):sum(2):mean():item()
      local tape <close> = hy.tape()
      local value = loss.self_augmentation(clean, changed)
      assert.close(loss.kl(p, q):item() + entropy, value:item())
      tape:backward(value)
      assert.is_nil(clean.grad)
      assert.close(((q - p) / 4):totable(), changed.grad)
    end)
end)

describe("loss.locality", function()
  -- A path 1 - 2 - 3 - 4 - 5, each point with both its neighbors (the ends with one, twice).
  local z = random(4, 5, 2)
  local neighbors = hy.tensor({ { 2, 2 }, { 1, 3 }, { 2, 4 }, { 3, 5 }, { 4, 4 } },
    { dtype = "index" })
  local weights = double{ { 0.5, 0.5 }, { 1, 2 }, { 2, 3 }, { 3, 4 }, { 2, 2 } }

  it("is the trace form of the Laplacian on a small graph", function()
    local s = double{ { 0, 1, 0, 0, 0 }, { 1, 0, 2, 0, 0 }, { 0, 2, 0, 3, 0 }, { 0, 0, 3, 0, 4 },
      { 0, 0, 0, 4, 0 } }
    local laplacian = hy.eye(5, { dtype = "f64" }) * s:sum(2, { keep = true }) - s
    local trace = (z:t():mm(laplacian):mm(z) * hy.eye(2, { dtype = "f64" })):sum():item()
    assert.close(2 * trace / 5, loss.locality(z, neighbors, weights):item())
  end)

  it("takes the neighbors embedded as well", function()
    local embedded = z:index(neighbors:reshape(10))
    local expected = loss.locality(z, neighbors):item()
    assert.close(expected, loss.locality(z, embedded):item())
    assert.close(expected, loss.locality(z, embedded:reshape(5, 2, 2)):item())
    assert.raises(function() loss.locality(z, embedded:narrow(1, 1, 3)) end,
      "loss.locality: neighbors must be positions n×k, or embedded neighbors n×k×d for z 5×2")
    assert.raises(function() loss.locality(z, neighbors, weights:narrow(2, 1, 1)) end,
      "the shapes differ: 5×1 and 5×2")
  end)

  it("is the pair worked out by hand", function()
    local pair = double{ { 1, 2, 0, 2 }, { 0, 0, 3, 4 } }
    local w = loss.heat(double{ { 1 }, { 1 } }, 1)
    assert.close({ { 0.367879 }, { 0.367879 } }, w, 1e-6)
    local each = hy.tensor({ { 2 }, { 1 } }, { dtype = "index" })
    assert.close(6.621830, loss.locality(pair, each, w):item(), 1e-6)
  end)
end)

describe("loss.heat", function()
  it("takes the mean of the distances unless told", function()
    assert.close({ { math.exp(-0.5), math.exp(-1.5) } }, loss.heat(double{ { 1, 3 } }))
    assert.close({ { 1, 1 } }, loss.heat(double{ { 0, 0 } }))
    assert.raises(function() loss.heat(double{ { 1 } }, 0) end, "loss.heat: t must be a number above 0")
  end)
end)

describe("loss.group_sparsity", function()
  local z = { { 1, 2, 0, 2 }, { 0, 0, 3, 4 } }

  it("is the value worked out by hand", function()
    assert.close(6.530893, loss.group_sparsity(double(z), 2):item(), 1e-6)
    assert.close(6.530893, loss.group_sparsity(double(z), { 2, 2 }):item(), 1e-6)
    local uneven = (math.sqrt(15) + 2 + math.sqrt(27) + 4) / 2
    assert.close(uneven, loss.group_sparsity(double(z), { 3, 1 }):item(), 1e-4)
  end)

  it("adds the rows or columns of a weight matrix", function()
    assert.close(2 * (3 + 5), loss.group_sparsity(double(z), "rows"):item())
    local columns = math.sqrt(2) * (1 + 2 + 3 + math.sqrt(20))
    assert.close(columns, loss.group_sparsity(double(z), "columns"):item())
  end)

  it("has gradient 0 at a group of zeros", function()
    local gradient = hy.grad(function(x) return loss.group_sparsity(x, 2) end,
      double{ { 0, 0, 3, 4 } })
    assert.close({ { 0, 0, 0.6 * math.sqrt(2), 0.8 * math.sqrt(2) } }, gradient)
  end)

  it("makes groups as even as possible, and refuses others", function()
    local one = double{ { 1, 0, 0, 0, 1 } }
    assert.close(math.sqrt(2) + math.sqrt(3), loss.group_sparsity(one, 2):item(), 1e-4)
    assert.raises(function() loss.group_sparsity(one, { 2, 2 }) end, "a list of widths with sum 5")
    assert.raises(function() loss.group_sparsity(one, 6) end, "a list of widths with sum 5")
  end)
end)

describe("loss.info_nce", function()
  it("is log(2n - 1) when all rows are equal", function()
    local same = hy.ones(6, 4)
    assert.close(math.log(11), loss.info_nce(same, same * 3):item(), 1e-5)
    assert.close(math.log(11), loss.info_nce(same, same, { anchors = "first" }):item(), 1e-5)
  end)

  it("goes to 0 for orthonormal pairs with the temperature", function()
    local eye = hy.eye(5)
    local other = math.log(1 + 8 * math.exp(-1))
    assert.close(other, loss.info_nce(eye, eye, { temperature = 1 }):item(), 1e-5)
    assert.close(0, loss.info_nce(eye, eye, { temperature = 0.01 }):item(), 1e-5)
  end)

  it("is the cross-entropy of a sample among all others", function()
    local a, b = random(5, 3, 4), random(6, 3, 4)
    local unit = hy.cat({ a, b }, 1)
    unit = unit / unit:norm(2, { keep = true })
    local logits = (unit:mm(unit:t()) / 0.3):masked_fill(hy.eye(6, { dtype = "u8" }), -1e9)
    local labels = { 4, 5, 6, 1, 2, 3 }
    assert.close(loss.cross_entropy(logits, labels):item(),
      loss.info_nce(a, b, { temperature = 0.3 }):item())
    assert.close(loss.cross_entropy(logits:narrow(1, 1, 3), { 4, 5, 6 }):item(),
      loss.info_nce(a, b, { temperature = 0.3, anchors = "first" }):item())
  end)

  it("survives a row of zeros", function()
    local gradient = hy.grad(function(x) return loss.info_nce(x, hy.eye(3)) end,
      hy.tensor{ { 0, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } })
    assert.is_true(gradient:abs():sum():item() < math.huge)
  end)

  it("says what is wrong", function()
    assert.raises(function() loss.info_nce(hy.eye(3), hy.eye(2)) end,
      "loss.info_nce: the shapes differ: 3×3 and 2×2")
    assert.raises(function() loss.info_nce(hy.eye(3), hy.eye(3), { temperature = 0 }) end,
      "temperature must be a number above 0, got 0")
    assert.raises(function() loss.info_nce(hy.eye(3), hy.eye(3), { temprature = 1 }) end,
      'did you mean "temperature"?')
    assert.raises(function() loss.info_nce(5, hy.eye(3)) end, "loss.info_nce: a must be a tensor n×d")
  end)
end)

describe("loss.nce", function()
  it("is (1 + m) log 2 for scores of 0, and 0 for scores that tell", function()
    assert.close(4 * math.log(2), loss.nce(hy.zeros(2), hy.zeros(2, 3)):item(), 1e-6)
    assert.close(0, loss.nce(hy.full({ 2 }, 500), hy.full({ 2, 3 }, -500)):item())
  end)

  it("moves the scores by the density of the noise", function()
    local shift = math.log(7)
    local value = loss.nce(double{ shift }, double{ { shift, shift } }, { log_noise = shift })
    assert.close(3 * math.log(2), value:item())
    assert.close(math.log(1 + 3) + math.log(1 + 2),
      loss.nce(double{ 0 }, double{ { math.log(6) } }, { log_noise = math.log(3) }):item())
  end)

  it("is least at the true log-density, up to sampling", function()
    -- Samples 0 with probability 3/4 and 1 with 1/4, noise even: one draw of noise for each.
    local function value(log_odds)
      local p = 1 / (1 + math.exp(log_odds))
      local zero, one = math.log(1 - p), math.log(p)
      return loss.nce(double{ zero, zero, zero, one }, double{ { zero }, { one }, { zero }, { one } },
        { log_noise = math.log(0.5) }):item()
    end
    assert.is_true(value(math.log(3)) < value(math.log(2.8)))
    assert.is_true(value(math.log(3)) < value(math.log(3.2)))
  end)

  it("wants a score for each row", function()
    assert.raises(function() loss.nce(hy.zeros(3), hy.zeros(2, 3)) end,
      "loss.nce: positive must hold 2 scores")
  end)
end)

describe("loss.orthogonality", function()
  it("is the value worked out by hand, and 0 for a rotation", function()
    local v = double{ { 1, 0.1 }, { 0, 1 } }
    assert.close(0.0541, loss.orthogonality(double{ { 1, 2 } }, v):item())
    local turn = double{ { 0.6, 0.8 }, { -0.8, 0.6 } }
    assert.close(0, loss.orthogonality(random(7, 4, 2), turn):item())
  end)
end)

describe("loss.hsic", function()
  local x, y = double{ { 0 }, { 1 }, { 4 }, { 5 } }, hy.tensor({ 1, 1, 2, 2 }, { dtype = "index" })

  it("is the value worked out by hand", function()
    assert.close(0.999955, loss.hsic(x, y, { sigma = 1 }):item(), 1e-6)
    assert.close(0.355698, loss.hsic(x, y, { sigma = 1, normalized = false }):item(), 1e-6)
  end)

  it("is larger for dependent variables", function()
    local a, b = random(8, 40, 2), random(9, 40, 2)
    local function plain(u, v) return loss.hsic(u, v, { sigma = 1, normalized = false }):item() end
    assert.is_true(plain(a, a * 2 + 1) > 3 * plain(a, b))
  end)

  it("is 0 for a constant", function()
    assert.close(0, loss.hsic(hy.ones(4, 2), y):item())
  end)

  it("wants as many rows", function()
    assert.raises(function() loss.hsic(x, hy.zeros(3, 1)) end, "the same number of rows")
  end)
end)

describe("loss.gan", function()
  it("is 2 log 2 for a critic that cannot tell, log 2 for its generator", function()
    assert.close(2 * math.log(2), loss.gan(hy.zeros(4), hy.zeros(6)):item(), 1e-6)
    assert.close(math.log(2), loss.gan(hy.zeros(4)):item(), 1e-6)
  end)

  it("still moves the generator when the critic is certain", function()
    local gradient, value = hy.grad(loss.gan, double{ -300, -300 })
    assert.close(300, value)
    assert.close({ -0.5, -0.5 }, gradient)
  end)

  it("keeps the critic unsure with a smaller label", function()
    local gradient = hy.grad(function(real) return loss.gan(double{ -9 }, real, { label = 0.9 }) end,
      double{ math.log(9) })
    assert.close({ 0 }, gradient)
    assert.raises(function() loss.gan(5) end, "loss.gan: expected tensors of logits, got 5")
  end)
end)

describe("loss.gaussian_kl", function()
  it("is as by hand, 0 for equals, and broadcasts the other side", function()
    local mean, log_var = double{ { 1, 2 } }, double{ { 0, math.log(4) } }
    -- standard normal: ½ (1 + 1 - 0 - 1) + ½ (4 + 4 - log 4 - 1)
    assert.close(0.5 + (7 - math.log(4)) / 2, loss.gaussian_kl(mean, log_var):item(), 1e-12)
    assert.close(0, loss.gaussian_kl(mean, log_var, { mean = mean, log_var = log_var }):item(), 1e-12)
    local prior = { mean = double{ 0, 1 }, log_var = math.log(2) }
    -- λ = 2: ½ (log 2 - 0 + (1 + 1)/2 - 1) + ½ (log 2 - log 4 + (4 + 1)/2 - 1)
    assert.close(math.log(2) / 2 + (1.5 - math.log(2)) / 2,
      loss.gaussian_kl(mean, log_var, prior):item(), 1e-12)
    assert.raises(function() loss.gaussian_kl(mean, log_var, { maen = 1 }) end, 'did you mean "mean"?')
  end)
end)

describe("loss.gaussian_nll", function()
  it("is the density by hand", function()
    local x = double{ { 1, 3 }, { 0, 0 } }
    local log2pi = math.log(2 * math.pi)
    assert.close(log2pi + (1 + 9 + 0) / 4, loss.gaussian_nll(x, 0, 0):item(), 1e-12)
    local one = double{ { 1, 3 } }
    assert.close((2 * log2pi + math.log(4) + 1 / 4 + math.log(9) + 4 / 9) / 2,
      loss.gaussian_nll(one, double{ 2, 1 }, double{ math.log(4), math.log(9) }):item(), 1e-12)
    assert.raises(function() loss.gaussian_nll(x, "m", 0) end, "mean must be a tensor or a number")
  end)
end)
