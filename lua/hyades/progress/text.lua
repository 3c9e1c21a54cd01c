--- How a progress bar reads in a window of so many columns.

local text = {}

local full_bar, least_bar, full_spark, least_spark = 24, 6, 16, 5
local blocks = { "▏", "▎", "▍", "▌", "▋", "▊", "▉" } -- eighths
local levels = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }
local plain_levels = { "_", ".", "-", "=", "+", "*", "%", "#" }

-- ---- widths ---------------------------------------------------------------------------------

-- First and last code points that take two columns, or none.
local wide = { { 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0xa4cf }, { 0xac00, 0xd7a3 },
  { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 },
  { 0x1f300, 0x1faff }, { 0x20000, 0x3fffd } }
local narrow = { { 0x300, 0x36f }, { 0x200b, 0x200f }, { 0xfe00, 0xfe0f } }

local function within(code, ranges)
  for _, range in ipairs(ranges) do
    if code >= range[1] and code <= range[2] then return true end
  end
  return false
end

local function columns_of(code)
  return code < 0x300 and 1 or within(code, narrow) and 0 or within(code, wide) and 2 or 1
end

--- The columns that a text takes in a terminal.
-- s: string of valid UTF-8
-- → integer
function text.width(s)
  local columns = 0
  for _, code in utf8.codes(s) do columns = columns + columns_of(code) end
  return columns
end

--- A text that stays on its line: no control characters, no bytes that are not UTF-8.
-- s: anything
-- → string
function text.clean(s)
  s = tostring(s):gsub("%c+", " ")
  while true do
    local _, wrong = utf8.len(s)
    if not wrong then return s end
    s = s:sub(1, wrong - 1) .. "?" .. s:sub(wrong + 1)
  end
end

-- The beginning of s that fits, with … where something is missing.
local function shortened(s, columns, ascii)
  if text.width(s) <= columns then return s end
  local used, keep = 0, 0
  for at, code in utf8.codes(s) do
    used = used + columns_of(code)
    if used > columns - 1 then break end
    keep = at + #utf8.char(code) - 1
  end
  return columns < 1 and "" or s:sub(1, keep) .. (ascii and "." or "…")
end

-- ---- parts ----------------------------------------------------------------------------------

--- Seconds as people write them: 0:07, 12:34, 1:02:03.
-- seconds: number
-- → string
function text.duration(seconds)
  local s = seconds < 1e15 and math.floor(seconds + 0.5) or 0
  if s < 3600 then return ("%d:%02d"):format(s // 60, s % 60) end
  return ("%d:%02d:%02d"):format(s // 3600, s // 60 % 60, s % 60)
end

--- So many a second, or, when they are slow, the seconds of one.
-- pace: number, seconds a step · unit: string
-- → string
function text.rate(pace, unit)
  if pace <= 0 then return "" end
  local fast = pace < 1
  local value = fast and 1 / pace or pace
  local shown = value >= 1e6 and ("%.3gM"):format(value / 1e6)
    or value >= 1e4 and ("%.3gk"):format(value / 1e3) or ("%.3g"):format(value)
  if value >= 1000 and value < 1e4 then shown = ("%.0f"):format(value) end
  return fast and ("%s %s/s"):format(shown, unit) or ("%s s/%s"):format(shown, unit)
end

--- Numbers as a line of little bars; with more numbers than columns, of means of neighbors.
-- values: array of numbers · columns: integer · ascii: flag
-- → string of at most so many columns
function text.sparkline(values, columns, ascii)
  local n = #values
  local shown = math.min(n, columns)
  local means, lowest, highest = {}, math.huge, -math.huge
  for i = 1, shown do
    local first, last = (i - 1) * n // shown + 1, i * n // shown
    local total = 0
    for j = first, last do total = total + values[j] end
    means[i] = total / (last - first + 1)
    if means[i] - means[i] == 0 then
      lowest, highest = math.min(lowest, means[i]), math.max(highest, means[i])
    end
  end
  local signs, used = {}, ascii and plain_levels or levels
  for i, mean in ipairs(means) do
    local share = highest > lowest and (mean - lowest) / (highest - lowest) or 0
    signs[i] = mean - mean ~= 0 and "?" or used[math.floor(share * 7 + 0.5) + 1]
  end
  return table.concat(signs)
end

local function bar_text(share, columns, ascii)
  local eighths = math.floor(share * columns * 8)
  local full, rest = eighths // 8, eighths % 8
  if ascii then return ("#"):rep(full) .. ("."):rep(columns - full) end
  local partial = rest > 0 and blocks[rest] or ""
  return ("█"):rep(full) .. partial .. ("·"):rep(columns - full - (rest > 0 and 1 or 0))
end

local function notes_text(values)
  local notes = {}
  for name, value in pairs(values) do
    local shown = value ~= value and "nan" or type(value) == "number" and ("%.4g"):format(value)
      or tostring(value)
    notes[#notes + 1] = text.clean(name .. " " .. shown)
  end
  table.sort(notes)
  return table.concat(notes, " ")
end

local function count_text(bar)
  local done = math.floor(bar.done + 1e-9) -- parts of a step add up to about one
  return bar.total and ("%d/%d"):format(done, bar.total) or ("%d %s"):format(done, bar.unit)
end

-- ---- the line -------------------------------------------------------------------------------

-- Where the parts stand; and what goes first when the window is narrow: the last ones.
local order = { "title", "percent", "bar", "count", "time", "rate", "notes", "spark" }
local weight = { "percent", "title", "time", "count", "notes", "bar", "rate", "spark" }

local function all_parts(bar, seconds, left, ascii)
  local share = bar.total and (bar.total > 0 and math.min(bar.done / bar.total, 1) or 1)
  return {
    title = bar.title,
    percent = share and ("%3d%%"):format(math.floor(share * 100)) or "",
    count = count_text(bar),
    time = text.duration(seconds) .. (left and "<" .. text.duration(left) or ""),
    rate = bar.pace and text.rate(bar.pace, bar.unit) or "",
    notes = notes_text(bar.values),
    bar = share and bar_text(share, least_bar, ascii) or "",
    spark = text.sparkline(bar.traced, least_spark, ascii),
  }, share
end

--- The line of a bar.
-- bar: table of done, total (nil: unknown), title, unit, values, traced, pace · columns: integer
-- seconds: number since the start · left: number, or nil · ascii: flag
-- → string of at most `columns` columns
function text.line(bar, columns, seconds, left, ascii)
  local parts, share = all_parts(bar, seconds, left, ascii)
  local chosen, free = {}, columns
  parts.title = shortened(parts.title, math.max(columns // 2, 1), ascii)
  for _, name in ipairs(weight) do
    local needs = text.width(parts[name]) + (free < columns and 1 or 0)
    if parts[name] ~= "" and needs <= free then
      chosen[name], free = parts[name], free - needs
    end
  end
  if chosen.spark then
    local more = math.min(free // 2, full_spark - least_spark)
    chosen.spark = text.sparkline(bar.traced, least_spark + more, ascii)
    free = free - math.max(0, math.min(least_spark + more, #bar.traced) - least_spark)
  end
  if chosen.bar then
    chosen.bar = bar_text(share, least_bar + math.min(free, full_bar - least_bar), ascii)
  end
  local line = {}
  for _, name in ipairs(order) do line[#line + 1] = chosen[name] end
  return table.concat(line, " ")
end

return text
