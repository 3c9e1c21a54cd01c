-- Sizes near 2^31 and 2^63, and models that are cut off or of another version: a sentence each.
local S = require "tests.support"
local bytes = require "tests.data.bytes"
local hy = require "hyades"

local sizes = { 1 << 48, 1 << 53, 1 << 62, math.maxinteger - 1, math.maxinteger }
local negative = { -1, -(1 << 31), -(1 << 31) - 1, math.mininteger + 1, math.mininteger }

-- fn raises one sentence that begins with the name, perhaps after the place of the call.
local function refuses(name, fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok, name)
  assert.is_truthy(message:find("^" .. name .. ": ") or message:find(": " .. name .. ": ", 1, true),
    name .. " said: " .. message)
  assert.is_falsy(message:find("\n", 1, true))
end

describe("sizes that no memory holds", function()
  local x = hy.arange(1, 6)

  it("are refused by everything that makes tensors", function()
    for _, n in ipairs(sizes) do
      refuses("zeros", hy.zeros, n)
      refuses("zeros", hy.zeros, n, n)
      refuses("zeros", hy.zeros, 3, n, { dtype = "u8" })
      refuses("ones", hy.ones, n)
      refuses("full", hy.full, { n, 2 }, 1)
      refuses("rand", hy.rand, n, 4)
      refuses("randn", hy.randn, n)
      refuses("eye", hy.eye, n)
      refuses("linspace", hy.linspace, 0, 1, n)
      refuses("randperm", hy.randperm, n)
      refuses("arange", hy.arange, 1, n)
      refuses("one_hot", hy.one_hot, { 1, 2 }, n)
      refuses("bincount", hy.bincount, { 1, 2 }, n)
      refuses("categorical", hy.categorical, hy.ones(3), n)
    end
    refuses("arange", hy.arange, 0, 1, 1e-300)
    refuses("arange", hy.arange, 0, math.huge)
    refuses("arange", hy.arange, -2 ^ 63, 2 ^ 63)
  end)

  it("are refused below 0 too", function()
    for _, n in ipairs(negative) do
      refuses("zeros", hy.zeros, n)
      refuses("zeros", hy.zeros, 2, n)
      refuses("eye", hy.eye, n)
      refuses("linspace", hy.linspace, 0, 1, n)
      refuses("randperm", hy.randperm, n)
      refuses("bincount", hy.bincount, { 1, 2 }, n)
    end
  end)

  it("hide behind no zero", function()
    refuses("zeros", hy.zeros, 0, 1 << 62, 1 << 62)
    refuses("zeros", hy.zeros, 1 << 62, 0, 8)
    assert.equal(0, hy.zeros(0, 1 << 31):numel())
  end)

  it("are refused by views", function()
    for _, n in ipairs(sizes) do
      refuses("reshape", x.reshape, x, n)
      refuses("reshape", x.reshape, x, n, n)
      refuses("reshape", x.reshape, x, -1, n)
      refuses("narrow", x.narrow, x, 1, n, 1)
      refuses("narrow", x.narrow, x, 1, 1, n)
      refuses("narrow", x.narrow, x, 1, 2, n)
      refuses("narrow", x.narrow, x, 1, n, n)
      refuses("narrow", x.narrow, x, n, 1, 1)
      refuses("slice", x.slice, x, { { 1, n } })
      refuses("slice", x.slice, x, { { n, n } })
      refuses("index", x.index, x, { n })
      refuses("index", function() return x[n] end)
      refuses("expand", x.expand, x, 3, n)
      refuses("expand", hy.zeros(1, 1).expand, hy.zeros(1, 1), n, n)
    end
    for _, n in ipairs(negative) do
      refuses("reshape", x.reshape, x, n - 1)
      refuses("narrow", x.narrow, x, 1, 1, n)
      refuses("index", x.index, x, { n - 1 })
    end
    refuses("sum", x.sum, x, math.mininteger)
    refuses("sum", x.sum, x, math.maxinteger)
    refuses("sum", x.sum, x, (1 << 32) + 1)
  end)

  it("may be stretched as far as they can be counted, but not be computed with", function()
    local wide = hy.zeros(1, 1):expand(1 << 30, 1 << 29)
    assert.equal(1 << 59, wide:numel())
    assert.equal(0, wide[1 << 30][1 << 29]:item())
    refuses("clone", wide.clone, wide)
    refuses("add", function() return wide + 1 end)
    refuses("to", wide.to, wide, "f64")
    refuses("matmul", hy.matmul, wide, wide)
    refuses("expand", wide.expand, wide, 8, 1 << 30, 1 << 29)
    refuses("cat", hy.cat, { wide, wide, wide, wide, wide, wide, wide, wide, wide }, 1)
    assert.is_true(#tostring(wide) < 2000)
  end)

  it("are searched for nothing, and not copied first", function()
    local wide, before = hy.zeros(1, { dtype = "u8" }):expand(1 << 32), select(2, hy.memory())
    for _, name in ipairs{ "max", "min", "argmax", "argmin", "sort", "argsort", "unique" } do
      refuses(name, hy[name], wide)
    end
    refuses("topk", hy.topk, wide, 3)
    assert.is_true(select(2, hy.memory()) < before + (1 << 20))
  end)
end)

describe("headers of files", function()
  local folder, path
  setup(function()
    folder = S.folder()
    path = folder .. "/t"
  end)
  teardown(function() S.remove(folder) end)

  local function refuses_file(reader, content, options)
    os.remove(path)
    S.write(path, content)
    local ok, message = pcall(hy.data[reader], path, options)
    assert.is_false(ok)
    assert.is_truthy(message:find(path .. ": ", 1, true), message)
  end

  it("that promise sizes near 2^31 and 2^63 are refused", function()
    for _, shape in ipairs{ "2147483647,", "2147483648,", "4294967296,", "4294967295, 4294967297",
      "9223372036854775807,", "9223372036854775808,", "18446744073709551616,",
      "3037000500, 3037000500", "0, 9223372036854775807, 2", "2147483648, 2147483648, 2" } do
      local content = bytes.npy(bytes.npy_header("<f4", shape), "\0\0\0\0")
      refuses_file("npy", content)
      refuses_file("npy", content, { mmap = true })
      refuses_file("npz", bytes.zip{ { "a.npy", content } })
    end
    for _, shape in ipairs{ "[2147483648]", "[4294967296,4294967296]", "[9007199254740992]",
      "[9223372036854775807]", "[0,9007199254740992,9007199254740992]" } do
      refuses_file("safetensors", bytes.safetensors('{"a":{"dtype":"F32","shape":' .. shape
        .. ',"data_offsets":[0,4]}}', "\0\0\0\0"))
    end
  end)
end)

describe("a saved model", function()
  local folder, path, content
  setup(function()
    folder = S.folder()
    path = folder .. "/model.hyades"
    local x = hy.data.blobs{ n = 40, k = 3, d = 4, rng = hy.rng(1) }.x
    hy.save(path, { model = hy.cluster.KMeans{ k = 3, rng = hy.rng(1) }:fit(x),
      net = hy.nn.Autoencoder{ layers = { 4, 8, 2 }, rng = hy.rng(1) }, numbers = { 1, 2.5, "x" } })
    content = S.read(path)
  end)
  teardown(function() S.remove(folder) end)

  local function refuses_model(text, sentence)
    os.remove(path)
    S.write(path, text)
    local ok, message = pcall(hy.load, path)
    assert.is_false(ok)
    assert.is_truthy(message:find("load: " .. path .. ": ", 1, true), message)
    assert.is_falsy(message:find("\n", 1, true), message)
    if sentence then assert.is_truthy(message:find(sentence, 1, true), message) end
  end

  it("comes back whole", function()
    os.remove(path)
    S.write(path, content)
    assert.equal(3, hy.load(path).model.centers:size(1))
  end)

  it("is refused when it is cut off at any of its bytes", function()
    for length = 0, #content - 1, 97 do refuses_model(content:sub(1, length)) end
    refuses_model(content:sub(1, -2))
    refuses_model(content .. "\0")
  end)

  it("is refused when it is cut off anywhere", function()
    hy.save(path, hy.cluster.KMeans{ k = 2, n_init = 1, rng = hy.rng(1) }:fit(hy.randn(4, 2)))
    local small = S.read(path)
    for length = 0, #small - 1 do refuses_model(small:sub(1, length)) end
  end)

  it("is refused when any byte of it is another", function()
    hy.save(path, hy.cluster.KMeans{ k = 2, n_init = 1, rng = hy.rng(1) }:fit(hy.randn(4, 2)))
    local small = S.read(path)
    assert.matches('"crc32":"%x%x%x%x%x%x%x%x"', small)
    local key = small:find('"crc32"', 1, true)
    for at = 1, #small do
      if at < key or at > key + 9 then -- without its name there is no checksum
        refuses_model(small:sub(1, at - 1) .. string.char(small:byte(at) ~ 1 << at % 8)
          .. small:sub(at + 1))
      end
    end
    refuses_model(small:sub(1, -2) .. "?", "its checksum differs")
  end)

  -- Without its checksum, as if somebody had meant it.
  local function unsealed(text)
    local plain, count = text:gsub('"crc32"', '"other"')
    assert.equal(1, count)
    return plain
  end

  -- Loads the model with this header; it comes back, or is refused with a sentence.
  local function keeps_its_head(header, body)
    os.remove(path)
    S.write(path, ("<I8"):pack(#header) .. header .. body)
    local ok, message = pcall(hy.load, path)
    if ok then return true end
    assert.is_truthy(message:find("load: " .. path .. ": ", 1, true), message)
    assert.is_falsy(message:find("\n", 1, true) or message:find("attempt to", 1, true), message)
  end

  it("comes back or is refused with a sentence, whatever byte of its header is another", function()
    local length = ("<I8"):unpack(content)
    local header, body = unsealed(content:sub(9, 8 + length)), content:sub(9 + length)
    for at = 1, length, 3 do
      local byte = header:byte(at)
      for _, other in ipairs{ byte ~ 1, byte ~ 32, at % 2 == 0 and 34 or 48 } do
        keeps_its_head(header:sub(1, at - 1) .. string.char(other) .. header:sub(at + 1), body)
      end
    end
  end)

  it("is refused with settings of other types, without its tensors, nested without end", function()
    local settings = {
      '{"class_of":"nn.Linear","fields":1}', '{"class_of":"nn.Linear","items":{"table":{}}}',
      '{"class_of":"nn.Linear","fields":{"table":{}},"items":7}', '{"class_of":"no.Such"}',
      '{"class_of":"nn.Linear","fields":{"table":{}},"parameters":["weight"]}',
      '{"class_of":"data.fetch","fields":{"table":{}}}', '{"class_of":"os.exit"}',
    }
    for _, text in ipairs(settings) do
      local inner = ('{"version":1,"value":[{"table":%s}]}'):format(text)
      refuses_model(bytes.safetensors(hy.json_encode{ __metadata__ = { hyades = inner } }, ""))
    end
    for _, text in ipairs{ '{"tensor":"x","dtype":"f32"}', '{"tensor":1}', '{"tensor":{}}', "7",
      '{"tensor":true,"param":true}', '{"table":7}', '{"pairs":[7]}', '{"pairs":[[{"table":{}},1]]}',
      '{"number":"x"}', '{"bytes":7}', ("["):rep(300) .. "1" .. ("]"):rep(300) } do
      local inner = ('{"version":1,"value":[%s]}'):format(text)
      keeps_its_head(hy.json_encode{ __metadata__ = { hyades = inner } }, "")
    end
    refuses_model(bytes.safetensors(hy.json_encode{ __metadata__ = { hyades =
      '{"version":1,"value":[' .. ("["):rep(5000) .. ("]"):rep(5000) .. "]}" } }, ""))
  end)

  it("is refused when another version wrote it", function()
    for _, version in ipairs{ "2", "0", "-1", "1.5", "99", "true", "null", '\\"1\\"' } do
      local text, count = unsealed(content):gsub('\\"version\\":1([,}])', function(after)
        return '\\"version\\":' .. version .. after
      end)
      assert.equal(1, count)
      local length = ("<I8"):unpack(content) + #text - #content
      refuses_model(("<I8"):pack(length) .. text:sub(9), "has the format")
    end
  end)
end)
