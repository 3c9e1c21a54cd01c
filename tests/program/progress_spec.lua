local S = require "tests.support"
local screen = require "tests.program.screen"
local text = require "hyades.progress.text"

-- Runs code in a terminal of so many columns; returns all that it writes.
local function in_terminal(code, columns, environment)
  local folder = S.folder()
  S.write(folder .. "/script.lua", "local function nap(s) local t = hy.clock() " ..
    "while hy.clock() - t < s do end end\n" .. code)
  local inner = ("stty cols %d; %s ./hyades %s/script.lua"):format(columns or 80,
    environment or "LC_ALL=C.UTF-8", folder)
  local status, written = S.shell(("TERM=xterm script -qec %s /dev/null"):format(S.quote(inner)))
  S.remove(folder)
  return written, status
end

local function lines_of(code, columns, environment)
  return screen(in_terminal(code, columns, environment))
end

-- Everything that stood in a line at some time, between two moves of the cursor.
local function each_drawing(written)
  return written:gsub("\27%[%d*%a", ""):gmatch "[^\r\n]+"
end

describe("progress on a terminal", function()
  it("shows title, share, bar, count, time, rate and numbers", function()
    local lines = lines_of [[
      local bar <close> = hy.progress(4, "steps")
      for i = 1, 4 do nap(0.03) bar:set{ loss = 1 / i }:step() end]]
    assert.match("^steps 100%% [^ ]+ 4/4 0:00 %d[%d.]* it/s loss 0%.25$", lines[1])
    assert.same("", lines[2])
  end)

  it("says the time that is left", function()
    local written = in_terminal [[
      for i in hy.progress(6, "steps") do nap(0.11) end]]
    assert.match("3/6 0:0%d<0:0%d [%d.]+ it/s", written)
  end)

  it("draws at most ten times a second", function()
    local written = in_terminal [[
      local started = hy.clock()
      local bar <close> = hy.progress(1e9 // 1 | 0, "steps")
      while hy.clock() - started < 0.5 do bar:step() end]]
    local _, count = written:gsub("\27%[K", "")
    assert.is_true(count >= 3 and count <= 7, count .. " drawings in half a second")
  end)

  it("gives bars inside others a line of their own, and cleans it up", function()
    local written = in_terminal [[
      for i in hy.progress(2, "outer") do
        for j in hy.progress(3, "inner") do nap(0.11) end
      end]]
    local cut = written:find("inner  66", 1, true)
    local during = screen(written:sub(1, cut + 8))
    assert.match("^outer", during[1])
    assert.match("^inner  66", during[2])
    local after = screen(written)
    assert.match("^outer 100%%", after[1])
    assert.same("", table.concat(after, "\n", 2))
  end)

  it("lets print go above the bars", function()
    local lines = lines_of [[
      for i in hy.progress(3, "outer") do
        for j in hy.progress(2, "inner") do nap(0.06) end
        print("finished", i)
      end
      print "all"]]
    assert.same({ "finished\t1", "finished\t2", "finished\t3" }, { lines[1], lines[2], lines[3] })
    assert.match("^outer 100%%", lines[4])
    assert.equal("all", lines[5])
  end)

  it("gives print back", function()
    local lines = lines_of [[
      local before = print
      local bar = hy.progress(3)
      assert(print ~= before)
      bar:close()
      assert(print == before)
      local other = hy.progress(3)
      print = function(...) before("mine", ...) end
      other:close()
      print "x"]]
    assert.equal("mine\tx", lines[3])
  end)

  it("stays in the window, also in one of 20 columns", function()
    for _, columns in ipairs{ 20, 33, 60, 100 } do
      local written = in_terminal([[
        local bar <close> = hy.progress(40, "a long title of a bar, 標題")
        for i = 1, 40 do nap(0.02) bar:trace(1 / i):set{ loss = 1 / i, other = i }:step() end]],
        columns)
      for line in each_drawing(written) do
        assert.is_true(text.width(line) < columns, ("%d columns: %s"):format(columns, line))
      end
      assert.match("100%%", written)
    end
  end)

  it("follows a window that becomes narrower", function()
    local written = in_terminal [[
      local bar <close> = hy.progress(4, "a title of some length")
      bar:step()
      nap(0.11)
      bar:step()
      os.execute "stty cols 30"
      nap(0.11)
      print "narrow"
      bar:step()
      nap(0.11)
      bar:step()]]
    for line in each_drawing(written:match "narrow(.*)") do
      assert.is_true(text.width(line) < 30, line)
    end
  end)

  it("counts without a total", function()
    local lines = lines_of [[
      for line in hy.progress(io.lines "LICENSE", { desc = "lines", unit = "line" }) do end
      local bar <close> = hy.progress(nil, "open")
      bar:step(5)]]
    assert.match("^lines 2%d line 0:00 [%d.]+k? line/s$", lines[1])
    assert.match("^open 5 it 0:00", lines[2])
  end)

  it("goes over arrays and batches", function()
    local lines = lines_of [[
      local found = {}
      for i, name in hy.progress({ "a", "b" }, "names") do found[i] = name end
      assert(found[1] == "a" and found[2] == "b" and #found == 2)
      local n = 0
      for batch in hy.progress(data.Batches{ hy.ones(10, 2), size = 4 }, "batches") do
        n = n + batch.x:size(1)
      end
      assert(n == 10)
      for i in hy.progress(0, "none") do error "turned" end
      print "fine"]]
    assert.match("^names 100%% .* 2/2 ", lines[1])
    assert.match("^batches 100%% .* 3/3 ", lines[2])
    assert.match("^none 100%% .* 0/0 ", lines[3])
    assert.equal("fine", lines[4])
  end)

  it("takes no credit for what was done before", function()
    local written = in_terminal [[
      local bar <close> = hy.progress(100, { desc = "steps", initial = 90 })
      for i = 91, 93 do nap(0.11) bar:step() end]]
    assert.match("steps  93%% [^ ]+ 93/100 0:00<0:0%d [%d.]+ it/s", written)
  end)

  it("is plain where the locale is not UTF-8", function()
    for _, environment in ipairs{ "LC_ALL=C", "LC_ALL= LC_CTYPE=C LANG=C.UTF-8" } do
      local written = in_terminal([[
        local bar <close> = hy.progress(3, "steps")
        for i = 1, 3 do bar:trace(i):step() end]], 80, environment)
      assert.is_nil(written:find "[\128-\255]")
      assert.match("steps 100%% #+ 3/3", written)
    end
  end)

  it("keeps what a title or a number may hold on its line", function()
    local lines = lines_of [[
      local bar <close> = hy.progress(1, "two\nlines \27[31m\xff")
      bar:set{ loss = 0 / 0, what = "\n\27[2J" }:step()]]
    assert.match("^two lines  %[31m%? 100%%", lines[1])
    assert.match("loss nan what  %[2J", lines[1])
  end)

  it("leaves an error and the prompt a line of their own", function()
    local written, status = in_terminal [[
      local bar = hy.progress(3, "steps")
      bar:step()
      error "broken"]]
    assert.equal(1, status)
    local lines = screen(written)
    assert.match("^steps  33%%.* 1/3", lines[1])
    assert.match("^hyades: .*broken$", lines[2])
    lines = lines_of [[
      pcall(function() for i in hy.progress(3, "steps") do error "broken" end end)
      print "on"]]
    assert.match("^steps   0%%", lines[1])
    assert.equal("on", lines[2])
  end)

  it("shows the loss of a training as it falls", function()
    local lines = lines_of [[
      local x = hy.randn(300, 8, { rng = hy.rng(1) })
      nn.Autoencoder{ layers = { 8, 16, 2 }, rng = hy.rng(2) }:fit(x,
        { epochs = 12, progress = "training", rng = hy.rng(3) })]]
    assert.match("^training 100%% [^ ]+ 12/12 0:0%d .* epoch/s loss %d[%d.]+ █[^ ]+▁$", lines[1])
  end)
end)

describe("Ctrl-C under a line of progress", function()
  it("leaves the line and goes to the next", function()
    require "tests.program.session"([[
      wait >
      send local bar = hy.progress(9, "steps") bar:step() print("run" .. "ning") while true do end\n
      wait running
      pause 0.2
      send \x03
      wait interrupted
      wait >
      send 1 + 1\n
      wait 2
      wait >
      send \x04
      exit 0
    ]], "./hyades", "LC_ALL=C.UTF-8 XDG_STATE_HOME=" .. S.folder())
  end)
end)

describe("progress where nobody looks", function()
  local function quietly(code)
    local folder = S.folder()
    S.write(folder .. "/script.lua", code)
    local status, written = S.shell("./hyades " .. folder .. "/script.lua")
    S.remove(folder)
    assert.equal(0, status, written)
    return written
  end

  it("is silent", function()
    assert.equal("1\n2\n", quietly [[
      for i in hy.progress(2, "steps") do print(i) end
      local bar = hy.progress(9)
      bar:step():set{ loss = 1 }:close()]])
  end)

  it("writes a line for every tenth with verbose, and none with verbose = false", function()
    local written = quietly [[
      for i in hy.progress(1000, { desc = "steps", verbose = true }) do end
      for i in hy.progress(1000, { desc = "hidden", verbose = false }) do end]]
    local _, count = written:gsub("steps +%d+0%% [#.]+ %d+00?0/1000 [^\n]*\n", "")
    assert.equal(10, count, written)
    assert.is_nil(written:find "hidden")
  end)

  it("writes lines for a model that is verbose", function()
    local written = quietly [[
      local x = data.blobs{ n = 60, k = 2, d = 2, rng = hy.rng(1) }
      cluster.KMeans{ k = 2, n_init = 4, verbose = true }:fit(x)
      deep.DEC{ k = 2, layers = { 2, 4, 2 }, pretrain = { epochs = 2 }, epochs = 2,
        verbose = true, rng = hy.rng(1) }:fit(x)]]
    assert.match("KMeans 100%% #+ 4/4 [^\n]* inertia [%d.]+\n", written)
    assert.match("pretraining 100%% #+ 2/2 [^\n]* loss [%d.]+ [^\n]+\n", written)
    assert.match("DEC 100%% #+ 2/2 ", written)
  end)

  it("costs next to nothing a step", function()
    local seconds = quietly [[
      local bar = hy.progress(1e6 // 1 | 0)
      local started = hy.clock()
      for i = 1, 1e6 do bar:step() end
      print(hy.clock() - started)]]
    assert.is_true(tonumber(seconds) < (S.sanitized and 10 or 1), seconds)
  end)
end)

describe("wrong arguments of progress", function()
  local hy = require "hyades"

  it("get a sentence", function()
    for _, case in ipairs{
      { { 2.5 }, "progress: expected a whole number of steps, got 2.5" },
      { { -1 }, "progress: expected a whole number of steps, got -1" },
      { { "ten" }, "progress: expected a number of steps, an array, data.Batches or an iterator, " ..
        "got a string" },
      { { hy.data.digits() }, "data.Batches or an iterator, got a table" },
      { { 3, 4 }, "progress: expected a title or a table of options, got number" },
      { { 3, { dsec = "x" } }, 'progress: unknown option "dsec"; did you mean "desc"?' },
      { { 3, { desc = 5 } }, "progress: option desc must be a string, got number" },
    } do
      assert.raises(function() hy.progress(table.unpack(case[1])) end, case[2])
    end
  end)
end)

describe("the progress of train.run", function()
  it("is a title, options or true, and nothing else", function()
    local train = require("hyades").train
    assert.same({ desc = "x", unit = "epoch" }, train.progress_options "x")
    assert.same({ desc = "training", unit = "epoch" }, train.progress_options(true))
    assert.same({ desc = "x", unit = "epoch", verbose = true },
      train.progress_options{ desc = "x", verbose = true })
    assert.is_false(train.progress_options(nil).verbose)
    assert.raises(function() train.progress_options(5) end,
      "train.run: progress must be a title, true or options of hy.progress, got 5")
  end)
end)

describe("the text of a bar", function()
  it("writes durations and rates as people read them", function()
    assert.equal("0:07", text.duration(7.2))
    assert.equal("12:34", text.duration(754))
    assert.equal("1:02:03", text.duration(3723))
    assert.equal("12.5 it/s", text.rate(0.08, "it"))
    assert.equal("3.25 s/epoch", text.rate(3.25, "epoch"))
    assert.equal("1500 it/s", text.rate(1 / 1500, "it"))
    assert.equal("2.5M it/s", text.rate(4e-7, "it"))
  end)

  it("draws numbers as a curve, more of them by their means", function()
    assert.equal("▁▃▅▆█", text.sparkline({ 0, 2, 4, 5, 7 }, 8))
    assert.equal("▁█", text.sparkline({ 0, 0, 1, 1 }, 2))
    assert.equal("▁▁▁", text.sparkline({ 3, 3, 3 }, 8))
    assert.equal("█?▁", text.sparkline({ 2, 0 / 0, 1 }, 8))
    assert.equal("", text.sparkline({}, 8))
    assert.equal("#_", text.sparkline({ 2, 1 }, 8, true))
  end)
end)
