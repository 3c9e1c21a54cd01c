--- Gradients against central differences.
local hy = require "hyades"
local check = require "hyades.check"

--- Σ w·y with fixed uneven weights: a scalar whose gradient reaches every element of y.
local function weighted_sum(y)
  local n = y:numel()
  local w = hy.linspace(0.5, 1.5, math.max(n, 1), { dtype = y.dtype })
  if n == 0 then
    return y:sum()
  end
  return (y:reshape(n) * w:narrow(1, 1, n)):sum()
end

local function value_at(fn, inputs)
  return weighted_sum(fn(table.unpack(inputs))):item()
end

local function numeric_gradient(fn, inputs, which, eps)
  local x = inputs[which]
  local flat = x:contiguous():reshape(x:numel())
  local values, gradient = flat:totable(), {}
  local shape = x:size()
  local function with(j, value)
    local changed = table.move(values, 1, #values, 1, {})
    changed[j] = value
    local all = table.move(inputs, 1, #inputs, 1, {})
    all[which] = hy.tensor(changed, { dtype = x.dtype }):reshape(shape)
    return value_at(fn, all)
  end
  for j = 1, #values do
    local step = eps * math.max(1, math.abs(values[j]))
    gradient[j] = (with(j, values[j] + step) - with(j, values[j] - step)) / (2 * step)
  end
  return gradient
end

local function tape_gradients(fn, inputs)
  local params = {}
  for i, x in ipairs(inputs) do
    params[i] = hy.param(x:clone())
  end
  local tape <close> = hy.tape()
  local value = weighted_sum(fn(table.unpack(params)))
  return { tape:grad(value, params) }
end

--- See hy.gradcheck.
return function(fn, inputs, options)
  check.callable("gradcheck", "argument 1", fn)
  options = check.options("gradcheck", options, { eps = 1e-6, tol = 1e-6 })
  local eps = check.number("gradcheck", "option eps", options.eps)
  local tol = check.number("gradcheck", "option tol", options.tol)
  for i = 1, type(inputs) == "table" and math.max(#inputs, 1) or 1 do
    local x = type(inputs) == "table" and inputs[i]
    if not hy.is_tensor(x) then
      error(("gradcheck: argument 2 must be a list of f64 tensors, got %s"):format(
        check.describe(x or inputs)), 3)
    end
  end
  local found = tape_gradients(fn, inputs)
  for which, x in ipairs(inputs) do
    if x:numel() > 0 then
      local expected = numeric_gradient(fn, inputs, which, eps)
      local got = found[which]:contiguous():reshape(x:numel()):totable()
      local scale = 1
      for _, g in ipairs(expected) do
        scale = math.max(scale, math.abs(g))
      end
      for j, g in ipairs(expected) do
        if not (math.abs(g - got[j]) <= tol * scale) then
          return false, ("input %d, element %d: gradient %.9g, finite difference %.9g"):format(
            which, j, got[j], g)
        end
      end
    end
  end
  return true
end
