--- Speed and memory of k-means: the section "kmeans" of `make bench`.

local hy = require "hyades"
local bench = require "tests.bench.bench"
local data = hy.data

local function lloyd_time(x, centers, passes, bounds)
  return bench.shortest(function()
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
  local names = { os.tmpname(), os.tmpname() }
  data.save_npy(names[1], x)
  data.save_npy(names[2], centers)
  local seconds, iterations, inertia = bench.peer(scikit, names[1], names[2], passes)
  for _, name in ipairs(names) do os.remove(name) end
  return seconds, iterations, inertia
end

local function against_peer(x, centers, passes)
  local started = hy.clock()
  local _, _, inertia, iterations = hy.kmeans(x, centers, { max_iter = passes, tol = 0 })
  local own = hy.clock() - started
  local seconds, theirs, cost = peer(x, centers, passes)
  if not seconds then
    bench.row(("%d iterations there"):format(passes), own, "s", "scikit-learn is missing, not measured")
    return
  end
  assert(theirs == iterations:item() and math.abs(cost / inertia:item() - 1) < 1e-3,
    "scikit-learn found something else")
  bench.row(("%d iterations there"):format(passes), own, "s", ("scikit-learn %.2f s: %.1f times faster")
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
    bench.row("KMeans on these bytes, peak beside them", peak / 1e6, "MB",
      ("the data: %.1f MB"):format(bytes:numel() / 1e6))
  end
end

return function()
  bench.section("kmeans", function()
    print("one plain Lloyd pass with update of the centers")
    local ok, mnist = pcall(data.mnist, { raw = true })
    local bytes = ok and mnist.x or hy.rand(70000, 784):mul(255):floor():to "u8"
    local x = bytes:to "f32" / 255
    local centers, name = x:narrow(1, 1, 10):clone(), ok and "MNIST" or "random"
    local read = bench.shortest(function() x:sum() end, 10)
    local pass = pass_time(x, centers)
    bench.row(name .. " 70,000×784, k = 10", pass * 1e3, "ms",
      ("%.2f times one read of the data (%.1f ms)"):format(pass / read, read * 1e3))
    bench.row("the same as bytes", pass_time(bytes, centers * 255) * 1e3, "ms")
    local plain = lloyd_time(x, centers, 100, false) - lloyd_time(x, centers, 50, false)
    local bounds = lloyd_time(x, centers, 100, true) - lloyd_time(x, centers, 50, true)
    bench.row("the last 50 of 100 passes, with bounds", bounds * 1e3, "ms",
      ("plain %.0f ms: %.1f times faster"):format(plain * 1e3, plain / bounds))
    memory_of_bytes(bytes)

    x = hy.randn(1000000, 32, { rng = hy.rng(1) })
    centers = x:narrow(1, 1, 100):clone()
    local blocks = bench.shortest(function()
      for first = 1, x:size(1), 256 * 64 do
        local rows = math.min(256 * 64, x:size(1) - first + 1)
        local _ <close> = x:narrow(1, first, rows):mm(centers:t())
      end
    end, 3)
    pass = pass_time(x, centers)
    bench.row("random 1,000,000×32, k = 100", pass * 1e3, "ms", ("sgemm %.1f ms"):format(blocks * 1e3),
      blocks / pass)
    local seeding = bench.shortest(function() hy.kmeans_plusplus(x, 100, { rng = hy.rng(2) }) end, 1)
    bench.row("k-means++ there", seeding * 1e3, "ms", ("%.1f passes"):format(seeding / pass))
    against_peer(x, centers, 10)
  end)
end
