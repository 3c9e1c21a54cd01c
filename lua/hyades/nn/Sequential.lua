local check = require "hyades.check"
local class = require "hyades.class"
local Linear = require "hyades.nn.Linear"
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

-- Options of hy.linear for a dense layer with the activation behind it; nil where these are two
-- steps: either is of another kind, or somebody has replaced its `forward`, as Module:features does
-- to hear what it gives.
local function one_op(layer, following)
  local own = class.is(following, Module) and class.of(following)
  local native = own and rawget(own, "native")
  if not native or following.forward ~= own.forward or not class.is(layer, Linear)
    or layer.forward ~= Linear.forward or following.slope and not (following.slope > 0) then
    return nil
  end
  return { activation = native, slope = following.slope }
end

function Sequential:forward(x)
  local i = 1
  while self[i] do
    local layer = self[i]
    local together = one_op(layer, self[i + 1])
    x = together and layer:activated(x, together) or layer(x)
    i = i + (together and 2 or 1)
  end
  return x
end

function Sequential:pullback(x)
  local pulls = {}
  for i, layer in ipairs(self) do
    if type(layer) == "function" then
      error(("input_gradient: layer %d is a function, whose gradient it cannot write"):format(i), 0)
    end
    x, pulls[i] = layer:pullback(x)
  end
  return x, function(g)
    for i = #pulls, 1, -1 do g = pulls[i](g) end
    return g
  end
end

return Sequential
