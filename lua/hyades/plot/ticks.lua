--- Where the ticks of an axis go and what they say: steps of 1, 2 or 5 times a power of ten.
local ticks = {}

local SUPERSCRIPT = { ["-"] = "⁻", ["0"] = "⁰", ["1"] = "¹", ["2"] = "²", ["3"] = "³", ["4"] = "⁴",
  ["5"] = "⁵", ["6"] = "⁶", ["7"] = "⁷", ["8"] = "⁸", ["9"] = "⁹" }

local function power_of_ten(e)
  return "10" .. (("%d"):format(e):gsub(".", SUPERSCRIPT))
end

local function with_commas(digits)
  local head, rest = digits:match("^(%d+)(.*)$")
  if not head or #head < 5 then return digits end -- short, inf or nan
  head = head:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return head .. rest
end

--- Write a number for people: 0.25, 70,000, 1.5×10⁷, with a real minus sign.
-- value: number · decimals: digits after the point
-- → string
function ticks.text(value, decimals)
  local size = math.abs(value)
  local digits = ("%.*f"):gsub("%*", tostring(decimals or 0)):format(size)
  local sign = value < 0 and tonumber(digits) ~= 0 and "−" or ""
  return sign .. with_commas(digits)
end

local function scientific(value, exponent, decimals)
  if value == 0 then return "0" end
  return ticks.text(value / 10 ^ exponent, decimals) .. "×" .. power_of_ten(exponent)
end

--- Ticks between lo and hi, at most `most` of them (and at least one).
-- lo: number · hi: number, larger · most: integer · whole: boolean, only integers
-- → array of positions, array of texts
function ticks.linear(lo, hi, most, whole)
  local rough = (hi - lo) / math.max(most, 1)
  local e = math.floor(math.log(rough, 10))
  local factor = rough / 10.0 ^ e
  local step = factor <= 1.0001 and 1 or factor <= 2.0001 and 2 or factor <= 5.0001 and 5 or 10
  if step == 10 then step, e = 1, e + 1 end
  if whole and e < 0 then step, e = 1, 0 end
  local unit = step * 10.0 ^ e

  local positions, texts = {}, {}
  local largest = math.floor(math.log(math.max(math.abs(lo), math.abs(hi)), 10) + 1e-9)
  for i = math.ceil(lo / unit - 1e-6), math.floor(hi / unit + 1e-6) do
    local value = i * unit
    positions[#positions + 1] = value
    if e >= 6 or e < -4 then
      texts[#texts + 1] = scientific(value, largest, largest - e)
    else
      texts[#texts + 1] = ticks.text(value, math.max(0, -e))
    end
  end
  return positions, texts
end

-- Less than a factor of five or so: ordinary steps, at their logarithms.
local function narrow_log(lo, hi, most)
  local positions, texts = ticks.linear(10.0 ^ lo, 10.0 ^ hi, most)
  for i, p in ipairs(positions) do positions[i] = math.log(p, 10) end
  return positions, texts
end

--- Ticks of a logarithmic axis; lo and hi are logarithms to base ten, and so are the positions.
-- lo: number · hi: number, larger · most: integer
-- → array of positions, array of texts
function ticks.log(lo, hi, most)
  local positions, texts = {}, {}
  local first, last = math.ceil(lo - 1e-9), math.floor(hi + 1e-9)
  local few = last - first < 2
  local stride = math.max(1, math.ceil((last - first + 1) / math.max(most, 1)))
  for e = math.floor(lo), last do
    for _, m in ipairs(few and { 1, 2, 5 } or { 1 }) do
      local p = e + math.log(m, 10)
      if p >= lo - 1e-9 and p <= hi + 1e-9 and (few or (e - first) % stride == 0) then
        positions[#positions + 1] = p
        local plain = e >= -3 and e <= 4
        texts[#texts + 1] = few and plain and ticks.text(m * 10.0 ^ e, math.max(0, -e))
          or (m == 1 and "" or m .. "×") .. power_of_ten(e)
      end
    end
  end
  if #positions < 3 then return narrow_log(lo, hi, most) end
  return positions, texts
end

return ticks
