--- The collapse monitor: looks at an embedding and its assignments once per epoch and says when one
-- of them has collapsed. No true labels are needed, so a model may be chosen by what it says.

local hy = require "hyades"
local check = require "hyades.check"

local monitor = {}

local fair_share = 0.1   -- of n/k points, below which a cluster counts as unused
local least_balance = 0.8
local undecided = 0.05   -- of the way from 1/k to 1
local too_certain = 0.99 -- in the first epoch
local least_spread = 0.01 -- of that at the start
local restless = 0.3     -- share of labels that change
local patience = 5       -- epochs in a row
local warm_up = 0.2      -- share of the epochs

-- Variances along the principal axes.
local function principal_variances(z)
  z = z:detach():to("f64"):reshape(z:size(1), -1)
  local n, d = z:size(1), z:size(2)
  z = z - z:mean(1)
  local scatter = d <= n and z:t():mm(z) or z:mm(z:t())
  return (hy.eigh(scatter):maximum(0) / n):totable()
end

-- Sum of the variances, and e to the entropy of their shares: how many axes matter.
local function spread_and_rank(z)
  local total, entropy = 0, 0
  local variances = principal_variances(z)
  for _, v in ipairs(variances) do total = total + v end
  for _, v in ipairs(variances) do
    if v > 0 then entropy = entropy - v / total * math.log(v / total) end
  end
  return total, total > 0 and math.exp(entropy) or 0
end

--- What the monitor looks at.
-- scores: tensor n×k, rows are distributions over the clusters · z: tensor n×d, the embedding
-- → { used= clusters with at least a tenth of n/k points, balance= entropy of the mean assignment
--   (1: all clusters equal), confidence= mean of the largest score, spread= total variance of z,
--   rank= effective number of axes of z, labels= index tensor n }
function monitor.signals(scores, z)
  scores = scores:detach():to("f64")
  local n, k = scores:size(1), scores:size(2)
  local certainty, labels = scores:max(2)
  local mean = scores:mean(1)
  local entropy = -(mean * mean:maximum(1e-300):log()):sum():item()
  local spread, rank = spread_and_rank(z)
  return { used = hy.bincount(labels, k):ge(fair_share * n / k):sum():item() // 1 | 0,
    balance = k > 1 and entropy / math.log(k) or 1, confidence = certainty:mean():item(),
    spread = spread, rank = rank, labels = labels }
end

-- k centers span k − 1 axes, of which some may matter less: 2 is asked of four or more.
local function least_rank(k, d)
  return math.min(2, 1 + math.max(math.min(k - 1, d) - 1, 0) / 2)
end

-- name → function(monitor, epoch, signals) → sentence, or nothing
local alarms = {
  used = function(self, epoch, s)
    return epoch > self.warm and s.used < self.k and
      ("only %d of %d clusters hold a tenth of their fair share"):format(s.used, self.k)
  end,
  balance = function(_, _, s)
    return s.balance < least_balance and
      ("the clusters are out of balance: the entropy of their shares is %.2f of its maximum")
      :format(s.balance)
  end,
  undecided = function(self, epoch, s)
    return not self.hard and self.k > 1 and epoch > self.warm and
      s.confidence < 1 / self.k + undecided * (1 - 1 / self.k) and
      ("the assignments stay undecided: mean confidence %.3f with %d clusters")
      :format(s.confidence, self.k)
  end,
  certain = function(self, epoch, s)
    return not self.hard and epoch == 1 and s.confidence > too_certain and
      ("the assignments are certain too early: mean confidence %.3f"):format(s.confidence)
  end,
  spread = function(self, _, s)
    return s.spread < least_spread * self.start and
      ("the embedding has shrunk to %.2g of its variance at the start"):format(s.spread / self.start)
  end,
  rank = function(self, _, s)
    return s.rank < least_rank(self.k, self.d) and
      ("the embedding is close to a line: effective rank %.2f"):format(s.rank)
  end,
  change = function(self, _, s)
    self.restless = s.change and s.change > restless and self.restless + 1 or 0
    return self.restless >= patience and
      ("the labels do not settle: over %d %% changed in each of %d epochs")
      :format(restless * 100 // 1 | 0, patience)
  end,
}

local order = { "used", "balance", "undecided", "certain", "spread", "rank", "change" }

local Monitor = {}
Monitor.__index = Monitor

--- Look once. The first look, before training, is what later ones are compared with.
-- epoch: integer, 0 before training · scores: tensor n×k · z: tensor n×d, of the same rows each time
-- → array of sentences, one for each alarm that was not raised before; the signals, with change=
--   share of labels that changed since the last look
function Monitor:look(epoch, scores, z)
  local signals, sentences = monitor.signals(scores, z), {}
  if not self.start then
    self.k, self.d, self.start = scores:size(2), z:numel() // z:size(1), signals.spread
  else
    signals.change = signals.labels:ne(self.labels):mean():item()
  end
  self.labels = signals.labels
  for _, name in ipairs(epoch > 0 and order or {}) do
    local sentence = alarms[name](self, epoch, signals)
    if sentence and not self.raised[name] then
      self.raised[name] = true
      sentences[#sentences + 1] = ("epoch %d: %s"):format(epoch, sentence)
    end
  end
  return sentences, signals
end

--- A monitor for one training.
-- epochs: integer, planned; the first fifth is warm-up · hard=false, true when the scores are 0 or
-- 1 by construction, so that their confidence says nothing
-- → monitor, to be asked by `look`
function monitor.new(options)
  options = check.options("monitor.new", options, { epochs = check.required, hard = false })
  check.number("monitor.new", "epochs", options.epochs, 0, nil, true)
  return setmetatable({ warm = options.epochs * warm_up, hard = options.hard, raised = {},
    restless = 0 }, Monitor)
end

return monitor
