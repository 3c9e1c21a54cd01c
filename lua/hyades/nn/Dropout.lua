local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Module = require "hyades.nn.Module"

local Dropout = class.define("Dropout", Module)

--- Sets each element to 0 with probability p and scales the rest by 1/(1 − p), in training only.
-- p: number in [0, 1) · options: rng=hy.rng
function Dropout:init(p, options)
  options = check.options("nn.Dropout", options, { rng = hy.rng })
  p = p or 0.5
  if type(p) ~= "number" or not (p >= 0 and p < 1) then
    error("nn.Dropout: p must be a number in [0, 1), got " .. tostring(p), 2)
  end
  self.p, self.rng = p, options.rng
  return self
end

function Dropout:forward(x)
  if not self.training or self.p == 0 then return x end
  return hy.dropout(x, { p = self.p, rng = self.rng or hy.rng })
end

function Dropout:pullback(x)
  if not self.training or self.p == 0 then return x, function(g) return g end end
  local mask = self:forward(hy.ones(x:size(), { dtype = x.dtype }))
  return x * mask, function(g) return g * mask end
end

function Dropout:__tostring()
  return ("nn.Dropout(%g)"):format(self.p)
end

return Dropout
