local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Module = require "hyades.nn.Module"

local Linear = class.define("Linear", Module)
Linear.order = { "weight", "bias" }

--- A dense layer: x·wᵀ + b for every row of x.
-- inputs, outputs: integers · options: bias=true, rng=hy.rng
-- Weights and bias start uniform in ±1/√inputs; the weight is stored outputs×inputs.
function Linear:init(inputs, outputs, options)
  options = check.options("nn.Linear", options, { bias = true, rng = hy.rng })
  check.number("nn.Linear", "inputs", inputs, 1, nil, true)
  check.number("nn.Linear", "outputs", outputs, 1, nil, true)
  local limit = 1 / math.sqrt(inputs)
  local function uniform(shape)
    return hy.param((hy.rand(shape, { rng = options.rng }) * 2 - 1) * limit)
  end
  self.inputs, self.outputs = inputs, outputs
  self.weight = uniform{ outputs, inputs }
  self.bias = options.bias and uniform{ outputs } or nil
  return self
end

function Linear:forward(x)
  if not hy.is_tensor(x) or x:dim() == 0 then
    error(("%s: expected a tensor with rows of length %d, got %s"):format(self, self.inputs,
      hy.is_tensor(x) and "a single number" or check.describe(x)), 0)
  elseif x:size(-1) ~= self.inputs then
    error(("%s: expected rows of length %d, got %s"):format(self, self.inputs,
      table.concat(x:size(), "×")), 0)
  end
  return hy.linear(x, self.weight, self.bias)
end

function Linear:__tostring()
  return ("nn.Linear(%d, %d)"):format(self.inputs, self.outputs)
end

return Linear
