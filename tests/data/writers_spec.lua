-- Files that Hyades writes: they read back the same, and are complete or not there.
local S = require "tests.support"
local hy = require "hyades"
local data = hy.data

describe("writers", function()
  local folder
  setup(function() folder = S.folder() end)
  teardown(function() S.remove(folder) end)

  local tensors = {
    hy.tensor(2.5), hy.tensor{ 1, 2, 3 }, hy.randn(3, 4, { rng = hy.rng(1) }),
    hy.randn(2, 3, 4, { dtype = "f64", rng = hy.rng(2) }), hy.zeros(0, 3),
    hy.tensor({ 0, 128, 255 }, { dtype = "u8" }), hy.tensor({ 1, -1, 7 }, { dtype = "index" }),
  }

  it("save_npy and npy are inverse for every dtype and rank", function()
    for _, x in ipairs(tensors) do
      local path = folder .. "/t.npy"
      data.save_npy(path, x)
      local y = data.npy(path, x.dtype == "index" and { dtype = "index" } or nil)
      assert.equal(x.dtype, y.dtype)
      assert.same(x:size(), y:size())
      assert.same(x:totable(), y:totable())
    end
  end)

  it("save_npy aligns the data to 64 bytes and says what is in it", function()
    data.save_npy(folder .. "/t.npy", hy.tensor({ { 1, -1 } }, { dtype = "index" }))
    local content = S.read(folder .. "/t.npy")
    assert.equal(128 + 8, #content)
    assert.is_truthy(content:find("{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2), }", 11,
      true))
    assert.equal(("<i4i4"):pack(1, -1), content:sub(129))
  end)

  it("save strided views as their values", function()
    local x = hy.randn(4, 6, { rng = hy.rng(3) })
    for _, view in ipairs{ x:t(), x:narrow(2, 2, 3), x:narrow(1, 2, 2):t() } do
      data.save_npy(folder .. "/v.npy", view)
      assert.same(view:totable(), data.npy(folder .. "/v.npy"):totable())
      data.save_csv(folder .. "/v.csv", view)
      assert.same(view:totable(), data.csv(folder .. "/v.csv"):totable())
    end
  end)

  it("save_csv and csv are inverse to the last bit", function()
    local x = hy.randn(50, 3, { rng = hy.rng(4) }) * 1e-3
    data.save_csv(folder .. "/t.csv", x)
    assert.same(x:totable(), data.csv(folder .. "/t.csv"):totable())
    local y = hy.tensor({ { 0.1, 1 / 3, 1e300 } }, { dtype = "f64" })
    data.save_csv(folder .. "/t.csv", y, { delimiter = ";" })
    assert.equal("0.1;0.3333333333333333;1e+300\n", S.read(folder .. "/t.csv"))
    assert.same(y:totable(), data.csv(folder .. "/t.csv", { dtype = "f64" }):totable())
  end)

  it("save_csv writes a vector as a column and index from 1", function()
    data.save_csv(folder .. "/t.csv", hy.tensor({ 3, -1 }, { dtype = "index" }))
    assert.equal("3\n-1\n", S.read(folder .. "/t.csv"))
    data.save_csv(folder .. "/t.csv", hy.tensor(0.5))
    assert.equal("0.5\n", S.read(folder .. "/t.csv"))
    assert.raises(function() data.save_csv(folder .. "/t.csv", hy.zeros(2, 2, 2)) end,
      "at most 2 dimensions")
    assert.equal("0.5\n", S.read(folder .. "/t.csv"))
  end)

  it("say what is wrong with path or tensor", function()
    for _, writer in ipairs{ "save_npy", "save_csv" } do
      assert.raises(function() data[writer](folder .. "/no/t", hy.zeros(1)) end, folder .. "/no/t")
      assert.raises(function() data[writer](folder, hy.zeros(1)) end, "is no regular file")
      assert.raises(function() data[writer]("/dev/full", hy.zeros(1)) end, "is no regular file")
      assert.raises(function() data[writer](folder .. "/t", { 1 }) end,
        "expected tensor, got table")
      assert.raises(function() data[writer](hy.zeros(1), folder) end,
        "(path): expected string, got tensor")
    end
  end)

  it("leave the old file and nothing else when the disk is full", function()
    local path = folder .. "/full"
    local before = S.lines("ls -A " .. folder)
    for _, call in ipairs{ "hy.data.save_npy(p, x)", "hy.data.save_csv(p, x)", "hy.save(p, x)",
      "hy.data.save_npz(p, { x = x })" } do
      S.write(path, "old")
      local program = ("local hy, p = require 'hyades', %q; local x = hy.randn(300, 300); "
        .. "print(pcall(function() %s end))"):format(path, call)
      local code, text = S.shell("trap '' XFSZ; ulimit -f 100; ./hyades -e " .. S.quote(program))
      assert.equal(0, code, text)
      assert.is_truthy(text:find("false", 1, true) and text:find(path, 1, true), text)
      assert.is_truthy(text:find("could not be written: File too large", 1, true), text)
      assert.equal("old", S.read(path))
      os.remove(path)
    end
    assert.same(before, S.lines("ls -A " .. folder))
  end)

  it("remove what a killed process left, and nothing that somebody writes or keeps", function()
    local here = folder .. "/killing"
    local path = here .. "/killed"
    hy.make_folder(here)
    local script = ("hy.save(%q, hy.randn(300, 300))"):format(path)
    S.write(path, "old")
    assert.not_equal(0, (S.shell("ulimit -f 100; ./hyades -e " .. S.quote(script)))) -- SIGXFSZ
    assert.equal("old", S.read(path))
    assert.equal(2, #S.lines("ls -A " .. here))
    for _, name in ipairs{ ".1-0.part.txt", ".x-0.part", ".1-.part", ".part", "2.1-0.part" } do
      S.write(path .. name, "mine")
    end
    S.write(path .. ".1-0.part", "half")
    S.write(path .. ".1-1.part", "being written")
    S.shell(("flock %s sleep 3 >/dev/null 2>&1 & sleep 0.2"):format(S.quote(path .. ".1-1.part")))
    hy.save(path, hy.ones(2))
    assert.same({ "killed", "killed.1-.part", "killed.1-0.part.txt", "killed.1-1.part",
      "killed.part", "killed.x-0.part", "killed2.1-0.part" },
      S.lines("ls -A " .. here .. " | LC_ALL=C sort"))
    S.shell("rm -r " .. here)
  end)

  it("free everything when an allocation fails", function()
    local x = hy.randn(8, 8):t()
    collectgarbage()
    local live = hy.memory()
    for _, write in ipairs{ data.save_npy, data.save_csv, hy.save } do
      local path, failures = folder .. "/memory", 0
      for n = 1, 50 do
        hy.fail_allocation(n)
        local ok = pcall(write, path, x)
        hy.fail_allocation(0)
        if ok then break end
        failures = failures + 1
      end
      assert.is_true(failures > 0 and failures < 50)
      os.remove(path)
    end
    collectgarbage()
    assert.equal(live, (hy.memory()))
  end)
end)

describe("readers", function()
  it("free everything when an allocation fails", function()
    local folder = S.folder()
    local x = hy.randn(8, 8)
    data.save_npy(folder .. "/t.npy", x)
    data.save_csv(folder .. "/t.csv", x)
    hy.save(folder .. "/t.safetensors", { a = x, b = x + 1 })
    S.write(folder .. "/t.idx", "\0\0\8\1\0\0\0\2ab")
    S.write(folder .. "/t.image", "P5 1 1 255\na")
    S.write(folder .. "/f.npy", "\x93NUMPY\1\0\x3E\0"
      .. ("%-61s\n"):format "{'descr':'|u1','fortran_order':True,'shape':(2, 2),}" .. "abcd")
    collectgarbage()
    local live = hy.memory()
    for _, case in ipairs{ { data.npy, "t.npy" }, { data.npy, "f.npy" }, { data.csv, "t.csv" },
      { data.safetensors, "t.safetensors" }, { hy.load, "t.safetensors" }, { data.idx, "t.idx" },
      { data.image, "t.image" } } do
      local read, failures, ok = case[1], 0, false
      for n = 1, 50 do
        hy.fail_allocation(n)
        ok = pcall(read, folder .. "/" .. case[2])
        hy.fail_allocation(0)
        if ok then break end
        failures = failures + 1
      end
      assert.is_true(ok and failures > 0, case[2])
    end
    collectgarbage()
    assert.equal(live, (hy.memory()))
    S.remove(folder)
  end)
end)
