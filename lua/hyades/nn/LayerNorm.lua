local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Module = require "hyades.nn.Module"

local LayerNorm = class.define("LayerNorm", Module)

--- Gives every row mean 0 and variance 1, then scales and shifts its columns. Ba et al., 2016.
-- columns: integer · options: eps=1e-5
-- It does the same in training and in evaluation.
function LayerNorm:init(columns, options)
  options = check.options("nn.LayerNorm", options, { eps = 1e-5 })
  if math.type(columns) ~= "integer" or columns < 1 then
    error("nn.LayerNorm: columns must be a positive integer, got " .. tostring(columns), 2)
  end
  self.columns, self.eps = columns, options.eps
  self.scale, self.shift = hy.param(hy.ones(columns)), hy.param(hy.zeros(columns))
  return self
end

function LayerNorm:forward(x)
  check.rows(self, x, self.columns)
  return x:layer_norm(self.scale, self.shift, { eps = self.eps })
end

function LayerNorm:pullback(x)
  local y = self:forward(x)
  local centered = x - x:mean(-1, { keep = true })
  local scale = (centered:square():mean(-1, { keep = true }) + self.eps):rsqrt()
  local hat = centered * scale
  return y, function(g)
    g = g * self.scale
    return (g - g:mean(-1, { keep = true }) - hat * (g * hat):mean(-1, { keep = true })) * scale
  end
end

function LayerNorm:__tostring()
  return ("nn.LayerNorm(%d)"):format(self.columns)
end

return LayerNorm
