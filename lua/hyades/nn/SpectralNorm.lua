local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Module = require "hyades.nn.Module"

local SpectralNorm = class.define("SpectralNorm", Module)

local first_steps = 15 -- of the power method, when the layer is wrapped

--- A layer whose weight is divided by its largest singular value, so that it stretches no input:
-- what a critic or a discriminator wants. Miyato et al., Spectral normalization for GANs, ICLR 2018.
-- layer: module with a weight o×…, such as nn.Linear · options: steps=1 of the power method in every
-- training pass, rng=hy.rng
-- The vector of the power method, `u`, is saved with the module; evaluation leaves it.
function SpectralNorm:init(layer, options)
  options = check.options("nn.SpectralNorm", options, { steps = 1, rng = hy.rng })
  local weight = class.is(layer, Module) and rawget(layer, "weight")
  if class.kind(weight) ~= "tensor" or weight:dim() < 2 then
    error("nn.SpectralNorm: expected a module with a weight of two or more axes, got "
      .. (class.is(layer, Module) and tostring(layer) or class.kind(layer) or check.describe(layer)), 2)
  end
  check.number("nn.SpectralNorm", "steps", options.steps, 1, nil, true)
  self.layer, self.steps = layer, math.tointeger(options.steps)
  self.u = hy.randn(weight:size(1), { dtype = weight.dtype, rng = options.rng })
  hy.spectral_norm(weight:detach(), self.u, { steps = first_steps })
  return self
end

-- Calls fn(layer, x) while the layer has its weight divided.
local function divided(self, fn, x)
  local layer, weight = self.layer, self.layer.weight
  layer.weight = hy.spectral_norm(weight, self.u, { steps = self.training and self.steps or 0 })
  local results = table.pack(pcall(fn, layer, x))
  layer.weight = weight
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

function SpectralNorm:forward(x)
  return divided(self, self.layer.forward, x)
end

function SpectralNorm:pullback(x)
  return divided(self, self.layer.pullback, x)
end

function SpectralNorm:__tostring()
  return ("nn.SpectralNorm(%s)"):format(self.layer)
end

return SpectralNorm
