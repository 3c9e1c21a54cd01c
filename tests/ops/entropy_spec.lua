--- Cross-entropies of logits.
require "tests.support"
local hy = require "hyades"

local inf = math.huge
local function f64(list) return hy.tensor(list, { dtype = "f64" }) end

describe("cross_entropy", function()
  local logits = f64{ { 2, -1, 0.5 }, { 0, 3, 1 }, { -2, 0, 4 }, { 1, 1, 1 } }
  local target = { 1, 3, 3, 2 }

  it("gives what NumPy gives, plain and weighted", function()
    assert.close(0.882587685957, hy.cross_entropy(logits, target), 1e-11)
    local weighted = hy.cross_entropy(logits, target, { weights = f64{ 1, 2, 0.5 } })
    assert.close(0.883437363311, weighted, 1e-11)
  end)

  it("is log k for logits that are all equal, and 0 for a certain label", function()
    assert.close(math.log(5), hy.cross_entropy(hy.zeros(3, 5), { 1, 5, 2 }), 1e-6)
    assert.close(0, hy.cross_entropy(hy.tensor{ { 1e4, -1e4 } }, { 1 }), 0)
    assert.close(2e4, hy.cross_entropy(hy.tensor{ { 1e4, -1e4 } }, { 2 }), 1e-6)
  end)

  it("has the gradient (softmax - one hot) · weight / sum of weights", function()
    local w = f64{ 1, 2, 0.5 }
    local function weighted(x) return hy.cross_entropy(x, target, { weights = w }) end
    local found = hy.grad(weighted, logits)
    local rows = w:index(target):reshape(4, 1)
    local hot = hy.one_hot(target, 3, { dtype = "f64" })
    assert.close((logits:softmax(2) - hot) * rows / rows:sum(), found, 1e-12)
    assert(hy.gradcheck(weighted, { logits }))
  end)

  it("leaves out rows labeled -1 and rows off the mask, also their NaN", function()
    local few = logits:index{ 1, 3 }
    local expected = hy.cross_entropy(few, { 1, 3 })
    local mask = hy.tensor({ 1, 0, 1, 0 }, { dtype = "u8" })
    assert.close(expected, hy.cross_entropy(logits, { 1, -1, 3, -1 }), 1e-12)
    assert.close(expected, hy.cross_entropy(logits, target, { mask = mask }), 1e-12)
    local broken = logits:clone()
    broken[2] = 0 / 0
    local gradient, value = hy.grad(function(x)
      return hy.cross_entropy(x, target, { mask = mask })
    end, broken)
    assert.close(expected, value, 1e-12)
    assert.same({ 0, 0, 0 }, gradient[2]:totable())
  end)

  it("is 0 with gradient 0 where no row counts", function()
    local gradient, value = hy.grad(function(x)
      return hy.cross_entropy(x, { -1, -1 })
    end, hy.ones(2, 3))
    assert.equal(0, value)
    assert.close(hy.zeros(2, 3), gradient, 0)
  end)

  it("takes logits of -inf: the diagonal of a contrastive loss", function()
    -- NT-Xent with all rows equal: log(2B - 1)
    local b = 4
    local z = hy.ones(2 * b, 3)
    local pair = hy.tensor({ 5, 6, 7, 8, 1, 2, 3, 4 }, { dtype = "index" })
    local function nt_xent(x)
      local s = hy.cosine_matrix(x) / 0.5
      return hy.cross_entropy(s:masked_fill(hy.eye(2 * b, { dtype = "u8" }), -inf), pair)
    end
    local gradient, value = hy.grad(nt_xent, z)
    assert.close(math.log(2 * b - 1), value, 1e-6)
    assert.close(hy.zeros(8, 3), gradient, 1e-6)
    local cold = hy.cat({ hy.eye(4), hy.eye(4) }, 1) -- distinct orthonormal pairs
    local s = (hy.cosine_matrix(cold) / 0.01):masked_fill(hy.eye(8, { dtype = "u8" }), -inf)
    assert.close(0, hy.cross_entropy(s, pair), 1e-6)
  end)

  it("names what is wrong", function()
    assert.raises(function() hy.cross_entropy(logits, { 1, 2, 3, 4 }) end, "label 4 is outside 1..3")
    assert.raises(function() hy.cross_entropy(logits, { 1, 2 }) end, "target has 2 labels for 4 rows")
    assert.raises(function() hy.cross_entropy(logits, target, { weights = f64{ 1, 2 } }) end,
      "weights has 2 elements for 3 classes")
    assert.raises(function() hy.cross_entropy(logits, target, { weights = f64{ 1, -2, 1 } }) end,
      "weight 2 is -2; weights are finite and 0 or more")
    assert.raises(function() hy.cross_entropy(logits, target, { mask = f64{ 1, 1, 1, 1 } }) end,
      "mask must be u8, got f64")
  end)
end)

describe("soft_cross_entropy", function()
  local logits = f64{ { 2, -1, 0.5 }, { 0, 3, 1 } }
  local target = f64{ { 0.7, 0.2, 0.1 }, { 0, 0.5, 0.5 } }

  it("gives what NumPy gives", function()
    assert.close(1.08057865811, hy.soft_cross_entropy(logits, target), 1e-11)
  end)

  it("agrees with cross_entropy where the target is one class", function()
    local hot = hy.one_hot({ 3, 1 }, 3, { dtype = "f64" })
    assert.close(hy.cross_entropy(logits, { 3, 1 }), hy.soft_cross_entropy(logits, hot), 1e-12)
  end)

  it("has gradients for logits and target", function()
    assert(hy.gradcheck(hy.soft_cross_entropy, { logits, target }))
  end)

  it("counts 0 · log 0 as 0 and leaves out what is masked", function()
    local x, t = hy.tensor{ { 0, -inf }, { 1, 2 } }, hy.tensor{ { 1, 0 }, { 0.5, 0.5 } }
    local first, long = hy.tensor({ 1, 0 }, { dtype = "u8" }), hy.zeros(3, { dtype = "u8" })
    assert.close(0, hy.soft_cross_entropy(x, t, { mask = first }), 0)
    assert.raises(function() hy.soft_cross_entropy(x, t, { mask = long }) end,
      "the mask has 3 elements for 2 rows")
    assert.raises(function() hy.soft_cross_entropy(x, hy.ones(2, 3)) end, "differ in shape: 2×2 and 2×3")
  end)
end)

describe("bce_with_logits", function()
  it("is the cross-entropy of a coin, without overflow", function()
    local x = hy.tensor{ 0, 1e4, -1e4, 1e4 }
    assert.close({ math.log(2), 0, 0, 1e4 }, hy.bce_with_logits(x, hy.tensor{ 0.3, 1, 0, 0 }), 1e-6)
  end)

  it("has the gradient sigmoid(x) - target", function()
    local x, t = f64{ -3, 0, 2 }, f64{ 0, 0.5, 1 }
    local gradient = hy.grad(function(y) return hy.bce_with_logits(y, t):sum() end, x)
    assert.close(x:sigmoid() - t, gradient, 1e-12)
  end)
end)
