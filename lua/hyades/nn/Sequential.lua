local check = require "hyades.check"
local class = require "hyades.class"
local Module = require "hyades.nn.Module"

local Sequential = class.define("Sequential", Module)
Sequential.forwards_only = true

--- Modules applied one after the other.
-- layers: array of modules, or of functions of a tensor
function Sequential:init(layers)
  if type(layers) ~= "table" then
    error("nn.Sequential: expected a list of modules, got " .. check.describe(layers), 2)
  end
  for i, layer in ipairs(layers) do
    if type(layer) ~= "function" and not class.is(layer, Module) then
      error(("nn.Sequential: layer %d is no module: %s"):format(i, tostring(layer)), 2)
    end
    self[i] = layer
  end
  return self
end

function Sequential:forward(x)
  for _, layer in ipairs(self) do x = layer(x) end
  return x
end

return Sequential
