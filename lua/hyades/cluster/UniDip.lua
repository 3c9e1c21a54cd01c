--- UniDip: the peaks of one feature, each an interval, in a sea of noise.
-- Maurus & Plant, Skinny-dip, KDD 2016; mirroring and the last merge: Leiber et al., DipEncoder, KDD
-- 2022, and Bauer et al., SDM 2023. Where the papers leave details open, they are as in ClustPy.
-- alpha: a sample has several peaks when the p-value of its dip is smaller
-- pvalue: "table", "function" or "bootstrap" (n_boots samples, rng), as in cluster.dip_pvalue
-- size_factor: where two clusters are tested together, the larger counts at most so many times the
--   smaller
-- Fields: labels (−1: noise), k, intervals (array of { first, last } values, ascending); warning when
-- most values are ties. A flat cluster without noise around it can shrink to its middle; TailoredDip
-- repairs that.

local hy = require "hyades"
local class = require "hyades.class"
local chance = require "hyades.cluster.dip_chance"
local dip_points = require "hyades.cluster.dip_points"
local model = require "hyades.model"
local points = require "hyades.cluster.points"

local UniDip = model.define("UniDip", { alpha = 0.05, pvalue = "table", n_boots = 1000,
  size_factor = 2, rng = hy.rng }, { pvalue = chance.methods })

-- A test of ranges of sorted values: first, last → p-value and modal interval, as positions.
local function tester(x, self)
  return function(first, last)
    local n = last - first + 1
    local dip, interval = hy.dip(x:narrow(1, first, n), { sorted = true })
    local ends = interval:totable()
    return chance.of(n, self.pvalue, self.n_boots, self.rng)(dip:item()), first - 1 + ends[1],
      first - 1 + ends[2]
  end
end

--- The dip of sorted values that are mirrored at their minimum or their maximum, whichever has the
-- larger dip: it sees a peak that reaches the border whole.
-- x: tensor n, ascending
-- → the dip; the modal interval of the mirrored values as two positions in x, or nil where it lies
-- on both sides of the mirror
function UniDip.mirrored(x)
  local n = x:size(1)
  local low, high = x[1], x[n]
  local left, left_ends = hy.dip(hy.cat{ low - (x:narrow(1, 2, n - 1) - low), x })
  local right, right_ends = hy.dip(hy.cat{ x, high + (high - x:narrow(1, 1, n - 1)) })
  local from_left = left:item() > right:item()
  local a, b = table.unpack((from_left and left_ends or right_ends):totable())
  local dip = from_left and left:item() or right:item()
  if a <= n and b > n then return dip end
  if from_left then
    if a > n then return dip, a - n + 1, b - n + 1 end
    return dip, n + 1 - b, n + 1 - a
  end
  if b <= n then return dip, a, b end
  return dip, 2 * n - b, 2 * n - a
end

-- The modal interval of the mirrored range first … last, else the one that the range has (a, b).
local function mirrored_interval(x, first, last, a, b)
  local _, low, high = UniDip.mirrored(x:narrow(1, first, last - first + 1))
  if not low then return a, b end
  return first - 1 + low, first - 1 + high
end

-- The peaks, unsorted. A part is a range to test inside the space that belongs to its peak; it is
-- fresh until it has become a modal interval.
local function find_peaks(x, test, alpha)
  local n = x:size(1)
  local peaks, stack = {}, { { first = 1, last = n, low = 1, high = n, fresh = true } }
  local function search(first, last)
    stack[#stack + 1] = { first = first, last = last, low = first, high = last, fresh = true }
  end
  -- What lies on one side of a peak holds others, or adds to it.
  local function look(peak, first, last, others_first, others_last)
    local p, a, b = test(first, last)
    if p < alpha then
      search(others_first, others_last)
    else
      a, b = mirrored_interval(x, first, last, a, b)
      return { first = math.min(peak.first, a), last = math.max(peak.last, b) }
    end
    return peak
  end

  while #stack > 0 do
    local part = table.remove(stack)
    local p, a, b = test(part.first, part.last)
    if p < alpha and b - a < part.last - part.first then
      if a < b then
        stack[#stack + 1] = { first = a, last = b, low = part.low, high = part.high, fresh = false }
      end
    else
      local first, last = part.first, part.last
      if part.fresh then first, last = mirrored_interval(x, first, last, a, b) end
      local peak = { first = first, last = last }
      if last < part.high then peak = look(peak, first, part.high, last + 1, part.high) end
      if first > part.low then peak = look(peak, part.low, last, part.low, first - 1) end
      peaks[#peaks + 1] = peak
    end
  end
  table.sort(peaks, function(u, v) return u.first < v.first end)
  return peaks
end

local function size(peak) return peak.last - peak.first + 1 end

--- Two neighboring peaks tested as one; the larger is cut to `factor` times the smaller.
-- test: function first, last → p-value · left, right: { first, last } · factor: number
-- → p-value
function UniDip.together(test, left, right, factor)
  local first = math.max(left.first, left.last + 1 - math.floor(factor * size(right)))
  local last = math.min(right.last, right.first - 1 + math.floor(factor * size(left)))
  return (test(first, last))
end

-- Inner peaks join the neighbor that they are unimodal with.
local function merge(peaks, test, alpha, factor)
  local i = 2
  while i < #peaks do
    local with_left = UniDip.together(test, peaks[i - 1], peaks[i], factor)
    local with_right = UniDip.together(test, peaks[i], peaks[i + 1], factor)
    if math.max(with_left, with_right) < alpha then
      i = i + 1
    else
      local at = with_left >= with_right and i - 1 or i
      peaks[at].last = peaks[at + 1].last
      table.remove(peaks, at + 1)
    end
  end
  return peaks
end

--- The peaks of sorted values.
-- x: tensor n, f64, ascending · self: alpha, pvalue, n_boots, size_factor, rng
-- → array of { first, last }, positions in x, ascending; the test of ranges that found them
function UniDip.peaks(x, self)
  local test = tester(x, self)
  return merge(find_peaks(x, test, self.alpha), test, self.alpha, self.size_factor), test
end

--- The labels of values that lie in given ranges of their order.
-- peaks: array of { first, last } · rows: index n, the row of every sorted value
-- → index n, −1 where there is none
function UniDip.labels_of(peaks, rows)
  local labels, row = {}, rows:totable()
  for i = 1, #row do labels[i] = -1 end
  for c, peak in ipairs(peaks) do
    for i = peak.first, peak.last do labels[row[i]] = c end
  end
  return hy.tensor(labels, { dtype = "index" })
end

--- What UniDip and TailoredDip do with data: sort, find, label.
-- self: model · x: tensor n×1 · find: function sorted values, self → peaks
function UniDip.fit_with(self, x, find)
  x = dip_points.read(self, x)
  if x:size(2) ~= 1 then
    error(("%s: x must have one column, got %d; SkinnyDip takes several"):format(
      class.of(self).class_name, x:size(2)), 0)
  end
  self.warning = dip_points.ties(x)
  local sorted, rows = x:reshape(-1):sort()
  local peaks = find(sorted, self)
  self.k, self.labels, self.intervals = #peaks, UniDip.labels_of(peaks, rows), {}
  for c, peak in ipairs(peaks) do
    self.intervals[c] = { sorted[peak.first]:item(), sorted[peak.last]:item() }
  end
end

function UniDip:fit(x)
  UniDip.fit_with(self, x, UniDip.peaks)
end

-- The interval that a value lies in; with `nearest`, the one next to it where there is none.
local function interval_of(value, intervals, nearest)
  local label, least = -1, math.huge
  for c, interval in ipairs(intervals) do
    local away = math.max(interval[1] - value, value - interval[2], 0)
    if away < least and (nearest or away == 0) then label, least = c, away end
  end
  return label
end

--- The interval that each value lies in.
-- x: tensor n×1, or a dataset
-- → index n, −1 outside of all (TailoredDip: the nearest one, unless it leaves outliers)
function UniDip:predict(x)
  local name = class.of(self).class_name
  if not self.intervals then error(name .. ": call fit first", 0) end
  x = points(name, x):to("f64"):reshape(-1)
  local labels = {}
  for i, value in ipairs(x:totable()) do
    labels[i] = interval_of(value, self.intervals, self.outliers == false)
  end
  return hy.tensor(labels, { dtype = "index" })
end

return UniDip
