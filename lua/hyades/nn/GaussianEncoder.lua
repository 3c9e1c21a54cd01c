local check = require "hyades.check"
local class = require "hyades.class"
local Linear = require "hyades.nn.Linear"
local MLP = require "hyades.nn.MLP"
local Module = require "hyades.nn.Module"

local GaussianEncoder = class.define("GaussianEncoder", Module)
GaussianEncoder.forwards_only = true
GaussianEncoder.order = { "body", "mean", "log_variance" }

--- The encoder of nn.VAE: a stack of dense layers with an activation after each, and on top of it
-- two linear layers, for the mean and the logarithm of the variance of a normal distribution.
-- layers: array of widths from the data to the embedding · other options: as in nn.MLP
function GaussianEncoder:init(options)
  local all = {}
  for name, default in pairs(MLP.options) do all[name] = default end
  all.output = nil
  options = check.options("nn.GaussianEncoder", options, all)
  local layers = options.layers
  MLP.check_layers("nn.GaussianEncoder", layers)
  if #layers > 2 then
    self.body = MLP{ layers = { table.unpack(layers, 1, #layers - 1) },
      activation = options.activation, output = options.activation,
      batch_norm = options.batch_norm, dropout = options.dropout, bias = options.bias,
      rng = options.rng }
  end
  for _, head in ipairs{ "mean", "log_variance" } do
    self[head] = Linear(layers[#layers - 1], layers[#layers],
      { bias = options.bias, rng = options.rng })
  end
  return self
end

--- The distribution that belongs to every row.
-- x: tensor n×d
-- → mean, log_variance: tensors n×m
function GaussianEncoder:forward(x)
  local h = self.body and self.body(x) or x
  return self.mean(h), self.log_variance(h)
end

return GaussianEncoder
