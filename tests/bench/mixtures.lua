--- Gaussian mixtures: one iteration of EM beside scikit-learn's, from the same start.

local hy = require "hyades"

local passes = 20

-- Prints the milliseconds of one iteration, from runs of two lengths.
local code = [[
import time, warnings
from sklearn.datasets import load_digits
from sklearn.mixture import GaussianMixture
warnings.filterwarnings("ignore")
x = load_digits().data / 16
def run(steps):
    best = 1e9
    for _ in range(4):
        mixture = GaussianMixture(10, covariance_type="%s", tol=0, max_iter=steps, reg_covar=1e-6,
                                  init_params="random", means_init=x[:10], random_state=0)
        begun = time.perf_counter()
        mixture.fit(x)
        best = min(best, time.perf_counter() - begun)
    return best
print((run(25) - run(5)) / 20 * 1e3)
]]

return function(bench)
  bench.section("gmm", function()
    print("one iteration of EM on the digits, 1,797×64, k = 10, f64")
    local x = hy.data.digits().x:to "f64"
    for _, kind in ipairs{ "full", "tied", "diag", "spherical" } do
      local start = hy.cluster.GMM.around(x, x:narrow(1, 1, 10), kind, 1e-6)
      local seconds = bench.shortest(function()
        local mixture = start
        for _ = 1, passes do
          mixture = hy.cluster.GMM.maximize(x, (hy.cluster.GMM.expect(x, mixture)), kind, 1e-6)
        end
      end) / passes
      local theirs = tonumber(bench.peer(code:format(kind)))
      bench.row(kind, seconds * 1e3, "ms", theirs and ("scikit-learn %.2f ms, %.1f times as long")
        :format(theirs, theirs / seconds / 1e3) or "scikit-learn missing")
    end
  end)
end
