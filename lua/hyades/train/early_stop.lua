--- Watches the loss of the epochs and keeps the best parameters: `early_stop` of train.run.

local check = require "hyades.check"

--- Start to watch.
-- options: true or { patience=5, min_delta=1e-4 } · tensors: array of parameters
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
      for i, p in ipairs(tensors) do kept[i] = p:detach():clone() end
    else
      bad = bad + 1
    end
    return bad >= given.patience
  end
  function watch.restore()
    for i, value in ipairs(kept) do tensors[i]:copy(value) end
  end
  function watch.state()
    return { best = best, bad = bad, kept = kept }
  end
  function watch.load(state)
    best, bad, kept = state.best, state.bad, state.kept
  end
  return watch
end
