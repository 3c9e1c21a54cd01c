--- Writes lua/hyades/cluster/dip_table.lua: how large the dips of uniform samples are by chance.
--   ./hyades tests/cluster/make_dip_table.lua > lua/hyades/cluster/dip_table.lua
-- Takes about ten minutes. With sizes as arguments it prints the rows of these alone. Every row has its
-- own generator, so that the same rows come again.

local hy = require "hyades"

local sizes = { 4, 5, 6, 7, 8, 9, 10, 15, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000,
  72000 }
local shares = { 0, .01, .02, .05, .1, .2, .3, .4, .5, .6, .7, .8, .9, .95, .98, .99, .995, .998,
  .999, .9995, .9998, .9999, 1 }
local at_once = 2000000 -- values

-- Dips of uniform samples. Sums of exponential steps lie like sorted uniform values, but for a
-- stretch that the dip does not see: nothing needs to be sorted.
local function dips_of(n, samples)
  local rng, parts = hy.rng(n), {}
  for first = 1, samples, at_once // n do
    local m = math.min(at_once // n, samples - first + 1)
    local steps = hy.rand(m, n, { dtype = "f64", rng = rng }):log() * -1
    parts[#parts + 1] = hy.dip(steps:cumsum(2):t(), { sorted = true })
  end
  return (hy.cat(parts):sort())
end

-- "name = {", numbers, ten in a line, "},"
local function print_list(head, numbers)
  local text = { head }
  for i, number in ipairs(numbers) do
    text[#text + 1] = (i % 10 == 1 and "\n    " or " ") .. number .. (i < #numbers and "," or " },")
  end
  print(table.concat(text))
  io.stdout:flush()
end

local function print_row(n)
  local samples, values = math.max(20000, math.min(1000000, 1000000000 // n)), {}
  local dips = dips_of(n, samples)
  for i, share in ipairs(shares) do
    local at = math.max(1, math.ceil(share * samples))
    values[i] = ("%.5f"):format(dips[at]:item() * math.sqrt(n))
  end
  print_list(("  { n = %d, samples = %d,"):format(n, samples), values)
end

local wanted = {}
for i = 1, #arg do wanted[i] = math.tointeger(tonumber(arg[i])) end

if #wanted == 0 then
  print "--- Quantiles of the dips of uniform samples times the root of their size: a row for each size n."
  print "-- Written by tests/cluster/make_dip_table.lua."
  print "return {"
  print_list("  shares = {", shares)
end
for _, n in ipairs(#wanted > 0 and wanted or sizes) do print_row(n) end
if #wanted == 0 then print "}" end
