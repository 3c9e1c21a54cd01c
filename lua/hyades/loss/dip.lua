local hy = require "hyades"
local check = require "hyades.check"
local guard = require "hyades.loss.guard"
local loss = hy.loss

-- Some of the rows, so that no cluster is more than `balance` times the other.
local function thinned(rows, most, rng)
  local n = rows:numel()
  if n <= most then return rows end
  return rows:index(hy.randperm(n, { rng = rng }):narrow(1, 1, most))
end

-- What one pair of clusters adds: dips of each alone and of both, along the axis of the pair.
local function of_pair(line, a, b, given)
  local alone_a, alone_b = hy.dip(line:index(a)), hy.dip(line:index(b))
  local few = math.floor(given.balance * math.min(a:numel(), b:numel()))
  local both = hy.cat{ thinned(a, few, given.rng), thinned(b, few, given.rng) }
  local joint = hy.dip(line:index(both))
  if given.form == "plain" then return (alone_a + alone_b) / 2 - joint end
  local function weighted(d) return d:detach() * d * 4 end
  return (weighted(alone_a) + weighted(alone_b)) / 2 - (0.25 - joint:detach()) * joint * 4
end

--- Dip loss: along the axis of two clusters each alone has one peak, and both together have two.
-- Averaged over all pairs. Large dips of one cluster and small ones of two weigh most, by constant
-- factors; the plain form leaves them out. Leiber et al. (DipEncoder), KDD 2022.
-- z: tensor n×d · labels: index n · axes: tensor k(k−1)/2×d, of the pairs (1,2), (1,3), … (k−1,k)
-- options: form="weighted"|"plain" · min_points=1, smaller clusters are left out · balance=3, the
-- larger of two is thinned to so many times the smaller, with rng=hy.rng
-- → scalar tensor, from −1/4 to 1/4
function loss.dip(z, labels, axes, options)
  local given = check.options("loss.dip", options,
    { form = "weighted", min_points = 1, balance = 3, rng = hy.rng })
  guard.matrix("loss.dip", "z", z)
  guard.matrix("loss.dip", "axes", axes)
  guard.choice("loss.dip", "form", given.form, { "weighted", "plain" })
  check.number("loss.dip", "min_points", given.min_points, 1, nil, true)
  check.number("loss.dip", "balance", given.balance, 1)
  local pairs_given = axes:size(1)
  local k = math.floor((1 + math.sqrt(1 + 8 * pairs_given)) / 2)
  if k * (k - 1) // 2 ~= pairs_given then
    error(("loss.dip: axes must have a row for each pair of clusters (1, 3, 6, 10, …), got %d")
      :format(pairs_given), 2)
  end

  local members = {}
  for c = 1, k do
    members[c] = labels:reshape(-1):eq(hy.tensor({ c }, { dtype = "index" })):nonzero():reshape(-1)
  end
  local lines = z:mm(axes:t()) -- n×pairs
  local total, pair = hy.zeros({}, { dtype = z.dtype }), 0
  for a = 1, k do
    for b = a + 1, k do
      pair = pair + 1
      if math.min(members[a]:numel(), members[b]:numel()) >= given.min_points then
        total = total + of_pair(lines:select(2, pair), members[a], members[b], given)
      end
    end
  end
  return total / pairs_given
end

return loss.dip
