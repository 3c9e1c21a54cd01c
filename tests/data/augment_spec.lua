-- Augmentations: what each does to a picture, and that chance hangs on the row alone.
local S = require "tests.support"
local hy = require "hyades"
local augment, Batches = hy.data.augment, hy.data.Batches

local names = { "flip", "crop_resize", "cutout", "color_jitter", "brightness", "contrast", "saturation",
  "grayscale", "invert", "solarize", "posterize", "autocontrast", "equalize", "sharpness", "noise",
  "dropout", "photometric" }

local function picture(values)
  return hy.tensor{ { values } } -- 1×1×h×w
end

local function pixel(r, g, b)
  return hy.tensor{ { { { r } }, { { g } }, { { b } } } }
end

describe("rand_rows and randn_rows", function()
  it("give a row the same numbers whoever stands beside it", function()
    for _, op in ipairs{ hy.rand_rows, hy.randn_rows } do
      local all = op(hy.arange(1, 50, { dtype = "index" }), 7, { rng = hy.rng(1) })
      local some = op({ 9, 50, 9 }, 7, { rng = hy.rng(1) })
      assert.same(all:index{ 9, 50, 9 }:totable(), some:totable())
      local other = op({ 9 }, 7, { rng = hy.rng(1):split() })
      assert.are_not.same(all[9]:totable(), other[1]:totable())
    end
  end)

  it("draw on with the next call, and follow their distributions", function()
    local rng, rows = hy.rng(2), hy.arange(1, 300, { dtype = "index" })
    local first, second = hy.rand_rows(rows, 100, { rng = rng }), hy.rand_rows(rows, 100, { rng = rng })
    assert.are_not.same(first[1]:totable(), second[1]:totable())
    assert.close(0.5, first:mean():item(), 0.01)
    assert.close(1 / 12, first:var():item(), 0.01)
    assert.close(0, ((first - 0.5) * (second - 0.5)):mean():item(), 0.005)
    local normal = hy.randn_rows(rows, 100, { mean = 3, std = 2, rng = rng, dtype = "f64" })
    assert.close(3, normal:mean():item(), 0.05)
    assert.close(2, normal:std():item(), 0.05)
    local between = hy.rand_rows(rows, 100, { lo = -2, hi = -1, rng = rng })
    assert.is_true(between:min():item() >= -2 and between:max():item() <= -1)
  end)

  it("name what is wrong", function()
    assert.raises(function() hy.rand_rows({ 1 }, -1) end, "rand_rows: columns is -1")
    assert.raises(function() hy.rand_rows({ 1, -1 }, 2) end, "rows holds -1 at 2")
    assert.raises(function() hy.randn_rows({ 1 }, 2, { std = -1 }) end, "std is -1")
    assert.same({ 0, 3 }, hy.rand_rows(hy.zeros(0):to "index", 3):size())
  end)
end)

describe("crop_resize", function()
  local x = hy.arange(1, 16):reshape(1, 1, 4, 4)

  it("of whole boxes is a slice, and of the whole picture the picture", function()
    assert.close({ { { { 7, 8 }, { 11, 12 } } } }, x:crop_resize(hy.tensor{ { 1, 2, 2, 2 } }, 2, 2))
    assert.close(x, x:crop_resize(hy.tensor{ { 0, 0, 4, 4 } }, 4, 4), 1e-6)
    assert.close(x:resize(2, 3), x:crop_resize(hy.tensor{ { 0, 0, 4, 4 } }, 2, 3), 1e-6)
  end)

  it("between pixels is their mean", function()
    assert.close({ { { { 3.5 } } } }, x:crop_resize(hy.tensor{ { 0, 0.5, 1, 1 } }, 1, 1) + 2, 1e-6)
  end)

  it("wants boxes within the picture", function()
    assert.raises(function() x:crop_resize(hy.tensor{ { 1, 0, 4, 4 } }, 2, 2) end,
      "box 1 is 1, 0, 4×4; it must lie within the 4×4 pixels")
    assert.raises(function() x:crop_resize(hy.tensor{ { 0, 0, 0, 4 } }, 2, 2) end, "box 1 is")
    assert.raises(function() x:crop_resize(hy.ones(2, 4), 2, 2) end, "boxes must be n×4")
    assert.raises(function() x:crop_resize(hy.ones(1, 4), 0, 2) end, "height is 0")
    assert.raises(function() x[1]:crop_resize(hy.ones(1, 4), 2, 2) end, "it wants pictures n×c×h×w")
  end)
end)

describe("adjust_color", function()
  local function adjusted(x, amounts, order)
    return hy.adjust_color(x, hy.tensor{ amounts }, order):reshape(-1):totable()
  end

  it("changes brightness, contrast and saturation as by hand", function()
    local x = pixel(0.2, 0.4, 0.6)
    local gray = 0.299 * 0.2 + 0.587 * 0.4 + 0.114 * 0.6
    assert.close({ 0.3, 0.6, 0.9 }, adjusted(x, { 1.5, 1, 1, 0 }))
    assert.close({ 0.6, 1, 1 }, adjusted(x, { 3, 1, 1, 0 }))
    assert.close({ gray + 0.5 * (0.2 - gray), gray + 0.5 * (0.4 - gray), gray + 0.5 * (0.6 - gray) },
      adjusted(x, { 1, 1, 0.5, 0 }))
    assert.close({ 0.3, 0.5, 0.7 }, adjusted(picture{ { 0.1, 0.5, 0.9 } }, { 1, 0.5, 1, 0 }))
    assert.close({ gray, gray, gray }, adjusted(x, { 1, 0, 1, 0 }))
  end)

  it("turns the circle of colors", function()
    assert.close({ 0, 1, 0 }, adjusted(pixel(1, 0, 0), { 1, 1, 1, 1 / 3 }))
    assert.close({ 0, 0, 1 }, adjusted(pixel(1, 0, 0), { 1, 1, 1, -1 / 3 }))
    assert.close({ 1, 1, 0 }, adjusted(pixel(1, 0, 0), { 1, 1, 1, 1 / 6 }))
    assert.close({ 0.6, 0.4, 0.2 }, adjusted(pixel(0.2, 0.4, 0.6), { 1, 1, 1, 0.5 }), 1e-6)
    assert.close({ 0.2, 0.4, 0.6 }, adjusted(pixel(0.2, 0.4, 0.6), { 1, 1, 1, 1 }), 1e-6)
    assert.close({ 0.3, 0.3, 0.3 }, adjusted(pixel(0.3, 0.3, 0.3), { 1, 1, 1, 0.4 }), 1e-6)
  end)

  it("keeps the order that is given", function()
    local x, amounts = picture{ { 0.4, 0.8 } }, { 2, 0.5, 1, 0 }
    assert.close({ 0.85, 0.95 }, adjusted(x, amounts, hy.tensor({ { 1, 2, 3, 4 } }, { dtype = "index" })))
    assert.close({ 1, 1 }, adjusted(x, amounts, hy.tensor({ { 2, 1, 3, 4 } }, { dtype = "index" })))
    assert.raises(function()
      adjusted(x, amounts, hy.tensor({ { 1, 2, 3, 5 } }, { dtype = "index" }))
    end, "order holds 5")
  end)

  it("wants one or three channels, and a row for each picture", function()
    assert.raises(function() adjusted(hy.ones(1, 2, 3, 3), { 1, 1, 1, 0 }) end, "n×1×h×w or n×3×h×w")
    assert.raises(function() hy.adjust_color(hy.ones(2, 1, 3, 3), hy.ones(1, 4)) end, "amounts must be n×4")
  end)
end)

describe("data.augment", function()
  local x = hy.rand(6, 3, 12, 14, { rng = hy.rng(1) })

  for _, name in ipairs(names) do
    it(name .. " hangs on the generator and the row alone, for any number of threads", function()
      local change = augment[name]{ p = 0.7 }
      if name == "crop_resize" then change = augment.crop_resize{} end
      local threads, before = hy.threads(), x:clone()
      hy.threads(1)
      local all = change(x, hy.rng(4))
      hy.threads(3)
      assert.same(all:totable(), change(x, hy.rng(4)):totable())
      hy.threads(threads)
      assert.same(all:index{ 5, 2 }:totable(), change(x:index{ 5, 2 }, hy.rng(4), { 5, 2 }):totable())
      assert.same(before:totable(), x:totable())
      assert.same({ 0, 3, 12, 14 }, change(x:narrow(1, 1, 0)):size())
      assert.equal("f64", change(x:to "f64").dtype)
      local rng = hy.rng(4)
      change(x, rng)
      assert.are_not.same(rng:state(), hy.rng(4):state())
    end)

    it(name .. " with p = 0 leaves everything", function()
      if name == "crop_resize" then return end
      assert.same(x:totable(), augment[name]{ p = 0 }(x):totable())
    end)

    it(name .. " takes flat rows with a shape", function()
      local shaped = augment[name]{ shape = { 3, 12, 14 } }
      local flat = x:reshape(6, -1)
      assert.same(shaped(x, hy.rng(1)):reshape(6, -1):totable(), shaped(flat, hy.rng(1)):totable())
      assert.same({ 0, 504 }, shaped(flat:narrow(1, 1, 0)):size())
      assert.raises(function() shaped(flat:narrow(2, 1, 100)) end,
        ("data.augment.%s: rows of 100 values are no pictures of 3×12×14"):format(name))
    end)
  end

  it("changes each row with chance p", function()
    local many = hy.ones(2000, 1, 1, 1) * 0.25
    local share = augment.invert{ p = 0.3 }(many, hy.rng(1)):ne(0.25):mean():item()
    assert.close(0.3, share, 0.04)
  end)

  it("gives two calls independent views", function()
    local rng, change = hy.rng(3), augment.noise{ std = 1 }
    local zero = hy.zeros(200, 50)
    local a, b = change(zero, rng), change(zero, rng)
    assert.close(0, (a * b):mean():item(), 0.03)
    assert.close(1, a:square():mean():item(), 0.05)
  end)

  it("flip mirrors left and right, or top and bottom", function()
    local two = picture{ { 1, 2 }, { 3, 4 } } / 4
    assert.close(picture{ { 2, 1 }, { 4, 3 } } / 4, augment.flip{ p = 1 }(two))
    assert.close(picture{ { 3, 4 }, { 1, 2 } } / 4, augment.flip{ p = 1, axis = "vertical" }(two))
  end)

  it("crop_resize keeps the range, takes the whole at scale 1, and gives another size", function()
    assert.close(x, augment.crop_resize{ scale = { 1, 1 }, ratio = { 14 / 12, 14 / 12 } }(x), 1e-3)
    assert.same({ 6, 3, 5, 7 }, augment.crop_resize{ size = { 5, 7 } }(x):size())
    local gradient = hy.linspace(0, 1, 100):reshape(1, 1, 1, 100):expand(500, 1, 100, 100):clone()
    local y = augment.crop_resize{ scale = { 0.25, 0.25 }, ratio = { 1, 1 } }(gradient, hy.rng(1))
    local width = y:select(4, 100):select(3, 1):reshape(-1) - y:select(4, 1):select(3, 1):reshape(-1)
    assert.close(0.5, width:mean():item(), 0.02) -- half of the side
    assert.raises(function() augment.crop_resize{ size = { 5, 7 }, p = 0.5 }(x) end,
      "p must be 1 where the size of the pictures changes")
  end)

  it("cutout blanks a square of whole pixels, anywhere", function()
    local ones = hy.ones(800, 2, 9, 9)
    local y = augment.cutout{ size = { 3, 3 } }(ones, hy.rng(1))
    local gone = (1 - y):select(2, 1):sum(3):sum(2)
    assert.equal(9, gone:max():item())
    assert.is_true(gone:min():item() >= 4) -- a corner pixel in the middle
    assert.same(y:select(2, 1):totable(), y:select(2, 2):totable())
    assert.close(1 / 9, gone:eq(4):mean():item() * 9 / 4, 0.05) -- 4 of 81 centers
    local sides = augment.cutout{ size = { 1, 4 }, fill = 7 }(hy.zeros(900, 1, 41, 41), hy.rng(2))
    local counts = sides:gt(0):to "f32":reshape(900, -1):sum(2)
    for side = 1, 4 do assert.close(0.25, counts:eq(side ^ 2):mean():item(), 0.1) end
  end)

  it("grayscale, invert, solarize, posterize as by hand", function()
    assert.close({ 0.299, 0.299, 0.299 }, augment.grayscale{ p = 1 }(pixel(1, 0, 0)):reshape(-1))
    assert.close({ 0.25, 0.5 }, augment.invert{ p = 1 }(hy.tensor{ { 0.75, 0.5 } }):reshape(-1))
    assert.close({ 0.4, 0.5, 0.1 }, augment.solarize{ p = 1 }(hy.tensor{ { 0.4, 0.5, 0.9 } }):reshape(-1))
    local four = augment.posterize{ bits = { 4, 4 } }(hy.tensor{ { 255, 15, 16, 200 } } / 255)
    assert.close({ 240, 0, 16, 192 }, (four * 255):reshape(-1), 1e-4)
    assert.close(x:narrow(2, 1, 1), augment.grayscale{ p = 1 }(x:narrow(2, 1, 1)))
  end)

  it("autocontrast stretches, equalize spreads, sharpness 0 smooths and 1 leaves", function()
    assert.close({ 0, 0.5, 1 }, augment.autocontrast{}(picture{ { 0.2, 0.3, 0.4 } }):reshape(-1))
    assert.close({ 0.2, 0.2 }, augment.autocontrast{}(picture{ { 0.2, 0.2 } }):reshape(-1))
    local bytes = (x * 255):round():to "u8"
    assert.close(hy.equalize(bytes):to "f32" / 255, augment.equalize{}(bytes:to "f32" / 255), 1e-6)
    local dot = picture{ { 0, 0, 0 }, { 0, 1, 0 }, { 0, 0, 0 } }
    assert.close(picture{ { 0, 0, 0 }, { 0, 5 / 13, 0 }, { 0, 0, 0 } },
      augment.sharpness{ factor = { 0, 0 } }(dot))
    assert.close(x, augment.sharpness{ factor = { 1, 1 } }(x), 1e-6)
  end)

  it("color_jitter with no reach leaves, and stays in its reach", function()
    local none = { brightness = 0, contrast = 0, saturation = 0, hue = 0, p = 1 }
    assert.close(x, augment.color_jitter(none)(x), 1e-6)
    none.brightness = 0.4
    local y = augment.color_jitter(none)(hy.full({ 500, 1, 1, 1 }, 0.5), hy.rng(1)) / 0.5
    assert.close(0.6, y:min():item(), 0.01)
    assert.close(1.4, y:max():item(), 0.01)
  end)

  it("dropout fills the share of values that it says", function()
    local y = augment.dropout{ rate = 0.2, fill = -1 }(hy.ones(300, 40), hy.rng(1))
    assert.close(0.2, y:eq(-1):mean():item(), 0.01)
    assert.close(0.8, y:eq(1):mean():item(), 0.01)
  end)

  it("compose applies one after the other", function()
    local both = augment.compose{ augment.invert{ p = 1 }, augment.solarize{ p = 1 } }
    assert.close({ 0.25, 0.25 }, both(hy.tensor{ { 0.75, 0.25 } }):reshape(-1))
    assert.raises(function() augment.compose{} end, "data.augment.compose: expected a list")
    assert.raises(function() augment.compose{ augment.flip } end, "element 1 must be an augmentation")
  end)

  it("photometric draws for each picture, from its own list too", function()
    local y = augment.photometric{ n = 1, augment.invert{ p = 1 } }(hy.zeros(2000, 1, 1, 1), hy.rng(1))
    assert.close(0.5, y:mean():item(), 0.05) -- invert, or none
    local twice = augment.photometric{ n = 2, augment.invert{ p = 1 } }(hy.zeros(2000, 1, 1, 1), hy.rng(1))
    assert.close(0.5, twice:mean():item(), 0.05)
    assert.is_true((augment.photometric{}(x, hy.rng(1)) - x):abs():max():item() > 0)
  end)

  it("is saved and loaded", function()
    local folder = S.folder()
    local change = augment.compose{ augment.flip{ p = 1 }, augment.color_jitter{ hue = 0.2 } }
    hy.save(folder .. "/a.hyades", { change = change })
    local again = hy.load(folder .. "/a.hyades").change
    assert.same(change(x, hy.rng(1)):totable(), again(x, hy.rng(1)):totable())
    S.remove(folder)
  end)

  it("names what is wrong", function()
    local function fails(text, name, options, ...)
      local arguments = table.pack(...)
      assert.raises(function()
        augment[name](options)(table.unpack(arguments, 1, arguments.n))
      end, "data.augment." .. name .. ": " .. text)
    end
    assert.raises(function() return augment.colour_jitter end, 'did you mean "color_jitter"?')
    fails('unknown option "propability"', "flip", { propability = 1 }, x)
    fails("p: expected a number from 0 to 1, got 2", "flip", { p = 2 }, x)
    fails('axis must be "horizontal" or "vertical"', "flip", { axis = 1 }, x)
    fails("scale must be { low, high } within 1e-06 and 1, got { 2, 3 }", "crop_resize",
      { scale = { 2, 3 } }, x)
    fails("bits must be { low, high } within 1 and 8, got 3", "posterize", { bits = 3 }, x)
    fails("hue: expected a number from 0 to 0.5, got 3", "color_jitter", { hue = 3 }, x)
    fails("shape must be { channels, height, width }", "flip", { shape = { 3 } }, x)
    fails("expected a tensor with rows, got nil", "noise", {}, nil)
    fails("expected rows in f32 or f64, got 6×3×12×14 in u8", "noise", {}, (x * 255):to "u8")
    fails("expected pictures n×c×h×w, got 6×504; give shape", "flip", {}, x:reshape(6, -1))
    fails("pixels must lie in [0, 1], got", "solarize", {}, x * 255)
    fails("the second argument must be a generator, got 3", "noise", {}, x, 3)
    fails("rows must be an index tensor or array of 6", "noise", {}, x, hy.rng(1), { 1 })
    assert.raises(function() augment.grayscale{ p = 1 }(x:narrow(2, 1, 2)) end, "expected 1 or 3 channels")
  end)
end)

describe("data.Batches with an augmentation", function()
  local x = hy.rand(10, 1, 4, 4, { rng = hy.rng(1) })

  -- Views of an epoch by row.
  local function views(batches)
    local found = {}
    for batch in batches:epoch() do
      for i, row in ipairs(batch.rows:totable()) do found[row] = batch.view[i]:totable() end
    end
    return found
  end

  it("gives a row the same view whatever its batch, and another in the next epoch", function()
    local function batches(size)
      return Batches{ x, size = size, shuffle = hy.rng(5), augment = augment.noise{} }
    end
    local small, large = batches(3), batches(10)
    local first = views(small)
    assert.same(first, views(large))
    local second = views(small)
    assert.are_not.same(first, second)
    assert.same(second, views(large))
  end)

  it("gives several independent views", function()
    local batches = Batches{ hy.zeros(1000, 3), size = 1000, shuffle = hy.rng(5), views = 2,
      augment = augment.noise{ std = 1 } }
    local batch = batches:epoch()()
    assert.equal(2, #batch.views)
    assert.equal(batch.view, batch.views[1])
    assert.close(0, (batch.views[1] * batch.views[2]):mean():item(), 0.05)
    assert.raises(function() Batches{ x, augment = augment.noise{}, views = 0 } end, "views: expected")
  end)

  it("hands the rows to a function", function()
    local batches = Batches{ x, size = 4, augment = function(rows, _, positions)
      assert.equal(rows:size(1), positions:numel())
      return rows
    end }
    assert.same(x[10]:totable(), views(batches)[10])
  end)

  it("trains an autoencoder", function()
    local net = hy.nn.Autoencoder{ layers = { 16, 4 }, rng = hy.rng(1) }
    net:fit(x:reshape(10, 16), { epochs = 2, rng = hy.rng(1),
      augment = augment.compose{ augment.flip{}, augment.cutout{ size = { 1, 2 } }, shape = { 1, 4, 4 } } })
    assert.equal(2, #net.history)
  end)
end)
