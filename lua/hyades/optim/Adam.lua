local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Optimizer = require "hyades.optim.Optimizer"

local Adam = class.define("Adam", Optimizer)

--- Adam: steps scaled by running means of the gradient and of its square. Kingma & Ba, ICLR 2015.
-- lr=1e-3, betas={ 0.9, 0.999 }, eps=1e-8, weight_decay=0 (added to the gradient)
function Adam:init(options)
  options = check.options("optim.Adam", options, { lr = 1e-3, betas = { 0.9, 0.999 }, eps = 1e-8,
    weight_decay = 0 })
  check.number("optim.Adam", "lr", options.lr, 0)
  self.lr, self.betas, self.eps = options.lr, options.betas, options.eps
  self.weight_decay = options.weight_decay
  return self
end

--- The running values of a parameter, before its first step.
-- p: tensor
-- → table
function Adam.slot(_, p)
  local function zeros() return hy.zeros(p:size(), { dtype = p.dtype }) end
  return { steps = 0, mean = zeros(), square = zeros() }
end

--- One step of one parameter.
-- p, gradient: tensors · slot: table · lr: number
function Adam:update(p, gradient, slot, lr)
  hy.adam_step(p, gradient, slot.mean, slot.square, {
    lr = lr, beta1 = self.betas[1], beta2 = self.betas[2], eps = self.eps,
    weight_decay = self.weight_decay, step = slot.steps + 1,
  })
  slot.steps = slot.steps + 1
end

return Adam
