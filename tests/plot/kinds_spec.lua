-- What single kinds of figure show: counts, positions, order, folding.
require "tests.support"
local hy = require "hyades"
local record = require "tests.plot.recorder"
local palette = require "hyades.plot.palette"
local plot = hy.plot

local function texts(figure)
  local list = {}
  for i, t in ipairs(record(figure).texts) do list[i] = t.text end
  return list
end

local function has_text(figure, wanted)
  for _, text in ipairs(texts(figure)) do
    if text == wanted then return true end
  end
  return false
end

-- Calls of one method of the canvas.
local function calls(figure, method)
  local list = {}
  for _, call in ipairs(record(figure).calls) do
    if call[1] == method then list[#list + 1] = call end
  end
  return list
end

local nan, inf = 0 / 0, 1 / 0

describe("scatter", function()
  it("leaves out points that are not finite, with their labels, and counts them", function()
    local z = { { 0, 0 }, { nan, 1 }, { 2, 2 }, { 3, inf } }
    local figure = plot.scatter{ z, color = { 1, 2, 3, 2 } }
    assert.is_true(has_text(figure, "2 points are not shown: NaN or infinite"))
    local colors = {}
    for _, disc in ipairs(record(figure).discs) do colors[disc.color] = true end
    assert.is_true(colors[palette.cluster(1)] and colors[palette.cluster(3)])
    assert.is_nil(colors[palette.cluster(2)])
  end)

  it("draws centers as crosses, in the same projection", function()
    local z = hy.randn(40, 5, { rng = hy.rng(1) })
    local seen = record(plot.scatter{ z, centers = z:narrow(1, 1, 3) })
    assert.equal(2 * 3 + 1, seen.shapes.cross) -- a seam each, and one in the legend
    local points, crosses = {}, {}
    for _, call in ipairs(calls(plot.scatter{ z, centers = z:narrow(1, 1, 1) }, "markers")) do
      local list = call[2] == "cross" and crosses or points
      list[#list + 1] = { call[3][1], call[4][1] }
    end
    local found = false
    for _, p in ipairs(points) do
      found = found or math.abs(p[1] - crosses[1][1]) + math.abs(p[2] - crosses[1][2]) < 1e-3
    end
    assert.is_true(found)
  end)

  it("gives every true label a shape", function()
    local z, y = {}, {}
    for i = 1, 12 do z[i], y[i] = { i, i % 3 }, i % 3 + 1 end
    local seen = record(plot.scatter{ z, true_labels = y, true_names = { "a", "b", "c" } })
    assert.equal(4 * 2 + 1, seen.shapes.square)
    assert.equal(4 * 2 + 1, seen.shapes.triangle)
    assert.is_true(has_text(plot.scatter{ z, true_labels = y, true_names = { "a" } }, "true a"))
  end)
end)

describe("line", function()
  it("draws the mean of several runs in the band of their deviation", function()
    local seen = record(plot.line{ hy.tensor{ { 1, 2, 3 }, { 3, 2, 5 } } })
    assert.equal(1, seen.polygons)
    local given = plot.line{ { 2, 2, 4 }, band = { math.sqrt(2), 0, math.sqrt(2) } }
    local a, b = calls(given, "polygon")[1], calls(plot.line{ hy.tensor{ { 1, 2, 3 }, { 3, 2, 5 } } },
      "polygon")[1]
    assert.close(a[2], b[2], 1e-6)
  end)

  it("shows a power law as a straight line on logarithmic axes", function()
    local points = calls(plot.line{ { { 1, 10, 100 }, { 3, 30, 300 } }, log = "xy" }, "line")[1][2]
    local slope = (points[4] - points[2]) / (points[3] - points[1])
    assert.close(slope, (points[6] - points[4]) / (points[5] - points[3]), 1e-9)
  end)

  it("counts what a logarithm cannot show", function()
    assert.is_true(has_text(plot.line{ { 1, 0, -2, nan, 5 }, log = true },
      "1 value is not shown: NaN or infinite; 2 values are 0 or less"))
  end)
end)

describe("bar", function()
  it("draws a whisker for every error", function()
    assert.equal(3 * 3, #calls(plot.bar{ 1, 2, 3, errors = { 0.1, 0.2, 0.3 } }, "line"))
    assert.equal(0, #calls(plot.bar{ 1, 2, 3 }, "line"))
  end)
end)

describe("box", function()
  it("shows median, quartiles and what lies beyond the whiskers", function()
    local figure = plot.box{ { 1, 2, 3, 4, 5, 100 }, points = false }
    assert.equal(1, record(figure).shapes.disc)
    local ys = {}
    for _, call in ipairs(calls(figure, "line")) do ys[#ys + 1] = call[2][2] end
    local height = calls(figure, "rect")
    assert.is_true(#height > 0 and #ys >= 6)
  end)

  it("draws a box per column, name or label", function()
    for n, figure in pairs{ [2] = plot.box{ hy.tensor{ { 1, 2 }, { 3, 4 }, { 5, 6 } } },
      [3] = plot.box{ { a = { 1 }, b = { 2, 3 }, c = { 4 } } } } do
      assert.match(("^box, .*: %d boxes"):format(n), tostring(figure))
    end
    assert.match("2 boxes", tostring(plot.box{ { 1, 2, 3, 4 }, color = { 1, 2, 1, 2 } }))
  end)
end)

describe("hist", function()
  it("has areas of 1 as a density", function()
    local figure = plot.hist{ { a = { 0, 1, 2, 3 }, b = { 1, 1, 1, 2 } }, bins = 3, density = true }
    assert.equal(2, record(figure).polygons)
    assert.is_true(has_text(figure, "density"))
  end)
end)

describe("heatmap", function()
  it("is one image when its cells are small", function()
    assert.equal(2, record(plot.heatmap{ hy.rand(100, 100) }).images) -- and the color bar
    assert.equal(1, record(plot.heatmap{ hy.rand(5, 5) }).images)
  end)

  it("has its center in the middle of the diverging map", function()
    local figure = plot.heatmap{ { { -1, 0, 4 } }, center = 0, numbers = false }
    local colors = {}
    for _, r in ipairs(record(figure).rects) do colors[r.color] = true end
    assert.is_true(colors[0xf7f7f7])
  end)
end)

describe("pairs", function()
  it("shows every column against every other, and a sample of many points", function()
    local seen = record(plot.pairs{ hy.randn(60, 3, { rng = hy.rng(1) }) })
    assert.equal(60 * 2 * 6, seen.shapes.disc) -- each with a seam
    local figure = plot.pairs{ hy.randn(600, 2, { rng = hy.rng(1) }), limit = 100 }
    assert.is_true(has_text(figure, "100 points of 600"))
  end)
end)

describe("silhouette", function()
  it("sorts the points of each cluster and names the mean", function()
    local x = hy.tensor{ { 0 }, { 0.1 }, { 5 }, { 5.2 }, { 5.1 } }
    local y = { 1, 1, 2, 2, 2 }
    local mean = hy.metrics.silhouette(x, y)
    assert.is_true(has_text(plot.silhouette{ x, y }, ("mean %.3f"):format(mean)))
    local outline = calls(plot.silhouette{ x, y }, "polygon")[2][2]
    local before = inf
    for i = 3, #outline - 4, 4 do
      assert.is_true(outline[i] <= before)
      before = outline[i]
    end
  end)
end)

describe("reachability", function()
  it("walks in the order of the model and ends a valley where the color changes", function()
    local model = { reachability = hy.tensor{ 0.5, inf, 0.4, 0.3 }, order = { 2, 1, 4, 3 },
      labels = { 1, -1, 2, 1 } }
    assert.equal(3, record(plot.reachability(model)).polygons)
    assert.equal(2, record(plot.reachability{ { 1, 1, 2, 2 }, color = { 1, 1, 2, 2 } }).polygons)
  end)
end)

describe("tree", function()
  -- four leaves, two pairs
  local from_one = { { 1, 2, 1 }, { 3, 4, 2 }, { 5, 6, 5 } }
  local from_zero = { { 0, 1, 1, 2 }, { 2, 3, 2, 2 }, { 4, 5, 5, 4 } }

  it("is the same whether nodes count from 0 or from 1, heights apart or not", function()
    local wanted = calls(plot.tree{ from_one }, "line")
    assert.same(wanted, calls(plot.tree{ from_zero }, "line"))
    assert.same(wanted, calls(plot.tree{ { { 1, 2 }, { 3, 4 }, { 5, 6 } }, heights = { 1, 2, 5 } },
      "line"))
    assert.equal(3, #wanted)
  end)

  it("takes a fitted model, with its k", function()
    local x = hy.tensor{ { 0 }, { 1 }, { 10 }, { 12 } }
    local model = hy.cluster.Agglomerative{ k = 2, linkage = "single" }:fit(x)
    local wanted = calls(plot.tree{ { { 1, 2, 1 }, { 3, 4, 2 }, { 5, 6, 9 } }, k = 2 }, "line")
    assert.same(wanted, calls(plot.tree(model), "line"))
    assert.same(wanted, calls(plot.tree{ model, width = 480 }, "line"))
  end)

  it("colors k subtrees", function()
    local colors = {}
    for _, call in ipairs(calls(plot.tree{ from_one, k = 2 }, "line")) do colors[call[4]] = true end
    assert.is_true(colors[palette.cluster(1)] and colors[palette.cluster(2)])
  end)

  it("folds what was merged first, and says how many leaves are below", function()
    local figure = plot.tree{ from_one, limit = 2 }
    assert.is_true(has_text(figure, "(2)"))
    assert.equal(1, #calls(figure, "line"))
    assert.equal(2, record(figure).polygons)
  end)

  it("stands a chain of ten thousand", function()
    local rows = { { 1, 2, 1 } }
    for i = 2, 9999 do rows[i] = { i + 1, 10000 + i - 1, i } end
    assert.match("10,000 leaves", tostring(plot.tree{ rows }))
    assert.is_true(#record(plot.tree{ rows }).texts > 60)
  end)
end)

describe("neighbors", function()
  it("shows the nearest first, with their distances, and not the query itself", function()
    local x = hy.tensor{ { 0, 0, 0, 0 }, { 0, 0, 0, 1 }, { 1, 1, 1, 1 }, { 0, 0, 1, 1 } }
    local figure = plot.neighbors{ x, query = 1, k = 3 }
    assert.same({ "query", "1.0", "1.4", "2.0" }, texts(figure))
    local images = calls(figure, "image")
    assert.equal("\0\0\0\0", images[1][8])
    assert.equal("\0\0\0\255", images[2][8])
    assert.equal("\255\255\255\255", images[4][8])
  end)

  it("measures in the embedding when there is one", function()
    local x = hy.tensor{ { 0, 0, 0, 0 }, { 0, 0, 0, 1 }, { 1, 1, 1, 1 } }
    local figure = plot.neighbors{ x, query = 1, k = 1, z = { { 0 }, { 9 }, { 1 } } }
    assert.equal("\255\255\255\255", calls(figure, "image")[2][8])
  end)
end)

describe("decoded pictures", function()
  local net = hy.nn.Autoencoder{ layers = { 16, 8, 2 }, dropout = 0.5, rng = hy.rng(1) }
  local z = hy.randn(30, 2, { rng = hy.rng(2) })

  it("go from one point to the other", function()
    local figure = plot.traversal{ net, from = { -1, 0 }, to = { 1, 0 }, steps = 5 }
    local first = plot.images(hy.no_grad(function()
      local way = hy.tensor{ { -1, 0 }, { -0.5, 0 }, { 0, 0 }, { 0.5, 0 }, { 1, 0 } }
      return net:clone():eval():decode(way)
    end))
    assert.equal(5, record(figure).images)
    assert.same(calls(first, "image")[1][8], calls(figure, "image")[1][8])
    assert.is_true(net.training)
  end)

  it("take a row per axis, or the axes that are asked for", function()
    assert.equal(18, record(plot.traversal{ net, z = z }).images)
    assert.equal(9, record(plot.traversal{ net, z = z, axis = 2 }).images)
    assert.is_true(has_text(plot.traversal{ { net = net }, z = z, axis = 2 }, "axis 2"))
  end)

  it("cover the plane of the embedding", function()
    local image = calls(plot.manifold{ net, z = z, steps = 6 }, "image")[1]
    assert.same({ 24, 24, 24 * 24 }, { image[6], image[7], #image[8] })
  end)
end)

describe("regions", function()
  it("ask the model at every place and color points alike", function()
    local x = hy.tensor{ { 0, 0 }, { 0, 1 }, { 5, 0 }, { 5, 1 } }
    local model = hy.cluster.KMeans{ k = 2, rng = hy.rng(1) }:fit(x)
    local figure = plot.regions{ model, x, steps = 10 }
    local image = calls(figure, "image")[1][8]
    assert.equal(300, #image)
    assert.are_not.equal(image:sub(1, 3), image:sub(28, 30))
    assert.equal(image:sub(1, 3), image:sub(271, 273))
    assert.equal(2 * 2, record(figure).shapes.cross)
  end)
end)

describe("snapshots", function()
  it("project all by one PCA and share their limits", function()
    local a = hy.randn(20, 4, { rng = hy.rng(1) })
    local list = calls(plot.snapshots{ { a, a } }, "markers")
    assert.equal(2 * 2 * 20, #list)
    for i = 1, 40 do
      assert.close(list[i][3][1], list[40 + i][3][1], 1e-3)
      assert.close(list[i][4][1], list[40 + i][4][1], 1e-3)
    end
  end)

  it("take embeddings as arguments or in an array", function()
    local a, b = hy.rand(5, 2), hy.rand(5, 2)
    assert.equal(tostring(plot.snapshots{ { a, b }, title = "t" }),
      tostring(plot.snapshots{ a, b, title = "t" }))
  end)
end)

describe("a theme", function()
  after_each(function() plot.theme "light" end)

  it("is that of the figure, else the one that was set", function()
    local function paper(figure) return record(figure).rects[1].color end
    assert.equal(0xffffff, paper(plot.line{ 1, 2 }))
    assert.equal(0x1b1d21, paper(plot.line{ 1, 2, theme = "dark" }))
    assert.equal("dark", plot.theme "dark")
    assert.equal(0x1b1d21, paper(plot.line{ 1, 2 }))
    assert.equal(0xffffff, paper(plot.line{ 1, 2, theme = "light" }))
    assert.raises(function() plot.theme "drak" end, 'did you mean "dark"?')
  end)

  it("keeps colors legible: none of the twenty is near the color of its paper", function()
    local function luminance(color)
      return (0.299 * (color >> 16) + 0.587 * (color >> 8 & 255) + 0.114 * (color & 255)) / 255
    end
    for _, name in ipairs(palette.themes) do
      local look = palette.theme(name)
      for k = 1, 20 do
        local contrast = math.abs(luminance(palette.cluster(k, look)) - luminance(look.paper))
        assert.is_true(contrast > 0.2, ("%s: color %d"):format(name, k))
      end
    end
  end)
end)

describe("options", function()
  it("are checked with the name of the function and of the option", function()
    for text, fn in pairs{
      ['plot.scatter: unknown option "colr"; did you mean "color"?'] =
        function() plot.scatter{ { { 1, 2 } }, colr = {} } end,
      ['plot.line: width: expected a number from 80 to 8000, got 0'] =
        function() plot.line{ 1, width = 0 } end,
      ['plot.line: title: expected a string, got table'] =
        function() plot.line{ 1, title = {} } end,
      ['plot.bar: errors: expected 2×1 numbers, as the values, got 1×1'] =
        function() plot.bar{ 1, 2, errors = { 1 } } end,
      ['plot.heatmap: rows: expected 1 name, got 2'] =
        function() plot.heatmap{ { { 1, 2 } }, rows = { "a", "b" } } end,
      ['plot.scatter: palette: expected colors such as 0xd55e00 or "#d55e00", got "red" at 1'] =
        function() plot.scatter{ { { 1, 2 } }, palette = { "red" } } end,
      ['plot.neighbors: k: expected an integer of at least 1 and at most 4, got 9'] =
        function() plot.neighbors{ hy.rand(5, 4), query = 1, k = 9 } end,
      ['plot.traversal: the network cannot decode 3 columns'] = function()
        plot.traversal{ hy.nn.Autoencoder{ layers = { 4, 2 } }, from = { 1, 2, 3 }, to = { 1, 2, 3 } }
      end,
      ['plot.regions: x: expected 2 columns, got 3'] = function()
        plot.regions{ hy.cluster.KMeans{ k = 2 }:fit(hy.rand(9, 3)), hy.rand(9, 3) }
      end,
      ['plot.tree: merges: row 1 names a node that does not exist by then'] =
        function() plot.tree{ { { 1, 9, 1 } } } end,
      ['plot.silhouette: labels: expected 2 clusters or more'] =
        function() plot.silhouette{ hy.rand(3, 2), { 1, 1, 1 } } end,
      ['plot.snapshots: embedding 2: expected 3×2 as the first, got 4×2'] =
        function() plot.snapshots{ hy.rand(3, 2), hy.rand(4, 2) } end,
    } do
      local ok, problem = pcall(fn)
      assert.is_false(ok, text)
      assert.equal(text, problem:sub(1, #text))
    end
  end)
end)

describe("a dataset", function()
  it("is taken for its points or its images", function()
    local x = hy.rand(6, 12, { rng = hy.rng(1) })
    local set = { x = x, y = { 1, 2, 3, 1, 2, 3 }, image = { h = 3, w = 4, c = 1 } }
    assert.same(calls(plot.scatter(set.x), "markers"), calls(plot.scatter(set), "markers"))
    local images = plot.images(x, { shape = { 3, 4 } })
    assert.same(calls(images, "image"), calls(plot.images(set), "image"))
    assert.equal(3, record(plot.neighbors(set, { query = 1, k = 2, color = set.y })).images)
  end)
end)
