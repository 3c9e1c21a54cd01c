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

--- Call fn while batch normalization uses the batch, in training and evaluation mode alike, and
-- leaves its running averages alone. What was before comes back, also after an error.
-- fn: function · …: its arguments
-- → what fn returns
function Module:frozen_averages(fn, ...)
  local before = {}
  walk_modules(self, "", {}, function(_, inner)
    before[inner], inner.averages_frozen = inner.averages_frozen or false, true
  end)
  local results = table.pack(pcall(fn, ...))
  for inner, frozen in pairs(before) do inner.averages_frozen = frozen or nil end
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
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

--- All modules: this one, named "", and every inner one with its path, outer before inner.
-- → array of { name=, module= }
function Module:modules()
  local found = {}
  walk_modules(self, "", {}, function(name, inner)
    found[#found + 1] = { name = name, module = inner }
  end)
  return found
end

--- Call fn in evaluation mode, without recording; the modes of all modules are restored.
-- fn: function
-- → what fn returns
function Module:evaluating(fn)
  local modes = {}
  walk_modules(self, "", {}, function(_, inner) modes[inner] = inner.training end)
  self:eval()
  local results = table.pack(pcall(hy.no_grad, fn))
  for inner, training in pairs(modes) do inner.training = training end
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

local function rows_of(x, where)
  local check = require "hyades.check"
  if type(x) == "table" and class.kind(x.x) == "tensor" then x = x.x end
  if class.kind(x) ~= "tensor" or x:dim() == 0 then
    error(("%s: expected a tensor with rows or a dataset, got %s"):format(where,
      class.kind(x) or check.describe(x)), 3)
  end
  return x
end

--- The output, and what carries a gradient by it back to x, as ordinary ops: y, pull where
-- pull(g) → gradient by x. Layers that `input_gradient` can pass define it.
-- x: tensor with rows
-- → tensor, function
function Module:pullback()
  error(("input_gradient: %s is no layer that it knows; these are Linear, LayerNorm, Dropout, "
    .. "SpectralNorm, activations, and Sequential and MLP of them"):format(self), 0)
end

--- The gradient of a network's output by its input, row by row, as ordinary ops: what is made of it
-- is a loss like any other, with an exact gradient by the weights. The penalty of WGAN-GP (Gulrajani
-- et al., NIPS 2017), for x between real and generated rows, is
-- `((critic:input_gradient(x):square():sum(2) + 1e-12):sqrt() - 1):square():mean()`.
-- A tape is first order: tape:grad gives this gradient too, but as a constant. Where relu and its
-- kind bend, the slope counts as a constant. Batch normalization mixes the rows and has no such
-- gradient.
-- x: tensor n×d
-- → tensor n×d
function Module:input_gradient(x)
  local y, pull = self:pullback(rows_of(x, "input_gradient"))
  if y:dim() ~= 2 or y:size(2) ~= 1 then
    error(("input_gradient: %s gives %s; it wants one number a row"):format(self, shape_text(y)), 2)
  end
  return pull(hy.ones(y:size(), { dtype = y.dtype }))
end

-- Calls fn while after(inner, y) hears of every output of the listed modules.
local function listening(inners, after, fn)
  local before = {}
  for _, inner in ipairs(inners) do
    before[inner] = rawget(inner, "forward") or false
    local forward = inner.forward
    rawset(inner, "forward", function(...)
      local results = table.pack(forward(...))
      after(inner, results[1])
      return table.unpack(results, 1, results.n)
    end)
  end
  local results = table.pack(pcall(fn))
  for inner, own in pairs(before) do rawset(inner, "forward", own or nil) end
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

-- Rows for a network: f32 instead of u8, a batch at a time; one empty batch if there are none.
local function each_batch(x, size, fn)
  local n = x:size(1)
  for first = 1, math.max(n, 1), size do
    local rows = x:narrow(1, first, math.min(size, n - first + 1))
    fn(rows.dtype == "u8" and rows:to("f32") or rows)
  end
end

-- Takes parts as they come, of n rows in all, into one tensor: `all`.
local function joiner(n)
  local join, at = {}, 1
  function join.add(part)
    local rows = part:size(1)
    if rows == n then
      join.all = part
    else
      join.all = join.all or hy.zeros({ n, table.unpack(part:size(), 2) }, { dtype = part.dtype })
      join.all:narrow(1, at, rows):copy(part)
      at = at + rows
    end
  end
  return join
end

--- Encode all rows in evaluation mode, in batches, without recording; the mode is restored.
-- x: tensor n×d, or a dataset · options: batch=1024 rows at a time
-- → tensor: the embedding where the module has `encode`, else the output
function Module:transform(x, options)
  local check = require "hyades.check"
  options = check.options("transform", options, { batch = 1024 })
  x = rows_of(x, "transform")
  local join = joiner(x:size(1))
  self:evaluating(function()
    each_batch(x, options.batch, function(rows)
      join.add(self.encode and self:encode(rows) or self:forward(rows))
    end)
  end)
  return join.all
end

-- The module that a name, a position or the module itself stands for.
local function layer_of(self, wanted)
  local names = {}
  for _, entry in ipairs(self:modules()) do
    if entry.module == wanted or entry.name == tostring(wanted) and entry.name ~= "" then
      return entry.module
    end
    names[#names + 1] = entry.name
  end
  local check = require "hyades.check"
  local nearest = type(wanted) == "string" and check.suggest(wanted, names)
  error(("features: %s has no layer %s%s"):format(self, check.describe(wanted),
    nearest and ("; did you mean %q?"):format(nearest) or ""), 3)
end

--- What chosen layers give for all rows, in evaluation mode, in batches, without recording.
-- `hy.cat(net:features(x, { "encoder.2", "encoder.4" }), 2)` joins them, for cluster.PCA.
-- x: tensor n×… or dataset · layers: array of names (as in `summary`), positions or modules
-- options: batch=1024 rows at a time
-- → array of tensors, one for each layer
function Module:features(x, layers, options)
  local check = require "hyades.check"
  options = check.options("features", options, { batch = 1024 })
  x = rows_of(x, "features")
  if type(layers) ~= "table" or class.of(layers) or #layers == 0 then
    error("features: layers must list names, positions or modules", 2)
  end
  local inners, joins, last, distinct = {}, {}, {}, {}
  for i, wanted in ipairs(layers) do
    inners[i], joins[i] = layer_of(self, wanted), joiner(x:size(1))
    if not last[inners[i]] then
      distinct[#distinct + 1], last[inners[i]] = inners[i], "nothing yet"
    end
  end
  listening(distinct, function(inner, y) last[inner] = y end, function()
    self:evaluating(function()
      each_batch(x, options.batch, function(rows)
        self(rows)
        for i, inner in ipairs(inners) do
          if class.kind(last[inner]) ~= "tensor" then
            error(("features: %s gives no tensor in the forward pass"):format(inner), 0)
          end
          joins[i].add(last[inner])
        end
      end)
    end)
  end)
  local found = {}
  for i, join in ipairs(joins) do found[i] = join.all end
  return found
end

-- The widths of the data, as the first layer that has some takes them; nil if none says so.
local function example_input(self)
  for _, entry in ipairs(self:modules()) do
    local width = entry.module.inputs or entry.module.columns
    if math.type(width) == "integer" then
      local p = self:parameters()[1]
      return hy.zeros({ 1, width }, { dtype = p and p.dtype or "f32" })
    end
  end
end

-- Module → its output shape as text, with n for the number of rows. What a network does not take
-- has no shapes.
local function output_shapes(self, x)
  local shapes, inners = {}, {}
  for i, entry in ipairs(self:modules()) do inners[i] = entry.module end
  local function note(inner, y)
    if class.kind(y) ~= "tensor" then return end
    local sizes = y:size()
    if sizes[1] == x:size(1) then sizes[1] = "n" end
    shapes[inner] = table.concat(sizes, "×")
  end
  listening(inners, note, function() self:evaluating(function() self(x) end) end)
  return shapes
end

local function pass_shapes(self, input)
  if type(input) == "table" and not class.of(input) then input = hy.zeros(input) end
  if input ~= nil then return output_shapes(self, rows_of(input, "summary")) end
  local guess = example_input(self)
  local ok, shapes = pcall(output_shapes, self, guess)
  return guess and ok and shapes or {}
end

local function aligned(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, text in ipairs(row) do widths[i] = math.max(widths[i] or 0, utf8.len(text)) end
  end
  local lines = {}
  for i, row in ipairs(rows) do
    for column, text in ipairs(row) do
      local pad = (" "):rep(widths[column] - utf8.len(text))
      row[column] = column < #row and text .. pad or pad .. text
    end
    lines[i] = "  " .. table.concat(row, "  ")
  end
  return lines
end

--- A table of the layers: name, layer, shape of the output, how many parameters.
-- input: tensor with rows, or a shape such as { 1, 784 }; needed where the first layer does not
-- tell how wide its rows are
-- → string
function Module:summary(input)
  local shapes, rows, counted, total = pass_shapes(self, input), {}, {}, 0
  walk_modules(self, "", {}, function(name, inner)
    local own = 0
    for _, key in ipairs(keys_of(inner)) do
      local value = rawget(inner, key)
      if class.kind(value) == "tensor" and value.requires_grad and not counted[value] then
        counted[value], own = true, own + value:numel()
      end
    end
    total = total + own
    if own > 0 or not inner.forwards_only and name ~= "" then
      rows[#rows + 1] = { name, tostring(inner), shapes[inner] or "", grouped(own) }
    end
  end)
  rows[#rows + 1] = { "total", "", "", grouped(total) }
  return tostring(self) .. "\n" .. table.concat(aligned(rows), "\n")
end

return Module
