-- Generated sets, stick figures, pictures in folders, weights of classes.
local S = require "tests.support"
local hy = require "hyades"
local data = hy.data

local root = os.getenv "HYADES_DATA"

-- Distance of every row from the origin, after moving it.
local function radius(x, dx, dy)
  return ((x:narrow(2, 1, 1) - dx) ^ 2 + (x:narrow(2, 2, 1) - dy) ^ 2):sqrt():reshape(x:size(1))
end

local function class(d, k)
  return d.x:index(d.y:eq(k):nonzero():reshape(-1))
end

describe("generated curves", function()
  it("lie where their formulas say", function()
    local d = data.moons{ n = 400, noise = 0, rng = hy.rng(1) }
    assert.close(hy.ones(200):totable(), radius(class(d, 1), 0, 0), 1e-5)
    assert.close(hy.ones(200):totable(), radius(class(d, 2), 1, 0.5), 1e-5)
    assert.is_true(class(d, 1):min(1)[2]:item() >= -1e-6 and class(d, 2):max(1)[2]:item() <= 0.5)
    d = data.circles{ n = 400, noise = 0, factor = 0.3, rng = hy.rng(1) }
    assert.close(hy.ones(200):totable(), radius(class(d, 1), 0, 0), 1e-5)
    assert.close((hy.ones(200) * 0.3):totable(), radius(class(d, 2), 0, 0), 1e-5)
    d = data.spirals{ n = 300, noise = 0, arms = 3, rng = hy.rng(1) }
    for arm = 1, 3 do
      local x = class(d, arm)
      local t = (radius(x, 0, 0) - 0.2) * (2 * math.pi)
      local angle = t + 2 * math.pi * arm / 3
      assert.close((angle:cos() * radius(x, 0, 0)):totable(), x:narrow(2, 1, 1):reshape(100), 1e-4)
      assert.is_true(t:min():item() > -1e-4 and t:max():item() < 3 * math.pi + 1e-4)
    end
  end)

  it("have classes of equal size, noise, and repeat with the seed", function()
    for _, name in ipairs{ "moons", "circles", "spirals" } do
      local d = data[name]{ n = 301, rng = hy.rng(4) }
      assert.same({ 301, 2 }, d.x:size())
      assert.same({ 151, 150 }, d.y:bincount():totable())
      assert.same(d.x:totable(), data[name]{ n = 301, rng = hy.rng(4) }.x:totable())
      assert.not_same(d.x:totable(), data[name]{ n = 301, rng = hy.rng(5) }.x:totable())
      assert.raises(function() data[name]{ n = 0 } end, "n: expected an integer of at least 1")
      assert.raises(function() data[name]{ noise = -1 } end, "noise: expected a number")
      assert.raises(function() data[name]{ nois = 1 } end, "did you mean \"noise\"")
    end
    assert.equal(1, data.moons{ n = 1 }.x:size(1))
  end)
end)

describe("data.synth25", function()
  it("has four far clusters in two columns and 25 without any", function()
    local d = data.synth25{ n = 4000, rng = hy.rng(1) }
    assert.same({ 4000, 27 }, d.x:size())
    assert.same({ 1000, 1000, 1000, 1000 }, d.y:bincount():totable())
    assert.close(0, d.x:mean(1):abs():max():item(), 1e-5)
    assert.close(1, d.x:std(1, { ddof = 0 }):min():item(), 1e-5)
    local plane = hy.cluster.KMeans{ k = 4, rng = hy.rng(1) }:fit(d.x:narrow(2, 1, 2)).labels
    assert.is_true(hy.metrics.nmi(d.y, plane) > 0.999)
    assert.same({ 12000, 2 }, data.synth25{ noise_dims = 0 }.x:size())
  end)
end)

describe("data.stickfigures", function()
  it("has 900 pictures with two labellings of three", function()
    if not root or hy.file_info(root .. "/stickfigures/stickfigures.data") ~= "file" then
      return pending "no HYADES_DATA"
    end
    local d = data.stickfigures()
    assert.same({ 900, 400 }, d.x:size())
    assert.same({ 900, 2 }, d.y:size())
    for s = 1, 2 do
      assert.same({ 300, 300, 300 }, d.y:narrow(2, s, 1):reshape(900):bincount():totable())
    end
    assert.is_true(d.x:min():item() >= 0 and d.x:max():item() <= 1)
    assert.is_truthy(tostring(d):find("labelling 2, 3 classes: 0 1 2", 1, true))
    assert.equal("u8", data.stickfigures{ raw = true }.x.dtype)
  end)

  it("says what is missing or odd", function()
    assert.raises(function() data.stickfigures{ dir = "/nowhere" } end, "stickfigures.data")
    local folder = S.folder()
    S.write(folder .. "/stickfigures.data", "1,2,3\n")
    assert.raises(function() data.stickfigures{ dir = folder } end, "expected 2 labels and 400")
    S.remove(folder)
  end)
end)

describe("data.image_folder", function()
  local folder
  setup(function()
    folder = S.folder()
    for _, name in ipairs{ "birds", "ants", "empty" } do hy.make_folder(folder .. "/set/" .. name) end
    S.write(folder .. "/set/ants/2.ppm", "P6 2 1 255\n\255\0\0\0\255\0")
    S.write(folder .. "/set/ants/1.PPM", "P6 2 1 255\n\51\0\0\0\0\0")
    S.write(folder .. "/set/birds/x.ppm", "P6 2 1 255\n\0\0\255\0\0\255")
    S.write(folder .. "/set/birds/notes.txt", "no picture")
    S.write(folder .. "/set/loose.ppm", "P6 2 1 255\n\0\0\255\0\0\255")
  end)
  teardown(function() S.remove(folder) end)

  it("makes a class of every folder with pictures, in order", function()
    local d = data.image_folder(folder .. "/set")
    assert.same({ "ants", "birds" }, d.names)
    assert.same({ 1, 1, 2 }, d.y:totable())
    assert.same({ h = 1, w = 2, c = 3 }, d.image)
    assert.close({ { 0.2, 0, 0, 0, 0, 0 }, { 1, 0, 0, 1, 0, 0 }, { 0, 0, 0, 0, 1, 1 } }, d.x, 1e-6)
    assert.equal("set", d.name)
    assert.equal("u8", data.image_folder(folder .. "/set/", { raw = true }).x.dtype)
  end)

  it("follows no link out of the folder", function()
    S.shell(("ln -s /etc %s; ln -s %s %s"):format(S.quote(folder .. "/set/etc"),
      S.quote(folder .. "/set/loose.ppm"), S.quote(folder .. "/set/birds/y.ppm")))
    assert.equal(4, data.image_folder(folder .. "/set").x:size(1))
    hy.make_folder(folder .. "/inner")
    S.shell(("ln -s %s %s"):format(S.quote(folder .. "/set/ants"), S.quote(folder .. "/inner/ants")))
    assert.raises(function() data.image_folder(folder .. "/inner") end, "holds no folder with")
  end)

  it("wants pictures of one size, in folders", function()
    S.write(folder .. "/set/birds/z.ppm", "P5 1 1 255\n\0")
    assert.raises(function() data.image_folder(folder .. "/set") end, "z.ppm: is 1×1×1, ")
    S.write(folder .. "/set/birds/z.ppm", "P5 1 1 255\n")
    assert.raises(function() data.image_folder(folder .. "/set") end, "z.ppm: holds 0 bytes")
    assert.raises(function() data.image_folder(folder .. "/absent") end, "is no folder")
    assert.raises(function() data.image_folder(5) end, "expected the path of a folder, got 5")
  end)
end)

describe("data.inverse_frequency", function()
  it("lets every class weigh the same", function()
    local y = hy.tensor({ 1, 1, 2, -1, 4, 1 }, { dtype = "index" })
    local w = data.inverse_frequency(y)
    assert.close({ 5 / 9, 5 / 9, 5 / 3, 0, 5 / 3, 5 / 9 }, w, 1e-6)
    assert.close(5, w:sum():item(), 1e-5)
    local d = data.blobs{ n = 30, k = 3 }
    assert.close(hy.ones(30):totable(), data.inverse_frequency(d), 1e-6)
    assert.close({ 0, 0 }, data.inverse_frequency(hy.tensor({ -1, -1 }, { dtype = "index" })), 0)
  end)

  it("balances the draws of data.Batches", function()
    local y = hy.tensor({ 1, 1, 1, 1, 1, 1, 1, 1, 1, 2 }, { dtype = "index" })
    local function drawn(seed)
      local rows, batches = {}, data.Batches{ hy.arange(1, 10), weights = data.inverse_frequency(y),
        shuffle = hy.rng(seed) }
      for _ = 1, 200 do
        for batch in batches:epoch() do
          for _, row in ipairs(batch.rows:totable()) do rows[#rows + 1] = row end
        end
      end
      return rows
    end
    local rows, last = drawn(1), 0
    for _, row in ipairs(rows) do last = last + (row == 10 and 1 or 0) end
    assert.is_true(last > 900 and last < 1100)
    assert.same(rows, drawn(1))
    assert.not_same(rows, drawn(2))
  end)

  it("wants labels", function()
    assert.raises(function() data.inverse_frequency(hy.zeros(3)) end, "got f32 3")
    assert.raises(function() data.inverse_frequency{ 1, 2 } end, "expected an index tensor")
  end)
end)
