--- One long native call under a line of progress: ops say how far they are when they look for Ctrl-C.
-- title: string, of the line; false or nil: none is shown · fn: function · ...: its arguments
-- → what fn returns

local core = require "hyades.core"
local progress = require "hyades.progress"

local function watched(title, fn, ...)
  if not title then return fn(...) end
  local line <close> = progress.progress(100, { desc = title, verbose = true })
  local percent = 0
  local function show(done, total)
    local now = math.min(done * 100 // total, 100)
    if now > percent then
      line:step(now - percent)
      percent = now
    end
  end
  local before = core.watch(show)
  local _ <close> = setmetatable({}, { __close = function() core.watch(before) end })
  local results = table.pack(fn(...))
  show(1, 1)
  return table.unpack(results, 1, results.n)
end

return watched
