-- hy.save and hy.load.
local S = require "tests.support"
local bytes = require "tests.data.bytes"
local hy = require "hyades"

local folder, path

local function round_trip(value)
  local _, skipped = hy.save(path, value)
  return hy.load(path), skipped
end

describe("hy.save and hy.load", function()
  setup(function()
    folder = S.folder()
    path = folder .. "/value.safetensors"
  end)
  teardown(function() S.remove(folder) end)

  it("keep tensors of every dtype and rank", function()
    for _, x in ipairs{ hy.tensor(1.5), hy.randn(3, 2), hy.randn(2, 2, 2, { dtype = "f64" }),
      hy.zeros(0, 4),
      hy.tensor({ 0, 255 }, { dtype = "u8" }), hy.tensor({ 1, -1, 9 }, { dtype = "index" }) } do
      local y = round_trip(x)
      assert.equal(x.dtype, y.dtype)
      assert.same(x:size(), y:size())
      assert.same(x:totable(), y:totable())
    end
  end)

  it("keep tables of anything but code, to the last bit", function()
    local value = {
      name = "Größe \"×\"", empty = {}, list = { 1, 2.5, "three", true, false, { 4 } },
      numbers = { 1, 1.0, -0.0, 0.1 + 0.2, 1e300, 5e-324, math.maxinteger, math.mininteger,
        2 ^ 53 },
      bytes = "a\0b\xFF", [1] = "mixed", [2.5] = "keys", [7] = { deep = { deeper = { 1 } } },
      class = "text", class_of = { "a name of ours, not a text" },
      tensor = "no tensor", pairs = 1, table = {},
      number = "5",
    }
    local back, skipped = round_trip(value)
    assert.same(value, back)
    assert.same({}, skipped)
    for i, v in ipairs(value.numbers) do
      assert.equal(math.type(v), math.type(back.numbers[i]))
    end
    assert.equal("-0.0", tostring(back.numbers[3]))
  end)

  it("keep infinities and NaN", function()
    local back = round_trip{ math.huge, -math.huge, 0 / 0 }
    assert.same({ math.huge, -math.huge }, { back[1], back[2] })
    assert.is_true(back[3] ~= back[3])
  end)

  it("keep parameters parameters, and one tensor under two names one", function()
    local p = hy.param(hy.randn(2, 2))
    local back = round_trip{ weight = p, inner = { tied = p }, plain = hy.zeros(1) }
    assert.is_true(back.weight.requires_grad)
    assert.is_false(back.plain.requires_grad)
    assert.equal(back.weight, back.inner.tied)
  end)

  it("leave functions out and name them", function()
    local value, skipped = round_trip{ a = 1, loss = print, inner = { f = print, b = 2 },
      list = { 1, print, 3 } }
    assert.same({ a = 1, inner = { b = 2 }, list = { [1] = 1, [3] = 3 } }, value)
    table.sort(skipped)
    assert.same({ "inner.f", "list.2", "loss" }, skipped)
  end)

  it("write a file that others read, under readable names", function()
    hy.save(path, { encoder = { hy.ones(2) }, decoder = { bias = hy.zeros(1) } })
    local tensors = hy.data.safetensors(path)
    assert.same({ 1, 1 }, tensors["encoder.1"]:totable())
    assert.same({ 0 }, tensors["decoder.bias"]:totable())
    local length = ("<I8"):unpack(S.read(path))
    assert.equal(0, length % 8)
    local header = hy.json_decode(S.read(path):sub(9, 8 + length))
    assert.same({ "F32", 2 }, { header["encoder.1"].dtype, header["encoder.1"].shape[1] })
  end)

  it("align every tensor to its own width", function()
    hy.save(path, {
      a = hy.zeros(3, { dtype = "u8" }), b = hy.zeros(1), c = hy.zeros(1, { dtype = "f64" }),
    })
    local length = ("<I8"):unpack(S.read(path))
    local header = hy.json_decode(S.read(path):sub(9, 8 + length))
    assert.same({ { 0, 8 }, { 8, 12 }, { 12, 15 } },
      { header.c.data_offsets, header.b.data_offsets, header.a.data_offsets })
  end)

  it("keep the names of different tensors apart", function()
    local back = round_trip{ ["a.b"] = hy.tensor(1), a = { b = hy.tensor(2) }, [""] = hy.tensor(3),
      __metadata__ = hy.tensor(4) }
    assert.same({ 1, 2, 3, 4 }, { back["a.b"]:item(), back.a.b:item(), back[""]:item(),
      back.__metadata__:item() })
  end)

  it("keep modules: same outputs, same parameters, same mode", function()
    local net = hy.nn.Sequential{ hy.nn.Linear(4, 3), hy.nn.ReLU(), hy.nn.BatchNorm1d(3),
      hy.nn.Linear(3, 2) }
    net:eval()
    local x = hy.randn(5, 4, { rng = hy.rng(1) })
    local back = round_trip(net)
    assert.same(net(x):totable(), back(x):totable())
    assert.equal(#net:parameters(), #back:parameters())
    for name, value in pairs(round_trip(net:state())) do
      assert.same(net:state()[name]:totable(), value:totable())
    end
  end)

  it("keep data sets", function()
    local d = hy.data.blobs{ n = 12, rng = hy.rng(1) }
    local back = round_trip(d)
    assert.equal(tostring(d), tostring(back))
    assert.same(d.y:totable(), back.y:totable())
    assert.raises(function() return back.nonsense end, "a data set has no")
  end)

  it("keep fitted models", function()
    local d = hy.data.blobs{ n = 60, k = 3, std = 0.1, rng = hy.rng(2) }
    local model = hy.cluster.KMeans{ k = 3, rng = hy.rng(3) }:fit(d.x)
    local back = round_trip(model)
    assert.same(model:predict(d.x):totable(), back:predict(d.x):totable())
    assert.equal(model.inertia, back.inertia)
  end)

  it("refuse values that are no tensor or table, and circles", function()
    for _, value in ipairs{ print, io.stdout } do
      assert.raises(function() hy.save(path, value) end, "save: expected a tensor or a table")
    end
    assert.raises(function() hy.save(path, nil) end, "save: expected a tensor or a table, got nil")
    local circle = {}
    circle.inner = { circle }
    assert.raises(function() hy.save(path, circle) end, "contains itself")
    assert.raises(function() hy.save(5, {}) end, "(path): expected string, got number")
  end)

  it("refuse files that hy.save did not write, naming them", function()
    local function refuses(content, sentence)
      S.write(path, content)
      local ok, message = pcall(hy.load, path)
      assert.is_false(ok)
      assert.is_truthy(message:find(path, 1, true) and message:find(sentence, 1, true), message)
    end
    local function settings(text)
      return bytes.safetensors(hy.json_encode{ __metadata__ = { hyades = text } }, "")
    end
    refuses("", "ends after 0 bytes")
    refuses(bytes.safetensors("{}", ""), "was not written by hy.save")
    refuses(settings "{", "its settings are damaged")
    refuses(settings "[]", "its settings are damaged")
    refuses(settings '{"version":2,"value":[1]}', "has the format 2 of hy.save")
    refuses(settings '{"value":[1]}', "has the format")
    for _, node in ipairs{ '{"tensor":"a"}', '{"tensor":5}', '{"number":"x"}', '{"pairs":[5]}',
      '{"pairs":[[[],1]]}', '{"odd":1}', '{}', '{"pairs":[[{"number":"nan"},1]]}' } do
      refuses(settings(('{"version":1,"value":[%s]}'):format(node)), "its settings are damaged")
    end
    refuses(settings('{"version":1,"value":[{"table":'
      .. '{"class_of":"os.execute","fields":{"table":{}}}}]}'),
      "there is no class")
    hy.save(path, { a = hy.randn(4, 4) })
    local content = S.read(path)
    for cut = 1, #content - 1, 7 do
      S.write(path, content:sub(1, cut))
      local ok, message = pcall(hy.load, path)
      assert.is_true(not ok and message:find(path, 1, true) ~= nil, message)
    end
    local absent = folder .. "/absent"
    assert.raises(function() hy.load(absent) end, "load: " .. absent .. ": No such file")
  end)
end)
