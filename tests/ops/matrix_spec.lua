--- Matrix products in all their shapes.
require "tests.support"
local hy = require "hyades"

local a = hy.tensor{ { 1, 2, 3 }, { 4, 5, 6 } }
local b = hy.tensor{ { 1, 0 }, { 0, 1 }, { 2, 2 } }

--- The product by its definition, from nested arrays.
local function naive(x, y)
  local result = {}
  for i = 1, #x do
    result[i] = {}
    for j = 1, #y[1] do
      local sum = 0
      for k = 1, #y do sum = sum + x[i][k] * y[k][j] end
      result[i][j] = sum
    end
  end
  return result
end

describe("matmul", function()
  it("multiplies matrices and vectors", function()
    assert.same({ { 7, 8 }, { 16, 17 } }, hy.matmul(a, b):totable())
    assert.same({ { 7, 8 }, { 16, 17 } }, a:mm(b):totable())
    local v = hy.tensor{ 1, 1, 1 }
    assert.same({ 6, 15 }, a:matmul(v):totable())
    assert.same({ 3, 3 }, v:matmul(b):totable())
    assert.equal(3, v:matmul(v):item())
    assert.same({}, v:matmul(v):size())
  end)

  it("reads every layout of its operands", function()
    local rng = hy.rng(4)
    local x, y = hy.randn(6, 8, { rng = rng, dtype = "f64" }), hy.randn(8, 6, { rng = rng, dtype = "f64" })
    local left = { x, x:t():contiguous():t(), x:narrow(1, 2, 3), x:narrow(2, 3, 4), x:t(),
      x:select(1, 1):unsqueeze(1), x:select(2, 2):unsqueeze(2), x:narrow(2, 2, 1),
      hy.ones(3, 1, { dtype = "f64" }):expand(3, 8) }
    local right = { y, y:t(), y:narrow(2, 2, 2), y:narrow(1, 1, 4), y:t():contiguous():t(),
      y:select(1, 1):unsqueeze(1), hy.ones(1, 5, { dtype = "f64" }):expand(8, 5) }
    local tried = 0
    for _, m in ipairs(left) do
      for _, n in ipairs(right) do
        if m:size(2) == n:size(1) then
          assert.close(naive(m:totable(), n:totable()), m:matmul(n), 1e-12)
          tried = tried + 1
        end
      end
    end
    assert.is_true(tried >= 15)
  end)

  it("broadcasts batches", function()
    local x, y = hy.randn(2, 1, 3, 4, { rng = hy.rng(1) }), hy.randn(5, 4, 2, { rng = hy.rng(2) })
    local z = x:matmul(y)
    assert.same({ 2, 5, 3, 2 }, z:size())
    assert.close(x[2][1]:matmul(y[4]), z[2][4], 1e-6)
    assert.same({ 2, 1, 3 }, x:matmul(hy.ones(4)):size())
    assert.same({ 5, 2 }, hy.ones(4):matmul(y):size())
  end)

  it("gives every combination its gradient", function()
    local function rand(...) return hy.randn(..., { rng = hy.rng(3), dtype = "f64" }) end
    local pairs_ = { { { 3, 4 }, { 4, 2 } }, { { 4 }, { 4, 2 } }, { { 3, 4 }, { 4 } }, { { 4 }, { 4 } },
      { { 2, 3, 4 }, { 4, 2 } }, { { 2, 1, 3, 4 }, { 5, 4, 2 } }, { { 4 }, { 5, 4, 2 } },
      { { 5, 3, 4 }, { 4 } } }
    for _, shapes in ipairs(pairs_) do
      assert(hy.gradcheck(hy.matmul, { rand(shapes[1]), rand(shapes[2]) }))
    end
    assert(hy.gradcheck(function(x, y) return x:t():matmul(y:t()) end, { rand{ 4, 3 }, rand{ 2, 4 } }))
  end)

  it("is empty or zero when a size is 0", function()
    assert.same({ { 0, 0 }, { 0, 0 } }, hy.zeros(2, 0):matmul(hy.zeros(0, 2)):totable())
    assert.same({ 0, 2 }, hy.zeros(0, 3):matmul(b):size())
    assert.same({ 2, 0 }, a:matmul(hy.zeros(3, 0)):size())
    assert.equal(0, hy.zeros(0):matmul(hy.zeros(0)):item())
  end)

  it("names shapes that do not fit", function()
    assert.raises(function() a:matmul(a) end, "matmul: inner sizes differ: 2×3 and 2×3")
    assert.raises(function() hy.ones(2, 3, 4):matmul(hy.ones(3, 4, 5)) end,
      "matmul: batch axes do not broadcast: 2×3×4 and 3×4×5")
    assert.raises(function() hy.matmul(a, hy.tensor(3)) end, "argument 2 is 0-dim")
    assert.raises(function() a:matmul(b:to("f64")) end, "dtypes differ: f32 and f64")
  end)
end)

describe("large products", function()
  local was = hy.onednn()
  teardown(function() hy.onednn(was) end)

  -- a million multiplications and more, so that they go to oneDNN if it is there
  local rng = hy.rng(8)
  local x, y = hy.randn(128, 300, { rng = rng }), hy.randn(300, 90, { rng = rng })
  local cases = {
    { x, y }, { x:t():contiguous():t(), y }, { x, y:t():contiguous():t() },
    { x:t():contiguous():t(), y:t():contiguous():t() }, { x:narrow(2, 11, 200), y:narrow(1, 11, 200) },
  }

  it("are right in every layout, with oneDNN and without", function()
    for _, wanted in ipairs{ true, false } do
      hy.onednn(wanted)
      for _, case in ipairs(cases) do
        local exact = case[1]:to("f64"):mm(case[2]:to("f64"))
        assert.close(exact, case[1]:mm(case[2]), 1e-4)
      end
    end
  end)

  it("have the same bits in every run", function()
    hy.onednn(true)
    for _, case in ipairs(cases) do
      local first = case[1]:mm(case[2])
      for _ = 1, 5 do assert.equal(0, (first - case[1]:mm(case[2])):abs():max():item()) end
    end
  end)

  it("stay with OpenBLAS when that is wanted, or when oneDNN is not installed", function()
    assert.is_false(hy.onednn(false))
    assert.is_false(hy.onednn())
    assert.equal(was, hy.onednn(true))
    assert.raises(function() hy.onednn "no" end, "onednn: expected true, false or nothing")
  end)
end)

describe("products of f64", function()
  local function random(rows, columns, seed)
    return hy.randn(rows, columns, { dtype = "f64", rng = hy.rng(seed) })
  end
  local function brute_force(left, right) -- by products with one column, each of which is a sum
    local columns = {}
    for j = 1, right:size(2) do
      columns[j] = (left * right:select(2, j):reshape(1, -1)):sum(2)
    end
    return hy.stack(columns, 2)
  end

  it("are right and have the same bits for any number of threads, in every layout", function()
    local threads = hy.threads()
    for i, sizes in ipairs{ { 900, 40, 60 }, { 7, 9000, 11 }, { 1, 100000, 3 }, { 2000, 300, 1 },
      { 130, 90, 170 }, { 3, 20, 6000 } } do
      local m, k, n = table.unpack(sizes)
      local left, right = random(m, k, i), random(k, n, i + 50)
      local expected = n < 200 and brute_force(left, right)
        or brute_force(right:t(), left:t()):t()
      for _, x in ipairs{ left, left:t():contiguous():t() } do
        for _, y in ipairs{ right, right:t():contiguous():t() } do
          local results = {}
          for t = 1, 3 do
            hy.threads(t)
            results[t] = x:mm(y)
          end
          hy.threads(threads)
          assert.close(expected, results[1], 1e-10)
          for t = 2, 3 do assert.equal(0, results[t]:ne(results[1]):sum():item()) end
        end
      end
    end
  end)
end)
