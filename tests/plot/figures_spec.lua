require "tests.support"
local hy = require "hyades"
local record = require "tests.plot.recorder"
local samples = require "tests.plot.samples"
local plot = hy.plot
local points, classes = samples.points, samples.classes

-- Do two figures draw the same?
local function alike(a, b)
  assert.same(record(a).calls, record(b).calls)
  assert.same({ a.width, a.height }, { b.width, b.height })
end

local function has_text(figure, wanted)
  for _, t in ipairs(record(figure).texts) do
    if t.text == wanted then return true end
  end
  return false
end

describe("a figure", function()
  it("names what it can write", function()
    local figure = plot.line{ { 1, 2 } }
    assert.raises(function() figure:save "f.jpg" end, "save: f.jpg: a figure is saved as PNG, SVG or")
    assert.raises(function() figure:save() end, "a .png, .svg or .pdf file, got nothing")
    assert.raises(function() figure:bytes "jpg" end, 'expected "png", "svg" or "pdf", got "jpg"')
    assert.raises(function() figure:save "/nowhere/f.png" end, "/nowhere/f.png")
  end)

  it("returns itself from save and prints the path from show", function()
    local figure = plot.line{ { 1, 2 } }
    local path = os.tmpname()
    assert.equal(figure, figure:save(path .. ".png"))
    os.remove(path)
    os.remove(path .. ".png")
    local printed
    local original = print
    _G.print = function(text) printed = text end -- luacheck: ignore 122
    local ok, problem = pcall(figure.show, figure)
    _G.print = original -- luacheck: ignore 122
    assert.is_true(ok, problem)
    assert.is_truthy(printed:find "%.png$")
    assert.is_truthy(os.remove(printed))
  end)
end)

describe("plot", function()
  it("suggests the nearest name of a picture and of an option", function()
    assert.raises(function() return plot.scater end, "scatter")
    assert.raises(function() plot.scatter{ points(5), colour = {} } end, "color")
    assert.raises(function() plot.confusion({ 1 }, { 1 }, { nmes = {} }) end, "names")
    assert.raises(function() plot.centers({}, { colums = 3 }) end, "columns")
  end)

  it("takes data before its options or in one table with them", function()
    local z, y = points(30), classes(30)
    local tensor = hy.tensor(z, { dtype = "f64" })
    alike(plot.scatter{ z, color = y }, plot.scatter(tensor, { color = y }))
    alike(plot.confusion{ y, y, title = "t" }, plot.confusion(y, y, { title = "t" }))
    alike(plot.images{ hy.zeros(2, 4), columns = 1 }, plot.images(hy.zeros(2, 4), { columns = 1 }))
  end)

  it("takes the numbers themselves where there is nothing else", function()
    alike(plot.line{ 1, 3, 2 }, plot.line{ { 1, 3, 2 } })
    alike(plot.bar{ 1, 3, 2, names = { "a", "b", "c" } }, plot.bar({ 1, 3, 2 },
      { names = { "a", "b", "c" } }))
    alike(plot.hist{ 1, 3, 2, bins = 3 }, plot.hist{ { 1, 3, 2 }, bins = 3 })
    alike(plot.heatmap{ { 1, 2 }, { 3, 4 } }, plot.heatmap{ { { 1, 2 }, { 3, 4 } } })
    alike(plot.scatter(points(9)), plot.scatter{ points(9) })
  end)

  it("leaves the caller's tables as they were", function()
    local z, y, options = points(9), { 1.0, 2, 3, 1, 2, 3, 1, 2, 3 }, { title = "t" }
    plot.scatter(z, { color = y })
    plot.confusion(y, y, options)
    assert.same(points(9), z)
    assert.equal("float", math.type(y[1]))
    assert.same({ title = "t" }, options)
  end)
end)

describe("scatter", function()
  it("draws one disc per point in the color of its label", function()
    local seen = record(plot.scatter{ points(600), color = classes(600) })
    assert.equal(600 + 3, #seen.discs) -- three in the legend
    local count = {}
    for _, disc in ipairs(seen.discs) do count[disc.color] = (count[disc.color] or 0) + 1 end
    local palette = require "hyades.plot.palette"
    for k = 1, 3 do assert.equal(201, count[palette.cluster(k)]) end
  end)

  it("makes many points smaller", function()
    local few, many = record(plot.scatter{ points(501) }), record(plot.scatter{ points(20000) })
    assert.is_true(many.discs[1].r < few.discs[1].r)
  end)

  it("projects more than two columns by PCA and says so", function()
    local figure = plot.scatter{ hy.tensor(points(40, 5), { dtype = "f64" }) }
    local found
    for _, t in ipairs(record(figure).texts) do
      found = found or t.text:match "^PCA 1 %(%d+%% of the variance%)$"
    end
    assert.is_truthy(found)
    alike(figure, plot.scatter{ points(40, 5) })
  end)

  it("shows noise in gray, last in the legend", function()
    local y = classes(30)
    y[4] = -1
    local figure = plot.scatter{ points(30), color = hy.tensor(y, { dtype = "index" }) }
    local texts = record(figure).texts
    assert.equal("noise", texts[#texts].text)
  end)

  it("draws numbers that are not integers with a color bar", function()
    assert.equal(1, record(plot.scatter{ points(30), color = hy.rand(30) }).images)
  end)

  it("survives one point, equal points and 43 classes", function()
    record(plot.scatter{ { { 1, 2 } } })
    record(plot.scatter{ { { 0, 0 }, { 0, 0 } }, color = { 1, 1 } })
    local y = {}
    for i = 1, 430 do y[i] = i % 43 + 1 end
    record(plot.scatter{ points(430), color = y })
  end)

  it("says what is wrong", function()
    assert.raises(function() plot.scatter{ points(5, 1) } end, "z: expected points with 2 columns")
    assert.raises(function() plot.scatter{} end, "plot.scatter: z: expected")
    assert.raises(function() plot.scatter{ "z" } end, "got string")
    assert.raises(function() plot.scatter{ { 1, 2, 3 } } end, "z: expected a matrix")
    assert.raises(function() plot.scatter{ { { 1, 2 }, { 3 } } } end, "row 2 is different")
    assert.raises(function() plot.scatter{ { { 1, 0 / 0 } } } end, "one row of finite numbers")
    assert.raises(function() plot.scatter{ points(5), color = { 1, 2 } } end, "expected 5 entries")
    assert.raises(function() plot.scatter(points(5), points(5)) end, "1 data argument")
  end)
end)

describe("line", function()
  it("draws one stroke per series, and more where numbers are missing", function()
    assert.equal(1, record(plot.line{ { 1, 2, 3 } }).lines)
    assert.equal(2, record(plot.line{ { 1, 2, 0 / 0, 3 } }).lines)
    assert.equal(2, record(plot.line{ { 1, 2 }, { { 1, 5 }, { 2, 2 } } }).lines)
    assert.equal(4, record(plot.line{ { b = { 1, 2 }, a = { 3, 4 } } }).lines) -- two in the legend
  end)

  it("says what is wrong", function()
    assert.raises(function() plot.line{} end, "got nothing")
    assert.raises(function() plot.line{ { 1, "2" } } end, "y: expected one number per entry")
    assert.raises(function() plot.line{ { { 1, 2 }, { 1 } } } end, "differ in length: 2 and 1")
    assert.raises(function() plot.line{ { 0, -1 }, log = true } end, "finite number above 0")
    assert.raises(function() plot.line{ { 0 / 0 } } end, "finite")
  end)
end)

describe("history", function()
  it("draws the losses of one or several trainings", function()
    local run = { { epoch = 1, loss = 2 }, { epoch = 2, loss = 1 } }
    assert.is_true(has_text(plot.history(run), "epoch"))
    assert.is_true(has_text(plot.history{ DEC = run, IDEC = run }, "IDEC"))
  end)

  it("says what is wrong", function()
    assert.raises(function() plot.history(3) end, "expected a history")
    assert.raises(function() plot.history{} end, "at least one epoch")
    assert.raises(function() plot.history{ DEC = { 1, 2 } } end, "DEC: expected entries { epoch=")
  end)
end)

describe("confusion", function()
  -- The numbers of the cells, row by row.
  local function cell_texts(figure)
    local list = {}
    for _, t in ipairs(record(figure).texts) do
      if t.text:find "^[%d,]+$" then list[#list + 1] = t.text end
    end
    return list
  end

  it("matches clusters to classes, so that a perfect clustering is a diagonal", function()
    local y, labels = {}, {}
    for i = 1, 60 do
      y[i] = i % 3 + 1
      labels[i] = ({ 30, 10, 20 })[y[i]]
    end
    local list = cell_texts(plot.confusion(y, labels, { names = { "a", "b", "c" } }))
    assert.same({ "20", "20", "20", "30", "10", "20" }, list) -- cells, then names of the columns
  end)

  it("puts clusters that match no class, and noise, last", function()
    local y = { 1, 1, 1, 2, 2, 2 }
    local labels = { 7, 7, 5, 6, 6, -1 }
    local truth = hy.tensor(y, { dtype = "index" })
    local figure = plot.confusion(truth, labels, { names = { "a", "b" } })
    assert.same({ "2", "1", "2", "1", "7", "6", "5" }, cell_texts(figure))
    assert.is_true(has_text(figure, "noise"))
  end)

  it("says what is wrong", function()
    assert.raises(function() plot.confusion({ 1, 2 }, { 1 }) end, "labels: expected 2 entries")
    assert.raises(function() plot.confusion({ 1, 2 }) end, "labels: expected a tensor or an array")
    assert.raises(function() plot.confusion({ 1.5 }, { 1 }) end, "expected integers, got 1.5 at 1")
    assert.raises(function() plot.confusion({}, {}) end, "plot.confusion: ")
  end)
end)

describe("images", function()
  it("guesses squares, takes shapes, channels and bytes", function()
    assert.equal(5, record(plot.images(hy.rand(5, 49))).images)
    assert.equal(2, record(plot.images(hy.rand(2, 3, 4, 5))).images)
    assert.equal(2, record(plot.images(hy.rand(2, 24), { shape = { 2, 4, 3 } })).images)
    assert.equal(2, record(plot.images{ { { 0, 1, 1, 0 }, { 1, 0, 0, 1 } }, columns = 1 }).images)
    alike(plot.images(hy.full({ 1, 4 }, 255):to "u8"), plot.images(hy.ones(1, 4)))
  end)

  it("scales values outside of 0 to 1 from the smallest to the largest", function()
    alike(plot.images{ { { -3, 5, 5, -3 } } }, plot.images{ { { 0, 1, 1, 0 } } })
  end)

  it("shows the first ones of many and says how many there are", function()
    local figure = plot.images(hy.rand(30, 4), { limit = 8 })
    assert.equal(8, record(figure).images)
    assert.is_true(has_text(figure, "the first 8 of 30"))
  end)

  it("says what is wrong", function()
    assert.raises(function() plot.images(hy.rand(2, 10)) end, "no square images")
    assert.raises(function() plot.images(hy.rand(2, 10), { shape = { 3, 3 } }) end,
      "3×3 does not hold")
    assert.raises(function() plot.images(hy.rand(2, 10), { shape = 3 }) end,
      "shape: expected { height")
    assert.raises(function() plot.images(hy.rand(2, 2, 3, 3)) end, "got 2")
    assert.raises(function() plot.images(hy.rand(4)) end, "1 dimensions")
    assert.raises(function() plot.images(nil) end, "x: expected images")
  end)
end)

describe("centers", function()
  it("shows the centers of k-means as they are", function()
    local model = { centers = hy.rand(3, 16) }
    alike(plot.centers(model), plot.images(model.centers, { titles = { "1", "2", "3" } }))
  end)

  it("decodes those of a deep model in evaluation mode and leaves the network alone", function()
    local net = hy.nn.Autoencoder{ layers = { 16, 8, 2 }, dropout = 0.5, rng = hy.rng(1) }
    local model = { centers = hy.param(hy.rand(3, 2)), net = net }
    alike(plot.centers(model), plot.centers(model))
    assert.is_true(net.training)
  end)

  it("says what is wrong", function()
    assert.raises(function() plot.centers({}) end, "a fitted model with centers, got one without")
    assert.raises(function() plot.centers(nil) end, "got nothing")
    assert.raises(function() plot.centers({ centers = hy.rand(2, 6) }) end, "no square images")
  end)
end)

describe("bar, hist and heatmap", function()
  it("draw one bar per number", function()
    local function bars(figure)
      local n = 0
      for _, r in ipairs(record(figure).rects) do
        if r.color == require("hyades.plot.palette").cluster(1) then n = n + 1 end
      end
      return n
    end
    assert.equal(4, bars(plot.bar{ { 1, 2, -3, 4 } }))
    assert.equal(5, bars(plot.hist{ hy.rand(100), bins = 5 }))
  end)

  it("count every value once", function()
    local figure = plot.hist{ { 0, 0, 0, 1, 10 }, bins = 2 }
    local heights = {}
    for _, r in ipairs(record(figure).rects) do
      if r.color == require("hyades.plot.palette").cluster(1) then heights[#heights + 1] = r.h end
    end
    assert.close(4, heights[1] / heights[2], 1e-9)
  end)

  it("write the values into the cells", function()
    assert.is_true(has_text(plot.heatmap{ { { 1, 2 }, { 3, 40000 } } }, "40,000"))
    local bare = plot.heatmap{ { { 11, 12 }, { 13.25, 17 } }, numbers = false }
    assert.is_false(has_text(bare, "13.25"))
  end)

  it("say what is wrong", function()
    assert.raises(function() plot.bar{ {} } end, "values: expected at least one number")
    assert.raises(function() plot.bar{ { 1, 2 }, names = { "a" } } end, "names: expected 2")
    assert.raises(function() plot.hist{ { 0 / 0 } } end, "finite")
    assert.raises(function() plot.hist{ { 1, 2 }, bins = 0 } end, "bins: expected an integer")
    assert.raises(function() plot.heatmap{ { 1, 2 } } end, "x: expected a matrix")
  end)
end)

describe("grid", function()
  it("puts figures side by side, grids too", function()
    local a, b = plot.line{ { 1, 2 } }, plot.hist{ { 1, 2, 3 } }
    local row = plot.grid{ a, b, columns = 2 }
    assert.is_true(row.width >= a.width + b.width)
    assert.equal(math.max(a.height, b.height), row.height)
    local column = plot.grid{ row, a, columns = 1, title = "both" }
    assert.is_true(column.height > row.height + a.height)
    assert.equal(2, record(column).lines)
  end)

  it("draws a figure as it draws alone", function()
    local figure = plot.line{ { 3, 1, 2 }, title = "t", width = 200, height = 150 }
    alike(plot.grid{ figure, columns = 1 }, figure)
  end)

  it("says what is wrong", function()
    assert.raises(function() plot.grid{} end, "at least one figure")
    assert.raises(function() plot.grid{ 3 } end, "expected figures, got number at 1")
    assert.raises(function() plot.grid{ plot.line{ { 1 } }, columns = 0 } end, "columns: expected")
  end)

  it("does not believe a table that lies about its length", function()
    local endless = setmetatable({}, { __len = function() return math.maxinteger end })
    assert.raises(function() plot.confusion(endless) end, "plot.confusion: y")
    assert.raises(function() plot.grid(endless) end, "at least one figure")
  end)
end)
