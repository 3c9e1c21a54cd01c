-- %% [markdown]
-- # Abstraction and representation
--
-- A good clustering says *little* about each point: "a seven", and nothing of the slant, the
-- thickness or the writer. That is **abstraction**. A good embedding says *much*: enough to draw the
-- point again. That is **representation**. Deep clustering wants both at once, and they pull in
-- opposite directions. This notebook puts three methods side by side that choose differently:
--
-- * **DEC** drops the decoder and makes the embedding as clustered as it can,
-- * **IDEC** does the same, but must go on drawing the pictures,
-- * **DCN** alternates: k-means in the embedding, and a network that draws and stays near its centers.
--
-- `hyades notebooks/06_abstraction_and_representation.lua` runs it; `--seeds 10` repeats the table
-- more often.

-- %%
local hy = require "hyades"
local cluster, data, deep, loss, metrics, nn, plot =
  hy.cluster, hy.data, hy.deep, hy.loss, hy.metrics, hy.nn, hy.plot

local options = hy.notebook{ seeds = { 5, fast = 2 }, pretraining = { 40, fast = 15 },
  epochs = { 30, fast = 8 } }
local digits = data.digits()

-- %% [markdown]
-- ## One start for all
--
-- An autoencoder learns to draw 8×8 digits from ten numbers, and k-means finds ten centers in its
-- embedding. All three methods continue from a copy of this network and from such centers, so that
-- what differs afterwards is their doing.

-- %%
local function pretrained(seed)
  local rng = hy.rng(seed)
  return nn.Autoencoder{ layers = { 64, 256, 10 }, rng = rng:split() }:fit(digits,
    { epochs = options.pretraining, batch = 128, lr = 2e-3, rng = rng:split() })
end

local function fit(method, net, seed, more)
  local given = { k = 10, net = net:clone(), epochs = options.epochs, batch = 128, lr = 1e-3,
    rng = hy.rng(100 + seed) }
  for name, value in pairs(more or {}) do given[name] = value end
  return deep[method](given):fit(digits)
end

local methods = { "DEC", "IDEC", "DCN" }
local start = pretrained(1)
local models = {}
for m, method in ipairs(methods) do models[m] = fit(method, start, 1) end

-- %% [markdown]
-- ## Two numbers for two goals
--
-- *Representation*: the squared error of a digit that is drawn again; small is good. *Abstraction*:
-- the share of the embedding's variance that is left *within* the clusters; 0 when every cluster is
-- a single spot. Neither needs the true digits. NMI, which does, says whether the clusters are the
-- right ones.

-- %%
local function measure(net, centers, labels)
  local z = net:transform(digits)
  local within = ((z - centers:index(labels)) ^ 2):sum():item()
  local total = ((z - z:mean(1)) ^ 2):sum():item()
  return { error = loss.reconstruction(net:decode(z), digits.x):item(), within = within / total,
    nmi = metrics.nmi(digits.y, labels) }
end

local function measure_model(model)
  return measure(model.net, model.centers:detach(), model.labels)
end

local function measure_start(net, seed)
  local km = cluster.KMeans{ k = 10, n_init = 20, rng = hy.rng(seed) }:fit(net:transform(digits))
  return measure(net, km.centers, km.labels)
end

local names = { "start", "DEC", "IDEC", "DCN" } -- the start: k-means in the autoencoder
local values = { error = {}, within = {}, nmi = {} }
for m in ipairs(names) do
  for _, list in pairs(values) do list[m] = {} end
end
for seed in hy.progress(options.seeds, "seeds") do
  local net = seed == 1 and start or pretrained(seed)
  local found = { measure_start(net, seed) }
  for m, method in ipairs(methods) do
    found[m + 1] = measure_model(seed == 1 and models[m] or fit(method, net, seed))
  end
  for m, numbers in ipairs(found) do
    for name, list in pairs(values) do list[m][seed] = numbers[name] end
  end
end

-- %%
local function text_of(list)
  local v = hy.tensor(list, { dtype = "f64" })
  return ("%.3f ± %.3f"):format(v:mean():item(), #list > 1 and v:std():item() or 0)
end

print(("%-6s %-15s %-15s %-15s"):format("", "drawing error", "left within", "NMI"))
for m, name in ipairs(names) do
  print(("%-6s %-15s %-15s %-15s"):format(name, text_of(values.error[m]),
    text_of(values.within[m]), text_of(values.nmi[m])))
end
hy.display(plot.grid{ columns = 3,
  plot.box{ values.error, names = names, title = "Drawing error", width = 330 },
  plot.box{ values.within, names = names, title = "Variance left within", width = 330 },
  plot.box{ values.nmi, names = names, title = "NMI", width = 330 } }, "goals")

-- %% [markdown]
-- DEC compresses its clusters most and pays with the pictures: its drawing error is many times that
-- of the autoencoder it began with. IDEC compresses nearly as much and pays little. DCN, with the
-- weight that it has by default, mostly goes on learning to draw: its pictures become *better* than
-- at the start, its clusters hardly tighter. The NMI follows: the tighter methods gain more over
-- k-means, and DEC no more than IDEC.
--
-- ## What it looks like
--
-- The same ten digits, drawn by each network from its embedding. (DEC's decoder is the one of the
-- pretraining: the encoder has moved away from it.)

-- %%
local some = digits.x:narrow(1, 1, 10)
local pictures = { some, start:decode(start:transform(some)) }
for _, model in ipairs(models) do
  pictures[#pictures + 1] = model.net:decode(model.net:transform(some))
end
hy.display(plot.images{ hy.cat(pictures, 1):clamp(0, 1), columns = 10,
  title = "Original, autoencoder, DEC, IDEC, DCN" }, "drawn again")

-- %%
local views = { plot.scatter{ start:transform(digits), color = digits.y, names = digits.names,
  title = "Autoencoder" } }
for m, model in ipairs(models) do
  views[m + 1] = plot.scatter{ model.net:transform(digits), color = digits.y, names = digits.names,
    title = methods[m] }
end
hy.display(plot.grid{ columns = 2, table.unpack(views) }, "embeddings")

-- %% [markdown]
-- DEC's clusters are nearly spots. Now the centers, drawn by the decoders: those of IDEC and DCN are
-- typical digits, soft as a mean of many is. Those of DEC have left the places that its decoder knows
-- and come out with hard, wrong contrasts.

-- %%
local drawn = {}
for m, model in ipairs(models) do drawn[m] = model.net:decode(model.centers:detach()) end
hy.display(plot.images{ hy.cat(drawn, 1):clamp(0, 1), columns = 10,
  title = "Cluster centers: DEC, IDEC, DCN" }, "centers")

-- %% [markdown]
-- ## Turning the knob
--
-- IDEC's loss is *drawing error + weight × clustering*. The weight is a knob between the two goals.
-- This turns it from almost no clustering to almost nothing else; the bands are deviations over
-- seeds.

-- %%
local weights = { 0.01, 0.1, 1, 10, 100 }
local curves = { error = {}, within = {}, nmi = {} }
for seed in hy.progress(options.seeds, "seeds") do
  local net = seed == 1 and start or pretrained(seed)
  for _, list in pairs(curves) do list[seed] = {} end
  for i, weight in ipairs(weights) do
    local model = fit("IDEC", net, seed, { cluster_weight = weight, reduction = "sum_dims" })
    for name, value in pairs(measure_model(model)) do curves[name][seed][i] = value end
  end
end

-- %%
local columns = {}
for name, rows in pairs(curves) do columns[name] = hy.tensor(rows, { dtype = "f64" }):mean(1) end
for i, weight in ipairs(weights) do
  print(("weight %6.2f   drawing error %.2f   left within %.2f   NMI %.3f"):format(weight,
    columns.error[i]:item(), columns.within[i]:item(), columns.nmi[i]:item()))
end
local function curve(name, title)
  return plot.line{ hy.tensor(curves[name]), x = weights, log = "x", title = title, width = 330,
    xlabel = "weight of the clustering" }
end
hy.display(plot.grid{ columns = 3, curve("error", "Drawing error"),
  curve("within", "Variance left within"), curve("nmi", "NMI") }, "knob")

-- %% [markdown]
-- More weight makes tighter clusters and worse pictures: the two goals never improve together. The
-- last step, from 10 to 100, costs more drawing than all before it, and brings the NMI little
-- or nothing. Where to stop depends on the data and, without labels, nobody tells you. That is why
-- methods were invented which *avoid* the conflict, by giving the clusters a part of the embedding
-- of their own and leaving the rest to the drawing; and others which keep the network ready to
-- learn while its goals change.
