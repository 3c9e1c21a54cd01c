local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Linear = require "hyades.nn.Linear"
local MLP = require "hyades.nn.MLP"
local Module = require "hyades.nn.Module"

local Autoencoder = class.define("Autoencoder", Module)
Autoencoder.forwards_only = true
Autoencoder.order = { "encoder", "decoder" }

--- What `fit` takes: its own options, and those that it hands to train.run.
Autoencoder.fit_options = { epochs = 100, lr = 1e-3, batch = 256, optimizer = check.optional,
  loss = check.optional, corrupt = check.optional, augment = check.optional, rng = check.optional,
  progress = false, schedule = check.optional, clip = check.optional, validation = check.optional,
  early_stop = check.optional, log = check.optional, checkpoint = check.optional }

--- A dense autoencoder: the layers down to the embedding and their mirror image up again.
-- layers: array of widths from the data to the embedding, e.g. { 784, 500, 500, 2000, 10 }
-- activation: constructor, nn.LeakyReLU (the papers of DEC, IDEC and VaDE: nn.ReLU); none on the
-- embedding, none on the output unless output: constructor, optional
-- batch_norm=false, dropout=0, bias=true, rng=hy.rng
function Autoencoder:init(options)
  local name = "nn." .. class.of(self).class_name
  options = check.options(name, options, MLP.options)
  MLP.check_layers(name, options.layers)
  local up = {}
  for i, width in ipairs(options.layers) do up[#options.layers + 1 - i] = width end
  local function stack(layers, output)
    return MLP{ layers = layers, activation = options.activation, output = output,
      batch_norm = options.batch_norm, dropout = options.dropout, bias = options.bias,
      rng = options.rng }
  end
  self.layers = options.layers
  self.encoder = stack(options.layers)
  self.decoder = stack(up, options.output)
  return self
end

--- The embedding of every row of x.
-- x: tensor n×d
-- → tensor n×m
function Autoencoder:encode(x)
  return self.encoder(x)
end

--- The reconstruction that belongs to every row of z.
-- z: tensor n×m
-- → tensor n×d
function Autoencoder:decode(z)
  return self.decoder(z)
end

function Autoencoder:forward(x)
  return self.decoder(self.encoder(x))
end

--- What the batches of `fit` are made of: the rows, and what belongs to each.
-- x: tensor n×d or dataset
-- → source, or list of sources, of data.Batches
function Autoencoder.fit_sources(_, x)
  return x
end

--- What `fit` makes smaller, for one batch. Networks with another loss replace it.
-- input: rows, perhaps corrupted · clean: rows as they are · batch: of data.Batches · given: the
-- options of `fit`, and x
-- → scalar tensor
function Autoencoder:fit_loss(input, clean, _, given)
  return (given.loss or hy.loss.reconstruction)(self(input), clean)
end

--- Train to reconstruct x.
-- x: tensor n×d or dataset · options: epochs=100, lr=1e-3, batch=256, optimizer (constructor,
-- optim.Adam), loss (function(output, x), loss.reconstruction), corrupt (function(x) of the input
-- only; the target stays clean), augment (function for data.Batches), rng=hy.rng,
-- progress=false (or a title), validation (tensor or dataset), and schedule, clip, early_stop, log,
-- checkpoint as in train.run
-- → the autoencoder, with `history`
function Autoencoder:fit(x, options)
  local where = ("nn.%s:fit"):format(class.of(self).class_name)
  local given = check.options(where, options, self.fit_options)
  local rng = given.rng or hy.rng
  given.x = class.kind(x) == "tensor" and x or x.x
  self:train()
  self.history = hy.train.run{
    params = self,
    optimizer = (given.optimizer or hy.optim.Adam){ lr = given.lr },
    batches = hy.data.Batches{ self:fit_sources(x), size = given.batch, shuffle = rng:split(),
      augment = given.augment },
    validation = given.validation and hy.data.Batches{ given.validation, size = given.batch },
    epochs = given.epochs, progress = given.progress, schedule = given.schedule,
    clip = given.clip, early_stop = given.early_stop, log = given.log,
    checkpoint = given.checkpoint,
    loss = function(batch)
      local clean = batch.view or batch.x
      local input = given.corrupt and self.training and given.corrupt(clean) or clean
      return self:fit_loss(input, clean, batch, given)
    end,
  }
  self.fitted = true
  return self
end

--- Stretch the embedding until its axes deviate by std on average. The decoder takes it back:
-- reconstructions stay as they are. Student-t memberships know one unit of length, so in a small
-- embedding they start soft, and DEC hardly tells neighboring clusters apart. (Its authors scaled
-- the pixels.)
-- x: tensor n×d or dataset, whose embedding is measured · std=2: number
-- → the autoencoder
function Autoencoder:rescale(x, std)
  local where = ("nn.%s:rescale"):format(class.of(self).class_name)
  std = check.number(where, "std", std or 2, 1e-6)
  local last, first = self.encoder[#self.encoder], self.decoder and self.decoder[1]
  if not (class.is(last, Linear) and class.is(first, Linear)) then
    error(where .. ": the embedding must lie between two nn.Linear", 2)
  end
  local now = self:transform(class.kind(x) == "tensor" and x or x.x):std(1):mean():item()
  if not (now > 0 and now < math.huge) then
    error(("%s: the embedding of x deviates by %g; there is nothing to stretch"):format(where, now), 2)
  end
  local factor = std / now
  last.weight:copy(last.weight:detach() * factor)
  if last.bias then last.bias:copy(last.bias:detach() * factor) end
  first.weight:copy(first.weight:detach() / factor)
  return self
end

function Autoencoder:__tostring()
  return ("nn.%s{ layers = { %s } }"):format(class.of(self).class_name,
    table.concat(self.layers, ", "))
end

return Autoencoder
