local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local cloud = require "hyades.plot.cloud"
local figure = require "hyades.plot.figure"
local legend = require "hyades.plot.legend"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local words = require "hyades.plot.words"

local DEFAULTS = {
  color = check.optional, names = check.optional, palette = check.optional, map = check.optional,
  titles = check.optional, columns = check.optional, size = check.optional, alpha = check.optional,
  label = check.optional, share = true,
}
local SIDE, GAP, CAPTION, EDGE = 210, 10, 20, 8

-- All embeddings in the same plane: two columns as they are, more by one PCA over all of them.
local function project(list)
  if list[1]:size(2) == 2 then return list end
  local hy = require "hyades"
  local pca = require("hyades.cluster.PCA"){ k = 2 }:fit(hy.cat(list, 1))
  local flat = {}
  for i, z in ipairs(list) do flat[i] = pca:transform(z) end
  return flat
end

-- Embeddings in an array of their own, instead of one embedding?
local function is_list(value)
  if type(value) ~= "table" then return false end
  local first = rawget(value, 1)
  return numbers.is_tensor(first) or type(first) == "table" and type(first[1]) == "table"
end

local function read(fn, data)
  local list = {}
  if #data == 0 then numbers.fail(fn, "expected embeddings, got nothing") end
  for i, z in ipairs(data) do
    local what = "embedding " .. i
    list[i] = numbers.tensor(fn, what, z)
    if list[i]:size(2) < 2 then numbers.fail(fn, "%s: expected 2 columns or more, got 1", what) end
    if list[i]:size(1) ~= list[1]:size(1) or list[i]:size(2) ~= list[1]:size(2) then
      numbers.fail(fn, "%s: expected %d×%d as the first, got %d×%d", what, list[1]:size(1),
        list[1]:size(2), list[i]:size(1), list[i]:size(2))
    end
    check.finite(fn, what, list[i], 0)
    list[i] = list[i]:to(list[1].dtype)
  end
  return project(list)
end

local function draw_frame(canvas, s, i, x, y, side)
  local title = s.titles[i]
  if title then
    local text = words.shorten(canvas, title, words.label, side - 8)
    canvas:text(text, side / 2, 14, words.label, s.look.ink, 0.5)
  end
  canvas:move(x, y + CAPTION)
  local xs, ys = s.xs[i], s.ys[i]
  local lx, ly = s.x, s.y
  if not s.share then lx, ly = cloud.limits({ xs }, { ys }) end
  axes.draw(canvas, side, side, {
    look = s.look, grid = false, margins = { left = 0, top = 0, right = 0, bottom = 0 },
    x = { lo = lx.lo, hi = lx.hi, hidden = true }, y = { lo = ly.lo, hi = ly.hi, hidden = true },
    plot = function(c, X, Y, box)
      local right, low = box.left + box.width, box.top + box.height
      c:line({ box.left, box.top, right, box.top, right, low, box.left, low, box.left, box.top }, 1,
        s.look.grid)
      cloud.draw(c, X, Y, xs, ys, s.c.colors, s.style, s.look)
    end,
  })
end

local function draw(canvas, s, width, height, x0, y0)
  local top = EDGE + axes.title(canvas, s.title, s.look, (width - s.right) / 2, width, EDGE + 1, true)
  local room_x = (width - 2 * EDGE - s.right - (s.columns - 1) * GAP) / s.columns
  local room_y = (height - top - EDGE - (s.rows - 1) * GAP) / s.rows - CAPTION
  local side = math.max(40, math.min(room_x, room_y))
  if s.c.entries then
    local tall = s.rows * (side + CAPTION + GAP)
    local layout = legend.arrange(canvas, s.c.entries, tall - CAPTION - GAP, s.right - 16)
    legend.draw(canvas, s.c.entries, layout, s.look, EDGE + s.columns * (side + GAP) + 6,
      top + CAPTION)
  elseif s.c.bar then
    legend.color_bar(canvas, s.c.bar, s.look, EDGE + s.columns * (side + GAP) + 6, top + CAPTION, side)
  end
  for i = 1, #s.xs do
    local x = x0 + EDGE + (i - 1) % s.columns * (side + GAP)
    local y = y0 + top + (i - 1) // s.columns * (side + CAPTION + GAP)
    canvas:move(x, y)
    draw_frame(canvas, s, i, x, y, side)
  end
  canvas:move(x0, y0)
end

--- Embeddings of the same points at several times, side by side in one plane: two columns as they
-- are, more by one PCA over all of them.
-- embeddings: tensors n×d, or an array of them · titles: array of strings, such as the epochs ·
-- color, names, palette, map, label, size, alpha: as in scatter · share: boolean, the same limits
-- for all · columns: pictures in a row · title: string · width, height: numbers · theme: "light" or
-- "dark"
-- → figure
return function(...)
  local fn = "plot.snapshots"
  local data, given = numbers.arguments(fn, math.huge, nil, ...)
  local o = options.read(fn, given, DEFAULTS)
  local flat = read(fn, is_list(data[1]) and data[1] or data)
  local n = flat[1]:size(1)
  local s = { look = o.look, title = o.title, xs = {}, ys = {}, titles = {}, share = o.share }
  for i, z in ipairs(flat) do
    s.xs[i], s.ys[i] = numbers.column(z, 1), numbers.column(z, 2)
    s.titles[i] = o.titles and o.titles[i] ~= nil and tostring(o.titles[i]) or nil
  end
  s.x, s.y = cloud.limits(s.xs, s.ys)
  s.c = cloud.coloring(fn, o, { total = n, n = n })
  s.style = cloud.style(fn, o, n, 0.65)
  s.columns = o.columns and options.integer(fn, "columns", o.columns, 1) or math.min(#flat, 5)
  s.columns = math.min(s.columns, #flat)
  s.rows = math.ceil(#flat / s.columns)
  s.right = (s.c.entries or s.c.bar) and 90 or 0
  local width = 2 * EDGE + s.columns * (SIDE + GAP) - GAP + s.right
  local height = 2 * EDGE + (o.title and 28 or 0) + s.rows * (SIDE + CAPTION + GAP) - GAP
  return figure.new{
    kind = "snapshots", width = o.width or width, height = o.height or height, look = o.look,
    elements = ("%d embeddings of "):format(#flat) .. numbers.count(n, "point"),
    draw = function(canvas, w, h, x0, y0) draw(canvas, s, w, h, x0, y0) end,
  }
end
