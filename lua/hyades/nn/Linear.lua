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
  return self:activated(x)
end

--- The layer and an activation in one op.
-- x: tensor with rows · options: as hy.linear takes them: activation=, slope=; optional
-- → tensor
function Linear:activated(x, options)
  check.rows(self, x, self.inputs)
  return hy.linear(x, self.weight, self.bias, options or {})
end

function Linear:pullback(x)
  local weight = self.weight
  return self:activated(x), function(g) return g:mm(weight) end
end

function Linear:__tostring()
  return ("nn.Linear(%d, %d)"):format(self.inputs, self.outputs)
end

return Linear
