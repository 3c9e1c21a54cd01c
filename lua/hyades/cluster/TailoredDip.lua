--- TailoredDip: UniDip that gives peaks their tails back, and every value to a peak.
-- Bauer et al., Extension of the Dip-test Repertoire, SDM 2023.
-- Where the paper leaves details open, they are as in ClustPy.
-- tails: look for more in the gaps between peaks and join it to them · outliers: leave what is in no
--   peak as noise (−1); otherwise a border is drawn in every gap
-- alpha, pvalue, n_boots, size_factor, rng: see UniDip
-- Fields: as UniDip.

local hy = require "hyades"
local chance = require "hyades.cluster.dip_chance"
local model = require "hyades.model"
local UniDip = require "hyades.cluster.UniDip"

local TailoredDip = model.define("TailoredDip", { alpha = 0.05, pvalue = "table", n_boots = 1000,
  size_factor = 2, tails = true, outliers = false, rng = hy.rng }, { pvalue = chance.methods })

-- What a gap holds beside noise: its own peaks as positions in x, or none.
local function peaks_in_gap(x, first, last, self)
  local n = last - first + 1
  if n < 4 then return {} end
  local gap = x:narrow(1, first, n)
  local p = chance.of(2 * n - 1, self.pvalue, self.n_boots, self.rng)((UniDip.mirrored(gap)))
  if p >= self.alpha then return {} end
  local peaks = UniDip.peaks(gap, self)
  for _, peak in ipairs(peaks) do
    peak.first, peak.last = peak.first + first - 1, peak.last + first - 1
  end
  return peaks
end

-- One look into the gap before peak i (after the last one: #peaks + 1). Its first peak may belong to
-- the neighbor on the left, its last one to that on the right. → did a neighbor grow?
local function grow(x, peaks, i, test, self)
  local left, right = peaks[i - 1], peaks[i]
  local new = peaks_in_gap(x, left and left.last + 1 or 1, right and right.first - 1 or x:size(1), self)
  if #new == 0 then return false end
  local factor, grown = self.size_factor, false
  local p_left = left and UniDip.together(test, left, new[1], factor) or -1
  local p_right = right and UniDip.together(test, new[#new], right, factor) or -1
  if p_right >= self.alpha and (#new > 1 or p_right >= p_left) then
    right.first, grown = new[#new].first, true
  end
  if p_left >= self.alpha and (#new > 1 or p_left > p_right) then
    left.last, grown = new[1].last, true
  end
  return grown
end

-- The first position of the gap after `left` that belongs to `right`: where the distribution function
-- of the gap crosses its chord, nearest to the middle between the peaks; else that middle.
local function border(x, left, right)
  local first, m = left.last + 1, right.first - left.last - 1
  local values = x:narrow(1, left.last, m + 2):totable() -- with the peaks' ends around it
  local middle = (values[1] + values[m + 2]) / 2
  local rise, best = m / (values[m + 2] - values[2]), nil
  local function above(i) -- does the function lie above its chord? The ends do not say.
    i = math.max(1, math.min(i, m - 2))
    return (values[i + 2] - values[2]) * rise < i
  end
  if m > 3 and values[m + 2] > values[2] then
    for i = 0, m - 2 do
      local gap = math.abs(values[i + 2] - middle)
      if above(i) ~= above(i + 1) and (not best or gap < math.abs(values[best + 1] - middle)) then
        best = i + 1
      end
    end
  end
  local threshold = best and values[best + 2] or middle
  local at = 0
  while at < m and values[at + 2] < threshold do at = at + 1 end
  return first + at
end

--- The peaks of sorted values.
-- x: tensor n, f64, ascending · self: alpha, pvalue, n_boots, size_factor, tails, outliers, rng
-- → array of { first, last }, positions in x, ascending
function TailoredDip.peaks(x, self)
  local peaks, test = UniDip.peaks(x, self)
  if self.tails ~= false then
    for i = 1, #peaks + 1 do
      while grow(x, peaks, i, test, self) do end
    end
  end
  if self.outliers or #peaks == 0 then return peaks, test end
  for i = 1, #peaks - 1 do
    local left, right = peaks[i], peaks[i + 1]
    if right.first > left.last + 1 then
      right.first = border(x, left, right)
      left.last = right.first - 1
    end
  end
  peaks[1].first, peaks[#peaks].last = 1, x:size(1)
  return peaks, test
end

function TailoredDip:fit(x)
  UniDip.fit_with(self, x, TailoredDip.peaks)
end

TailoredDip.predict = UniDip.predict

return TailoredDip
