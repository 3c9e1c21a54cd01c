local hy = require "hyades"
local class = require "hyades.class"
local Optimizer = require "hyades.optim.Optimizer"

--- RMSprop: steps divided by the root of a running mean of the squared gradient.
-- Tieleman & Hinton, 2012.
-- lr=0.01, alpha=0.99 (how much of the running mean stays), eps=1e-8, weight_decay=0 (added to the
-- gradient), momentum=0, centered=false: divide by the standard deviation instead
local RMSprop = class.define("RMSprop", Optimizer)
RMSprop.defaults = { lr = 0.01, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0,
  centered = false }

--- The running values of a parameter, before its first step.
-- p: tensor · setting: table
-- → table
function RMSprop.slot(_, p, setting)
  local function zeros(wanted)
    return wanted and hy.zeros(p:size(), { dtype = p.dtype }) or nil
  end
  return { square = zeros(true), mean = zeros(setting.centered),
    velocity = zeros(setting.momentum ~= 0) }
end

--- One step of one parameter.
-- p, gradient: tensors · slot, setting: tables
function RMSprop.update(_, p, gradient, slot, setting)
  hy.rmsprop_step(p, gradient, slot.square, slot.mean, slot.velocity, { lr = setting.lr,
    alpha = setting.alpha, eps = setting.eps, weight_decay = setting.weight_decay,
    momentum = setting.momentum })
end

return RMSprop
