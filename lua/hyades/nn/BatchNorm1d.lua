local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Module = require "hyades.nn.Module"

local BatchNorm1d = class.define("BatchNorm1d", Module)

-- Modes of hy.batch_norm: by the batch, moving the running averages or not; by the averages.
local from_batch, from_batch_only, from_averages = 1, 2, 3

--- Gives every column mean 0 and variance 1 over the batch, then scales and shifts it.
-- columns: integer · options: momentum=0.1 of the running averages, eps=1e-5
-- In evaluation mode the running averages take the place of the batch; inside
-- `module:frozen_averages(fn)` the batch counts and the averages stay.
function BatchNorm1d:init(columns, options)
  options = check.options("nn.BatchNorm1d", options, { momentum = 0.1, eps = 1e-5 })
  if math.type(columns) ~= "integer" or columns < 1 then
    error("nn.BatchNorm1d: columns must be a positive integer, got " .. tostring(columns), 2)
  end
  self.columns, self.momentum, self.eps = columns, options.momentum, options.eps
  self.scale, self.shift = hy.param(hy.ones(columns)), hy.param(hy.zeros(columns))
  self.running_mean, self.running_var = hy.zeros(columns), hy.ones(columns)
  return self
end

function BatchNorm1d:forward(x)
  check.rows(self, x, self.columns)
  return hy.batch_norm(x, self.scale, self.shift, self.running_mean, self.running_var, {
    momentum = self.momentum, eps = self.eps,
    mode = self.averages_frozen and from_batch_only or self.training and from_batch or from_averages,
  })
end

function BatchNorm1d:pullback()
  error(("input_gradient: %s mixes the rows, so that no row has a gradient of its own; use "
    .. "nn.LayerNorm"):format(self), 0)
end

function BatchNorm1d:__tostring()
  return ("nn.BatchNorm1d(%d)"):format(self.columns)
end

return BatchNorm1d
