--- What a figure draws, in one number: the same with any version of Cairo and any font.

local record = require "tests.plot.recorder"

local function letters(text, size, bold)
  return #text * size * (bold and 0.65 or 0.6)
end

-- Appends what a call was given; of tensors and long rows of numbers everything counts.
local function write(value, out)
  if type(value) == "table" then
    local keys = {}
    for key in pairs(value) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    for _, key in ipairs(keys) do
      write(key, out)
      write(value[key], out)
    end
  elseif type(value) == "number" then
    out[#out + 1] = ("%.3g"):format(value + 0.0) -- coarse: sums may be rounded in another order
  elseif type(value) == "userdata" then
    write(value:totable(), out)
  else
    out[#out + 1] = tostring(value)
  end
end

--- Width, height and FNV-1a hash of what is drawn.
-- figure: figure
-- → string
return function(figure)
  local out, hash = {}, 0xcbf29ce484222325
  write(record(figure, letters).calls, out)
  for _, word in ipairs(out) do
    for i = 1, #word do hash = (hash ~ word:byte(i)) * 0x100000001b3 end
    hash = (hash ~ 32) * 0x100000001b3
  end
  return ("%.0f×%.0f %016x"):format(figure.width, figure.height, hash)
end
