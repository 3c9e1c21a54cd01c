local cells = require "hyades.plot.cells"
local check = require "hyades.check"
local core = require "hyades.core"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local palette = require "hyades.plot.palette"
local ticks = require "hyades.plot.ticks"

local DEFAULTS = {
  names = check.optional, label_names = check.optional, numbers = true, xlabel = "cluster",
  ylabel = "class",
}

local function positions(entries)
  local at = {}
  for i, entry in ipairs(entries) do at[entry.id] = i end
  return at
end

local function count(truth, labels, classes, clusters)
  local row, column = positions(classes), positions(clusters)
  local counts = {}
  for i = 1, #classes do
    counts[i] = {}
    for j = 1, #clusters do counts[i][j] = 0 end
  end
  for i = 1, #truth do
    local line, j = counts[row[truth[i]]], column[labels[i]]
    line[j] = line[j] + 1
  end
  return counts
end

-- Columns in the order of the classes they match best; those left over follow, noise comes last.
local function matched_order(counts, clusters)
  local last = clusters[#clusters].id == -1 and #clusters or nil
  local columns = #clusters - (last and 1 or 0)
  local order, taken = {}, {}
  if columns > 0 then
    local cost = {}
    for i, line in ipairs(counts) do
      cost[i] = {}
      for j = 1, columns do cost[i][j] = -line[j] end
    end
    for _, j in ipairs(core.hungarian(core.tensor(cost, { dtype = "f64" })):totable()) do
      if j ~= -1 then
        order[#order + 1] = j
        taken[j] = true
      end
    end
  end
  for j = 1, columns do
    if not taken[j] then order[#order + 1] = j end
  end
  order[#order + 1] = last
  return order
end

--- Classes against clusters: how many points they share. The columns are matched to the rows by the
-- Hungarian method, so that a good clustering shows as a diagonal; colors are shares of a class.
-- y: true labels · labels: clusters (−1: noise) · names: array of class names · label_names: of the
-- clusters · numbers: boolean, write the counts · title, xlabel, ylabel: string · width, height:
-- numbers · theme: "light" or "dark"
-- → figure
return function(...)
  local fn = "plot.confusion"
  local first = ...
  local braces = select("#", ...) == 1 and type(first) == "table"
    and type(rawget(first, 1)) ~= "number"
  local data, given = numbers.arguments(fn, 2, braces, ...)
  local o = options.read(fn, given, DEFAULTS)
  local truth = numbers.labels(fn, "y", data[1])
  if #truth == 0 then numbers.fail(fn, "y: expected at least one label") end
  local labels = numbers.labels(fn, "labels", data[2], #truth)
  local classes, clusters = palette.classes(truth, o.names), palette.classes(labels, o.label_names)
  local counts = count(truth, labels, classes, clusters)
  local order = matched_order(counts, clusters)

  local share, texts, rows, columns = {}, {}, {}, {}
  for k, j in ipairs(order) do columns[k] = clusters[j].name end
  for i, line in ipairs(counts) do
    local total = 0
    for _, c in ipairs(line) do total = total + c end
    rows[i], share[i], texts[i] = classes[i].name, {}, {}
    for k, j in ipairs(order) do
      share[i][k] = line[j] / total
      texts[i][k] = line[j] == 0 and "" or ticks.text(line[j])
    end
  end
  local width, height = cells.extent(#rows, #columns, rows)
  local map = o.look.name == "dark" and "night" or "blues"
  return figure.new{
    kind = "confusion", width = o.width or width + 56, height = o.height or height, look = o.look,
    elements = numbers.count(#rows, "class") .. ", " .. numbers.count(#columns, "cluster"),
    draw = function(canvas, w, h)
      cells.draw(canvas, w, h, { share = share, texts = o.numbers and texts or nil, map = map,
        rows = rows, columns = columns, title = o.title, xlabel = o.xlabel, ylabel = o.ylabel,
        look = o.look, bar = { map = map, lo = 0, hi = 1, label = "share of the class" } })
    end,
  }
end
