local hy = require "hyades"
local check = require "hyades.check"
local several = require "hyades.metrics.several"

-- Best sum of matched entries, rows and columns filled up with zeros to a square.
local function matched(q, sign)
  local rows, columns = q:size(1), q:size(2)
  local size = math.max(rows, columns)
  local square = hy.zeros(size, size, { dtype = "f64" })
  square:narrow(1, 1, rows):narrow(2, 1, columns):copy(q)
  local _, cost = hy.hungarian(square * sign)
  return sign * cost:item() / rows
end

local aggregates = {
  max = function(q) return (q:max(2)):mean():item() end,
  min = function(q) return (q:min(2)):mean():item() end,
  permut_max = function(q) return matched(q, -1) end,
  permut_min = function(q) return matched(q, 1) end,
  mean = function(q) return q:mean():item() end,
  mean_wo_diag = function(q)
    local size = q:size(1)
    if size ~= q:size(2) or size < 2 then
      error(("multi_confusion: aggregate mean_wo_diag needs as many labelings in truth as in labels, "
        .. "two at least; got %d and %d"):format(size, q:size(2)), 0)
    end
    return ((q:sum() - (q * hy.eye(size, { dtype = "f64" })):sum()) / (size * (size - 1))):item()
  end,
}

local function metric_of(metric)
  if type(metric) == "function" then return metric end
  if type(metric) == "string" then return require("hyades.metrics")[metric] end
  error(("multi_confusion: option metric must be a name or a function of two labelings, got %s")
    :format(check.describe(metric)), 0)
end

--- Compares several labelings with several others, each with each.
-- truth, labels: index tensors n×J, or arrays of labelings; columns of truth are the rows here
-- options: metric="nmi", a name or a function of two labelings that returns a number
--   remove_noise_spaces=true, leave out labelings with exactly one cluster beside noise (-1)
--   aggregate: one number instead of the matrix, per labeling in truth (a row):
--     "max", "min": the mean of the best (smallest) entry of each row; a column may serve twice
--     "permut_max", "permut_min": rows and columns matched one to one; a row that finds no column
--     counts 0 · "mean": of all entries · "mean_wo_diag": of those off the diagonal
-- → f64 J×J, or a number
local function multi_confusion(truth, labels, options)
  options = check.options("multi_confusion", options, { metric = "nmi", remove_noise_spaces = true,
    aggregate = check.optional })
  local metric, aggregate = metric_of(options.metric), options.aggregate
  if aggregate ~= nil and not aggregates[aggregate] then
    error(('multi_confusion: option aggregate must be "max", "min", "permut_max", "permut_min", '
      .. '"mean" or "mean_wo_diag", got %s'):format(check.describe(aggregate)), 2)
  end
  local t, l = several.both("multi_confusion", truth, labels, options.remove_noise_spaces)
  local rows = {}
  for i, one in ipairs(t) do
    rows[i] = {}
    for j, other in ipairs(l) do rows[i][j] = metric(one.labels, other.labels) end
  end
  local q = hy.tensor(rows, { dtype = "f64" })
  return aggregate and aggregates[aggregate](q) or q
end

return multi_confusion
