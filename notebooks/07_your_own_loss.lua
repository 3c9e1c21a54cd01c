-- %% [markdown]
-- # A clustering loss of your own
--
-- Deep clustering methods differ in one thing above all: the *loss*, a number that says how far the
-- network and its centers are from what their author wants of clusters. This notebook invents one,
-- writes it down, checks its gradient, trains with it and compares what comes out. All that is
-- new takes about fifteen lines.
--
-- `hyades notebooks/07_your_own_loss.lua` runs it; `--seeds 10` repeats the comparison more often.

-- %%
local hy = require "hyades"
local cluster, data, deep, loss, metrics, nn, plot =
  hy.cluster, hy.data, hy.deep, hy.loss, hy.metrics, hy.nn, hy.plot

local options = hy.notebook{ seeds = { 5, fast = 2 }, pretraining = { 40, fast = 15 },
  epochs = { 30, fast = 8 } }

-- %% [markdown]
-- ## The wish
--
-- k-means asks that every point is *near its center*. That alone is easy to please: a network that
-- puts everything on one spot makes all distances zero. Let us ask instead that every point is much
-- nearer to its own center than to the *next* one:
--
-- > ratio = squared distance to the nearest center / squared distance to the second nearest
--
-- It is 0 on a center and 1 halfway between two. Shrinking everything does not change it.

-- %%
local function ratios(z, centers)
  local two = hy.sqdist(z, centers):topk(2, 2, { largest = false })
  return two:narrow(2, 1, 1) / (two:narrow(2, 2, 1) + 1e-6)
end

local function ratio_loss(z, centers)
  return ratios(z, centers):mean()
end

-- %% [markdown]
-- That is the whole loss. Before it is used, look at it: three centers in the plane, and the ratio
-- at every place. The bright ridges between the centers are where no point should stay.

-- %%
local centers = hy.tensor{ { 1, 1 }, { 4, 1.5 }, { 2, 4 } }
local places = {}
for x = 0, 5, 0.06 do
  for y = 0, 5, 0.06 do places[#places + 1] = { x, y } end
end
hy.display(plot.scatter{ places, color = ratios(hy.tensor(places), centers):reshape(-1), size = 4,
  title = "The ratio around three centers" }, "landscape")

-- %% [markdown]
-- ## Is the gradient right?
--
-- The gradient comes from the tape, so nobody derives anything by hand. `hy.gradcheck` compares it
-- with finite differences anyway: a loss that is not differentiable where you think it is, or that
-- was cut from its inputs by mistake, shows up here and not after an hour of training.

-- %%
local rng = hy.rng(1)
local z0 = hy.randn(6, 3, { dtype = "f64", rng = rng })
local c0 = hy.randn(4, 3, { dtype = "f64", rng = rng })
print("gradients agree:", hy.gradcheck(ratio_loss, { z0, c0 }))

local point = hy.tensor{ { 2, 2 } }
local gradient = hy.grad(function(z) return ratio_loss(z, centers) end, point)
print(("a point at (2, 2) is pulled along (%.2f, %.2f)"):format(
  -gradient[{ 1, 1 }]:item(), -gradient[{ 1, 2 }]:item()))

-- %% [markdown]
-- The point (2, 2) is nearest to the center (1, 1); it is pulled toward it, and away from the second
-- nearest, (2, 4).
--
-- ## Training
--
-- `deep.Joint` trains any such function together with the reconstruction of an autoencoder. It
-- begins, as all methods here, with a pretrained network and the centers that k-means finds in its
-- embedding.

-- %%
local digits = data.digits()

local function pretrained(seed)
  local generator = hy.rng(seed)
  return nn.Autoencoder{ layers = { 64, 256, 10 }, rng = generator:split() }:fit(digits,
    { epochs = options.pretraining, batch = 128, lr = 2e-3, rng = generator:split() })
end

local function settings(net, seed)
  return { k = 10, net = net:clone(), epochs = options.epochs, batch = 128, lr = 1e-3,
    rng = hy.rng(100 + seed) }
end

local function own(net, seed)
  local given = settings(net, seed)
  given.loss, given.cluster_weight = ratio_loss, 10
  return deep.Joint(given):fit(digits)
end

local net = pretrained(1)
local joint = own(net, 1)
print(joint)

-- %% [markdown]
-- Did training do what the loss asks for? Before it many digits lie between two centers, with a
-- ratio near 1; afterwards fewer do.

-- %%
local before, first = net:transform(digits), cluster.KMeans{ k = 10, rng = hy.rng(1) }
local ratios_before = ratios(before, first:fit(before).centers):reshape(-1)
local ratios_after = ratios(joint:transform(digits), joint.centers:detach()):reshape(-1)
print(("mean ratio: %.3f before, %.3f after"):format(ratios_before:mean():item(),
  ratios_after:mean():item()))
hy.display(plot.grid{ columns = 2,
  plot.hist{ ratios_before, bins = 25, title = "Before", xlabel = "ratio", ylabel = "digits" },
  plot.hist{ ratios_after, bins = 25, title = "After", xlabel = "ratio", ylabel = "digits" } },
  "ratios")

-- %%
hy.display(plot.grid{ columns = 2,
  plot.scatter{ before, color = digits.y, names = digits.names, title = "The autoencoder" },
  plot.scatter{ joint:transform(digits), color = digits.y, names = digits.names,
    title = "After training with the ratio" } }, "embeddings")

-- %% [markdown]
-- ## Is it any good?
--
-- One run proves nothing: another start gives other scores. So every method gets the same
-- pretrained networks, one a seed, and is scored on the true digits, which none of them sees.

-- %%
local methods = {
  { "autoencoder + k-means", function(start, seed)
    return cluster.KMeans{ k = 10, n_init = 20, rng = hy.rng(seed) }:fit(start:transform(digits))
  end },
  { "DEC", function(start, seed) return deep.DEC(settings(start, seed)):fit(digits) end },
  { "IDEC", function(start, seed) return deep.IDEC(settings(start, seed)):fit(digits) end },
  { "ratio", own },
}
local names, scores = {}, {}
for m, method in ipairs(methods) do names[m], scores[m] = method[1], {} end

for seed in hy.progress(options.seeds, "seeds") do
  local start = seed == 1 and net or pretrained(seed)
  for m, method in ipairs(methods) do
    scores[m][seed] = metrics.nmi(digits.y, method[2](start, seed).labels)
  end
end

-- %%
local function mean_and_deviation(values)
  local x = hy.tensor(values, { dtype = "f64" })
  return x:mean():item(), #values > 1 and x:std():item() or 0
end

for m, name in ipairs(names) do
  local mean, deviation = mean_and_deviation(scores[m])
  local better = 0
  for seed = 1, options.seeds do
    if scores[m][seed] > scores[1][seed] then better = better + 1 end
  end
  print(("%-22s NMI %.3f ± %.3f, above k-means in %d of %d seeds"):format(name, mean, deviation,
    better, options.seeds))
end
hy.display(plot.box{ scores, names = names, title = "Ten clusters of digits", ylabel = "NMI" },
  "comparison")

-- %% [markdown]
-- Compare *within* a seed, where all methods had the same start: one that is above k-means in every
-- seed gains something. Among the three deep methods the boxes overlap, so a handful of seeds does
-- not tell which is best; the new loss plays in their league, which is all that may be said.
--
-- ## What keeps it from cheating
--
-- Every clustering loss has a cheap way out. The ratio cannot be pleased by shrinking, but the
-- network may still forget what the images looked like. The reconstruction forbids that; with
-- `rec_weight = 0` it goes.

-- %%
local function error_of(model)
  local output = model.net:decode(model.net:transform(digits))
  return loss.reconstruction(output, digits.x):item()
end

local given = settings(net, 1)
given.loss, given.rec_weight = ratio_loss, 0
local alone = deep.Joint(given):fit(digits)
print(("squared error of a digit that is drawn again: %.2f with reconstruction, %.2f without")
  :format(error_of(joint), error_of(alone)))

local some = digits.x:narrow(1, 1, 10)
local function drawn(model) return model.net:decode(model.net:transform(some)) end
hy.display(plot.images{ hy.cat({ some, drawn(joint), drawn(alone) }, 1):clamp(0, 1), columns = 10,
  title = "Digits; drawn with reconstruction; drawn without" }, "reconstructions")

-- %% [markdown]
-- The clusters need not be worse without it: the labels are all that this loss sees. But the last
-- row shows what has become of the *representation*: the decoder no longer knows where its points
-- went, and one digit of a cluster looks like another. Notebook 06 is about that trade.
--
-- ## Now yours
--
-- Change `ratio_loss` and run this again. Some wishes to begin with: keep centers at least so far
-- apart; let every cluster have its share of the points (`hy.loss.balance`); pull a point toward its
-- nearest *neighbors* instead of a center (`hy.loss.locality`).
