--- Speed of the dip and of what decides by it: the section "dip" of `make bench`.

local hy = require "hyades"

return function(bench)
  bench.section("dip", function()
    print "Hartigan's dip of sorted f64 values; the C code behind the Python packages takes 28 ns a value"
    local sizes, seconds = { 10000, 100000, 1000000 }, {}
    for i, n in ipairs(sizes) do
      local x = hy.randn(n, { dtype = "f64", rng = hy.rng(1) }):sort()
      seconds[i] = bench.shortest(function() hy.dip(x, { sorted = true }) end, 2000000 // n + 5)
      bench.row(("dip of %d values"):format(n), seconds[i] / n * 1e9, "ns", "limit 14 ns a value",
        14e-9 * n / seconds[i])
    end
    bench.row("growth from 10,000 to 1,000,000", bench.exponent(sizes, seconds), "", "limit 1.15")
    local x = hy.randn(100000, { dtype = "f64", rng = hy.rng(1) })
    local sorting = bench.shortest(function() x:sort() end)
    local both = bench.shortest(function() hy.dip(x) end)
    bench.row("sort and dip of 100,000", both * 1e3, "ms", ("sort %.2f ms"):format(sorting * 1e3))
    local columns = hy.randn(1000, 1000, { dtype = "f64", rng = hy.rng(1) }):sort(2)
    local all = bench.shortest(function() hy.dip(columns:t(), { sorted = true }) end)
    bench.row("1,000 dips of 1,000 values", all * 1e3, "ms", ("%.1f ns a value"):format(all * 1e3))
    local points = hy.randn(4000, 64, { dtype = "f64", rng = hy.rng(1) })
    local viewers = bench.shortest(function() hy.cluster.DipMeans.viewer_dips(points) end, 2)
    bench.row("DipMeans: 4,000 viewers, 64 features", viewers, "s",
      ("%.1f ns a distance"):format(viewers / 4000 ^ 2 * 1e9))
  end)
end
