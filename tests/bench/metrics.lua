--- Speed of the internal measures and of neighbors: the section "metrics" of `make bench`.

local hy = require "hyades"

local python = [[
import time, numpy
from sklearn.metrics import silhouette_score
x, y = numpy.load(%q), numpy.load(%q)
start = time.perf_counter()
value = silhouette_score(x, y)
print(time.perf_counter() - start, value)
]]

--- Seconds and value of scikit-learn's silhouette, or nothing where it is not installed.
local function peer(bench, x, labels)
  local names = { os.tmpname(), os.tmpname() }
  hy.data.save_npy(names[1], x)
  hy.data.save_npy(names[2], labels)
  local seconds, value = bench.peer(python:format(names[1], names[2]))
  for _, name in ipairs(names) do os.remove(name) end
  return seconds, value
end

--- What a silhouette takes beside the data, in a process of its own.
local function memory_of(n, d)
  local program = arg and arg[-1] or "./hyades"
  local pipe <close> = io.popen(([[%s -e '
    local x, labels = hy.rand(%d, %d), hy.randint({ %d }, 1, 10)
    local before = hy.memory()
    metrics.silhouette(x, labels)
    print(select(2, hy.memory()) - before)']]):format(program, n, d, n))
  return pipe:read "n"
end

return function(bench)
  bench.section("metrics", function()
    print "measures over all pairs of points, none of which keeps them"
    local ok, mnist = pcall(hy.data.mnist)
    local x = ok and mnist.x:narrow(1, 1, 10000):clone() or hy.rand(10000, 784)
    local y = ok and mnist.y:narrow(1, 1, 10000):clone() or hy.randint({ 10000 }, 1, 10)
    local name = ok and "MNIST 10,000×784" or "random 10,000×784"
    local value
    local seconds = bench.shortest(function() value = hy.metrics.silhouette(x, y) end, 2)
    local theirs, other = peer(bench, x, y)
    assert(not other or math.abs(value - other) < 1e-5, "scikit-learn found another silhouette")
    bench.row("silhouette, " .. name, seconds, "s", theirs
      and ("scikit-learn %.2f s: %.1f times faster, limit 3"):format(theirs, theirs / seconds)
      or "scikit-learn is missing, not measured")
    bench.row("its memory beside the data", (memory_of(10000, 784) or 0) / 1e6, "MB", "limit 100 MB")
    bench.row("10 nearest neighbors, " .. name,
      bench.shortest(function() hy.knn(x, 10) end, 2), "s")
    local z = hy.randn(10000, 10, { rng = hy.rng(1) })
    bench.row("10 nearest neighbors, random 10,000×10",
      bench.shortest(function() hy.knn(z, 10) end, 2), "s")
    bench.row("spanning tree of these", bench.shortest(function() hy.mst(z) end, 2), "s")
    local labels = hy.randint({ 10000 }, 1, 10, { rng = hy.rng(2) })
    bench.row("DISCO of these", bench.shortest(function() hy.metrics.disco(z, labels) end, 1), "s")
    local two = hy.stack({ labels, y }, 2)
    bench.row("pair counts of 2 against 2 labelings", bench.shortest(function()
      hy.metrics.pair_counting(two, two)
    end, 2) * 1e3, "ms")
  end)
end
