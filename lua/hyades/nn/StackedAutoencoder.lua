local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Autoencoder = require "hyades.nn.Autoencoder"
local Dropout = require "hyades.nn.Dropout"
local Linear = require "hyades.nn.Linear"

--- A dense autoencoder that is trained layer by layer to remove noise, and then as a whole without
-- noise. Vincent et al., JMLR 2010; as used for DEC by Xie, Girshick & Farhadi, ICML 2016.
-- Options as in nn.Autoencoder; `fit` takes layer_epochs=20, layer_lr (lr) and noise=0.2 too.
local StackedAutoencoder = class.define("StackedAutoencoder", Autoencoder)
StackedAutoencoder.fit_options = { layer_epochs = 20, layer_lr = check.optional, noise = 0.2 }
for name, default in pairs(Autoencoder.fit_options) do
  StackedAutoencoder.fit_options[name] = default
end

-- The positions of the linear layers in a stack.
local function linear_positions(stack)
  local positions = {}
  for i, layer in ipairs(stack) do
    if class.is(layer, Linear) then positions[#positions + 1] = i end
  end
  return positions
end

-- The rows as layer `upto` gets them: through all layers before it that are no noise.
local function clean_input(self, x, upto)
  return hy.no_grad(function()
    for i = 1, upto - 1 do
      local layer = self.encoder[i]
      if not class.is(layer, Dropout) then x = layer(x) end
    end
    return x
  end)
end

local function noise_of(given, rng)
  if type(given) == "function" or not given then return given or nil end
  check.number("nn.StackedAutoencoder:fit", "noise", given, 0, 0.999)
  return given > 0 and function(h) return hy.dropout(h, { p = given, rng = rng }) end or nil
end

-- The file of a layer beside that of the whole. What the earlier layers do to the rows counts too.
local function layer_checkpoint(self, given, i, rng)
  local whole = given.checkpoint
  if not whole then return nil end
  if type(whole) == "string" then whole = { path = whole } end
  return { path = ("%s-layer%d"):format(whole.path, i), every = whole.every,
    keep = { self.encoder, rng } }
end

local function layer_progress(given, layer)
  local options = hy.train.progress_options(given.progress)
  options.desc = options.desc .. ", " .. tostring(layer)
  return options
end

-- Train one linear layer and its mirror image to give back what comes in, without the noise.
local function fit_layer(self, x, down, up, given, noise, file)
  local encode, decode = self.encoder[down], self.decoder[up]
  return hy.train.run{
    params = { encode, decode },
    optimizer = (given.optimizer or hy.optim.Adam){ lr = given.layer_lr or given.lr },
    batches = hy.data.Batches{ x, size = given.batch, shuffle = given.rng:split() },
    epochs = given.layer_epochs,
    progress = layer_progress(given, encode),
    checkpoint = file,
    loss = function(batch)
      local h = clean_input(self, batch.x, down)
      return hy.loss.reconstruction(decode(encode(noise and noise(h) or h)), h)
    end,
  }
end

--- Train layer by layer, then everything.
-- x: tensor n×d or dataset · options: as in nn.Autoencoder:fit, for the whole network; and
-- layer_epochs=20, layer_lr (lr): for each pair of layers
-- noise=0.2: share of the inputs of a layer that is dropped, a function(h), or false
-- → the autoencoder, with `history` of the whole and `layer_history`, one for each layer
function StackedAutoencoder:fit(x, options)
  local given = check.options("nn.StackedAutoencoder:fit", options, self.fit_options)
  given.rng = given.rng or hy.rng
  check.number("nn.StackedAutoencoder:fit", "layer_epochs", given.layer_epochs, 0, nil, true)
  local rng = given.rng:split()
  local noise = noise_of(given.noise, rng)
  local down, up = linear_positions(self.encoder), linear_positions(self.decoder)
  self:train()
  self.layer_history = {}
  for i, position in ipairs(down) do
    self.layer_history[i] = fit_layer(self, x, position, up[#up + 1 - i], given, noise,
      layer_checkpoint(self, given, i, rng))
  end
  given.layer_epochs, given.layer_lr, given.noise = nil, nil, nil
  return Autoencoder.fit(self, x, given)
end

return StackedAutoencoder
