local hy = require "hyades"
local class = require "hyades.class"
local Optimizer = require "hyades.optim.Optimizer"

--- Stochastic gradient descent, with momentum if wanted.
-- lr=0.01, momentum=0, nesterov=false, weight_decay=0 (added to the gradient)
local SGD = class.define("SGD", Optimizer)
SGD.defaults = { lr = 0.01, momentum = 0, nesterov = false, weight_decay = 0 }

--- The running values of a parameter, before its first step.
-- p: tensor · setting: table
-- → table
function SGD.slot(_, p, setting)
  if setting.momentum == 0 then return {} end
  return { velocity = hy.zeros(p:size(), { dtype = p.dtype }) }
end

--- One step of one parameter.
-- p, gradient: tensors · slot, setting: tables
function SGD.update(_, p, gradient, slot, setting)
  hy.sgd_step(p, gradient, slot.velocity, { lr = setting.lr, momentum = setting.momentum,
    nesterov = setting.nesterov, weight_decay = setting.weight_decay })
end

return SGD
