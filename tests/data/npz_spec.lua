-- .npz: what NumPy writes, what it reads, and archives that are not as they should be.
local S = require "tests.support"
local bytes = require "tests.data.bytes"
local hy = require "hyades"
local data = hy.data

local zip, deflate = bytes.zip, bytes.deflate
local array = bytes.npy(bytes.npy_header("<f4", "2,"), bytes.pack("<f", 1, 2))

-- np.savez_compressed(f, a=np.float32([[1, 2], [3, 4.5]]))
local from_numpy = [[
  504b0304140000000800000021001fe9e23f530000009000000005001400612e6e70790100100090000000000000
  0053000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f54529498179f
  5f94920a12774bcc294e058a17672416a402f91a463a0a469a3a0ab50a64032e0686067b060606072002e2090e00
  504b01021403140000000800000021001fe9e23f5300000090000000050000000000000000000000800100000000
  612e6e7079504b05060000000001000100330000008a0000000000
]]

local function unhex(text)
  return (text:gsub("%s", ""):gsub("%x%x", function(h) return string.char(tonumber(h, 16)) end))
end

describe("data.npz", function()
  local folder, path
  setup(function()
    folder = S.folder()
    path = folder .. "/t.npz"
  end)
  teardown(function() S.remove(folder) end)

  local function read(content)
    S.write(path, content)
    return data.npz(path)
  end

  local function refuses(content, sentence)
    local ok, message = pcall(read, content)
    assert.is_false(ok)
    assert.is_truthy(message:find(path, 1, true), message)
    assert.is_truthy(message:find(sentence, 1, true), message)
  end

  it("reads what NumPy has compressed", function()
    assert.same({ { 1, 2 }, { 3, 4.5 } }, read(unhex(from_numpy)).a:totable())
  end)

  it("reads stored and deflated members, comments and folders in names", function()
    local t = read(zip({ { "x.npy", array }, { "in/y.npy", array, packed = deflate(array) },
      { "notes.txt", "no array" } }, "PK\5\6 is no end"))
    assert.same({ 1, 2 }, t.x:totable())
    assert.same({ 1, 2 }, t["in/y"]:totable())
    assert.is_nil(t.notes)
    assert.same({}, read(zip{}))
  end)

  it("writes what it reads, the same bytes for the same tensors", function()
    local x = hy.randn(3, 4, 2, { rng = hy.rng(1) })
    local arrays = { x = x, strided = x:permute(3, 1, 2), number = hy.tensor(7),
      empty = hy.zeros(0, 3), bytes = hy.tensor({ 0, 255 }, { dtype = "u8" }),
      wide = hy.tensor({ 0.1 }, { dtype = "f64" }),
      labels = hy.tensor({ 2, -1 }, { dtype = "index" }) }
    data.save_npz(path, arrays)
    local first, back = S.read(path), data.npz(path)
    for name, tensor in pairs(arrays) do
      assert.same(tensor:totable(), back[name]:totable())
      assert.same(tensor:size(), back[name]:size())
    end
    assert.equal("index", back.labels:to("index").dtype)
    data.save_npz(path, arrays)
    assert.equal(first, S.read(path))
    assert.equal(0, (S.shell("! command -v unzip || unzip -tq " .. S.quote(path))))
  end)

  it("refuses to write what has no place in an archive", function()
    assert.raises(function() data.save_npz(path, { hy.zeros(1) }) end, "is no string")
    assert.raises(function() data.save_npz(path, { a = 5 }) end, "expected tensor, got number")
    assert.raises(function() data.save_npz(path, 5) end, "expected a table of tensors")
    assert.raises(function() data.save_npz(path, { [""] = hy.zeros(1) }) end, "name of an array")
    assert.raises(function() data.save_npz(folder, { a = hy.zeros(1) }) end, "no regular file")
  end)

  it("refuses what is no archive", function()
    refuses("", "no zip archive ends it")
    refuses(array, "no zip archive ends it")
    refuses(zip{ { "x.npy", array } }:sub(1, -2), "no zip archive ends it")
    refuses(zip{ { "x.npy", array } }:sub(2), "damaged zip archive")
    assert.raises(function() data.npz(folder) end, "is no regular file")
    assert.raises(function() data.npz(folder .. "/absent") end, "No such file")
    assert.raises(function() data.npz(5) end, "expected string")
  end)

  it("checks CRC and sizes against the directory", function()
    refuses(zip{ { "x.npy", array, crc = 5 } }, "does not have the CRC")
    refuses(zip{ { "x.npy", array, size = 7 } }, "has a size that its packed bytes cannot give")
    refuses(zip{ { "x.npy", array, packed = deflate(array), size = #array + 1 } }, "x.npy")
    refuses(zip{ { "x.npy", array, packed = deflate(array), size = #array - 1 } }, "x.npy")
    refuses(zip{ { "x.npy", array, bytes = #array + 1, size = #array + 1 } }, "member 'x.npy'")
    refuses(zip{ { "x.npy", array, at = 3 } }, "is not where the directory says")
    refuses(zip{ { "x.npy", array, at = 1 << 31 } }, "lies outside the file")
    refuses(zip{ { "x.npy", array, middle = ("<I2I2I2I4I4I4I4I2I2"):pack(20, 0, 0, 0, 0, 1, 1, 5, 0) } },
      "another size or method than the directory says")
  end)

  it("limits what a member may unpack to", function()
    refuses(zip{ { "x.npy", array, packed = deflate(array), size = 1 << 31 } },
      "has a size that its packed bytes cannot give")
    local _, before = hy.memory()
    refuses(zip{ { "x.npy", bytes.npy(bytes.npy_header("<f4", "1000000000,"), "") } },
      "promises 4000000000 bytes")
    local _, after = hy.memory()
    assert.is_true(after - before < 1 << 20)
  end)

  it("refuses other packings, encryption, members twice, and other arrays", function()
    refuses(zip{ { "x.npy", array, method = 12 } }, "neither 'stored' nor 'deflated'")
    refuses(zip{ { "x.npy", array, flags = 1 } }, "member 'x.npy' is encrypted")
    refuses(zip{ { "x.npy", array }, { "x.npy", array } }, "'x.npy' is there twice")
    refuses(zip{ { "x.npy", array, packed = "\7no stream" } }, "'x.npy' holds damaged data")
    refuses(zip{ { "x.npy", "no array" } }, "x.npy: ")
    refuses(zip{ { "x.npy", "" } }, "ends after 0 bytes")
    refuses(zip{ { "x.npy", bytes.npy(bytes.npy_header("|O", "1,"), "") } }, "holds Python objects")
  end)

  it("refuses members that share their bytes", function()
    local one = zip{ { "x.npy", array } }
    local entry = one:match("PK\1\2.*"):sub(1, 46 + #"x.npy")
    local many = {}
    for letter in ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"):gmatch "." do
      many[#many + 1] = entry:sub(1, 46) .. letter .. ".npy"
    end
    local head, listing = one:sub(1, one:find "PK\1\2" - 1), table.concat(many)
    refuses(head .. listing .. "PK\5\6" .. ("<I2I2I2I2I4I4I2"):pack(0, 0, #many, #many, #listing,
      #head, 0), "its members overlap")
  end)
end)
