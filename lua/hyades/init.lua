--- Hyades: tensors, gradients and deep clustering.
-- The native ops come from hyades.core; everything else is loaded when it is first used.
require "hyades.env" -- before OpenMP starts with core
local core = require "hyades.core"
local lazy = require "hyades.lazy"

local hy = {}
for name, value in pairs(core) do
  hy[name] = value
end

--- Run fn without recording on a tape. → what fn returns
function hy.no_grad(fn, ...)
  require("hyades.check").callable("no_grad", "argument 1", fn)
  local guard <close> = core.blocked_tape()  -- luacheck: ignore guard
  return fn(...)
end

--- Straight-through estimator: forward 1 at the largest number of each row and 0 elsewhere, backward
-- the gradient as it comes, as if y had passed unchanged. Bengio, Léonard & Courville, 2013.
-- y: tensor …×k, such as the soft draws of gumbel_softmax
-- → tensor like y
function hy.straight_through(y)
  if not core.is_tensor(y) or y:dim() == 0 or y:size(-1) == 0 or not y.dtype:find "^f" then
    error(("straight_through: argument 1 must be a tensor f32 or f64 with at least one column, got %s")
      :format(require("hyades.check").describe(y)), 2)
  end
  local hot = core.one_hot(y:argmax(-1), y:size(-1), { dtype = y.dtype })
  return y + (hot - y):detach()
end

--- Gradient of a scalar function at x.
-- fn: function of a tensor that returns a single number as a tensor · x: tensor
-- → gradient (tensor like x), value (number)
function hy.grad(fn, x)
  require("hyades.check").callable("grad", "argument 1", fn)
  if not core.is_tensor(x) then
    error(("grad: argument 2 must be a tensor, got %s"):format(type(x)), 2)
  end
  local p = core.param(x:detach())
  local tape <close> = core.tape()
  local value = fn(p)
  if not core.is_tensor(value) then
    error(("grad: the function returned %s; it must return a tensor with one element"):format(type(value)), 2)
  end
  local gradient = tape:grad(value, { p })
  return gradient, value:item()
end

--- Compare the gradients of a function with finite differences.
-- fn: function of tensors that returns a tensor · inputs: list of f64 tensors
-- options: eps=1e-6 · tol=1e-6, relative to the largest gradient, at least 1
-- → true, or false and a sentence
function hy.gradcheck(fn, inputs, options)
  return require("hyades.gradcheck")(fn, inputs, options)
end

return lazy.extend(hy, "hyades", {
  modules = { "nn", "optim", "data", "cluster", "deep", "metrics", "plot", "train", "loss", "model",
    "report" },
  functions = { help = "hyades.help", progress = "hyades.progress", save = "hyades.save",
    load = "hyades.save", display = "hyades.display",
    notebook = "hyades.notebook" },
})
