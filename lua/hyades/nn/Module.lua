--- What every network is: a table of tensors and inner modules with a `forward`.
-- Parameters are found, not registered: every tensor made by hy.param in a field, in an inner
-- module or in a plain list counts, named by its path ("encoder.1.weight").

local hy = require "hyades"
local class = require "hyades.class"

local Module = class.define("Module")
Module.training = true

function Module.__call(self, ...)
  return self:forward(...)
end

function Module.__tostring(self)
  return "nn." .. class.of(self).class_name
end

-- The fields in a fixed order: those that the class puts first, then by name.
local function keys_of(node)
  local keys, first = {}, class.is(node, Module) and class.of(node).order or {}
  for _, key in ipairs(first) do
    keys[#keys + 1], keys[key] = key, true
  end
  for _, key in ipairs(class.keys(node)) do
    if not keys[key] or type(key) == "number" then keys[#keys + 1] = key end
  end
  return keys
end

-- Calls visit(name, tensor, owner, key) for every tensor below node, in a fixed order.
local function walk(node, prefix, seen, visit)
  if seen[node] then return end
  seen[node] = true
  for _, key in ipairs(keys_of(node)) do
    local value = rawget(node, key)
    if class.kind(value) == "tensor" then
      visit(prefix .. key, value, node, key)
    elseif class.is(value, Module) or type(value) == "table" and not getmetatable(value) then
      walk(value, prefix .. key .. ".", seen, visit)
    end
  end
end

-- Calls visit(name, module) for this module and every inner one, outer before inner.
local function walk_modules(node, name, seen, visit)
  if seen[node] then return end
  seen[node] = true
  if class.is(node, Module) then visit(name, node) end
  for _, key in ipairs(keys_of(node)) do
    local value = rawget(node, key)
    if class.is(value, Module) or type(value) == "table" and not getmetatable(value) then
      walk_modules(value, name == "" and tostring(key) or name .. "." .. key, seen, visit)
    end
  end
end

--- The parameters with their names, in a fixed order; a shared one appears once.
-- → array of { name=, tensor= }
function Module:named_parameters()
  local found, seen = {}, {}
  walk(self, "", {}, function(name, tensor)
    if tensor.requires_grad and not seen[tensor] then
      seen[tensor] = true
      found[#found + 1] = { name = name, tensor = tensor }
    end
  end)
  return found
end

--- The parameters, in a fixed order.
-- → array of tensors
function Module:parameters()
  local tensors = {}
  for i, parameter in ipairs(self:named_parameters()) do tensors[i] = parameter.tensor end
  return tensors
end

local function set_training(self, training)
  walk_modules(self, "", {}, function(_, inner) inner.training = training end)
  return self
end

--- Training mode: dropout drops, batch normalization uses the batch. New modules are in it.
-- → the module
function Module:train()
  return set_training(self, true)
end

--- Evaluation mode: dropout passes, batch normalization uses its stored averages.
-- → the module
function Module:eval()
  return set_training(self, false)
end

--- A copy of all parameters and running averages by name.
-- → table name → tensor
function Module:state()
  local state = {}
  walk(self, "", {}, function(name, tensor) state[name] = tensor:detach():clone() end)
  return state
end

local function shape_text(tensor)
  return table.concat(tensor:size(), "×")
end

--- Take over the values of a state, such as `other:state()` or a loaded file.
-- state: table name → tensor; names and shapes must be those of this module
-- → the module
function Module:load(state)
  local own = {}
  walk(self, "", {}, function(name, tensor) own[name] = tensor end)
  for _, name in ipairs(class.keys(own)) do
    if not state[name] then
      error(("%s: the state has no %s"):format(self, name), 2)
    elseif shape_text(state[name]) ~= shape_text(own[name]) then
      error(("%s: %s is %s, but the state holds %s"):format(self, name, shape_text(own[name]),
        shape_text(state[name])), 2)
    end
  end
  for _, name in ipairs(class.keys(state)) do
    if not own[name] then error(("%s has no %s"):format(self, name), 2) end
  end
  for name, tensor in pairs(own) do tensor:copy(state[name]) end
  return self
end

-- Replaces every tensor by convert(tensor), parameters by parameters.
local function replace(self, convert)
  walk(self, "", {}, function(_, tensor, owner, key)
    local new = convert(tensor:detach())
    owner[key] = tensor.requires_grad and hy.param(new) or new
  end)
  return self
end

--- Convert all parameters and averages: `net:to("f64")`. Make optimizers afterwards.
-- where: dtype or device
-- → the module
function Module:to(where)
  return replace(self, function(tensor) return tensor:to(where) end)
end

--- Turn the parameters into constants: they get no gradient and no optimizer changes them.
-- → the module
function Module:freeze()
  for _, tensor in ipairs(self:parameters()) do tensor:set_requires_grad(false) end
  return self
end

local function copy(value, copies)
  if copies[value] then return copies[value] end
  local new = value
  if class.kind(value) == "tensor" then
    new = value:detach():clone()
    if value.requires_grad then new = hy.param(new) end
  elseif type(value) == "table" and not class.is_class(value) then
    new = setmetatable({}, getmetatable(value))
    copies[value] = new
    for key, inner in pairs(value) do new[key] = copy(inner, copies) end
  end
  copies[value] = new
  return new
end

--- An independent copy with its own parameters.
-- → module
function Module:clone()
  return copy(self, {})
end

local function grouped(n)
  local text = ("%d"):format(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

--- A table of the layers: name, layer, shapes of the parameters, how many numbers they hold.
-- → string
function Module:summary()
  local rows, total, widths = {}, 0, { 5, 5, 6, 10 }
  local function add(...)
    rows[#rows + 1] = { ... }
    for i, text in ipairs(rows[#rows]) do widths[i] = math.max(widths[i], utf8.len(text)) end
  end
  walk_modules(self, "", {}, function(name, inner)
    local shapes, own = {}, 0
    for _, key in ipairs(keys_of(inner)) do
      local value = rawget(inner, key)
      if class.kind(value) == "tensor" and value.requires_grad then
        shapes[#shapes + 1], own = shape_text(value), own + value:numel()
      end
    end
    total = total + own
    if own > 0 or not inner.forwards_only and name ~= "" then
      add(name, tostring(inner), table.concat(shapes, ", "), grouped(own))
    end
  end)
  add("total", "", "", grouped(total))
  local lines = { tostring(self) }
  for i, row in ipairs(rows) do
    for column, text in ipairs(row) do
      local pad = (" "):rep(widths[column] - utf8.len(text))
      row[column] = column < #row and text .. pad or pad .. text
    end
    lines[i + 1] = "  " .. table.concat(row, "  ")
  end
  return table.concat(lines, "\n")
end

--- Encode all rows in evaluation mode, in batches, without recording; the mode is restored.
-- x: tensor n×d, or a dataset · options: batch=1024 rows at a time
-- → tensor: the embedding where the module has `encode`, else the output
function Module:transform(x, options)
  local check = require "hyades.check"
  options = check.options("transform", options, { batch = 1024 })
  if class.kind(x) ~= "tensor" then x = x.x end
  local modes = {}
  walk_modules(self, "", {}, function(_, inner) modes[inner] = inner.training end)
  self:eval()
  local out, n = nil, x:size(1)
  local done, problem = pcall(hy.no_grad, function()
    for first = 1, math.max(n, 1), options.batch do
      local rows = x:narrow(1, first, math.min(options.batch, n - first + 1))
      if rows.dtype == "u8" then rows = rows:to("f32") end
      local part = self.encode and self:encode(rows) or self:forward(rows)
      if part:size(1) == n then
        out = part
      else
        out = out or hy.zeros({ n, table.unpack(part:size(), 2) }, { dtype = part.dtype })
        out:narrow(1, first, part:size(1)):copy(part)
      end
    end
  end)
  for inner, training in pairs(modes) do inner.training = training end
  if not done then error(problem, 0) end
  return out
end

return Module
