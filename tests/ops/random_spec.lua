--- Draws repeat with their seed and have the moments they promise.
require "tests.support"
local hy = require "hyades"

describe("rand and randn", function()
  it("repeat with the seed and go on with the generator", function()
    local r = hy.rng(7)
    local a, b = hy.rand(5, { rng = r }), hy.rand(5, { rng = r })
    assert.same(a:totable(), hy.rand(5, { rng = hy.rng(7) }):totable())
    assert.not_same(a:totable(), b:totable())
    local all = hy.rand(10, { rng = hy.rng(7) }):totable()
    assert.same(all, hy.cat{ a, b }:totable())
  end)

  it("draw the same whatever the number of threads", function()
    local before = hy.threads()
    hy.threads(1)
    local one = hy.randn(50000, { rng = hy.rng(1) })
    hy.threads(2)
    assert.equal(0, hy.randn(50000, { rng = hy.rng(1) }):ne(one):sum():item())
    hy.threads(before)
  end)

  it("have the right moments", function()
    local u = hy.rand(40000, { rng = hy.rng(1), lo = -1, hi = 3 })
    assert.close(1, u:mean(), 0.03)
    assert.close(16 / 12, u:var(), 0.03)
    assert.is_true(u:min():item() >= -1 and u:max():item() <= 3)
    local n = hy.randn(40000, { rng = hy.rng(1), mean = 5, std = 2, dtype = "f64" })
    assert.close(5, n:mean(), 0.03)
    assert.close(2, n:std(), 0.03)
    assert.equal("f64", n.dtype)
  end)

  it("take any shape and refuse wrong options", function()
    assert.same({ 2, 3 }, hy.rand{ 2, 3 }:size())
    assert.same({ 0 }, hy.randn(0):size())
    assert.raises(function() hy.rand(2, { dtype = "u8" }) end, "dtype must be f32 or f64, got u8")
    assert.raises(function() hy.randn(2, { std = -1 }) end, "std is -1")
  end)

  it("leave the generator alone when they fail", function()
    local r = hy.rng(3)
    pcall(hy.rand, 2, { rng = r, dtype = "u8" })
    assert.same(hy.rand(2, { rng = hy.rng(3) }):totable(), hy.rand(2, { rng = r }):totable())
  end)
end)

describe("a generator", function()
  it("moves on once when memory ran out on the way", function()
    local draw = {
      function(r) return hy.randn(3, { rng = r }) end,
      function(r) return hy.randperm(3, { rng = r }) end,
      function(r) return hy.randint({ 3 }, 1, 9, { rng = r }) end,
      function(r) return hy.full({ 3 }, 0.5):bernoulli{ rng = r } end,
      function(r) return hy.ones(3):categorical(3, { rng = r }) end,
      function(r) return hy.ones(3):dropout{ rng = r } end,
    }
    for _, fn in ipairs(draw) do
      local undisturbed = hy.rng(5)
      fn(undisturbed)
      local expected = hy.rand(4, { rng = undisturbed }):totable()
      for n = 1, 20 do
        local r = hy.rng(5)
        hy.fail_allocation(n)
        fn(r)
        hy.fail_allocation(0)
        assert.same(expected, hy.rand(4, { rng = r }):totable())
      end
    end
  end)
end)

describe("randperm", function()
  it("holds every position once", function()
    local p = hy.randperm(100, { rng = hy.rng(1) })
    assert.equal("index", p.dtype)
    assert.same(hy.arange(100):totable(), (p:to("f32"):sort()):totable())
    assert.not_same(hy.arange(100):totable(), p:totable())
    assert.same({ 0 }, hy.randperm(0):size())
    assert.raises(function() hy.randperm(-1) end, "n is -1")
  end)
end)

describe("randint", function()
  it("includes both ends", function()
    local x = hy.randint({ 1000 }, 2, 4, { rng = hy.rng(1) })
    assert.equal("index", x.dtype)
    assert.same({ 2, 3, 4 }, (x:unique()):totable())
    assert.same({ -1, 0 }, (hy.randint({ 99 }, -1, 0, { rng = hy.rng(1), dtype = "f32" }):unique()):totable())
    assert.raises(function() hy.randint({ 2 }, 3, 2) end, "nothing to draw from 3..2")
  end)
end)

describe("bernoulli and categorical", function()
  it("follow their probabilities", function()
    local y = hy.full({ 20000 }, 0.3):bernoulli{ rng = hy.rng(1) }
    assert.close(0.3, y:mean(), 0.02)
    assert.same({ 0, 1 }, hy.tensor{ 0, 1 }:bernoulli():totable())
    local draws = hy.tensor{ 1, 0, 3 }:categorical(20000, { rng = hy.rng(1) })
    assert.close({ 0.25, 0, 0.75 }, draws:bincount(3) / 20000, 0.02)
  end)

  it("draw one position or several for each row", function()
    local weights = hy.tensor{ { 0, 1 }, { 1, 0 }, { 0, 5 } }
    assert.same({ 2, 1, 2 }, weights:categorical():totable())
    assert.same({ { 2, 2 }, { 1, 1 }, { 2, 2 } }, weights:categorical(2):totable())
  end)

  it("refuse weights that cannot be drawn from", function()
    assert.raises(function() hy.tensor{ 1, -1 }:categorical(1) end, "weight 2 is -1")
    assert.raises(function() hy.zeros(3):categorical(1) end, "the weights sum to 0")
    assert.raises(function() hy.ones(1, 1, 1):categorical(1) end, "weights have 3 axes")
  end)
end)

describe("gumbel", function()
  it("has mean 0.5772 and variance pi²/6, and stays finite", function()
    local g = hy.gumbel(200000, { rng = hy.rng(1), dtype = "f64" })
    assert.close(0.5772156649, g:mean(), 0.01)
    assert.close(math.pi ^ 2 / 6, g:var(), 0.03)
    assert.is_true(g:max():item() < 17 and g:min():item() > -4)
  end)

  it("makes argmax a draw from softmax", function()
    local logits = hy.tensor{ 0, 1, 2 }
    local draws = (hy.gumbel(100000, 3, { rng = hy.rng(2) }) + logits):argmax(2)
    assert.close(logits:softmax(1), draws:bincount(3) / 100000, 0.01)
  end)

  it("moves its generator on", function()
    local rng = hy.rng(3)
    local first, second = hy.gumbel(5, { rng = rng }), hy.gumbel(5, { rng = rng })
    assert.same(first:totable(), hy.gumbel(5, { rng = hy.rng(3) }):totable())
    assert.is_true((first - second):abs():min():item() > 0)
  end)
end)

describe("gumbel_softmax", function()
  local x = hy.tensor({ { 0, 1, 2 }, { 3, 0, 0 } }, { dtype = "f64" })

  it("is softmax((x + noise) / temperature)", function()
    local noise = hy.gumbel(2, 3, { rng = hy.rng(4), dtype = "f64" })
    for _, temperature in ipairs{ 0.5, 2 } do
      assert.close(((x + noise) / temperature):softmax(2),
        x:gumbel_softmax{ temperature = temperature, rng = hy.rng(4) }, 1e-12)
    end
    assert.close(1, x:gumbel_softmax{ temperature = 0.01, rng = hy.rng(5) }:max(), 1e-3)
  end)

  it("has a gradient along every axis", function()
    for axis = 1, 2 do
      assert(hy.gradcheck(function(y)
        return y:gumbel_softmax(axis, { temperature = 0.7, rng = hy.rng(6) })
      end, { x }))
    end
  end)

  it("wants a positive temperature", function()
    assert.raises(function() x:gumbel_softmax{ temperature = 0 } end,
      "temperature is 0; it wants a number above 0")
  end)
end)

describe("straight_through", function()
  it("is one-hot forward and the identity backward", function()
    local y = hy.tensor({ { 0.25, 0.5, 0.25 }, { 0.5, 0.5, 0 } }, { dtype = "f64" })
    local weights = hy.tensor({ { 1, 2, 3 }, { 4, 5, 6 } }, { dtype = "f64" })
    assert.close(hy.tensor{ { 0, 1, 0 }, { 1, 0, 0 } }, hy.straight_through(y), 0)
    local gradient, value = hy.grad(function(p) return (hy.straight_through(p) * weights):sum() end, y)
    assert.close(weights, gradient, 0)
    assert.equal(2 + 4, value)
  end)

  it("turns soft draws into hard ones that a gradient reaches", function()
    local function draw(p)
      return hy.straight_through(p:gumbel_softmax{ temperature = 0.5, rng = hy.rng(7) })
    end
    local p = hy.randn(4, 3, { rng = hy.rng(1), dtype = "f64" })
    assert.close(hy.ones(4), draw(p):max(2), 1e-12)
    assert.close(hy.ones(4), draw(p):sum(2), 1e-12)
    local targets = hy.randn(4, 3, { rng = hy.rng(2), dtype = "f64" })
    local through = hy.grad(function(q) return (draw(q) * targets):sum() end, p)
    local soft = hy.grad(function(q)
      return (q:gumbel_softmax{ temperature = 0.5, rng = hy.rng(7) } * targets):sum()
    end, p)
    assert.close(soft, through, 1e-12)
  end)

  it("wants a tensor with columns", function()
    for _, wrong in ipairs{ 3, hy.tensor(3), hy.zeros(2, 0), hy.tensor({ 1 }, { dtype = "index" }) } do
      assert.raises(function() hy.straight_through(wrong) end,
        "straight_through: argument 1 must be a tensor f32 or f64 with at least one column, got ")
    end
  end)
end)
