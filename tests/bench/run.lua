--- Speed, as ratios against a limit that is measured in the same run: `make bench`.
-- A row names what ran, its time, the limit, and the share of it that was reached. BENCH=word runs
-- only the sections whose name holds the word.

local hy = require "hyades"
local data, nn, optim = hy.data, hy.nn, hy.optim

local only = os.getenv "BENCH" or ""

--- Shortest of several runs, in seconds.
local function shortest(fn, runs)
  fn()
  local best = math.huge
  for _ = 1, runs or 5 do
    local started = hy.clock()
    fn()
    best = math.min(best, hy.clock() - started)
  end
  return best
end

local function row(what, value, unit, limit, share)
  print(("  %-44s %10.2f %-6s %s%s"):format(what, value, unit, limit or "",
    share and (" → %.0f %%"):format(share * 100) or ""))
end

local sections = {}

-- ---- training ---------------------------------------------------------------------------------

local widths = { 784, 500, 500, 2000, 10, 2000, 500, 500, 784 }

--- The matrix products of one step, forward and backward, without anything around them.
-- → array of functions, floating-point operations of all
local function products(batch)
  local list, flops = {}, 0
  for i = 1, 8 do
    local inputs, outputs = widths[i], widths[i + 1]
    local x, w, g = hy.randn(batch, inputs), hy.randn(outputs, inputs), hy.randn(batch, outputs)
    list[#list + 1] = function() return x:mm(w:t()) end
    list[#list + 1] = function() return g:t():mm(x) end
    if i > 1 then list[#list + 1] = function() return g:mm(w) end end
    flops = flops + 2 * batch * inputs * outputs * (i > 1 and 3 or 2)
  end
  return list, flops
end

--- Seconds of each product, in the fastest of several rounds through all of them.
local function product_times(list)
  local best = { total = math.huge }
  for _ = 1, 15 do
    local round = { total = 0 }
    for i, product in ipairs(list) do
      local started = hy.clock()
      local _ <close> = product()
      round[i] = hy.clock() - started
      round.total = round.total + round[i]
    end
    if round.total < best.total then best = round end
  end
  return best
end

--- The limit: seconds of all products, each by the faster library; and of all by one of them.
local function fastest_products(list)
  hy.onednn(false)
  local blas, limit = product_times(list), 0
  local onednn = hy.onednn(true) and product_times(list)
  for i, seconds in ipairs(blas) do
    limit = limit + math.min(seconds, onednn and onednn[i] or math.huge)
  end
  return limit, blas.total, onednn and onednn.total
end

sections[#sections + 1] = { "training", function()
  print("training 784-500-500-2000-10 and its mirror, f32, Adam; limit: the same products alone, each")
  print("  by the faster of OpenBLAS and oneDNN" .. (hy.onednn(true) and "" or " (oneDNN is missing)"))
  for _, batch in ipairs{ 256, 64 } do
    local list, flops = products(batch)
    local limit, blas, onednn = fastest_products(list)
    row(("the products of %d rows by OpenBLAS"):format(batch), blas * 1e3, "ms",
      ("%.0f GFLOP/s"):format(flops / blas / 1e9))
    if onednn then
      row(("the products of %d rows by oneDNN"):format(batch), onednn * 1e3, "ms",
        ("%.0f GFLOP/s"):format(flops / onednn / 1e9))
    end
    local steps = 30
    local x = hy.rand(batch * steps, 784)
    local net = nn.Autoencoder{ layers = { 784, 500, 500, 2000, 10 } }
    local seconds = shortest(function()
      net:fit(x, { epochs = 1, batch = batch, optimizer = optim.Adam })
    end, 4) / steps
    row(("a step of %d rows"):format(batch), seconds * 1e3, "ms",
      ("limit %.2f ms, %.0f GFLOP/s"):format(limit * 1e3, flops / limit / 1e9), limit / seconds)
  end
end }

--- Multiplications of a pass through the layers first..last for one row; backward costs two more,
--- one less at the first layer, which gives no gradient to the data.
local function work(first, last, backward)
  local total = 0
  for i = first, last do
    local one = widths[i] * widths[i + 1]
    total = total + one * (backward and (i > 1 and 3 or 2) or 1)
  end
  return total
end

sections[#sections + 1] = { "deep", function()
  print("one epoch of a deep method; limit: the training epoch of the autoencoder, scaled by the work")
  local x = hy.rand(256 * 40, 784)
  local net = nn.Autoencoder{ layers = { 784, 500, 500, 2000, 10 } }
  local function best(history)
    local seconds = math.huge
    for i = 2, #history do seconds = math.min(seconds, history[i].seconds) end
    return seconds
  end
  local training = best(net:fit(x, { epochs = 4 }).history) / work(1, 8, true)
  local cases = { -- DCN embeds every batch again after its step
    { "DEC", work(1, 4, true) },
    { "IDEC", work(1, 8, true) },
    { "DCN", work(1, 8, true) + work(1, 4) },
  }
  for _, case in ipairs(cases) do
    local name, multiplications = table.unpack(case)
    local model = hy.deep[name]{ k = 10, net = net:clone(), epochs = 4 }:fit(x)
    local seconds = best(model.history)
    row(name .. " 10,240×784", seconds * 1e3, "ms",
      ("%.2f times the training of the same work"):format(seconds / (training * multiplications)))
  end
end }

--- The largest memory of this process since `forget_peak`, in bytes.
local function peak_memory()
  for line in io.lines "/proc/self/status" do
    local kilobytes = line:match "^VmHWM:%s*(%d+)"
    if kilobytes then return tonumber(kilobytes) * 1024 end
  end
end

local function forget_peak()
  collectgarbage()
  local file = io.open("/proc/self/clear_refs", "w")
  if file then file:write("5"):close() end
end

sections[#sections + 1] = { "peak", function()
  local ok, mnist = pcall(data.mnist)
  print("peak memory of DEC, one epoch of pretraining and one of clustering; limit: data + 250 MB")
  for _, dtype in ipairs{ "f32", "u8" } do
    local x = ok and mnist.x or hy.rand(70000, 784)
    mnist = nil
    if dtype == "u8" then x = (x * 255):round():to("u8") end
    forget_peak()
    hy.deep.DEC{ k = 10, epochs = 1, pretrain = { epochs = 1 } }:fit(x)
    local bytes, limit = peak_memory(), x:numel() * 4 + 250e6
    row(("%s 70,000×784 in %s"):format(ok and "MNIST" or "random", dtype), bytes / 1e6, "MB",
      ("limit %.0f MB"):format(limit / 1e6), limit / bytes)
    x = nil -- luacheck: ignore
    ok, mnist = pcall(data.mnist)
  end
end }

-- ---- k-means ----------------------------------------------------------------------------------

local function lloyd_time(x, centers, passes, bounds)
  return shortest(function()
    hy.kmeans(x, centers, { max_iter = passes, tol = 0, bounds = bounds })
  end, 2)
end

--- Time of one plain Lloyd pass, from runs of two lengths so that what comes before and after drops
--- out.
local function pass_time(x, centers)
  return (lloyd_time(x, centers, 13, false) - lloyd_time(x, centers, 3, false)) / 10
end

local scikit = [[
import sys, time, numpy, warnings
from sklearn.cluster import KMeans
warnings.filterwarnings("ignore")
x, c = numpy.load(sys.argv[1]), numpy.load(sys.argv[2])
for run in range(2):
    start = time.perf_counter()
    m = KMeans(len(c), init=c, n_init=1, max_iter=int(sys.argv[3]), tol=0, algorithm="lloyd").fit(x)
    seconds = time.perf_counter() - start
print(seconds, m.n_iter_, m.inertia_)
]]

--- Seconds, iterations and inertia of scikit-learn's Lloyd, or nothing where it is not installed.
local function peer(x, centers, passes)
  local python
  for _, program in ipairs{ "python3", "/usr/bin/python3" } do
    python = python or os.execute(program .. " -c 'import sklearn' 2>/dev/null") and program
  end
  if not python then return end
  local names = { os.tmpname(), os.tmpname(), os.tmpname() }
  data.save_npy(names[1], x)
  data.save_npy(names[2], centers)
  local file <close> = assert(io.open(names[3], "w"))
  file:write(scikit)
  file:flush()
  local pipe <close> = io.popen(("OMP_NUM_THREADS=%d %s %s %s %s %d"):format(hy.threads(), python,
    names[3], names[1], names[2], passes))
  local seconds, iterations, inertia = pipe:read("n", "n", "n")
  for _, name in ipairs(names) do os.remove(name) end
  return seconds, iterations, inertia
end

local function against_peer(x, centers, passes)
  local started = hy.clock()
  local _, _, inertia, iterations = hy.kmeans(x, centers, { max_iter = passes, tol = 0 })
  local own = hy.clock() - started
  local seconds, theirs, cost = peer(x, centers, passes)
  if not seconds then
    row(("%d iterations there"):format(passes), own, "s", "scikit-learn is missing, not measured")
    return
  end
  assert(theirs == iterations:item() and math.abs(cost / inertia:item() - 1) < 1e-3,
    "scikit-learn found something else")
  row(("%d iterations there"):format(passes), own, "s", ("scikit-learn %.2f s: %.1f times faster")
    :format(seconds, seconds / own))
end

--- What KMeans takes beside the data, which a process of its own reads from a file.
local function memory_of_bytes(bytes)
  local path = os.tmpname()
  data.save_npy(path, bytes)
  local pipe <close> = io.popen(([[%s -e '
    local x = hy.data.npy("%s", { mmap = true })
    local before = hy.memory()
    hy.cluster.KMeans{ k = 10, n_init = 1, max_iter = 20, rng = hy.rng(1) }:fit(x)
    print(select(2, hy.memory()) - before)']]):format(arg and arg[-1] or "./hyades", path))
  local peak = pipe:read("n")
  os.remove(path)
  if peak then
    row("KMeans on these bytes, peak beside them", peak / 1e6, "MB",
      ("the data: %.1f MB"):format(bytes:numel() / 1e6))
  end
end

sections[#sections + 1] = { "kmeans", function()
  print("one plain Lloyd pass with update of the centers")
  local ok, mnist = pcall(data.mnist, { raw = true })
  local bytes = ok and mnist.x or hy.rand(70000, 784):mul(255):floor():to "u8"
  local x = bytes:to "f32" / 255
  local centers, name = x:narrow(1, 1, 10):clone(), ok and "MNIST" or "random"
  local read = shortest(function() x:sum() end, 10)
  local pass = pass_time(x, centers)
  row(name .. " 70,000×784, k = 10", pass * 1e3, "ms",
    ("%.2f times one read of the data (%.1f ms)"):format(pass / read, read * 1e3))
  row("the same as bytes", pass_time(bytes, centers * 255) * 1e3, "ms")
  local plain = lloyd_time(x, centers, 100, false) - lloyd_time(x, centers, 50, false)
  local bounds = lloyd_time(x, centers, 100, true) - lloyd_time(x, centers, 50, true)
  row("the last 50 of 100 passes, with bounds", bounds * 1e3, "ms",
    ("plain %.0f ms: %.1f times faster"):format(plain * 1e3, plain / bounds))
  memory_of_bytes(bytes)

  x = hy.randn(1000000, 32, { rng = hy.rng(1) })
  centers = x:narrow(1, 1, 100):clone()
  local blocks = shortest(function()
    for first = 1, x:size(1), 256 * 64 do
      local rows = math.min(256 * 64, x:size(1) - first + 1)
      local _ <close> = x:narrow(1, first, rows):mm(centers:t())
    end
  end, 3)
  pass = pass_time(x, centers)
  row("random 1,000,000×32, k = 100", pass * 1e3, "ms", ("sgemm %.1f ms"):format(blocks * 1e3),
    blocks / pass)
  local seeding = shortest(function() hy.kmeans_plusplus(x, 100, { rng = hy.rng(2) }) end, 1)
  row("k-means++ there", seeding * 1e3, "ms", ("%.1f passes"):format(seeding / pass))
  against_peer(x, centers, 10)
end }

-- ---- memory-bound ops -------------------------------------------------------------------------

sections[#sections + 1] = { "memory", function()
  print("16 M elements; limit: copying as many bytes in the same run")
  local n = 1 << 24
  local x, y, out = hy.rand(n), hy.rand(n), hy.zeros(n)
  local mean, square = hy.zeros(n), hy.zeros(n)
  local copy = shortest(function() out:copy(x) end) / (2 * n) -- per element moved
  row("copy", copy * 2 * n * 1e3, "ms", ("%.1f GB/s"):format(4 / copy / 1e9))
  local rows = x:reshape(n // 256, 256)
  local cases = {
    { "x:add(y)", 3, function() return x + y end },
    { "x:relu()", 2, function() return x:relu() end },
    { "x:exp()", 2, function() return x:exp() end },
    { "x:tanh()", 2, function() return x:tanh() end },
    { "x:sum()", 1, function() return x:sum() end },
    { "rows:sum(2)", 1, function() return rows:sum(2) end },
    { "rows:sum(1)", 1, function() return rows:sum(1) end },
    { "rows:softmax(2)", 2, function() return rows:softmax(2) end },
    { "adam_step", 7, function() hy.adam_step(out, x, mean, square, { lr = 1e-9 }) end },
  }
  for _, case in ipairs(cases) do
    local name, moved, fn = table.unpack(case)
    local seconds = shortest(function()
      local _ <close> = fn() -- gives its memory back at once
    end)
    row(name, seconds * 1e3, "ms", ("limit %.1f ms"):format(copy * moved * n * 1e3),
      copy * moved * n / seconds)
  end
end }

-- ---- the program ------------------------------------------------------------------------------

sections[#sections + 1] = { "start", function()
  print("starting the program; whole process, median of 20")
  local program = arg and arg[-1] or "./hyades"
  for _, code in ipairs{ "", "hy.ones(1)" } do
    local times = {}
    for i = 1, 20 do
      local started = hy.clock()
      os.execute(("%s -e '%s'"):format(program, code))
      times[i] = hy.clock() - started
    end
    table.sort(times)
    row(("%s -e '%s'"):format(program, code), times[10] * 1e3, "ms", "limit 15 ms")
  end
end }

print(("Hyades %s, kernels %s, %d threads"):format(hy.version, hy.cpu_table(), hy.threads()))
for _, section in ipairs(sections) do
  local name, run = table.unpack(section)
  if name:find(only, 1, true) then
    run()
    collectgarbage()
  end
end
