--- Watches the loss of the epochs and keeps the best parameters, with the running averages that
-- belong to them: `early_stop` of train.run.

local check = require "hyades.check"

--- Start to watch.
-- options: true or { patience=5, min_delta=1e-4 } · tensors: table path → tensor
-- → object with stop(value), restore(), state() and load(state)
return function(options, tensors)
  local given = check.options("early_stop", options == true and {} or options,
    { patience = 5, min_delta = 1e-4 })
  check.number("early_stop", "patience", given.patience, 1, nil, true)
  check.number("early_stop", "min_delta", given.min_delta, 0)
  local best, bad, kept = math.huge, 0, {}
  local watch = {}
  function watch.stop(value)
    if best - value >= given.min_delta then
      best, bad = value, 0
      for path, x in pairs(tensors) do kept[path] = x:detach():clone() end
    else
      bad = bad + 1
    end
    return bad >= given.patience
  end
  function watch.restore()
    for path, value in pairs(kept) do tensors[path]:copy(value) end
  end
  function watch.state()
    return { best = best, bad = bad, kept = kept }
  end
  function watch.load(state)
    best, bad, kept = state.best, state.bad, state.kept
  end
  return watch
end
