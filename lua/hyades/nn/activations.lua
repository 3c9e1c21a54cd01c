--- Activations as modules: nn.ReLU(), nn.LeakyReLU{ slope = 0.2 }.

local check = require "hyades.check"
local class = require "hyades.class"
local Module = require "hyades.nn.Module"

-- apply(x, option) → tensor · slope(x, y, option) → derivative of y = apply(x), for pullback
-- option, default: of the only option, or nil · native: its name in hy.linear, where that has it
local function activation(name, how)
  local Activation = class.define(name, Module)
  local option = how.option
  Activation.native = how.native
  Activation.defaults = option and { [option] = how.default } or {}
  function Activation:init(options)
    local given = check.options("nn." .. name, options, Activation.defaults)
    if option then self[option] = given[option] end
    return self
  end
  function Activation:forward(x)
    if class.kind(x) ~= "tensor" then
      error(("%s: expected a tensor, got %s"):format(self, check.describe(x)), 0)
    end
    return how.apply(x, option and self[option])
  end
  function Activation:pullback(x)
    local y = self:forward(x)
    local slope = how.slope(x, y, option and self[option])
    return y, function(g) return g * slope end
  end
  function Activation:__tostring()
    return option and ("nn.%s{ %s = %s }"):format(name, option, self[option]) or "nn." .. name
  end
  return Activation
end

-- 1 where x is above 0, else 0, without a gradient.
local function above(x) return x:gt(0):to(x.dtype) end

local Softmax = activation("Softmax", { option = "axis", default = -1,
  apply = function(x, axis) return x:softmax(axis) end })

function Softmax:pullback(x)
  local y = self:forward(x)
  return y, function(g) return y * (g - (g * y):sum(self.axis, { keep = true })) end
end

return {
  Softmax = Softmax,
  Identity = activation("Identity", {
    apply = function(x) return x end, slope = function() return 1 end }),
  ReLU = activation("ReLU", { native = "relu",
    apply = function(x) return x:relu() end, slope = above }),
  LeakyReLU = activation("LeakyReLU", { native = "leaky_relu", option = "slope", default = 0.01,
    apply = function(x, slope) return x:leaky_relu(slope) end,
    slope = function(x, _, slope) return above(x) * (1 - slope) + slope end }),
  ELU = activation("ELU", { option = "alpha", default = 1,
    apply = function(x, alpha) return x:elu(alpha) end,
    slope = function(x, y, alpha) return above(x) + (1 - above(x)) * (y + alpha) end }),
  GELU = activation("GELU", {
    apply = function(x) return x:gelu() end,
    slope = function(x)
      return ((x * math.sqrt(0.5)):erf() + 1) / 2 + x * (x:square() / -2):exp() / math.sqrt(2 * math.pi)
    end }),
  SiLU = activation("SiLU", {
    apply = function(x) return x:silu() end,
    slope = function(x, y) return x:sigmoid() * (1 + x - y) end }),
  Sigmoid = activation("Sigmoid", { native = "sigmoid",
    apply = function(x) return x:sigmoid() end, slope = function(_, y) return y * (1 - y) end }),
  Tanh = activation("Tanh", { native = "tanh",
    apply = function(x) return x:tanh() end, slope = function(_, y) return 1 - y:square() end }),
  Softplus = activation("Softplus", {
    apply = function(x) return x:softplus() end, slope = function(x) return x:sigmoid() end }),
}
