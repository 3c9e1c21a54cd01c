--- From what users call parameters to flat groups of tensors.

local class = require "hyades.class"

local parameters = {}

local Groups = {}

local gather

local function add(group, tensor, name)
  if not tensor.requires_grad then
    error(name .. " is no parameter: make it one with hy.param", 0)
  end
  if group.seen[tensor] then return end
  group.seen[tensor] = true
  group.tensors[#group.tensors + 1] = tensor
  group.names[#group.names + 1] = name
end

function gather(groups, group, node, name)
  if class.kind(node) == "tensor" then
    return add(group, node, name)
  elseif type(node) ~= "table" then
    error(("%s: expected a tensor, a module, a list of them or { params = …, lr = … }, got %s")
      :format(name, node == nil and "nil" or class.kind(node) or type(node)), 0)
  elseif node.named_parameters then
    for _, inner in ipairs(node:named_parameters()) do
      add(group, inner.tensor, (name == "params" and "" or name .. ".") .. inner.name)
    end
  elseif node.params then
    local own = { tensors = {}, names = {}, options = {}, seen = group.seen }
    for option, value in pairs(group.options) do own.options[option] = value end
    for option, value in pairs(node) do
      if option ~= "params" then own.options[option] = value end
    end
    groups[#groups + 1] = own
    gather(groups, own, node.params, name .. ".params")
  else
    for i, inner in ipairs(node) do gather(groups, group, inner, ("%s[%d]"):format(name, i)) end
  end
end

--- Flatten parameters into groups; each tensor appears once.
-- params: a tensor, a module, a (nested) list of these, or groups { params=, lr=, … }
-- → array of { tensors=, names=, options= }
function parameters.collect(params)
  if getmetatable(params) == Groups then return params end
  local first = { tensors = {}, names = {}, options = {}, seen = {} }
  local groups = setmetatable({ first }, Groups)
  gather(groups, first, params, "params")
  local total = 0
  for _, group in ipairs(groups) do total = total + #group.tensors end
  if total == 0 then error("params: there is nothing to train", 0) end
  return groups
end

--- The tensors of all groups and their names.
-- groups: result of collect
-- → array of tensors, array of names
function parameters.list(groups)
  local tensors, names = {}, {}
  for _, group in ipairs(groups) do
    for i, tensor in ipairs(group.tensors) do
      tensors[#tensors + 1], names[#names + 1] = tensor, group.names[i]
    end
  end
  return tensors, names
end

return parameters
