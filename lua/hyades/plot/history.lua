local check = require "hyades.check"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"

local DEFAULTS = {
  xlabel = "epoch", ylabel = "loss", log = false, palette = check.optional, markers = check.optional,
  width = 640, height = 420,
}

-- Numbers of one training run: entries { epoch=, loss= } as train.run returns them.
local function curve(fn, name, history)
  local epochs, losses = {}, {}
  for i, entry in ipairs(history) do
    if type(entry) ~= "table" or type(entry.loss) ~= "number" then
      numbers.fail(fn, "%s: expected entries { epoch=, loss= } as train.run returns them", name)
    end
    epochs[i], losses[i] = entry.epoch or i, entry.loss
  end
  if #losses == 0 then numbers.fail(fn, "%s: expected at least one epoch", name) end
  return { epochs, losses }
end

-- The history itself, or that of a model.
local function of(value)
  return rawget(value, 1) == nil and type(rawget(value, "history")) == "table" and value.history
    or value
end

--- Loss curves of one or several trainings.
-- history: what train.run returns, a model that has one, or a table name → either · log: boolean,
-- logarithmic loss · title, xlabel, ylabel: string · width, height: numbers · markers, palette,
-- theme: as in line
-- → figure
return function(history, given)
  local fn = "plot.history"
  if type(history) ~= "table" then
    numbers.fail(fn, "expected a history or a table of histories, got %s", numbers.kind(history))
  end
  local o = options.read(fn, given, DEFAULTS)
  history = of(history)
  local data
  if rawget(history, 1) or not next(history) then
    data = curve(fn, "history", history)
  else
    data = {}
    for name, one in pairs(history) do
      if type(one) ~= "table" then
        numbers.fail(fn, "%s: expected a history, got %s", tostring(name), numbers.kind(one))
      end
      data[tostring(name)] = curve(fn, tostring(name), of(one))
    end
  end
  local sheet = require("hyades.plot.line"){ data, title = o.title, xlabel = o.xlabel,
    ylabel = o.ylabel, log = o.log, markers = o.markers, palette = o.palette, theme = o.look.name,
    width = o.width, height = o.height }
  sheet.kind = "history"
  return sheet
end
