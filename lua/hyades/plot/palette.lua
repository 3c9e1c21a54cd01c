--- Colors as integers 0xRRGGBB: clusters, heat, ink.
local palette = {
  ink = 0x262626,   -- titles
  soft = 0x4d4d4d,  -- labels, ticks
  spine = 0x8c8c8c, -- axes
  grid = 0xe8e8e8,
  noise = 0xb8b8b8,
}

-- Okabe and Ito's colors, then fourteen chosen so that all differ, from each other and from the
-- gray of noise, also in the eyes of people who see no red or no green.
local CLUSTERS = {
  0x0072b2, 0xe69f00, 0x009e73, 0xd55e00, 0xcc79a7, 0x56b4e9, 0x584000, 0x083898, 0xa03880,
  0x80d878, 0x406810, 0xb03818, 0x88b078, 0x005860, 0x803038, 0x68d8e0, 0x8068d8, 0x681878,
  0x9090f8, 0x907098,
}

-- The colors of matplotlib's "viridis" and ColorBrewer's "Blues", at equal distances.
local MAPS = {
  viridis = { 0x440154, 0x482475, 0x414487, 0x355f8d, 0x2a788e, 0x21918c, 0x22a884, 0x44bf70,
    0x7ad151, 0xbddf26, 0xfde725 },
  blues = { 0xf7fbff, 0xdeebf7, 0xc6dbef, 0x9ecae1, 0x6baed6, 0x4292c6, 0x2171b5, 0x08519c,
    0x08306b },
}

local function channels(color)
  return color >> 16, color >> 8 & 255, color & 255
end

local function mix(a, b, t)
  local ar, ag, ab = channels(a)
  local br, bg, bb = channels(b)
  local function between(x, y) return math.floor(x + (y - x) * t + 0.5) end
  return between(ar, br) << 16 | between(ag, bg) << 8 | between(ab, bb)
end

-- Hue in turns, saturation and lightness in 0 … 1.
local function hsl(h, s, l)
  local function channel(k)
    k = (k + h * 12) % 12
    local wave = math.max(-1, math.min(k - 3, 9 - k, 1))
    return math.floor(255 * (l - s * math.min(l, 1 - l) * wave) + 0.5)
  end
  return channel(0) << 16 | channel(8) << 8 | channel(4)
end

--- The k-th color for clusters. Twenty are chosen by hand, later ones go round the color circle.
-- k: integer from 1
-- → color
function palette.cluster(k)
  if CLUSTERS[k] then return CLUSTERS[k] end
  local golden = 0.61803398875
  return hsl(k * golden % 1, 0.55 + 0.15 * (k % 2), 0.38 + 0.09 * (k % 4))
end

--- The color of a value on a map.
-- map: "viridis" or "blues" · t: number in 0 … 1
-- → color
function palette.heat(map, t)
  local stops = MAPS[map]
  local at = math.max(0, math.min(1, t)) * (#stops - 1)
  local i = math.min(math.floor(at), #stops - 2)
  return mix(stops[i + 1], stops[i + 2], at - i)
end

--- Black or white, whichever reads better on a color.
function palette.contrast(color)
  local r, g, b = channels(color)
  return 0.299 * r + 0.587 * g + 0.114 * b > 150 and palette.ink or 0xffffff
end

--- Who is who among the labels: one entry per id, ascending, noise (−1) last and gray.
-- A cluster keeps its color when another one is empty.
-- labels: array of integers · names: array of names by id, or nil
-- → array of { id=, name=, color= }, table id → entry
function palette.classes(labels, names)
  local seen, ids = {}, {}
  for i = 1, #labels do
    local id = labels[i]
    if not seen[id] then
      seen[id] = true
      ids[#ids + 1] = id
    end
  end
  table.sort(ids)
  local by_id = ids[#ids] and ids[#ids] <= 20 and (ids[1] >= 1 or ids[1] == -1 and ids[2] ~= 0)
  local entries, of = {}, {}
  local noise
  for _, id in ipairs(ids) do
    local entry = { id = id, name = names and names[id] and tostring(names[id]) or tostring(id) }
    if id == -1 then
      entry.name, entry.color, noise = "noise", palette.noise, entry
    else
      entries[#entries + 1] = entry
      entry.color = palette.cluster(by_id and id or #entries)
    end
    of[id] = entry
  end
  entries[#entries + 1] = noise
  return entries, of
end

return palette
