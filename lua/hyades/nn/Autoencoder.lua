local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local MLP = require "hyades.nn.MLP"
local Module = require "hyades.nn.Module"

local Autoencoder = class.define("Autoencoder", Module)
Autoencoder.forwards_only = true
Autoencoder.order = { "encoder", "decoder" }

--- A dense autoencoder: the layers down to the embedding and their mirror image up again.
-- layers: array of widths from the data to the embedding, e.g. { 784, 500, 500, 2000, 10 }
-- activation: constructor, nn.LeakyReLU; none on the embedding, none on the output unless
-- output: constructor, optional · batch_norm=false, dropout=0, bias=true, rng=hy.rng
function Autoencoder:init(options)
  options = check.options("nn.Autoencoder", options, MLP.options)
  MLP.check_layers("nn.Autoencoder", options.layers)
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

--- Train to reconstruct x.
-- x: tensor n×d or dataset · options: epochs=100, lr=1e-3, batch=256, optimizer (constructor,
-- optim.Adam), loss (function(output, x), loss.reconstruction), corrupt (function(x) of the input
-- only; the target stays clean), augment (function for data.Batches), rng=hy.rng,
-- progress=false (or a title)
-- → the autoencoder, with `history`
function Autoencoder:fit(x, options)
  options = check.options("nn.Autoencoder:fit", options, { epochs = 100, lr = 1e-3, batch = 256,
    optimizer = hy.optim.Adam, loss = hy.loss.reconstruction, corrupt = check.optional,
    augment = check.optional, rng = hy.rng, progress = false })
  self:train()
  self.history = hy.train.run{
    params = self,
    optimizer = options.optimizer{ lr = options.lr },
    batches = hy.data.Batches{ x, size = options.batch, shuffle = options.rng:split(),
      augment = options.augment },
    epochs = options.epochs,
    progress = options.progress,
    loss = function(batch)
      local clean = batch.view or batch.x
      local input = options.corrupt and options.corrupt(clean) or clean
      return options.loss(self(input), clean)
    end,
  }
  self.fitted = true
  return self
end

function Autoencoder:__tostring()
  return ("nn.Autoencoder{ layers = { %s } }"):format(table.concat(self.layers, ", "))
end

return Autoencoder
