--- Everything that decides how a run of train.run goes on, in memory or in a file.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Module = require "hyades.nn.Module"

local checkpoint = {}

-- Calls visit(path, value) for the tensors and generators of parameters, modules and lists.
local function walk(node, path, seen, visit)
  local kind = class.kind(node)
  if kind == "tensor" or kind == "rng" then return visit(path, node, kind) end
  if type(node) ~= "table" or seen[node] or class.is_class(node) then return end
  if getmetatable(node) and not class.is(node, Module) then return end
  seen[node] = true
  for _, key in ipairs(class.keys(node)) do
    walk(rawget(node, key), path .. "." .. tostring(key), seen, visit)
  end
end

--- The tensors of parameters, modules and lists: the parameters, and averages beside them.
-- params: as in train.run
-- → table path → tensor
function checkpoint.tensors(params)
  local tensors = {}
  walk(params, "params", {}, function(path, value, kind)
    if kind == "tensor" then tensors[path] = value end
  end)
  return tensors
end

-- The tensors of a run by path, and its generators in a fixed order; the default one is the last.
local function parts_of(spec)
  local tensors, generators, met = {}, {}, {}
  local function visit(path, value, kind)
    if kind == "tensor" then
      tensors[path] = value
    elseif not met[value] then
      met[value] = true
      generators[#generators + 1] = value
    end
  end
  local seen = {}
  walk(spec.params, "params", seen, visit)
  walk(spec.keep, "keep", seen, visit)
  for _, batches in ipairs{ spec.batches, spec.validation } do
    walk(batches.rng, "", seen, visit)
  end
  visit("", hy.rng, "rng")
  return tensors, generators
end

local function has_state(value)
  return type(value) == "table" and value.state and value.load
end

--- A copy of the state of a run: parameters, running averages, generators, optimizer, schedule.
-- spec: table with params, optimizer, batches; validation, schedule, keep
-- → table for `put` and hy.save
function checkpoint.take(spec)
  local tensors, generators = parts_of(spec)
  local taken = { tensors = {}, generators = {}, optimizer = spec.optimizer:state(),
    schedule = has_state(spec.schedule) and spec.schedule:state() or nil,
    rows = spec.batches.n, size = spec.batches.size }
  for path, tensor in pairs(tensors) do taken.tensors[path] = tensor:detach():clone() end
  for i, generator in ipairs(generators) do taken.generators[i] = generator:state() end
  return taken
end

local function described(tensor)
  return ("%s %s"):format(tensor.dtype, table.concat(tensor:size(), "×"))
end

-- nil if the state belongs to a run like this one, else what differs.
local function difference(spec, taken, tensors, generators)
  if taken.rows ~= spec.batches.n or taken.size ~= spec.batches.size then
    return ("it has %d rows in batches of %d, this one %d in batches of %d"):format(
      taken.rows, taken.size, spec.batches.n, spec.batches.size)
  end
  for _, path in ipairs(class.keys(tensors)) do
    local saved = taken.tensors[path]
    if not saved then return "it has no " .. path end
    if described(saved) ~= described(tensors[path]) then
      return ("%s is %s there and %s here"):format(path, described(saved), described(tensors[path]))
    end
  end
  for _, path in ipairs(class.keys(taken.tensors)) do
    if not tensors[path] then return "this one has no " .. path end
  end
  if #taken.generators ~= #generators then return "it has other generators" end
end

--- Bring a run into the state that `take` saw; nothing changes if it is the state of another run.
-- spec: as in `take` · taken: table · where: name for messages
function checkpoint.put(spec, taken, where)
  local tensors, generators = parts_of(spec)
  local problem = difference(spec, taken, tensors, generators)
  if problem then
    error(("%s: this is the state of another run: %s"):format(where, problem), 0)
  end
  spec.optimizer:load(taken.optimizer)
  if taken.schedule and has_state(spec.schedule) then spec.schedule:load(taken.schedule) end
  for path, tensor in pairs(tensors) do tensor:copy(taken.tensors[path]) end
  for i, generator in ipairs(generators) do generator:state(taken.generators[i]) end
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

--- The checkpoint of a run that is described by the options of train.run.
-- options: path, or { path=, every=1, keep=list of further tensors, modules and generators }
-- spec: options of train.run
-- → object with load(), which gives what was saved or nil, and save(epoch, progress)
function checkpoint.open(options, spec)
  if type(options) == "string" then options = { path = options } end
  options = check.options("train.run: checkpoint", options, { path = check.required, every = 1,
    keep = {} })
  if type(options.path) ~= "string" then
    error("train.run: checkpoint: path must be a file name, got " .. check.describe(options.path), 0)
  end
  check.number("train.run: checkpoint", "every", options.every, 1, nil, true)
  local run = { params = spec.params, optimizer = spec.optimizer, batches = spec.batches,
    validation = spec.validation, schedule = spec.schedule, keep = options.keep }
  local file = {}
  function file.load()
    if not exists(options.path) then return nil end
    local saved = hy.load(options.path)
    if type(saved) ~= "table" or type(saved.run) ~= "table" then
      error(("train.run: checkpoint: %s is no checkpoint"):format(options.path), 0)
    end
    checkpoint.put(run, saved.run, "train.run: checkpoint: " .. options.path)
    return saved.progress
  end
  function file.save(epoch, progress, last)
    if not last and epoch % options.every ~= 0 then return end
    hy.save(options.path, { run = checkpoint.take(run), progress = progress })
  end
  return file
end

return checkpoint
