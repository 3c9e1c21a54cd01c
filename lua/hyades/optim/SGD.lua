local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Optimizer = require "hyades.optim.Optimizer"

local SGD = class.define("SGD", Optimizer)

--- Stochastic gradient descent, with momentum if wanted.
-- lr=0.01, momentum=0, nesterov=false, weight_decay=0 (added to the gradient)
function SGD:init(options)
  options = check.options("optim.SGD", options, { lr = 0.01, momentum = 0, nesterov = false,
    weight_decay = 0 })
  check.number("optim.SGD", "lr", options.lr, 0)
  self.lr, self.momentum = options.lr, options.momentum
  self.nesterov, self.weight_decay = options.nesterov, options.weight_decay
  return self
end

--- The running values of a parameter, before its first step.
-- p: tensor
-- → table
function SGD:slot(p)
  if self.momentum == 0 then return {} end
  return { velocity = hy.zeros(p:size(), { dtype = p.dtype }) }
end

--- One step of one parameter.
-- p, gradient: tensors · slot: table · lr: number
function SGD:update(p, gradient, slot, lr)
  hy.sgd_step(p, gradient, slot.velocity, { lr = lr, momentum = self.momentum,
    nesterov = self.nesterov, weight_decay = self.weight_decay })
end

return SGD
