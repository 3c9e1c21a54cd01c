--- Speed, as ratios against a limit or a peer that is measured in the same run: `make bench`.
-- A row names what ran, its time, the limit, and the share of it that was reached. The sections are
-- in the files beside this one; BENCH=word runs only those whose name holds the word.

local hy = require "hyades"
local bench = require "tests.bench.bench"

print(("Hyades %s, kernels %s, %d threads"):format(hy.version, hy.cpu_table(), hy.threads()))
for _, topic in ipairs{ "training", "deep", "peak", "kmeans", "components", "subspaces", "mixtures",
  "dip", "metrics", "memory", "figures", "start" } do
  require("tests.bench." .. topic)(bench)
end
