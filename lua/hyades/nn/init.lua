--- Networks: layers, and modules made of them.

local nn = require("hyades.lazy").folder("hyades.nn", { "Autoencoder", "BatchNorm1d", "Dropout",
  "GaussianEncoder", "LayerNorm", "Linear", "MLP", "Module", "NeighborEncoder", "Sequential",
  "SpectralNorm", "StackedAutoencoder", "VAE" })

for name, Activation in pairs(require "hyades.nn.activations") do rawset(nn, name, Activation) end

--- A module of your own: a table of tensors and modules with a `forward`.
-- fields: table with forward = function(self, x) … end
-- → module
function nn.module(fields)
  if type(fields) ~= "table" or type(fields.forward) ~= "function" then
    error("nn.module: expected a table with forward = function(self, x) … end", 2)
  end
  return setmetatable(fields, require "hyades.nn.Module")
end

return nn
