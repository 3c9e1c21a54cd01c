--- What the optimizers share: one slot of running values for each parameter.
-- An optimizer defines `slot(p)`, which makes them, and `update(p, gradient, slot, lr)`.

local class = require "hyades.class"
local parameters = require "hyades.optim.parameters"

local Optimizer = class.define("Optimizer")

local function slot_of(self, p)
  self.index = self.index or {}
  local slot = self.index[p]
  if not slot then
    local at = #self + 1
    slot = self.saved and self.saved[at] or self:slot(p)
    self[at], self.index[p] = slot, slot
  end
  return slot
end

--- Change every parameter that has a gradient, and clear the gradients.
-- params: tensor, module, list or groups · factor: table, optional; lr= and gradient= multiply
-- the learning rate and the gradients of this step
function Optimizer:step(params, factor)
  local lr_factor, gradient_factor = factor and factor.lr or 1, factor and factor.gradient or 1
  local work = {}
  for _, group in ipairs(parameters.collect(params)) do
    local lr = (group.lr or self.lr) * lr_factor
    for _, p in ipairs(group.tensors) do
      local gradient = p.grad
      if gradient then
        if gradient_factor ~= 1 then gradient = gradient * gradient_factor end
        work[#work + 1] = { p = p, gradient = gradient, slot = slot_of(self, p), lr = lr }
      end
    end
  end
  -- Everything is allocated: from here on nothing fails half way.
  for _, item in ipairs(work) do
    self:update(item.p, item.gradient, item.slot, item.lr)
    item.p.grad = nil
  end
end

--- The running values, in the order in which the parameters were first met.
-- → array of tables
function Optimizer:state()
  local state = {}
  for i, slot in ipairs(self) do
    state[i] = {}
    for key, value in pairs(slot) do
      state[i][key] = class.kind(value) == "tensor" and value:clone() or value
    end
  end
  return state
end

--- Go on from a state of an optimizer of the same kind and the same parameters.
-- state: result of `state`
-- → the optimizer
function Optimizer:load(state)
  for i = #self, 1, -1 do self[i] = nil end
  self.index, self.saved = nil, state
  return self
end

function Optimizer:__tostring()
  return ("optim.%s{ lr = %g }"):format(class.of(self).class_name, self.lr)
end

return Optimizer
