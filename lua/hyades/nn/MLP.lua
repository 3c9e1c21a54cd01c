local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local activations = require "hyades.nn.activations"
local BatchNorm1d = require "hyades.nn.BatchNorm1d"
local Dropout = require "hyades.nn.Dropout"
local Linear = require "hyades.nn.Linear"
local Sequential = require "hyades.nn.Sequential"

local MLP = class.define("MLP", Sequential)

MLP.options = { layers = check.required, activation = activations.LeakyReLU,
  output = check.optional, batch_norm = false, dropout = 0, bias = true, rng = hy.rng }

--- Raise unless layers is an array of two or more positive widths.
-- where: string, who complains · layers: anything
function MLP.check_layers(where, layers)
  local good = type(layers) == "table" and #layers >= 2
  for _, width in ipairs(good and layers or {}) do
    good = good and math.type(width) == "integer" and width > 0
  end
  if not good then error(where .. ": layers must list at least two positive widths", 3) end
end

--- A stack of dense layers: linear, [batch norm], [dropout], activation; the last is linear only.
-- layers: array of widths, from input to output · activation: constructor, nn.LeakyReLU
-- output: constructor of an activation after the last layer, optional
-- batch_norm=false, dropout=0, bias=true, rng=hy.rng
function MLP:init(options)
  options = check.options("nn.MLP", options, MLP.options)
  MLP.check_layers("nn.MLP", options.layers)
  check.number("nn.MLP", "dropout", options.dropout, 0)
  local function add(layer) self[#self + 1] = layer end
  local last = #options.layers - 1
  for i = 1, last do
    local inputs, outputs = options.layers[i], options.layers[i + 1]
    add(Linear(inputs, outputs, { bias = options.bias, rng = options.rng }))
    if i < last then
      if options.batch_norm then add(BatchNorm1d(outputs)) end
      if options.dropout > 0 then add(Dropout(options.dropout, { rng = options.rng:split() })) end
      add(options.activation())
    elseif options.output then
      add(options.output())
    end
  end
  return self
end

return MLP
