--- Activations as modules: nn.ReLU(), nn.LeakyReLU{ slope = 0.2 }.

local check = require "hyades.check"
local class = require "hyades.class"
local Module = require "hyades.nn.Module"

-- option: name and default of the only option, or nil; apply(x, option) → tensor
-- native: its name in hy.linear, where that has it
local function activation(name, apply, option, default, native)
  local Activation = class.define(name, Module)
  Activation.native = native
  Activation.defaults = option and { [option] = default } or {}
  function Activation:init(options)
    local given = check.options("nn." .. name, options, Activation.defaults)
    if option then self[option] = given[option] end
    return self
  end
  function Activation:forward(x)
    if class.kind(x) ~= "tensor" then
      error(("%s: expected a tensor, got %s"):format(self, check.describe(x)), 0)
    end
    return apply(x, option and self[option])
  end
  function Activation:__tostring()
    return option and ("nn.%s{ %s = %s }"):format(name, option, self[option]) or "nn." .. name
  end
  return Activation
end

return {
  Identity = activation("Identity", function(x) return x end),
  ReLU = activation("ReLU", function(x) return x:relu() end, nil, nil, "relu"),
  LeakyReLU = activation("LeakyReLU", function(x, slope) return x:leaky_relu(slope) end,
    "slope", 0.01, "leaky_relu"),
  ELU = activation("ELU", function(x, alpha) return x:elu(alpha) end, "alpha", 1),
  GELU = activation("GELU", function(x) return x:gelu() end),
  SiLU = activation("SiLU", function(x) return x:silu() end),
  Sigmoid = activation("Sigmoid", function(x) return x:sigmoid() end, nil, nil, "sigmoid"),
  Tanh = activation("Tanh", function(x) return x:tanh() end, nil, nil, "tanh"),
  Softplus = activation("Softplus", function(x) return x:softplus() end),
  Softmax = activation("Softmax", function(x, axis) return x:softmax(axis) end, "axis", -1),
}
