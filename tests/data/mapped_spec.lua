-- Arrays larger than memory: the file is the tensor.
local S = require "tests.support"
local bytes = require "tests.data.bytes"
local hy = require "hyades"
local data = hy.data

local head, npy, pack = bytes.npy_header, bytes.npy, bytes.pack

-- The bytes that the elements begin at are a multiple of 64, as NumPy writes them.
local function aligned(descr, shape, body, fortran)
  local text = head(descr, shape, fortran)
  return npy(text .. (" "):rep(-(#text + 11) % 64), body)
end

describe("data.npy with mmap", function()
  local folder
  setup(function() folder = S.folder() end)
  teardown(function() S.remove(folder) end)

  local function map(content)
    local path = folder .. "/m.npy"
    os.remove(path)
    S.write(path, content)
    return data.npy(path, { mmap = true })
  end

  it("gives the numbers of the file, in no memory of its own", function()
    for _, x in ipairs{ hy.randn(50, 4), hy.randn(3, 2, 2, { dtype = "f64" }), hy.tensor(2.5),
      hy.tensor({ { 0, 255 } }, { dtype = "u8" }), hy.zeros(0, 3) } do
      local path = folder .. "/x.npy"
      data.save_npy(path, x)
      local y = data.npy(path, { mmap = true })
      assert.equal(x.dtype, y.dtype)
      assert.same(x:size(), y:size())
      assert.same(x:totable(), y:totable())
    end
    collectgarbage()
    local before = hy.memory()
    local y = map(aligned("<f4", "1000, 100", ("\0"):rep(400000)))
    assert.is_true(hy.memory() - before < 1000)
    assert.equal(0, (y + 0):abs():sum():item())
  end)

  it("takes part in every op, and in gradients", function()
    local y = map(aligned("<f4", "2, 2", pack("<f", 1, 2, 3, 4)))
    assert.same({ { 7, 10 }, { 15, 22 } }, y:mm(y):totable())
    assert.same({ { 1, 3 }, { 2, 4 } }, y:t():totable())
    assert.same({ { 3, 4 } }, y:index{ 2 }:totable())
    local p = hy.param(hy.ones(2, 2))
    local tape <close> = hy.tape()
    tape:backward((p * y):sum())
    assert.same(y:totable(), p.grad:totable())
  end)

  it("is read-only, in every way", function()
    local y = map(aligned("<f4", "2, 2", pack("<f", 1, 2, 3, 4)))
    local word = "the tensor is a file in memory (mmap) and cannot be changed"
    assert.raises(function() y[1] = 5 end, "assignment: " .. word)
    assert.raises(function() y[{ 1, 1 }] = 5 end, word)
    assert.raises(function() y:narrow(1, 1, 1):fill(0) end, "fill: " .. word)
    assert.raises(function() y:t():copy(y) end, "copy: " .. word)
    assert.raises(function() y:detach():fill(1) end, word)
    local p = hy.param(y)
    do
      local tape <close> = hy.tape()
      tape:backward((p * p):sum())
    end
    assert.raises(function() hy.optim.SGD{ lr = 1 }:step{ p } end, word)
    assert.raises(function() hy.optim.Adam{ lr = 1 }:step{ p } end, word)
    assert.same({ { 1, 2 }, { 3, 4 } }, y:totable())
    assert.has_no.errors(function() y:clone():fill(0) end)
  end)

  it("refuses what is no plain array", function()
    local function refuses(content, sentence)
      assert.raises(function() map(content) end, sentence)
    end
    refuses(aligned("<f4", "2, 2", pack("<f", 1, 2, 3, 4), true), "is in Fortran order")
    refuses(aligned("<i4", "2,", pack("<i4", 1, 2)), "holds other numbers than f32, f64 or u8")
    refuses(aligned(">f4", "2,", pack(">f", 1, 2)), "holds other numbers")
    refuses(aligned("<f2", "2,", "\0\0\0\0"), "holds other numbers")
    refuses(npy(head("<f8", "1,") .. " ", pack("<d", 1)), "m.npy: ")
    refuses(aligned("<f4", "3,", pack("<f", 1, 2)), "promises 12 bytes of data")
    refuses("", "ends after 0 bytes")
    data.save_npy(folder .. "/z.npy", hy.zeros(3))
    S.shell("gzip -f " .. S.quote(folder .. "/z.npy"))
    assert.raises(function() data.npy(folder .. "/z.npy.gz", { mmap = true }) end, "unpack it")
    assert.raises(function() data.npy(folder, { mmap = true }) end, "is no regular file")
    assert.raises(function() data.npy(folder .. "/no", { mmap = true }) end, "No such file")
    assert.raises(function() data.npy(folder .. "/no", { mmap = true, dtype = "index" }) end,
      "leave dtype out")
  end)
end)

describe("a file much larger than what is copied of it", function()
  local folder
  setup(function() folder = S.folder() end)
  teardown(function() S.remove(folder) end)

  -- rows × 200 numbers, of which only the first rows are not a hole in the file.
  local function large(descr, rows, width, body)
    local path = folder .. "/large.npy"
    os.remove(path)
    local content = aligned(descr, rows .. ", 200", body)
    S.write(path, content)
    S.shell(("truncate -s %d %s"):format(#content - #body + rows * 200 * width, S.quote(path)))
    return data.npy(path, { mmap = true })
  end

  -- Bytes that fn needs at its peak, or what was needed before, where that was more.
  local function cost(fn)
    collectgarbage()
    local before = hy.memory()
    fn()
    return select(2, hy.memory()) - before
  end

  for _, kind in ipairs{ { "<f4", 4, pack("<f", table.unpack(hy.ones(200):totable())) },
    { "|u1", 1, ("\7"):rep(200) } } do
    it("is clustered and encoded block by block: " .. kind[1], function()
      local x = large(kind[1], kind[2] == 4 and 100000 or 200000, kind[2], kind[3])
      local peak = cost(function()
        local model = hy.cluster.KMeans{ k = 2, n_init = 1, rng = hy.rng(1) }:fit(x)
        assert.equal(1, model.labels:eq(model.labels[1]:item()):sum():item())
        model:predict(x)
        model:transform(x)
        hy.nn.Autoencoder{ layers = { 200, 8, 2 }, rng = hy.rng(1) }:transform(x)
        local batches = data.Batches{ x, size = 100, shuffle = hy.rng(1) }
        assert.equal("f32", batches:epoch()().x.dtype)
      end)
      assert.is_true(peak < 48e6, ("%.1f MB"):format(peak / 1e6))
    end)
  end
end)

describe("k-means on u8", function()
  it("gives the labels and centers of the same numbers in f32", function()
    local rows = data.digits{ raw = true }.x
    local more = hy.cat({ rows, rows, rows, rows, rows, rows, rows, rows, rows, rows }, 1)
    local wide = more:to("f32")
    local function fit(x) return hy.cluster.KMeans{ k = 10, n_init = 1, rng = hy.rng(3) }:fit(x) end
    local a, b = fit(more), fit(wide)
    assert.equal(a.iterations, b.iterations)
    assert.equal(0, a.labels:ne(b.labels):sum():item())
    assert.close(b.centers:totable(), a.centers, 1e-5)
    assert.close(b.inertia, a.inertia, 1e-9)
    assert.equal(0, a:predict(more):ne(b:predict(wide)):sum():item())
    assert.close(0, (a:transform(more) - b:transform(wide)):abs():max():item(), 1e-3)
    local start = hy.cluster.KMeans{ k = 2, init = "random", n_init = 1, rng = hy.rng(1) }:fit(rows)
    assert.equal("f32", start.centers.dtype)
  end)
end)
