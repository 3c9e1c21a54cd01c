require "tests.support"
local canvas = require "hyades.canvas"

local WHITE = 0xffffff

-- A white sheet.
local function sheet(w, h, scale)
  local c = canvas.new(w, h, "png", scale)
  c:rect(0, 0, w, h, WHITE)
  return c
end

local function size(c)
  local _, w, h = c:pixels()
  return w, h
end

local function disc(c, x, y, r, color, alpha)
  c:markers("disc", { x }, { y }, r, color, alpha)
end

local function gray(c, x, y)
  return c:pixel(x, y) & 255
end

-- How much of the sheet is covered by black, in pixels.
local function ink(c)
  local w, h = size(c)
  local sum = 0
  for y = 0, h - 1 do
    for x = 0, w - 1 do sum = sum + (255 - gray(c, x, y)) / 255 end
  end
  return sum
end

describe("canvas", function()
  it("has width × scale by height × scale pixels", function()
    local c = sheet(10, 5, 2)
    assert.same({ 20, 10 }, { size(c) })
    assert.equal(WHITE, c:pixel(0, 0))
    assert.equal(WHITE, c:pixel(19, 9))
  end)

  it("fills whole pixels with the color and parts of pixels with their share", function()
    local c = sheet(10, 10, 1)
    c:rect(2, 2, 3, 2.5, 0)
    assert.equal(0, c:pixel(2, 2))
    assert.equal(0, c:pixel(4, 3))
    assert.close(127.5, gray(c, 3, 4), 0.01)
    assert.equal(WHITE, c:pixel(5, 2))
    assert.equal(WHITE, c:pixel(1, 2))
    assert.equal(WHITE, c:pixel(2, 5))
  end)

  it("gives discs the area πr², wherever they lie", function()
    for _, r in ipairs{ 0.7, 3, 8.5 } do
      for _, shift in ipairs{ 0, 0.3, 0.5 } do
        local c = sheet(24, 24, 1)
        disc(c, 12 + shift, 12 - shift, r, 0)
        assert.close(math.pi * r ^ 2, ink(c), 0.05)
      end
    end
  end)

  it("gives polygons their area, whichever way round they go", function()
    for _, points in ipairs{ { 2, 3, 17.5, 6, 8, 18.2 }, { 8, 18.2, 17.5, 6, 2, 3 } } do
      local c = sheet(20, 20, 1)
      c:polygon(points, 0)
      assert.close(math.abs((17.5 - 2) * (18.2 - 3) - (8 - 2) * (6 - 3)) / 2, ink(c), 0.02)
    end
  end)

  it("gives a stroke its width and round ends", function()
    local c = sheet(40, 20, 1)
    c:line({ 8, 10.3, 30, 10.3 }, 4, 0)
    assert.close(22 * 4 + math.pi * 4, ink(c), 0.02)
  end)

  it("does not show where pieces of a stroke meet", function()
    local one, many = sheet(40, 20, 1), sheet(40, 20, 1)
    one:line({ 5, 5, 35, 15 }, 3, 0, 0.5)
    many:line({ 5, 5, 11, 7, 11, 7, 20, 10, 35, 15 }, 3, 0, 0.5)
    assert.close(ink(one), ink(many), 1e-3)
  end)

  it("paints a stroke that crosses itself only once", function()
    local c = sheet(20, 20, 1)
    c:line({ 2, 2, 18, 18, 18, 2, 2, 18 }, 4, 0, 0.5)
    assert.close(127.5, gray(c, 10, 10), 0.01)
  end)

  it("draws a dot for a line of one point", function()
    local c = sheet(20, 20, 1)
    c:line({ 10, 10, 10, 10 }, 6, 0)
    assert.close(math.pi * 9, ink(c), 0.03)
  end)

  it("leaves everything outside of the clip alone", function()
    local c = sheet(20, 20, 1)
    c:clip(5, 6, 4, 3)
    disc(c, 7, 7, 30, 0)
    c:image(0, 0, 20, 20, 1, 1, "\0")
    assert.close(12, ink(c), 1e-9)
    assert.equal(0, c:pixel(5, 6))
    assert.equal(WHITE, c:pixel(9, 6))
    c:clip()
    c:rect(0, 0, 20, 20, 0)
    assert.close(400, ink(c), 1e-9)
  end)

  it("draws the same part of a shape with and without a clip", function()
    local whole, part = sheet(20, 20, 1), sheet(20, 20, 1)
    disc(whole, 9, 9, 7.3, 0)
    part:clip(4, 4, 9, 9)
    disc(part, 9, 9, 7.3, 0)
    for y = 4, 12 do
      for x = 4, 12 do assert.close(gray(whole, x, y), gray(part, x, y), 0.02) end
    end
  end)

  it("ignores shapes beyond its borders, however far", function()
    local c = sheet(10, 10, 1)
    disc(c, -50, 5, 20, 0)
    c:rect(11, -1e300, 5, 5, 0)
    c:line({ -1e12, -20, 1e12, -20 }, 3, 0)
    c:text("far away", 1e9, 1e9, 12, 0)
    c:image(100, 100, 5, 5, 1, 1, "\0")
    c:image(-100, -100, 5, 5, 1, 1, "\0")
    assert.equal(0, ink(c))
  end)

  it("shows images with sharp pixels, gray or RGB", function()
    local c = sheet(8, 8, 1)
    c:image(0, 0, 8, 4, 1, 2, "\0\128")
    c:image(0, 4, 8, 4, 1, 2, "\255\0\0\0\0\255")
    assert.equal(0, c:pixel(3, 3))
    assert.equal(0x808080, c:pixel(4, 0))
    assert.equal(0xff0000, c:pixel(0, 4))
    assert.equal(0x0000ff, c:pixel(7, 7))
  end)

  it("moves its origin", function()
    local c = sheet(10, 10, 2)
    c:move(3, 4)
    c:rect(0, 0, 1, 1, 0)
    assert.equal(0, c:pixel(6, 8))
    assert.equal(0, c:pixel(7, 9))
    assert.close(4, ink(c), 1e-9)
  end)

  it("measures text as wide as it draws it, turned or not", function()
    local c = sheet(200, 200, 1)
    local width = c:extent("Hyades", 20)
    assert.is_true(width > 40 and width < 100)
    assert.close(2 * width, c:extent("Hyades", 40), 0.01)
    assert.equal(0, c:extent("", 20))
    c:text("Hyades", 100, 50, 20, 0, 0.5)
    local straight = ink(c)
    for _, x in ipairs{ 100 - width / 2 - 3, 100 + width / 2 + 3 } do
      for y = 25, 60 do assert.equal(WHITE, c:pixel(math.floor(x), y)) end
    end
    local turned = sheet(200, 200, 1)
    turned:text("Hyades", 50, 100, 20, 0, 0.5, -90)
    assert.close(straight, ink(turned), 0.02)
  end)

  it("reads broken UTF-8 without harm", function()
    local c = sheet(100, 20, 1)
    for _, text in ipairs{ "\xff\xfe", "\xe2\x82", "a\x80b", "\xf0\x9f\x98\x80", "π − ÷" } do
      c:text(text, 5, 15, 12, 0)
    end
    assert.is_true(ink(c) > 0)
  end)

  it("draws the same bytes again", function()
    local function draw()
      local c = sheet(60, 40, 2)
      disc(c, 20.3, 20.7, 9.1, 0x0072b2, 0.7)
      c:line({ 3, 3, 50, 12, 20, 35 }, 1.7, 0xd55e00, 0.5)
      c:text("1,797", 5, 30, 11, 0x222222)
      return c
    end
    assert.is_true(draw():pixels() == draw():pixels())
  end)

  it("says what is wrong", function()
    local c = sheet(10, 10, 1)
    assert.raises(function() c:rect(0 / 0, 1, 1, 1, 0) end, "finite")
    assert.raises(function() c:rect(1, 1, 1, 1, 0x1000000) end, "0xRRGGBB")
    assert.raises(function() c:markers("dics", { 1 }, { 1 }, 1, 0) end, "invalid option 'dics'")
    assert.raises(function() c:markers("disc", { 1, 2 }, { 1 }, 1, 0) end, "differ in length")
    assert.raises(function() c:line({ 1, 2, 3 }, 1, 0) end, "pairs x, y")
    assert.raises(function() c:line({ 1, 2, "3", 4 }, 1, 0) end, "finite numbers")
    assert.raises(function() c:line({}, 1, 0) end, "pairs x, y")
    assert.raises(function() c:image(0, 0, 4, 4, 2, 2, "\0\0\0") end, "one byte (gray)")
    assert.raises(function() c:pixel(10, 0) end, "outside")
    assert.raises(function() sheet(1e6, 10, 2) end, "16384")
    assert.raises(function() sheet(0, 10) end, "16384")
    assert.raises(function() canvas.new(10, 10, "gif") end, "invalid option 'gif'")
    assert.raises(function() c:finish() end, "no bytes")
    assert.equal(0, ink(c))
  end)
end)
