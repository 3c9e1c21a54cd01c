-- %% [markdown]
-- # What a representation buys
--
-- k-means measures distances, so it is as good as the space in which they are measured. This
-- notebook looks at what is wrong with distances between pixels, lets an autoencoder learn another
-- space without any labels, and asks what k-means gains there: how much, in which dimension, at what
-- price.
--
-- `hyades notebooks/05_representation.lua` runs it; `--seeds 10` repeats the comparisons more often.

-- %%
local hy = require "hyades"
local cluster, data, loss, metrics, nn, plot =
  hy.cluster, hy.data, hy.loss, hy.metrics, hy.nn, hy.plot

local options = hy.notebook{ seeds = { 5, fast = 2 }, epochs = { 40, fast = 15 } }
local digits = data.digits()
print(digits)

-- %% [markdown]
-- ## Pixels are a poor measure
--
-- Take a digit, and move it one pixel to the side. For a person nothing has changed. How far has the
-- picture moved in the space of pixels? Compare that with the distance to the nearest picture of
-- *another* digit.

-- %%
local function shifted(x) -- one pixel to the right; the left column becomes black
  local n = x:size(1)
  local pictures = x:reshape(n, 8, 8)
  return hy.cat({ hy.zeros(n, 8, 1), pictures:narrow(3, 1, 7) }, 3):reshape(n, 64)
end

local rows = 300
local x, y = digits.x:narrow(1, 1, rows), digits.y:narrow(1, 1, rows)
local moved = shifted(x)
local to_itself = ((x - moved) ^ 2):sum(2):sqrt()

local function nearest_other(z)
  local distances = hy.sqdist(z, z):sqrt()
  local same = y:reshape(-1, 1):eq(y:reshape(1, -1))
  return (distances + same:to "f32" * 1e6):min(2)
end

local to_another = nearest_other(x)
local farther = to_itself:gt(to_another):mean():item()
print(("%.0f %% of the digits are farther from themselves, shifted, than from another digit")
  :format(farther * 100))
hy.display(plot.box{ { to_itself:totable(), to_another:totable() },
  names = { "itself, shifted", "nearest other digit" }, points = false,
  ylabel = "distance between pictures", title = "How far is a digit from …" }, "shift")

-- %% [markdown]
-- So two writers who put the same digit in slightly different places look, to k-means, like two
-- kinds of digits.
--
-- ## Learning another space
--
-- An autoencoder has an encoder, from 64 pixels to a few numbers, and a decoder that must draw the
-- picture again from them. Nobody tells it what a digit is; all it can do is to keep in the few
-- numbers what makes pictures differ. This one keeps ten.

-- %%
local function trained(width, seed)
  local rng = hy.rng(seed)
  return nn.Autoencoder{ layers = { 64, 256, width }, rng = rng:split() }:fit(digits,
    { epochs = options.epochs, batch = 128, lr = 2e-3, rng = rng:split() })
end

local net = trained(10, 1)
hy.display(plot.history(net.history, { log = true, ylabel = "squared error",
  title = "The autoencoder learns to draw" }), "losses")

-- %%
local function drawn(autoencoder, pictures)
  return autoencoder:decode(autoencoder:transform(pictures))
end

local some = digits.x:narrow(1, 1, 10)
hy.display(plot.images{ hy.cat({ some, drawn(net, some) }, 1):clamp(0, 1), columns = 10,
  title = "Digits, and what ten numbers keep of them" }, "drawn again")

-- %% [markdown]
-- ## How many numbers?
--
-- The fewer, the more has to be left out. PCA is the yardstick: the best that a *linear* map of the
-- same width can do.

-- %%
local widths = { 2, 5, 10, 20 }
local errors = { pca = {}, net = {} }
local kept = {}

local function projected(pictures, width)
  local pca = cluster.PCA{ k = width }:fit(digits)
  return pca:inverse_transform(pca:transform(pictures))
end

for i, width in ipairs(widths) do
  local autoencoder = width == 10 and net or trained(width, 1)
  errors.pca[i] = loss.reconstruction(projected(digits.x, width), digits.x):item()
  errors.net[i] = loss.reconstruction(drawn(autoencoder, digits.x), digits.x):item()
  kept[i] = drawn(autoencoder, some)
end
hy.display(plot.line{ { widths, errors.pca }, { widths, errors.net },
  names = { "PCA", "autoencoder" }, xlabel = "numbers a picture", ylabel = "squared error",
  title = "What is lost" }, "errors")
hy.display(plot.images{ hy.cat(kept, 1):clamp(0, 1), columns = 10,
  title = "Drawn from 2, 5, 10 and 20 numbers" }, "widths")

-- %% [markdown]
-- With as many numbers the autoencoder draws better than PCA, and most so when there are few: curved
-- surfaces hold more than flat ones.
--
-- ## What k-means gains
--
-- Now the question that matters here. k-means runs on the pixels, on as many principal components,
-- and on the embedding; every bar is a mean over seeds, with its deviation. PCA has no seed, its
-- k-means has.

-- %%
local function nmi_of(z, seed)
  local labels = cluster.KMeans{ k = 10, n_init = 10, rng = hy.rng(100 + seed) }:fit(z).labels
  return metrics.nmi(digits.y, labels)
end

local pixels, by_width = {}, {}
for i in ipairs(widths) do by_width[i] = { pca = {}, net = {} } end
for seed in hy.progress(options.seeds, "seeds") do
  pixels[seed] = nmi_of(digits.x, seed)
  for i, width in ipairs(widths) do
    local z = cluster.PCA{ k = width }:fit(digits):transform(digits)
    local autoencoder = width == 10 and seed == 1 and net or trained(width, seed)
    by_width[i].pca[seed] = nmi_of(z, seed)
    by_width[i].net[seed] = nmi_of(autoencoder:transform(digits), seed)
  end
end

-- %%
local function summary(values)
  local v = hy.tensor(values, { dtype = "f64" })
  return v:mean():item(), #values > 1 and v:std():item() or 0
end

local means, deviations = {}, {}
print(("%-12s %-15s %-15s"):format("NMI", "PCA", "autoencoder"))
for i, width in ipairs(widths) do
  local pca, pca_deviation = summary(by_width[i].pca)
  local own, own_deviation = summary(by_width[i].net)
  means[i], deviations[i] = { pca, own }, { pca_deviation, own_deviation }
  print(("%-12s %.3f ± %.3f   %.3f ± %.3f"):format(width .. " numbers", pca, pca_deviation, own,
    own_deviation))
end
print(("%-12s %.3f ± %.3f"):format("64 pixels", summary(pixels)))
hy.display(plot.bar{ means, errors = deviations, series = { "PCA", "autoencoder" },
  names = { "2", "5", "10", "20" }, xlabel = "numbers a picture", ylabel = "NMI",
  title = "k-means on representations" }, "scores")

-- %% [markdown]
-- Read it with care; it says less than one might hope:
--
-- * With *few* numbers the learned space is clearly the better one. Two numbers of an autoencoder
--   hold more of the digits than two principal components.
-- * With *enough* numbers there is little between all three. On these digits a representation that
--   was only asked to draw is about as good for k-means as the pixels are, in a sixth of the
--   columns. Where pixels are a poorer start it buys more: on MNIST, with 784 of them, the same step
--   takes k-means from an NMI of about 0.5 to more than 0.7 (notebook 02).
-- * A representation keeps what *drawing* needs: slant, thickness, place. Nothing made it put the
--   digits into round groups.
--
-- ## The embedding as a picture
--
-- With two numbers there is nothing to project: this is all that the network has.

-- %%
local plane = trained(2, 1)
hy.display(plot.grid{ columns = 2,
  plot.scatter{ cluster.PCA{ k = 2 }:fit(digits):transform(digits), color = digits.y,
    names = digits.names, title = "Two principal components" },
  plot.scatter{ plane:transform(digits), color = digits.y, names = digits.names,
    title = "Two numbers of an autoencoder", xlabel = "first", ylabel = "second" } }, "plane")

-- %% [markdown]
-- The groups of the right picture are drawn out and bent; k-means, which wants them round, cuts some
-- in two. The next step lets clusters and representation adapt to each other: that is deep
-- clustering, and notebook 06.
