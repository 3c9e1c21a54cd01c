--- Colors as integers 0xRRGGBB: clusters, heat, and the ink of the light and the dark theme.
local palette = {}

local THEMES = {
  light = {
    name = "light",
    paper = 0xffffff,
    ink = 0x262626,   -- titles
    soft = 0x4d4d4d,  -- labels, ticks
    spine = 0x8c8c8c, -- axes
    grid = 0xe8e8e8,
    noise = 0xb8b8b8,
  },
  dark = {
    name = "dark",
    paper = 0x1b1d21,
    ink = 0xf0f0f0,
    soft = 0xc4c6ca,
    spine = 0x7d8087,
    grid = 0x33363c,
    noise = 0x62656b,
  },
}

local DIM = 85 -- brightness below which a color is lightened for dark paper

-- Okabe and Ito's colors, then fourteen chosen so that all differ, from each other and from the
-- gray of noise, also in the eyes of people who see no red or no green.
local CLUSTERS = {
  0x0072b2, 0xe69f00, 0x009e73, 0xd55e00, 0xcc79a7, 0x56b4e9, 0x584000, 0x083898, 0xa03880,
  0x80d878, 0x406810, 0xb03818, 0x88b078, 0x005860, 0x803038, 0x68d8e0, 0x8068d8, 0x681878,
  0x9090f8, 0x907098,
}

-- The lists of matplotlib and Tableau.
local LISTS = {
  okabe_ito = CLUSTERS,
  tab10 = { 0x1f77b4, 0xff7f0e, 0x2ca02c, 0xd62728, 0x9467bd, 0x8c564b, 0xe377c2, 0x7f7f7f,
    0xbcbd22, 0x17becf },
  tab20 = { 0x1f77b4, 0xaec7e8, 0xff7f0e, 0xffbb78, 0x2ca02c, 0x98df8a, 0xd62728, 0xff9896,
    0x9467bd, 0xc5b0d5, 0x8c564b, 0xc49c94, 0xe377c2, 0xf7b6d2, 0x7f7f7f, 0xc7c7c7, 0xbcbd22,
    0xdbdb8d, 0x17becf, 0x9edae5 },
}

-- The colors of matplotlib's "viridis" and of ColorBrewer's "Blues" and "RdBu", at equal distances;
-- "night" is for the same use as "blues" on dark paper.
local MAPS = {
  viridis = { 0x440154, 0x482475, 0x414487, 0x355f8d, 0x2a788e, 0x21918c, 0x22a884, 0x44bf70,
    0x7ad151, 0xbddf26, 0xfde725 },
  blues = { 0xf7fbff, 0xdeebf7, 0xc6dbef, 0x9ecae1, 0x6baed6, 0x4292c6, 0x2171b5, 0x08519c,
    0x08306b },
  night = { 0x25282e, 0x1f3550, 0x1d4a7a, 0x2262a3, 0x347dc1, 0x5a9ad6, 0x8bb9e6, 0xbdd8f3,
    0xe6f1fb },
  diverging = { 0x053061, 0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xf4a582,
    0xd6604d, 0xb2182b, 0x67001f },
  gray = { 0x000000, 0xffffff },
}

--- The names of the themes, lists and maps, sorted.
palette.themes = { "dark", "light" }
palette.lists = { "okabe_ito", "tab10", "tab20" }
palette.maps = { "blues", "diverging", "gray", "night", "viridis" }

local function channels(color)
  return color >> 16, color >> 8 & 255, color & 255
end

--- A color between two.
-- t: 0 gives a, 1 gives b
-- → color
function palette.mix(a, b, t)
  local ar, ag, ab = channels(a)
  local br, bg, bb = channels(b)
  local function between(x, y) return math.floor(x + (y - x) * t + 0.5) end
  return between(ar, br) << 16 | between(ag, bg) << 8 | between(ab, bb)
end

local function brightness(color)
  local r, g, b = channels(color)
  return 0.299 * r + 0.587 * g + 0.114 * b
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

--- What a theme looks like.
-- name: "light" or "dark"
-- → table of colors: paper, ink, soft, spine, grid, noise
function palette.theme(name)
  return THEMES[name]
end

--- The k-th color for clusters. Twenty are chosen by hand, later ones go round the color circle; a
-- shorter list starts again. On dark paper dark colors become lighter.
-- k: integer from 1 · look: theme (default: light) · list: "okabe_ito", "tab10", "tab20" or an
-- array of colors
-- → color
function palette.cluster(k, look, list)
  local color
  if list and list ~= "okabe_ito" then
    local colors = LISTS[list] or list
    color = colors[(k - 1) % #colors + 1]
  else
    local golden = 0.61803398875
    color = CLUSTERS[k] or hsl(k * golden % 1, 0.55 + 0.15 * (k % 2), 0.38 + 0.09 * (k % 4))
  end
  local light = brightness(color)
  if look and look.name == "dark" and light < DIM then
    color = palette.mix(color, 0xffffff, 0.15 + 0.3 * (DIM - light) / DIM)
  end
  return color
end

--- The color of a value on a map.
-- map: "viridis", "blues", "night", "diverging" or "gray" · t: number in 0 … 1
-- → color
function palette.heat(map, t)
  local stops = MAPS[map]
  local at = math.max(0, math.min(1, t)) * (#stops - 1)
  local i = math.min(math.floor(at), #stops - 2)
  return palette.mix(stops[i + 1], stops[i + 2], at - i)
end

--- Black or white, whichever reads better on a color.
function palette.contrast(color)
  return brightness(color) > 140 and THEMES.light.ink or 0xffffff
end

--- A color as three bytes.
-- → string
function palette.bytes(color)
  return string.char(channels(color))
end

--- Who is who among the labels: one entry per id, ascending, noise (−1) last and gray.
-- A cluster keeps its color when another one is empty.
-- labels: array of integers · names: array of names by id, or nil · look, list: as for
-- palette.cluster
-- → array of { id=, name=, color= }, table id → entry
function palette.classes(labels, names, look, list)
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
      entry.name, entry.color, noise = "noise", (look or THEMES.light).noise, entry
    else
      entries[#entries + 1] = entry
      entry.color = palette.cluster(by_id and id or #entries, look, list)
    end
    of[id] = entry
  end
  entries[#entries + 1] = noise
  return entries, of
end

return palette
