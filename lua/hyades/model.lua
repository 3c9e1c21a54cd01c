--- Models: what clusterings and other estimators share, so that a method is its options and a fit.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"

local model = { required = check.required, optional = check.optional }

local originals = setmetatable({}, { __mode = "k" }) -- wrapped fit → fit

local restarts = 20 -- of the clustering that gives the first centers
local watched = 1000 -- rows that the collapse monitor looks at, at least 20 for each cluster

local Model = class.define("Model")

-- Options that every model with a network takes.
local with_network = { layers = check.optional, pretrain = {}, verbose = false,
  after_epoch = check.optional }

--- The name of a model in errors: that of the one which it works for, if there is one.
-- self: model
-- → string
function model.name_of(self)
  return self.works_for or class.of(self).class_name
end

--- Let a model fit as a part of another one: its errors name that one.
-- inner, outer: models
-- → inner
function model.on_behalf(inner, outer)
  inner.works_for = model.name_of(outer)
  return inner
end

local function fail(self, problem, ...)
  error(model.name_of(self) .. ": " .. problem:format(...), 4)
end

local function check_fitted(self)
  if not self.fitted then fail(self, "call fit first") end
end

-- Says why a model lacks a method that others have.
local function refuse(self, method)
  local gives_labels = self.labels ~= nil
  fail(self, "has no %s: %s", method, method == "predict" and gives_labels
    and "only the points of fit have labels" or gives_labels and "it gives labels, no coordinates"
    or "it gives coordinates, no labels; use transform")
end

local function data_of(self, x)
  if type(x) == "table" and class.kind(x.x) == "tensor" then x = x.x end
  if class.kind(x) ~= "tensor" then
    fail(self, "x must be a tensor n×d or a dataset, got %s", class.kind(x) or type(x))
  elseif x:dim() < 2 then
    fail(self, "x must have rows and columns, got a tensor with %d dimension(s)", x:dim())
  end
  return x
end

-- What a model with a network has after fit, beside its own fields.
local function derive(self, x)
  local z = self.net:transform(x)
  self.soft = self:assign(z)
  self.kmeans_labels = hy.cluster.KMeans{ k = self.k, rng = self.rng:split() }:fit(z).labels
end

-- Wraps a fit: takes datasets, names the model in errors, derives fields from `assign`.
local function fitting(fit)
  local function wrapped(self, x, ...)
    if not class.is(self, Model) then
      error(("fit: expected a model before the colon, got %s; call it as model:fit(x)")
        :format(class.kind(self) or check.describe(self)), 2)
    end
    for name, default in pairs(self.defaults) do
      if default == check.required and self[name] == nil then
        fail(self, "set %s again: functions are not saved", name)
      end
    end
    x = data_of(self, x)
    check.finite(model.name_of(self), "x", x)
    fit(self, x, ...)
    self.fitted, self.columns = true, x:dim() == 2 and x:size(2) or nil
    if self.net and self.assign then derive(self, x) end
    return self
  end
  originals[wrapped] = fit
  return wrapped
end

-- New points have as many columns as those of fit.
local function check_columns(self, x)
  if type(x) == "table" then x = x.x end
  if self.columns and class.kind(x) == "tensor" and x:dim() == 2 and x:size(2) ~= self.columns then
    error(("%s: x has %d columns; it was fitted to %d"):format(model.name_of(self), x:size(2),
      self.columns), 3)
  end
end

-- Wraps a predict or transform of its own.
local function applying(method)
  local function wrapped(self, x, ...)
    check_columns(self, x)
    return method(self, x, ...)
  end
  originals[wrapped] = method
  return wrapped
end

--- The function as its author wrote it, behind what model.define wrapped around it.
-- fn: function
-- → function
function model.original(fn)
  return originals[fn] or fn
end

local function check_choice(self, name, words)
  for _, word in ipairs(words) do
    if self[name] == word then return end
  end
  local nearest = type(self[name]) == "string" and check.suggest(self[name], words)
  fail(self, 'option %s must be "%s", got %s%s', name, table.concat(words, '" or "'),
    check.describe(self[name]), nearest and ('; did you mean "%s"?'):format(nearest) or "")
end

-- Options that count something, and the least that each may be.
local counts = { k = 1, n_init = 1, batch = 1, refresh = 1, epochs = 0, max_iter = 0 }

-- An option that counts is whole, and 10.0 counts as 10. Several clusterings have a list of them.
local function check_count(self, name, value, least)
  local default = self.defaults[name]
  local list = type(default) == "table" and default ~= check.required and default ~= check.optional
  if value == nil or list and type(value) == "table" then return end
  self[name] = math.tointeger(check.number(class.of(self).class_name, "option " .. name, value, least,
    nil, true, 6))
end

-- An option has the type of its default.
local function check_types(self)
  for name, default in pairs(self.defaults) do
    local value, wants = self[name], type(default)
    local least = self.least[name] or counts[name]
    if least then
      check_count(self, name, value, least)
    elseif name == "rng" and value ~= true and class.kind(value) ~= "rng" then
      fail(self, "option rng must be a generator such as hy.rng(7), got %s", check.describe(value))
    elseif (wants == "number" or wants == "boolean") and type(value) ~= wants then
      fail(self, "option %s must be a %s, got %s", name, wants, check.describe(value))
    end
  end
end

--- The constructor of every model: the options become fields.
-- options: table
-- → model
function Model:init(options)
  for name, value in pairs(check.options(class.of(self).class_name, options, self.defaults)) do
    self[name] = value
  end
  check_types(self)
  for name, words in pairs(self.choices) do check_choice(self, name, words) end
  if self.after_epoch ~= nil and type(self.after_epoch) ~= "function" then
    fail(self, "option after_epoch must be a function(model, record), got %s",
      check.describe(self.after_epoch))
  end
  if self.rng == true then self.rng = hy.rng end
  return self
end

--- Define a model: a class whose constructor takes one table of options, its fields afterwards.
-- Give it `fit(self, x)`, and `assign(self, z)` → scores n×k of embedded points: `predict`, `soft`
-- and `kmeans_labels` come from it. A model with the option `net` also takes layers, pretrain,
-- verbose and after_epoch, and has `transform`; its fit gives train.run `after_epoch = model.watch(self,
-- x)` to be warned of collapse and to call the user's function(model, record), which may return "stop".
-- name: string · defaults: table option → default, or model.required, or model.optional
-- choices: table option → list of the words that it may be, optional
-- least: table option → the smallest whole number that it may be, optional
-- → class
function model.define(name, defaults, choices, least)
  local new = class.define(name, Model, 2)
  local all = {}
  for option, default in pairs(defaults.net and with_network or {}) do all[option] = default end
  for option, default in pairs(defaults) do all[option] = default end
  new.defaults, new.choices, new.least = all, choices or {}, least or {}
  getmetatable(new).__newindex = function(self, key, value)
    local applies = key == "predict" or key == "transform"
    rawset(self, key, key == "fit" and fitting(value) or applies and applying(value) or value)
  end
  return new
end

--- Note a warning: in the list `warnings`, and on standard error when the model is verbose.
-- text: string
function Model:warn(text)
  self.warnings[#self.warnings + 1] = text
  if self.verbose then
    require("hyades.progress").say(("%s: warning: %s"):format(class.of(self).class_name, text))
  end
end

--- The embedding of new points, in evaluation mode.
-- x: tensor n×d or dataset
-- → tensor
function Model:transform(x)
  check_fitted(self)
  check_columns(self, x)
  if not self.net then refuse(self, "transform") end
  return self.net:transform(data_of(self, x))
end

--- The cluster of new points.
-- x: tensor n×d or dataset
-- → index tensor of labels 1..k
function Model:predict(x)
  check_fitted(self)
  check_columns(self, x)
  if not self.assign then refuse(self, "predict") end
  x = data_of(self, x)
  return self:assign(self.net and self.net:transform(x) or x):argmax(2)
end

--- Fit, then give the labels.
-- x: tensor n×d or dataset · ...: what else `fit` takes
-- → index tensor of labels
function Model:fit_predict(x, ...)
  return self:fit(x, ...).labels or refuse(self, "fit_predict")
end

--- Fit, then give what `transform` makes of the same points.
-- x: tensor n×d or dataset · ...: what else `fit` takes
-- → tensor
function Model:fit_transform(x, ...)
  return self:fit(x, ...):transform(x)
end

--- Everything the model holds, for hy.save: a plain table.
-- → table
function Model:state()
  return class.pack(self)
end

--- A model from what `state` gave.
-- state: table
-- → model
function Model.restore(state)
  return class.unpack(state)
end

--- After loading: options that were not saved are the defaults again.
function Model:restored()
  for name, default in pairs(self.defaults) do
    if self[name] == nil and default ~= check.required and default ~= check.optional then
      self[name] = default
    end
  end
end

function Model:__tostring()
  local defaults, parts = self.defaults, {}
  for _, name in ipairs(class.keys(defaults)) do
    local value = self[name]
    if value ~= nil and value ~= defaults[name] and (type(value) ~= "table" or class.is_class(value)) and
      type(value) ~= "function" and type(value) ~= "userdata" then
      parts[#parts + 1] = name .. " = " .. (type(value) == "string" and ("%q"):format(value) or
        tostring(value))
    end
  end
  return ("%s{ %s }%s"):format(class.of(self).class_name, table.concat(parts, ", "),
    self.fitted and " (fitted)" or "")
end

--- Watch a fit: its hook for train.run, which asks the monitor of collapse about evenly spaced rows,
-- passes what it says to `warn`, and calls the user's after_epoch. Start it when the first centers are
-- there.
-- self: model with net, assign, epochs · x: tensor n×d
-- options: hard=false, true for assignments that are 0 or 1 by construction
-- → function to be given as after_epoch
function model.watch(self, x, options)
  options = check.options("model.watch", options, { hard = false })
  self.warnings = {}
  local monitor = require("hyades.monitor").new{ epochs = self.epochs, hard = options.hard }
  local n, count = x:size(1), math.max(watched, 20 * (math.tointeger(self.k) or 0))
  if n > count then
    x = x:index(hy.linspace(1, n, count, { dtype = "f64" }):floor():to("index"))
  end
  local function look(epoch)
    local z = self.net:transform(x)
    if check.first_not_finite(z) then
      error(("%s: the embedding is not finite after epoch %d: training diverged; lower lr")
        :format(class.of(self).class_name, epoch), 0)
    end
    for _, text in ipairs(monitor:look(epoch, self:assign(z), z)) do self:warn(text) end
  end
  look(0)
  return function(record)
    look(record.epoch)
    return self.after_epoch and self.after_epoch(self, record)
  end
end

local function check_centers(self, centers, z)
  if class.kind(centers) ~= "tensor" or centers:dim() ~= 2 or centers:size(1) ~= self.k or
    centers:size(2) ~= z:size(2) then
    local got = class.kind(centers) == "tensor" and table.concat(centers:size(), "×") or
      type(centers)
    fail(self, "init must give centers %d×%d, got %s", self.k, z:size(2), got)
  end
  return centers:detach():clone()
end

--- The first centers in an embedding: by a clustering with 20 restarts, or as `init` says.
-- self: model with k, init, rng · z: tensor n×d
-- init: constructor of a clustering, a name of an init of KMeans, a tensor k×d, or a function
-- (z, k, rng) → centers
-- → tensor k×d
function model.start_centers(self, z)
  local init, rng = self.init or hy.cluster.KMeans, (self.rng or hy.rng):split()
  if type(init) == "function" then return check_centers(self, init(z, self.k, rng), z) end
  if class.kind(init) == "tensor" then return check_centers(self, init, z) end
  local options = { k = self.k, rng = rng }
  if type(init) == "string" then
    options.init, init = init, hy.cluster.KMeans
  end
  if not class.is_class(init) or not init.defaults then
    fail(self, "option init must be a constructor, the name of an init of KMeans, a tensor or a "
      .. "function, got %s", check.describe(self.init))
  end
  if init.defaults.n_init ~= nil then options.n_init = restarts end
  return check_centers(self, model.on_behalf(init(options), self):fit(z).centers, z)
end

return model
