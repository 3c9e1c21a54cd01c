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
