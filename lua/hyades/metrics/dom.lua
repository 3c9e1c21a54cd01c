local check = require "hyades.check"
local partition = require "hyades.metrics.partition"

-- Σ ln C(size + R − 1, R − 1) / n: the cost of telling the class counts of every cluster.
local function cost_of_counts(sizes, classes, n)
  local sum = 0
  for _, size in ipairs(sizes) do
    for i = 1, classes - 1 do sum = sum + math.log((size + i) / i) end
  end
  return sum / n
end

--- Dom's information-theoretic measure: nats per point to tell the classes, given the clusters.
-- Dom, UAI 2002.
-- truth, labels: index tensors n or n×1, or arrays of integers
-- options: scaled=true maps it to [0, 1], 1 is best; false gives nats, 0 is best
--   drop_noise=false, leave out the points that are -1 in truth or labels
-- → number
local function dom(truth, labels, options)
  options = check.options("dom", options, { scaled = true, drop_noise = false })
  local p = partition.compare("dom", truth, labels, options.drop_noise)
  local classes, n = #p.a, p.n
  local nats = cost_of_counts(p.b, classes, n)
  for _, cell in ipairs(p.cells) do
    nats = nats - cell[1] / n * math.log(cell[1] / p.b[cell[3]])
  end
  if not options.scaled then return nats end
  if classes == 1 then return 1.0 end
  local least = cost_of_counts(p.a, classes, n)
  local most = partition.entropy(p.a, n) + math.log(classes)
  return (most - nats) / (most - least)
end

return dom
