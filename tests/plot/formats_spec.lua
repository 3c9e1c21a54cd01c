-- What holds for every kind of figure, in both themes and all formats.
local S = require "tests.support"
local hy = require "hyades"
local canvas = require "hyades.canvas"
local gallery = require "tests.plot.gallery"
local record = require "tests.plot.recorder"
local plot = hy.plot

local light, dark = gallery "light", gallery "dark"
local bytes = { png = {}, svg = {}, pdf = {} }
for kind, list in pairs(bytes) do
  for name, figure in pairs(light) do list[name] = figure:bytes(kind) end
end

local function painted(figure)
  local sheet = canvas.new(figure.width, figure.height, "png", 1)
  figure:paint(sheet, 0, 0, figure.width, figure.height)
  return sheet
end

local function overlap(a, b)
  local across = math.min(a.right, b.right) - math.max(a.left, b.left)
  local down = math.min(a.bottom, b.bottom) - math.max(a.top, b.top)
  return across > 0.5 and down > 3.5 -- a letter's box is higher than most letters
end

describe("every figure", function()
  it("is a PNG of twice its size", function()
    for name, figure in pairs(light) do
      local png = bytes.png[name]
      assert.equal("\137PNG\r\n\26\n", png:sub(1, 8), name)
      local w, h = (">I4I4"):unpack(png, 17)
      assert.same({ figure.width * 2, figure.height * 2 }, { w, h }, name)
      assert.is_nil(png:find("tEXt", 1, true) or png:find("tIME", 1, true))
    end
  end)

  it("is an SVG of its size, made of closed elements and finite numbers", function()
    for name, figure in pairs(light) do
      local svg = bytes.svg[name]
      assert.is_truthy(svg:find(('<svg [^>]*width="%dpx" height="%dpx" viewBox="0 0 %d %d"')
        :format(figure.width, figure.height, figure.width, figure.height)), name)
      local depth = 0
      for close, alone in svg:gmatch "<(/?)%a[^>]-(/?)>" do
        if alone == "" then depth = depth + (close == "" and 1 or -1) end
      end
      assert.equal(0, depth, name)
      assert.is_nil(svg:find "%Wnan%W" or svg:find "%Winf%W", name)
    end
  end)

  it("is a PDF of one page without a date of its own", function()
    for name, pdf in pairs(bytes.pdf) do
      assert.equal("%PDF-1.", pdf:sub(1, 7), name)
      assert.is_truthy(pdf:find "%%%%EOF%s*$", name)
      assert.is_truthy(pdf:find("/CreationDate (20000101", 1, true), name)
      assert.is_truthy(pdf:find "/Count 1%s", name)
    end
  end)

  it("gives the same bytes again, whatever was drawn in between", function()
    for name, figure in pairs(gallery "light") do
      for kind, list in pairs(bytes) do
        assert.is_true(list[name] == figure:bytes(kind), name .. "." .. kind)
      end
    end
  end)

  it("leaves its border blank, in the color of its theme", function()
    for theme, all in pairs{ [0xffffff] = light, [0x1b1d21] = dark } do
      for name, figure in pairs(all) do
        local pixels, w, h = painted(figure):pixels()
        local paper = (">I4"):pack(theme):sub(2)
        for _, y in ipairs{ 0, 2, h - 3, h - 1 } do
          local row = pixels:sub(y * w * 3 + 1, (y + 1) * w * 3)
          assert.is_true(row == paper:rep(w), name .. " row " .. y)
        end
        for _, x in ipairs{ 0, 2, w - 3, w - 1 } do
          for y = 0, h - 1 do
            local at = (y * w + x) * 3
            local found = pixels:sub(at + 1, at + 3)
            if found ~= paper then assert.equal(paper, found, ("%s at %d, %d"):format(name, x, y)) end
          end
        end
      end
    end
  end)

  it("never cuts a text off at its border", function()
    for name, figure in pairs(light) do
      for _, t in ipairs(record(figure).texts) do
        local where = ("%s: %s [%g %g %g %g]"):format(name, t.text, t.left, t.right, t.top,
          t.bottom)
        local inside = t.left >= 0 and t.right <= figure.width and t.top >= 0
          and t.bottom <= figure.height + 0.5
        if not inside then error(where) end
      end
    end
  end)

  it("never writes one text over another", function()
    for name, figure in pairs(light) do
      local texts = record(figure).texts
      for i, a in ipairs(texts) do
        for j = i + 1, #texts do
          local b = texts[j]
          if overlap(a, b) then error(("%s: %q lies over %q"):format(name, a.text, b.text)) end
        end
      end
    end
  end)

  it("says what it is when printed", function()
    for name, figure in pairs(light) do
      local wanted = ("^%%l+, %d×%d: .+"):format(figure.width, figure.height)
      assert.is_truthy(tostring(figure):find(wanted), name)
    end
    assert.match("^scatter, 960×480: 2000 points, 1000 classes", tostring(light.thousand))
  end)
end)

describe("a figure's colors", function()
  it("are those of its labels where its points are", function()
    local figure = plot.scatter{ { { 0, 0 }, { 1, 1 } }, color = { 1, 2 }, size = 12, alpha = 1 }
    local at = {}
    local sheet = painted(figure)
    local _, w, h = sheet:pixels()
    for x = 0, w - 1 do
      for y = 0, h - 1 do
        local color = sheet:pixel(x, y)
        at[color] = at[color] or { n = 0, x = 0, y = 0 }
        local a = at[color]
        a.n, a.x, a.y = a.n + 1, a.x + x, a.y + y
      end
    end
    local first, second = at[0x0072b2], at[0xe69f00]
    assert.is_true(first.n > 400 and first.n < 550, first.n)
    assert.is_true(second.n > 400 and second.n < 550)
    assert.is_true(first.x / first.n < second.x / second.n)
    assert.is_true(first.y / first.n > second.y / second.n)
  end)

  it("come from the palette that was asked for", function()
    local function color(list)
      return record(plot.scatter{ { { 0, 0 } }, palette = list }).discs[2].color
    end
    assert.equal(0x1f77b4, color "tab10")
    assert.equal(0xff8800, color{ "#ff8800" })
    assert.equal(0x123456, color{ 0x123456 })
  end)
end)

describe("a scatter of many points", function()
  it("is paths in an SVG up to 20,000 points and one image above", function()
    local function images(n)
      local z = hy.randn(n, 2, { rng = hy.rng(1) })
      local _, count = plot.scatter({ z }):bytes("svg"):gsub("<image", "")
      return count
    end
    assert.equal(0, images(1000))
    assert.equal(1, images(20001))
  end)
end)

describe("a figure is saved", function()
  local folder
  setup(function() folder = S.folder() end)
  teardown(function() S.remove(folder) end)

  it("as its name says, with the bytes it gives", function()
    local figure = plot.line{ { 1, 2 } }
    for _, kind in ipairs{ "png", "svg", "pdf" } do
      figure:save(folder .. "/f." .. kind)
      assert.is_true(S.read(folder .. "/f." .. kind) == figure:bytes(kind))
    end
    figure:save(folder .. "/F.PNG")
    assert.is_true(S.read(folder .. "/F.PNG") == figure:bytes "png")
  end)

  it("whole or not at all: on a full disk the old file stays", function()
    local path = folder .. "/old.png"
    S.write(path, "old")
    -- a limit on the size of files stands for the full disk
    local code, text = S.shell(([[trap '' XFSZ; ulimit -f 4; ./hyades -e '
      local ok, problem = pcall(function() plot.scatter({ hy.randn(900, 2) }):save("%s") end)
      print(problem)']]):format(path))
    assert.equal(0, code, text)
    assert.match("^save: .*old%.png: could not be written: [^\n]+\n$", text)
    assert.equal("old", S.read(path))
    local left = S.lines("ls " .. folder)
    for _, name in ipairs(left) do assert.is_nil(name:find("part", 1, true), name) end
  end)
end)

describe("without Cairo", function()
  local loaded = package.loaded["hyades.canvas"]
  before_each(function()
    package.loaded["hyades.canvas"] = nil
    package.preload["hyades.canvas"] = function() error("module 'hyades.canvas' not found", 0) end
  end)
  after_each(function()
    package.preload["hyades.canvas"] = nil
    package.loaded["hyades.canvas"] = loaded
  end)

  it("a figure names the package", function()
    local figure = plot.line{ { 1, 2 } }
    for _, kind in ipairs{ "png", "svg", "pdf" } do
      assert.raises(function() figure:bytes(kind) end, "install libcairo2-dev")
    end
  end)

  it("images are still saved as PNG", function()
    local x = hy.tensor{ { 0, 1, 1, 0 }, { 1, 1, 1, 0 } }
    local path = os.tmpname() .. ".png"
    plot.images({ x, columns = 2, title = "left out" }):save(path)
    local sheet = hy.data.image(path)
    os.remove(path)
    os.remove((path:gsub("%.png$", "")))
    local h, w, c = table.unpack(sheet:size())
    assert.equal(3, c)
    assert.is_true(w > 2 * 100 and h > 100)
    assert.equal(0, sheet[{ 1, 1, 1 }]:item())
    assert.equal(255, sheet[{ 1, 100, 1 }]:item())
    assert.raises(function() plot.images({ x }):bytes "svg" end, "install libcairo2-dev")
  end)
end)
