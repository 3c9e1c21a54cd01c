local hy = require "hyades"
local class = require "hyades.class"
local Optimizer = require "hyades.optim.Optimizer"

--- Adam: steps scaled by running means of the gradient and of its square. Kingma & Ba, ICLR 2015.
-- lr=1e-3, betas={ 0.9, 0.999 }, eps=1e-8, weight_decay=0 (added to the gradient)
local Adam = class.define("Adam", Optimizer)
Adam.defaults = { lr = 1e-3, betas = { 0.9, 0.999 }, eps = 1e-8, weight_decay = 0 }
Adam.decoupled = false

--- The running values of a parameter, before its first step.
-- p: tensor
-- → table
function Adam.slot(_, p)
  local function zeros() return hy.zeros(p:size(), { dtype = p.dtype }) end
  return { steps = 0, mean = zeros(), square = zeros() }
end

--- One step of one parameter.
-- p, gradient: tensors · slot, setting: tables
function Adam:update(p, gradient, slot, setting)
  hy.adam_step(p, gradient, slot.mean, slot.square, {
    lr = setting.lr, beta1 = setting.betas[1], beta2 = setting.betas[2], eps = setting.eps,
    weight_decay = setting.weight_decay, decoupled = self.decoupled, step = slot.steps + 1,
  })
  slot.steps = slot.steps + 1
end

return Adam
