--- Every op of the registry keeps the promises that all ops make. One test an op.
require "tests.support"
local hy = require "hyades"
local samples = require "tests.ops.samples"

-- The arguments with a gradient, where others are state.
local differentiated = { batch_norm = { 1, 2, 3 }, spectral_norm = { 1 } }

--- Positions of the arguments that are tensors of numbers with a gradient.
local function tensor_positions(arguments)
  local positions = {}
  for i, value in ipairs(arguments) do
    if hy.is_tensor(value) and (value.dtype == "f64" or value.dtype == "f32") then
      positions[#positions + 1] = i
    end
  end
  return positions
end

local function call(info, arguments)
  return hy[info.name](table.unpack(arguments))
end

local function with(arguments, positions, tensors)
  local all = table.move(arguments, 1, #arguments, 1, {})
  for k, position in ipairs(positions) do
    all[position] = tensors[k]
  end
  return all
end

--- The same values behind transposed strides.
local function strided(x)
  if x:dim() < 2 then
    return hy.stack({ x, x }, -1):select(-1, 1)
  end
  return x:t():contiguous():t()
end

local function check_documented(info)
  assert.is_true(#info.doc > 10, info.name .. " has no doc")
  assert.is_truthy(info.doc:match "%.$", info.name .. ": the doc is no sentence")
  assert.is_truthy(info.signature:find("->", 1, true))
end

-- random ops draw the same numbers again when their generator starts again
local function fresh_rng(arguments)
  for _, value in ipairs(arguments) do
    if type(value) == "table" and value.rng then
      value.rng = hy.rng(3)
    end
  end
  return arguments
end

local function check_gradient(info)
  local arguments = samples.arguments(info, hy.rng(11), "f64")
  if type(arguments[1]) == "table" then -- a list of tensors
    local list = arguments[1]
    assert(hy.gradcheck(function(...)
      return (call(info, with(arguments, { 1 }, { { ... } })))
    end, list))
    return
  end
  local positions = differentiated[info.name] or tensor_positions(arguments)
  local inputs = {}
  for k, position in ipairs(positions) do
    inputs[k] = arguments[position]
  end
  assert(hy.gradcheck(function(...)
    local tensors = { ... }
    if samples.symmetric[info.name] then tensors[1] = samples.symmetrize(tensors[1]) end
    return (call(info, fresh_rng(with(arguments, positions, tensors))))
  end, inputs))
end

--- Gradients of Σ w·y for uneven weights w, of every tensor among the arguments.
local function tape_gradients(info, arguments, positions, dtype)
  local params, all = {}, {}
  for i, value in ipairs(arguments) do -- constants too, such as running averages
    local converts = hy.is_tensor(value) and value.dtype == "f64"
    all[i] = converts and value:to(dtype):clone() or value
  end
  for k, position in ipairs(positions) do
    params[k] = hy.param(all[position])
  end
  local tape <close> = hy.tape()
  local y = (call(info, fresh_rng(with(all, positions, params))))
  local weight = hy.linspace(0.5, 1.5, y:numel(), { dtype = y.dtype }):reshape(y:size())
  return { tape:grad((y * weight):sum(), params) }
end

--- The f32 kernels compute the gradient that the f64 kernels compute, from the same numbers.
local function check_single_precision(info)
  local arguments = samples.arguments(info, hy.rng(11), "f64")
  if type(arguments[1]) == "table" then return end -- a list of tensors
  local positions = differentiated[info.name] or tensor_positions(arguments)
  for i, value in ipairs(arguments) do
    if hy.is_tensor(value) and value.dtype == "f64" then arguments[i] = value:to("f32"):to("f64") end
  end
  local double = tape_gradients(info, arguments, positions, "f64")
  local single = tape_gradients(info, arguments, positions, "f32")
  for k, expected in ipairs(double) do
    local scale = math.max(1, expected:abs():max():item())
    assert.close(expected / scale, single[k]:to("f64") / scale, 2e-5)
  end
end

-- How many tensors the steps take; they want contiguous parameters, and say so.
local in_place = { adam_step = 4, sgd_step = 3, rmsprop_step = 5, proximal_group_step = 1 }

local function check_strided(info)
  if in_place[info.name] then
    local p = strided(hy.ones(3, 4))
    local list = {}
    for i = 1, in_place[info.name] do list[i] = p end
    if info.name == "proximal_group_step" then list[2] = 1 end
    assert.raises(function() call(info, list) end, "must be contiguous")
    return
  end
  for _, dtype in ipairs{ "f32", "f64" } do
    local arguments = samples.arguments(info, hy.rng(5), dtype)
    local expected = { call(info, fresh_rng(arguments)) }
    arguments = samples.arguments(info, hy.rng(5), dtype)
    local positions, views = tensor_positions(arguments), {}
    for k, position in ipairs(positions) do
      views[k] = strided(arguments[position])
    end
    local got = { call(info, fresh_rng(with(arguments, positions, views))) }
    assert.equal(#expected, #got)
    for k = 1, #expected do
      assert.close(expected[k], got[k], dtype == "f32" and 1e-5 or 1e-12)
    end
  end
end

local function check_wrong_arguments(info)
  local params = samples.parse(info.signature)
  if #params == 0 then return end
  local arguments = samples.arguments(info, hy.rng(7), "f32")
  local wrong = table.move(arguments, 1, #arguments, 1, {})
  wrong[1] = "nonsense"
  local ok, message = pcall(call, info, wrong)
  assert.is_false(ok)
  assert.is_truthy(message:find(info.name, 1, true), message)
  assert.is_truthy(message:find(params[1].name, 1, true), message)
  local many = table.move(arguments, 1, #arguments, 1, {})
  for _ = 1, 12 do
    many[#many + 1] = 1
  end
  ok, message = pcall(call, info, many)
  assert.is_false(ok, info.name .. " takes too many arguments")
  assert.is_truthy(message:find(info.name, 1, true), message)
end

-- an op over no elements gives an empty tensor, a number, or a sentence, and never crashes
local function check_empty(info)
  for _, shape in ipairs{ { 0, 4 }, { 3, 0 }, { 0 } } do
    local arguments = samples.arguments(info, hy.rng(9), "f32")
    local positions, empty = tensor_positions(arguments), {}
    for k in ipairs(positions) do
      empty[k] = hy.zeros(shape)
    end
    local ok, message = pcall(call, info, with(arguments, positions, empty))
    if not ok then
      assert.is_truthy(message:find(info.name .. ":", 1, true), message)
    end
  end
end

local function check_broadcast(info)
  local params = samples.parse(info.signature)
  if #params ~= 2 or params[1].kind ~= "operand" or params[2].kind ~= "operand" then return end
  local lo, hi = info.lo == info.hi and -2 or info.lo, info.lo == info.hi and 2 or info.hi
  local rng = hy.rng(13)
  local function stretched(x) return x:expand(2, 3, 4):clone() end
  for _, shape in ipairs{ { 4 }, { 3, 1 }, { 1, 4 }, { 2, 1, 4 }, {} } do
    local x = samples.uniform({ 2, 3, 4 }, lo, hi, rng, "f64")
    local y = samples.uniform(shape, lo, hi, rng, "f64")
    local op = hy[info.name]
    assert.close(op(x, stretched(y)), op(x, y), 0)
    assert.close(op(stretched(y), x), op(y, x), 0)
    if info.differentiable then
      assert(hy.gradcheck(op, { x, y }))
      assert(hy.gradcheck(op, { y, x }))
    end
  end
  assert.raises(function() hy[info.name](hy.ones(2, 3), hy.ones(2, 4)) end, "2×3 and 2×4")
end

describe("op", function()
  for _, info in ipairs(hy.ops()) do
    it(info.name .. " keeps the promises of all ops", function()
      check_documented(info)
      check_strided(info)
      check_wrong_arguments(info)
      check_empty(info)
      check_broadcast(info)
      if info.differentiable then
        check_gradient(info)
        check_single_precision(info)
      end
    end)
  end
end)
