--- k-means that finds k by dips: every cluster is judged, the one that asks most is split, until
-- none asks.

local hy = require "hyades"
local class = require "hyades.class"
local split = require "hyades.cluster.split"
local progress = require "hyades.progress"

local growing = {}

local function same_rows(a, b)
  return a and a:numel() == b:numel() and a:ne(b):sum():item() == 0
end

-- Clusters with their rows and verdicts; those that did not change since `before` keep theirs.
local function judge_all(x, k, labels, before, judge)
  local clusters = {}
  for c = 1, k do
    local rows = labels:eq(hy.tensor({ c }, { dtype = "index" })):nonzero():reshape(-1)
    local old = before and before[c]
    local verdict = old and same_rows(old.rows, rows) and old.verdict or judge(x:index(rows))
    clusters[c] = { rows = rows, verdict = verdict }
  end
  return clusters
end

local function without(centers, c)
  local others = {}
  for other = 1, centers:size(1) do
    if other ~= c then others[#others + 1] = other end
  end
  return #others > 0 and centers:index(others) or nil
end

local function most_urgent(clusters, how)
  local chosen
  for c, cluster in ipairs(clusters) do
    if how.asks(cluster.verdict)
      and (not chosen or how.first(cluster.verdict, clusters[chosen].verdict)) then
      chosen = c
    end
  end
  return chosen
end

local function note(self, step)
  self.history[#self.history + 1] = step
  if self.verbose then
    progress.say(("%s: k = %d, inertia %.6g"):format(class.of(self).class_name, step.k,
      step.inertia))
  end
end

--- Fit such a model: labels, centers, k, inertia and history become fields.
-- self: model with max_k, n_split_trials, rng, verbose · x: tensor n×d
-- how: judge = function members → verdict, any table · asks = function verdict → should the cluster
-- be split? · first = function of two verdicts that ask → is the first one split before the other?
-- → array of the verdicts of the final clusters
function growing.fit(self, x, how)
  local centers = x:mean(1, { keep = true })
  local labels = hy.ones(x:size(1)):to "index"
  local inertia = (x - centers):square():sum():item()
  local k, clusters = 1, nil
  self.history = {}
  while true do
    clusters = judge_all(x, k, labels, clusters, how.judge)
    note(self, { k = k, inertia = inertia })
    local chosen = k < (self.max_k or math.huge) and most_urgent(clusters, how)
    if not chosen then break end
    self.history[#self.history].split = chosen
    local part = table.remove(clusters, chosen) -- its parts will be the last two
    local next_labels, next_centers, next_inertia = split(x, { trials = self.n_split_trials,
      members = x:index(part.rows), others = without(centers, chosen), rng = self.rng })
    if next_labels:bincount(k + 1):min():item() == 0 then -- nothing to part
      table.insert(clusters, chosen, part)
      break
    end
    labels, centers, inertia, k = next_labels, next_centers, next_inertia, k + 1
  end

  self.labels, self.centers, self.k, self.inertia = labels, centers, k, inertia
  local verdicts = {}
  for c = 1, k do verdicts[c] = clusters[c].verdict end
  return verdicts
end

return growing
