local axes = require "hyades.plot.axes"
local check = require "hyades.check"
local figure = require "hyades.plot.figure"
local numbers = require "hyades.plot.numbers"
local options = require "hyades.plot.options"
local palette = require "hyades.plot.palette"

local DEFAULTS = {
  heights = check.optional, names = check.optional, color = check.optional, k = check.optional,
  limit = 60, palette = check.optional, class_names = check.optional, xlabel = check.optional,
  ylabel = "distance", width = check.optional, height = 420,
}

-- Nodes 1 … 2n − 1 from rows of merges: leaves first, then one per row.
local function build(fn, rows, heights)
  local n, from_zero = #rows + 1, false
  for _, row in ipairs(rows) do from_zero = from_zero or row[1] == 0 or row[2] == 0 end
  local nodes = {}
  for i = 1, n do nodes[i] = { size = 1, height = 0, leaf = i } end
  for i, row in ipairs(rows) do
    local node = { height = heights and heights[i] or row[3] }
    if not node.height then
      numbers.fail(fn, "merges: expected rows { a, b, distance }, or heights = distances")
    elseif not numbers.is_finite(node.height) then
      numbers.fail(fn, "merges: expected finite distances, row %d has another", i)
    end
    for side = 1, 2 do
      local id = math.tointeger(row[side])
      local child = id and nodes[from_zero and id + 1 or id]
      if not child or child.parent then
        numbers.fail(fn, "merges: row %d names a node that does not exist by then, or was merged "
          .. "before", i)
      end
      child.parent, node[side] = node, child
    end
    node.size = node[1].size + node[2].size
    nodes[n + i] = node
  end
  return nodes, n
end

-- The nodes that are split last become leaves when there are more than `limit`.
local function fold(nodes, n, limit)
  local inner = table.move(nodes, n + 1, 2 * n - 1, 1, {})
  for i, node in ipairs(inner) do node.order = i end
  table.sort(inner, function(a, b)
    if a.height ~= b.height then return a.height > b.height end
    return a.order > b.order
  end)
  local leaves = 1
  for _, node in ipairs(inner) do
    local reachable = not node.parent or node.parent.open
    if reachable and leaves < limit then
      node.open = true
      leaves = leaves + 1
    end
  end
  return nodes[2 * n - 1], inner
end

-- Leaves from left to right get positions, without recursion: a chain may be deep.
local function place(root)
  local leaves, walk = {}, { root }
  while #walk > 0 do
    local node = table.remove(walk)
    if node.open then
      walk[#walk + 1] = node[2]
      walk[#walk + 1] = node[1]
    else
      leaves[#leaves + 1] = node
      node.x = #leaves
    end
  end
  return leaves
end

-- Inner nodes stand over the middle of their children, which have lower numbers.
local function center(nodes, n)
  for i = n + 1, 2 * n - 1 do
    local node = nodes[i]
    if node.open then node.x = (node[1].x + node[2].x) / 2 end
  end
end

local function leaf_of(node)
  while node[1] do node = node[1] end
  return node.leaf
end

-- The k subtrees below the highest k − 1 merges, each in its color: that of its label, where there are
-- labels.
local function color_subtrees(root, inner, k, o, labels)
  local cut, count = {}, 0
  for _, node in ipairs(inner) do
    if count < k - 1 and (not node.parent or cut[node.parent]) then
      cut[node] = true
      count = count + 1
    end
  end
  local walk, next_color = { root }, 0
  while #walk > 0 do
    local node = table.remove(walk)
    if not cut[node] then
      local parent = node.parent
      if not node.color then
        if parent and parent.color and not cut[parent] then
          node.color = parent.color
        else
          next_color = next_color + 1
          node.color = o.color_of(labels and labels[leaf_of(node)] or next_color)
        end
      end
    end
    if node.open then
      walk[#walk + 1] = node[2]
      walk[#walk + 1] = node[1]
    end
  end
end

local function draw_node(canvas, node, X, Y, look)
  local left, right = node[1], node[2]
  local function foot(child) return Y((child.open or child.folded) and child.height or 0) end
  canvas:line({ X(left.x), foot(left), X(left.x), Y(node.height), X(right.x), Y(node.height),
    X(right.x), foot(right) }, 1.4, node.color or look.spine)
end

-- A folded subtree is a wedge from its height to the ground.
local function draw_wedge(canvas, leaf, X, Y, look)
  canvas:polygon({ X(leaf.x), Y(leaf.height), X(leaf.x + 0.3), Y(0), X(leaf.x - 0.3), Y(0) },
    leaf.color or look.spine, 0.45)
end

local function leaf_names(leaves, names)
  local texts, positions = {}, {}
  for i, leaf in ipairs(leaves) do
    positions[i] = i
    texts[i] = leaf.folded and ("(%d)"):format(leaf.size)
      or tostring(names and names[leaf.leaf] or leaf.leaf)
  end
  return texts, positions
end

--- A dendrogram: which points and clusters were merged, and at what distance.
-- merges: a fitted cluster.Agglomerative, or (n−1)×2 or wider, the two nodes that become node n +
-- row, counted from 1 as metrics.dendrogram_purity does, or from 0 as SciPy does (then 0 occurs);
-- the third column is the distance, unless heights gives it · k: color so many subtrees · color:
-- labels of the leaves, shown as dots below them, class_names their names · names: array by leaf ·
-- limit: leaves at most; the merges below are folded and counted · title, xlabel, ylabel: string ·
-- width, height: numbers · palette, theme: as in scatter
-- → figure
return function(...)
  local fn = "plot.tree"
  local merges, given, model = numbers.or_model(fn, "merges", ...)
  local o = options.read(fn, given, DEFAULTS)
  local labels
  if model then
    local k = rawget(model, "k")
    if o.k == nil or o.k == k then labels = model.labels:totable() end
    o.k = o.k or k
  end
  local rows = numbers.matrix(fn, "merges", merges)
  local heights = o.heights ~= nil and numbers.vector(fn, "heights", o.heights) or nil
  if heights and #heights ~= #rows then
    numbers.fail(fn, "heights: expected %d, one per merge, got %d", #rows, #heights)
  end
  local nodes, n = build(fn, rows, heights)
  local root, inner = fold(nodes, n, options.integer(fn, "limit", o.limit, 2))
  local leaves = place(root)
  center(nodes, n)
  for _, leaf in ipairs(leaves) do leaf.folded = leaf.size > 1 end
  if o.k ~= nil then
    color_subtrees(root, inner, options.integer(fn, "k", o.k, 1, n), o, labels)
  end
  local entries, of
  if o.color ~= nil then
    local classes = numbers.labels(fn, "color", o.color, n)
    entries, of = palette.classes(classes, o.class_names, o.look, o.colors)
    for _, leaf in ipairs(leaves) do leaf.class = leaf.leaf and of[classes[leaf.leaf]].color end
  end
  local texts, positions = leaf_names(leaves, o.names)
  local top = root.height > 0 and root.height or 1
  local foot = o.color ~= nil and -0.045 * top or 0
  local function plot(canvas, X, Y)
    for _, leaf in ipairs(leaves) do
      if leaf.folded then draw_wedge(canvas, leaf, X, Y, o.look) end
    end
    for i = #nodes, n + 1, -1 do
      if nodes[i].open then draw_node(canvas, nodes[i], X, Y, o.look) end
    end
    for _, leaf in ipairs(leaves) do
      if leaf.class then canvas:markers("disc", { X(leaf.x) }, { Y(foot * 0.5) }, 3, leaf.class) end
    end
  end
  return figure.new{
    kind = "tree", width = o.width or math.max(480, math.min(1000, 90 + 14 * #leaves)), look = o.look,
    height = o.height, elements = numbers.count(n, "leaf"):gsub("leafs", "leaves"),
    draw = function(canvas, w, h)
      axes.draw(canvas, w, h, {
        x = { lo = 0.4, hi = #leaves + 0.6, positions = positions, names = texts, label = o.xlabel },
        y = { lo = foot, hi = top * 1.04, label = o.ylabel }, title = o.title, legend = entries,
        look = o.look, plot = plot,
        note = #leaves < n and ("(m): m of the %d leaves, merged below"):format(n) or nil,
      })
    end,
  }
end
