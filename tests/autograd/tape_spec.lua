--- The tape: recording, gradients, lifetime.
require "tests.support"
local hy = require "hyades"

local function square_sum(x) return (x * x):sum() end

describe("tape", function()
  it("gives the gradient of a sum of squares", function()
    local p = hy.param(hy.tensor{ 1, -2, 3 })
    local tape <close> = hy.tape()
    tape:backward(square_sum(p))
    assert.close({ 2, -4, 6 }, p.grad)
  end)

  it("adds the gradients of two losses like the gradient of their sum", function()
    local p = hy.param(hy.tensor{ 1, 2 })
    do
      local tape <close> = hy.tape()
      tape:backward(square_sum(p))
      tape:backward((3 * p):sum())
    end
    assert.close({ 5, 7 }, p.grad)
  end)

  it("counts a tensor that is used twice twice", function()
    local p = hy.param(hy.tensor{ 3 })
    local tape <close> = hy.tape()
    tape:backward((p * p + p):sum())
    assert.close({ 7 }, p.grad)
  end)

  it("sums the gradient over stretched axes", function()
    local row, column = hy.param(hy.ones(3)), hy.param(hy.ones(2, 1))
    local tape <close> = hy.tape()
    tape:backward((row + column):sum())
    assert.close({ 2, 2, 2 }, row.grad)
    assert.close({ { 3 }, { 3 } }, column.grad)
  end)

  it("records nothing outside a tape, nothing inside no_grad, and nothing after detach", function()
    local p = hy.param(hy.ones(2))
    assert.is_false((p * 2).requires_grad)
    local tape <close> = hy.tape()
    assert.is_true((p * 2).requires_grad)
    assert.is_false(hy.no_grad(function() return p * 2 end).requires_grad)
    assert.is_false(p:detach().requires_grad)
    assert.raises(function() tape:backward((p:detach() * 2):sum()) end, "hy.param")
  end)

  it("releases what it recorded when it closes, and says so afterwards", function()
    local p, y = hy.param(hy.ones(2)), nil
    do
      local tape <close> = hy.tape()
      y = p * 2
    end
    assert.raises(function() return y + 1 end,
      "tensor was released when its tape closed; use :detach() to keep it")
    assert.equal("tensor (released when its tape closed)", tostring(y))
  end)

  it("lets a detached tensor live on", function()
    local p, kept = hy.param(hy.ones(2)), nil
    do
      local tape <close> = hy.tape()
      kept = (p * 2):detach()
    end
    assert.close({ 2, 2 }, kept)
  end)

  it("keeps value and gradients readable until it closes", function()
    local p = hy.param(hy.tensor{ 2 })
    local tape <close> = hy.tape()
    local loss = square_sum(p)
    tape:backward(loss)
    assert.equal(4, loss:item())
    assert.close({ 4 }, p.grad)
  end)

  it("closes inner tapes with the outer one", function()
    local outer = hy.tape()
    local inner = hy.tape()
    outer:close()
    assert.equal("tape (closed)", tostring(inner))
    assert.raises(function() inner:backward(hy.ones(1)) end, "tape:backward: the tape is closed")
    inner:close()
  end)

  it("records on the innermost tape", function()
    local p = hy.param(hy.tensor{ 3 })
    local outer <close> = hy.tape()
    local y = p * 2
    do
      local inner <close> = hy.tape()
      inner:backward(square_sum(p))
      assert.close({ 6 }, p.grad)
    end
    p.grad = nil
    outer:backward(y:sum())
    assert.close({ 2 }, p.grad)
  end)

  it("belongs to the coroutine that opened it", function()
    local p = hy.param(hy.tensor{ 1 })
    local tape <close> = hy.tape()
    local inside = coroutine.wrap(function() return (p * 2).requires_grad end)()
    assert.is_false(inside)
    local other = coroutine.wrap(function()
      local own <close> = hy.tape()
      own:backward(square_sum(p))
      return p.grad:item()
    end)()
    assert.equal(2, other)
    assert.is_true((p * 2).requires_grad)
  end)

  it("is closed by the collector when its coroutine is dropped", function()
    do
      local co = coroutine.create(function()
        local tape <close> = hy.tape()
        local _ = hy.param(hy.ones(8)) * 2
        coroutine.yield()
      end)
      coroutine.resume(co)
    end
    collectgarbage()
    collectgarbage()
    local p = hy.param(hy.ones(1))
    local tape <close> = hy.tape()
    tape:backward(square_sum(p))
    assert.close({ 2 }, p.grad)
  end)

  it("gives the gradient for a chosen input and leaves parameters alone", function()
    local p, x = hy.param(hy.tensor{ 2 }), hy.param(hy.tensor{ 5 })
    local tape <close> = hy.tape()
    local y = p * x
    local gx, gy = tape:grad((y * y):sum(), { x, y })
    assert.close({ 2 * 5 * 2 * 2 }, gx)
    assert.close({ 20 }, gy)
    assert.is_nil(p.grad)
    assert.is_nil(x.grad)
  end)

  it("gives zeros for an input the value does not depend on", function()
    local x, other = hy.param(hy.ones(2)), hy.param(hy.ones(3))
    local tape <close> = hy.tape()
    local unused = other * 2
    local g1, g2 = tape:grad(square_sum(x), { x, unused })
    assert.close({ 2, 2 }, g1)
    assert.close({ 0, 0, 0 }, g2)
  end)

  it("notices a parameter that changed before backward", function()
    local p = hy.param(hy.ones(2))
    local tape <close> = hy.tape()
    local loss = square_sum(p)
    p:fill(3)
    assert.raises(function() tape:backward(loss) end, "changed in place")
  end)

  it("wants a single number that was recorded", function()
    local p = hy.param(hy.ones(2))
    local tape <close> = hy.tape()
    assert.raises(function() tape:backward(p * 2) end, "single number, got 2")
    assert.raises(function() tape:backward(hy.ones(1)) end, "does not depend on a parameter")
    assert.raises(function() tape:backward(3) end, "expected tensor, got number")
    assert.raises(function() tape:grad((p * 2):sum(), { hy.ones(2) }) end, "wrap it in hy.param")
  end)

  it("grad returns the gradient of a function and its value", function()
    local g, value = hy.grad(square_sum, hy.tensor{ 1, 2 })
    assert.close({ 2, 4 }, g)
    assert.equal(5, value)
  end)

  it("is harmless when the loss raises inside it", function()
    local p = hy.param(hy.ones(2))
    local before = hy.memory()
    for _ = 1, 5 do
      pcall(function()
        local tape <close> = hy.tape()
        local _ = p * 2
        error "stop"
      end)
    end
    collectgarbage()
    assert.is_true(hy.memory() <= before)
  end)

  it("repeats bit for bit", function()
    local function once()
      local x = hy.param(hy.randn(64, 32, { rng = hy.rng(1) }))
      local w = hy.param(hy.randn(32, 16, { rng = hy.rng(2) }))
      local tape <close> = hy.tape()
      tape:backward(x:mm(w):tanh():sum())
      return w.grad:totable()
    end
    assert.same(once(), once())
  end)

  it("gradcheck finds a wrong gradient", function()
    local ok, message = hy.gradcheck(function(x) return x:detach() * x end,
      { hy.tensor({ 1, 2 }, { dtype = "f64" }) })
    assert.is_false(ok)
    assert.is_truthy(message:find("finite difference", 1, true))
  end)
end)
