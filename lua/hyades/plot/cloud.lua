--- Points in the plane: where they lie, what colors them, how they are drawn.
local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local numbers = require "hyades.plot.numbers"
local palette = require "hyades.plot.palette"
local words = require "hyades.plot.words"

local cloud = {}

local SHAPES = { "disc", "square", "triangle", "diamond", "cross", "plus", "down", "star" }
local RINGED = 500 -- up to so many points have a seam of paper around them

--- Points as two columns; more are projected on the two directions of largest variance.
-- fn: the caller · what: the argument's name · z: tensor n×d or rows, d ≥ 2
-- → { xs=, ys=, n=, dropped= number that is not finite, rows= those kept or nil, total=,
--   xlabel=, ylabel= of a projection, project= function tensor k×d → tensor k×2 }
function cloud.read(fn, what, z)
  local x = numbers.tensor(fn, what, z)
  local total, d = x:size(1), x:size(2)
  if d < 2 then numbers.fail(fn, "%s: expected points with 2 columns or more, got 1", what) end
  local rows, dropped
  x, rows, dropped = numbers.finite_rows(x)
  if not x then numbers.fail(fn, "%s: expected at least one row of finite numbers", what) end
  local p = { n = x:size(1), total = total, rows = rows, dropped = dropped, d = d }
  function p.project(more) return more end
  if d > 2 and p.n > 1 then
    local pca = require("hyades.cluster.PCA"){ k = 2 }:fit(x)
    local ratio = pca.explained_variance_ratio:totable()
    local names = {}
    for i, r in ipairs(ratio) do
      names[i] = r == r and ("PCA %d (%.0f%% of the variance)"):format(i, 100 * r) or "PCA " .. i
    end
    p.xlabel, p.ylabel = names[1], names[2]
    function p.project(more) return pca:transform(more:to(x.dtype)) end
    x = p.project(x)
  end
  p.xs = numbers.column(x, 1)
  p.ys = x:size(2) > 1 and numbers.column(x, 2) or { 0 }
  return p
end

-- Entries of a vector that belong to the rows that were kept.
local function kept(values, rows)
  if not rows then return values end
  local list = {}
  for i, row in ipairs(rows) do list[i] = values[row] end
  return list
end

--- What colors the points: nothing, labels (with a legend) or numbers (with a color bar).
-- o: checked options, of which color, names, map and the palette count · p: from cloud.read
-- → { colors= one or an array, entries= of the legend or nil, bar= or nil, labels= or nil }
function cloud.coloring(fn, o, p)
  if o.color == nil then return { colors = o.color_of(1) } end
  local values = numbers.vector(fn, "color", o.color)
  if #values ~= p.total then
    numbers.fail(fn, "color: expected %d entries, one per point, got %d", p.total, #values)
  end
  values = kept(values, p.rows)
  local colors, whole = {}, true
  for i = 1, #values do whole = whole and math.tointeger(values[i]) ~= nil end
  if whole then
    local labels = numbers.labels(fn, "color", values)
    local entries, of = palette.classes(labels, o.names, o.look, o.colors)
    for i, id in ipairs(labels) do colors[i] = of[id].color end
    return { colors = colors, entries = entries, labels = labels }
  end
  local lo, hi = numbers.range{ values }
  if not lo then numbers.fail(fn, "color: expected finite numbers, got none") end
  lo, hi = axes.limits(lo, hi, 0)
  local map = o.map or "viridis"
  for i, v in ipairs(values) do
    colors[i] = v == v and palette.heat(map, (v - lo) / (hi - lo)) or o.look.noise
  end
  return { colors = colors, bar = { map = map, lo = lo, hi = hi, label = o.label } }
end

--- A shape for every point by its true label.
-- → array of names of shapes, entries for the legend
function cloud.shapes(fn, what, value, p, names, look)
  local labels = kept(numbers.labels(fn, what, value, p.total), p.rows)
  local entries, of = palette.classes(labels, names)
  local legend, shape = {}, {}
  for i, entry in ipairs(entries) do
    entry.shape = SHAPES[(i - 1) % #SHAPES + 1]
    legend[i] = { name = "true " .. entry.name, color = look.soft, kind = entry.shape }
  end
  for i, id in ipairs(labels) do shape[i] = of[id].shape end
  return shape, legend
end

--- Radius and opacity: as asked for, else as they suit so many points.
-- o: checked options, of which size and alpha count · n: points · share: of the usual radius, for
-- small pictures
-- → { r=, alpha= }
function cloud.style(fn, o, n, share)
  if o.size ~= nil then check.number(fn, "size", o.size, 0.1, 50, false, 0) end
  if o.alpha ~= nil then check.number(fn, "alpha", o.alpha, 0, 1, false, 0) end
  local r = math.max(0.8, math.min(4, 4 * (100 / n) ^ 0.22) * (share or 1))
  return { r = o.size or r, alpha = o.alpha or math.max(0.35, math.min(0.9, 0.9 * (1000 / n) ^ 0.2)) }
end

-- Neighbors in a file often share a class: a stride through the points keeps one class from hiding
-- the others.
local function mixed(n)
  local stride = math.floor(n * 0.61803398875) | 1
  local function gcd(a, b) return b == 0 and a or gcd(b, a % b) end
  while gcd(n, stride) ~= 1 do stride = stride + 2 end
  return function(i) return i * stride % n + 1 end
end

-- Each point after a slightly larger one of paper.
local function draw_ringed(canvas, xs, ys, colors, shapes, s, look)
  for i = 1, #xs do
    local x, y, shape = { xs[i] }, { ys[i] }, shapes and shapes[i] or "disc"
    canvas:markers(shape, x, y, s.r + 0.6, look.paper)
    canvas:markers(shape, x, y, s.r, type(colors) == "table" and colors[i] or colors, s.alpha)
  end
end

--- Draw points.
-- X, Y: data to canvas · xs, ys: arrays · colors: one or an array · s: { r=, alpha=, shapes= array
-- or nil } · look: theme
function cloud.draw(canvas, X, Y, xs, ys, colors, s, look)
  local n = #xs
  local order = mixed(n)
  local px, py, pc = {}, {}, type(colors) == "table" and {} or colors
  local ps = s.shapes and {}
  for k = 1, n do
    local i = order(k)
    px[k], py[k] = X(xs[i]), Y(ys[i])
    if ps then ps[k] = s.shapes[i] end
    if pc ~= colors then pc[k] = colors[i] end
  end
  if n <= RINGED then return draw_ringed(canvas, px, py, pc, ps, s, look) end
  if not ps then return canvas:markers("disc", px, py, s.r, pc, s.alpha) end
  for _, shape in ipairs(SHAPES) do
    local x, y, c = {}, {}, {}
    for i = 1, n do
      if ps[i] == shape then
        local k = #x + 1
        x[k], y[k], c[k] = px[i], py[i], type(pc) == "table" and pc[i] or pc
      end
    end
    if #x > 0 then canvas:markers(shape, x, y, s.r, c, s.alpha) end
  end
end

local function median(values)
  table.sort(values)
  return values[#values // 2 + 1]
end

--- The name of every cluster at the median of its points, on a halo of paper.
function cloud.annotate(canvas, entries, labels, xs, ys, X, Y, look)
  local of = {}
  for i, id in ipairs(labels) do
    of[id] = of[id] or { {}, {} }
    table.insert(of[id][1], xs[i])
    table.insert(of[id][2], ys[i])
  end
  for _, entry in ipairs(entries) do
    if entry.id ~= -1 then
      local x, y = X(median(of[entry.id][1])), Y(median(of[entry.id][2])) + 5
      local name = words.shorten(canvas, entry.name, 14, 140, true)
      canvas:text(name, x, y, 14, look.ink, 0.5, 0, true, look.paper)
    end
  end
end

--- Centers as crosses that stand out from the points.
function cloud.draw_centers(canvas, X, Y, xs, ys, look)
  for i = 1, #xs do
    local x, y = { X(xs[i]) }, { Y(ys[i]) }
    canvas:markers("cross", x, y, 8.5, look.paper)
    canvas:markers("cross", x, y, 6.5, look.ink)
  end
end

--- Limits of both axes around points.
-- → x { lo=, hi= }, y
function cloud.limits(lists_x, lists_y)
  local x, y = {}, {}
  local lo, hi = numbers.range(lists_x)
  x.lo, x.hi = axes.limits(lo, hi, 0.04)
  lo, hi = numbers.range(lists_y)
  y.lo, y.hi = axes.limits(lo, hi, 0.04)
  return x, y
end

--- Other points beside those of p, such as centers, as two columns.
-- → xs, ys
function cloud.others(fn, what, value, p)
  local x = numbers.tensor(fn, what, value)
  if x:size(2) ~= p.d then
    numbers.fail(fn, "%s: expected rows of %d numbers, as z has them, got %d", what, p.d, x:size(2))
  end
  x = p.project(x)
  return numbers.column(x, 1), numbers.column(x, 2)
end

return cloud
