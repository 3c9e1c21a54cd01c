--- What the methods that decide by dips do first: check the options that they share, read the data,
-- look for ties.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local points = require "hyades.cluster.points"

local dip_points = {}

-- Option, least, most, whole?
local ranges = {
  { "alpha", 0, 1 }, { "viewers", 0, 1 }, { "threshold", 0, 1 }, { "momentum", 0, 1 },
  { "step", 0, 1e6 }, { "size_factor", 1 }, { "n_boots", 1, nil, true }, { "n_split_trials", 1, nil, true },
  { "max_k", 1, nil, true }, { "n_random_projections", 0, nil, true }, { "n_starts", 1, nil, true },
}

local function check_options(self, name)
  for _, range in ipairs(ranges) do
    local option, least, most, whole = table.unpack(range, 1, 4)
    if self.defaults[option] ~= nil and self[option] ~= nil then
      check.number(name, "option " .. option, self[option], least, most, whole)
    end
  end
end

--- The points that a model is given to fit, in f64; raises for options out of range and for points
-- that no dip can be made of.
-- self: model · x: tensor n×d, or a dataset
-- → tensor n×d, f64
function dip_points.read(self, x)
  local name = class.of(self).class_name
  check_options(self, name)
  x = points(name, x):to "f64"
  if x:numel() == 0 then
    error(("%s: x is empty (%d×%d); at least one point is needed"):format(name, x:size(1), x:size(2)), 0)
  end
  return check.finite(name, "x", x)
end

local most = 0.5 -- share of values that equal another one

-- The share of values that come more than once; 0 for constant ones, which have no dip.
local function tied_share(values)
  local n, sorted = values:numel(), values:sort()
  if n < 2 or sorted[1]:item() == sorted[n]:item() then return 0 end
  local same = sorted:narrow(1, 1, n - 1):eq(sorted:narrow(1, 2, n - 1))
  local no = hy.zeros(1, { dtype = "u8" })
  return (hy.cat{ no, same }:to "f32" + hy.cat{ same, no }:to "f32"):gt(0):mean():item()
end

--- A warning for data in which most values are ties: they make dips larger, so that whole numbers
-- with one peak can seem to have several.
-- x: tensor n×d · what: string, what its only column holds; otherwise columns are numbered
-- → a sentence, or nil
function dip_points.ties(x, what)
  for j = 1, x:size(2) do
    local share = tied_share(x:select(2, j))
    if share > most then
      return ("%.0f %% of the %s are ties, which make dips larger"):format(share * 100,
        what or ("values of column %d"):format(j))
    end
  end
  return nil
end

return dip_points
