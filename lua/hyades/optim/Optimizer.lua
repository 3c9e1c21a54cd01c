--- What the optimizers share: one slot of running values for each parameter.
-- An optimizer defines `slot(p, setting)`, which makes them, and
-- `update(p, gradient, slot, setting)`; setting holds its options, those of the group first.

local check = require "hyades.check"
local class = require "hyades.class"
local parameters = require "hyades.optim.parameters"

local Optimizer = class.define("Optimizer")

--- Check the options and keep them as fields; `optimizer.lr = …` changes one later.
-- options: table or nil
-- → the optimizer
function Optimizer:init(options)
  local own = class.of(self)
  if not own.defaults then
    error("optim.Optimizer: is what the optimizers share; make one such as optim.Adam", 2)
  end
  self.options = check.options("optim." .. own.class_name, options, own.defaults)
  check.number("optim." .. own.class_name, "lr", self.options.lr, 0)
  for name, value in pairs(self.options) do self[name] = value end
  self.slots, self.order, self.count = {}, {}, 0
  return self
end

local function check_slot(self, slot, p, name)
  for key, value in pairs(slot) do
    if class.kind(value) == "tensor" and
      table.concat(value:size(), "×") ~= table.concat(p:size(), "×") then
      error(("%s: the state holds a %s of %s for %s, which is %s"):format(self, key,
        table.concat(value:size(), "×"), name, table.concat(p:size(), "×")), 0)
    end
  end
end

-- The position of a parameter: the order in which parameters were first met, with or without a
-- gradient, so that a later run with the same parameters finds the same slots.
local function position(self, p, name)
  local at = self.order[p]
  if at then return at end
  at = self.count + 1
  if self.slots[at] then check_slot(self, self.slots[at], p, name) end
  self.order[p], self.count = at, at
  return at
end

-- The options that hold for a group in this step.
local function setting_of(self, group, factor)
  local setting = {}
  for name, value in pairs(group.options) do
    if self.options[name] == nil then
      local nearest = check.suggest(name, class.keys(self.options))
      error(("%s: a group has the unknown option %q%s"):format(self, tostring(name),
        nearest and ("; did you mean %q?"):format(nearest) or ""), 0)
    end
    setting[name] = value
  end
  setmetatable(setting, { __index = self })
  if type(setting.lr) ~= "number" then
    error(("%s: lr must be a number, got %s"):format(tostring(self), check.describe(setting.lr)), 0)
  end
  setting.lr = setting.lr * (factor.lr or 1)
  if factor.momentum and setting.betas then
    setting.betas = { factor.momentum, setting.betas[2] }
  elseif factor.momentum and setting.momentum ~= 0 then
    setting.momentum = factor.momentum
  end
  return setting
end

--- Change every parameter that has a gradient, and clear the gradients.
-- params: tensor, module, list, or groups { params=, lr=, … } with options of their own
-- factor: table, optional; lr= and gradient= multiply the learning rate and the gradients of this
-- step, momentum= takes the place of the momentum (of Adam: its first beta)
function Optimizer:step(params, factor)
  factor = factor or {}
  local scale = factor.gradient or 1
  local work = {}
  for _, group in ipairs(parameters.collect(params)) do
    local setting = setting_of(self, group, factor)
    for i, p in ipairs(group.tensors) do
      local at, gradient = position(self, p, group.names[i]), p.grad
      if gradient then
        if scale ~= 1 then gradient = gradient * scale end
        self.slots[at] = self.slots[at] or self:slot(p, setting)
        work[#work + 1] = { p = p, gradient = gradient, slot = self.slots[at], setting = setting }
      end
    end
  end
  -- Everything is allocated: from here on nothing fails half way.
  for _, item in ipairs(work) do
    self:update(item.p, item.gradient, item.slot, item.setting)
    item.p.grad = nil
  end
end

local function copy(slots)
  local copied = {}
  for at, slot in pairs(slots) do
    copied[at] = {}
    for key, value in pairs(slot) do
      copied[at][key] = class.kind(value) == "tensor" and value:clone() or value
    end
  end
  return copied
end

--- The running values, in the order in which the parameters were first met.
-- → table for `load` and hy.save
function Optimizer:state()
  return { kind = class.of(self).class_name, slots = copy(self.slots) }
end

--- Go on from a state of an optimizer of the same kind and the same parameters.
-- state: result of `state`
-- → the optimizer
function Optimizer:load(state)
  local kind = class.of(self).class_name
  if type(state) ~= "table" or type(state.slots) ~= "table" then
    error(("optim.%s: expected the state of an optimizer, got %s"):format(kind,
      check.describe(state)), 2)
  elseif state.kind ~= kind then
    error(("optim.%s: the state is one of optim.%s"):format(kind, tostring(state.kind)), 2)
  end
  self.slots, self.order, self.count = copy(state.slots), {}, 0
  return self
end

function Optimizer:__tostring()
  return ("optim.%s{ lr = %g }"):format(class.of(self).class_name, self.lr)
end

return Optimizer
