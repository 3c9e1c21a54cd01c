--- Points of an embedding as points of the data, for the pictures that show decoded images.
local class = require "hyades.class"
local numbers = require "hyades.plot.numbers"

local decoded = {}

--- The network of a fitted model, or the network itself.
-- fn: the caller · model: anything
-- → module with decode
function decoded.net(fn, model)
  local net = type(model) == "table" and (rawget(model, "net") or model) or nil
  if not net or not pcall(function() return assert(net.decode) end) then
    numbers.fail(fn, "expected a network with decode, or a fitted model that has one, got %s",
      class.kind(model) or numbers.kind(model))
  end
  return net
end

--- Decode in evaluation mode, without touching the network. A decoder overshoots black and white a
-- little; that is cut, or all images would turn gray.
-- fn: the caller · net: module · z: tensor n×d
-- → tensor
function decoded.points(fn, net, z)
  local hy = require "hyades"
  local ok, x = pcall(hy.no_grad, function() return net:clone():eval():decode(z:to "f32") end)
  if not ok then
    numbers.fail(fn, "the network cannot decode %d columns: %s", z:size(2), tostring(x))
  end
  local lo, hi = x:min():item(), x:max():item()
  return lo > -0.5 and hi > 0.5 and hi < 1.5 and x:clamp(0, 1) or x
end

return decoded
