local check = require "hyades.check"
local numbers = require "hyades.plot.numbers"

local DEFAULTS = {
  title = check.optional, xlabel = "epoch", ylabel = "loss", log = false, width = 640, height = 420,
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

--- Loss curves of one or several trainings.
-- history: what train.run returns, or a table name → history · log: boolean, logarithmic loss ·
-- title, xlabel, ylabel: string · width, height: numbers
-- → figure
return function(history, options)
  local fn = "plot.history"
  if type(history) ~= "table" then
    numbers.fail(fn, "expected a history or a table of histories, got %s", numbers.kind(history))
  end
  local o = check.options(fn, options, DEFAULTS)
  local data
  if history[1] or not next(history) then
    data = curve(fn, "history", history)
  else
    data = {}
    for name, one in pairs(history) do
      if type(one) ~= "table" then
        numbers.fail(fn, "%s: expected a history, got %s", tostring(name), numbers.kind(one))
      end
      data[tostring(name)] = curve(fn, tostring(name), one)
    end
  end
  return require("hyades.plot.line")({ data, title = o.title, xlabel = o.xlabel, ylabel = o.ylabel,
    log = o.log, width = o.width, height = o.height })
end
