--- Principal and independent components beside NumPy, and the relatives of k-means: the sections
-- "pca" and "prototypes" of `make bench`.

local hy = require "hyades"
local cluster = hy.cluster

-- Prints the seconds of NumPy's covariance and eigh; stops unless it finds the same singular values.
local numpy = [[
import sys, time, numpy
x, s = numpy.load(sys.argv[1]), numpy.load(sys.argv[2])
best = 1e9
for _ in range(3):
    begun = time.perf_counter()
    c = x - x.mean(0)
    values, vectors = numpy.linalg.eigh(c.T @ c / (len(x) - 1))
    best = min(best, time.perf_counter() - begun)
theirs = numpy.sqrt(values[::-1][:len(s)] * (len(x) - 1))
assert numpy.abs(theirs / s - 1).max() < 1e-3
print(best)
]]

local scikit = [[
import sys, time, numpy, warnings
from sklearn.cluster import MiniBatchKMeans
warnings.filterwarnings("ignore")
x = numpy.load(sys.argv[1])
begun = time.perf_counter()
model = MiniBatchKMeans(10, batch_size=1024, n_init=3, random_state=0).fit(x)
print(time.perf_counter() - begun)
]]

--- The number that a piece of Python prints which reads these tensors; nil where it cannot run.
local function peer(bench, code, ...)
  local names = {}
  for i, x in ipairs{ ... } do
    names[i] = os.tmpname()
    hy.data.save_npy(names[i], x)
  end
  local seconds = bench.peer(code, table.unpack(names))
  for _, name in ipairs(names) do os.remove(name) end
  return seconds
end

local function beside(name, theirs, own)
  return theirs and ("%s %.2f s: %.1f times as long"):format(name, theirs, theirs / own)
    or name .. " is missing, not measured"
end

local function digits_of(n)
  local ok, mnist = pcall(hy.data.mnist)
  local x = ok and mnist.x or hy.rand(70000, 784, { rng = hy.rng(1) })
  return n and x:narrow(1, 1, n):clone() or x, ok and "MNIST" or "random"
end

return function(bench)
  bench.section("pca", function()
    print("50 components of 70,000×784, f32; limit: NumPy's covariance and eigh")
    local x, name = digits_of()
    local full = cluster.PCA{ k = 50, solver = "full" }
    local seconds = bench.shortest(function() full:fit(x) end, 3)
    bench.row(name .. ", full", seconds, "s", beside("NumPy", peer(bench, numpy, x,
      full.singular_values), seconds))
    local random = cluster.PCA{ k = 50, solver = "randomized", rng = hy.rng(1) }
    seconds = bench.shortest(function() random:fit(x) end, 2)
    local off = (random.singular_values / full.singular_values - 1):abs():max():item()
    bench.row(name .. ", randomized", seconds, "s", ("singular values to %.0e"):format(off))
    local z = full:transform(x):narrow(1, 1, 10000):clone()
    bench.row("FastICA of 10,000×50", bench.shortest(function()
      cluster.FastICA{ rng = hy.rng(1) }:fit(z)
    end, 2), "s")
  end)

  bench.section("prototypes", function()
    print("relatives of k-means, k = 10")
    local x, name = digits_of()
    local seconds = bench.shortest(function()
      cluster.MiniBatchKMeans{ k = 10, rng = hy.rng(1) }:fit(x)
    end, 2)
    bench.row(name .. " 70,000×784, MiniBatchKMeans", seconds, "s",
      beside("scikit-learn", peer(bench, scikit, x), seconds))
    x, name = digits_of(10000)
    for _, method in ipairs{ "KMedians", "KMedoids" } do
      bench.row(name .. " 10,000×784, " .. method .. ", a start", bench.shortest(function()
        cluster[method]{ k = 10, n_init = 1, rng = hy.rng(1) }:fit(x)
      end, 1), "s")
    end
  end)
end
