--- What Orth1 and Orth2 share: k-means in the principal components of what earlier clusterings left.

local hy = require "hyades"
local check = require "hyades.check"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local least_variance = 1e-12 -- of that of the data: below it nothing is left

-- The principal axes (rows) that hold this share of the variance, and the mean.
local function main_axes(x, share)
  local mean = x:mean(1, { keep = true })
  if share >= 1 then return hy.eye(x:size(2), { dtype = "f64" }), mean end
  local centered = x - mean
  local values, vectors = hy.eigh(centered:t():mm(centered))
  local list = values:clamp(0, math.huge):totable()
  local total, sum, count = values:clamp(0, math.huge):sum():item(), 0, 0
  while count < #list and (count == 0 or sum < share * total) do
    sum, count = sum + list[#list - count], count + 1
  end
  return vectors:narrow(2, #list - count + 1, count):t():contiguous(), mean
end

local function variance(x)
  return ((x - x:mean(1)) ^ 2):sum():item()
end

local function coordinates(step, x)
  return (x - step.mean):mm(step.axes:t())
end

--- Define a sequential method.
-- name: string · prepare(centers): what a step must know to take its clustering out of the data, a
-- table · remove(known, x, labels): x without it
-- → class
return function(name, prepare, remove)
  local Method = model.define(name, { k = { 3, 3 }, explained_variance = 0.9, n_init = 10,
    max_iter = 300, rng = hy.rng, verbose = false })

  local function read(self, x)
    x = points(name, x):to "f64"
    if type(self.k) ~= "table" or #self.k == 0 then
      error(("%s: option k must be a list of integers, got %s"):format(name,
        check.describe(self.k)), 0)
    end
    for s, k in ipairs(self.k) do
      check.number(name, ("option k[%d]"):format(s), k, 1, nil, true)
      if x:size(1) < k then
        error(("%s: k[%d] = %d needs at least as many points, got %d"):format(name, s, k,
          x:size(1)), 0)
      end
    end
    check.number(name, "option explained_variance", self.explained_variance, 0, 1)
    return x
  end

  function Method:fit(x)
    x = read(self, x)
    local one = hy.ones({ x:size(1) }, { dtype = "index" })
    self.mean = hy.cluster_means(x, one, 1)
    x = x - self.mean
    local start, columns = variance(x), {}
    self.steps, self.centers, self.inertia, self.warning = {}, {}, {}, nil
    for s, k in ipairs(self.k) do
      if s > 1 and variance(x) <= least_variance * start then
        self.warning = ("only %d of %d clusterings: nothing was left after them"):format(s - 1,
          #self.k)
        break
      end
      local step = {}
      step.axes, step.mean = main_axes(x, self.explained_variance)
      local found = hy.cluster.KMeans{ k = k, n_init = self.n_init, max_iter = self.max_iter,
        rng = self.rng:split(), verbose = self.verbose }:fit(coordinates(step, x))
      step.centers = found.centers
      columns[s], self.inertia[s] = found.labels, found.inertia
      self.centers[s] = hy.cluster_means(x, found.labels, k)
      step.known = prepare(self.centers[s], k)
      x = remove(step.known, x, found.labels)
      self.steps[s] = step
    end
    self.labels = hy.stack(columns, 2)
    return self
  end

  local function walk(self, x, visit)
    if not self.steps then error(name .. ": call fit first", 0) end
    x = points(name, x):to "f64" - self.mean
    for s, step in ipairs(self.steps) do
      local labels = hy.nearest_center(coordinates(step, x), step.centers)
      visit(s, x, labels)
      x = remove(step.known, x, labels)
    end
  end

  --- The nearest center of every row of x in every clustering, in the space that it saw.
  -- x: tensor n×d, or a dataset
  -- → index n×S
  function Method:predict(x)
    local columns = {}
    walk(self, x, function(s, _, labels) columns[s] = labels end)
    return hy.stack(columns, 2)
  end

  --- The rows of x as clustering s saw them, in its principal components.
  -- x: tensor n×d, or a dataset · s: integer, 1
  -- → f64 n×m
  function Method:transform(x, s)
    local z
    walk(self, x, function(at, seen)
      if at == (s or 1) then z = coordinates(self.steps[at], seen) end
    end)
    return z or error(("%s: there are %d clusterings, not %s"):format(name, #self.steps,
      tostring(s)), 2)
  end

  return Method
end
