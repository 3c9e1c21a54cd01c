local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Autoencoder = require "hyades.nn.Autoencoder"
local GaussianEncoder = require "hyades.nn.GaussianEncoder"
local MLP = require "hyades.nn.MLP"

local VAE = class.define("VAE", Autoencoder)

local likelihoods = { bernoulli = true, gaussian = true }

--- A variational autoencoder: the encoder gives a normal distribution for each row, held close to
-- the standard one. Kingma & Welling, ICLR 2014.
-- layers: array of widths from the data to the embedding · likelihood="bernoulli" for data in
-- [0, 1], "gaussian" for any · beta=1: weight of the divergence
-- activation, batch_norm, dropout, bias, rng: as in nn.Autoencoder
function VAE:init(options)
  local all = { likelihood = "bernoulli", beta = 1 }
  for name, default in pairs(MLP.options) do all[name] = default end
  all.output = nil
  options = check.options("nn.VAE", options, all)
  if not likelihoods[options.likelihood] then
    error('nn.VAE: likelihood must be "bernoulli" or "gaussian", got ' ..
      check.describe(options.likelihood), 2)
  end
  MLP.check_layers("nn.VAE", options.layers)
  local up = {}
  for i, width in ipairs(options.layers) do up[#options.layers + 1 - i] = width end
  self.layers, self.likelihood = options.layers, options.likelihood
  self.beta = check.number("nn.VAE", "beta", options.beta, 0)
  self.encoder = GaussianEncoder{ layers = options.layers, activation = options.activation,
    batch_norm = options.batch_norm, dropout = options.dropout, bias = options.bias,
    rng = options.rng }
  self.decoder = MLP{ layers = up, activation = options.activation,
    batch_norm = options.batch_norm, dropout = options.dropout, bias = options.bias,
    rng = options.rng }
  self.rng = options.rng:split()
  return self
end

--- The distribution of the embedding of every row; `transform` gives the means.
-- x: tensor n×d
-- → mean, log_variance: tensors n×m
function VAE:encode(x)
  return self.encoder(x)
end

--- One draw from the distribution of every row: mean + standard deviation · noise.
-- mean, log_variance: tensors n×m
-- → tensor n×m
function VAE:sample(mean, log_variance)
  local noise = hy.randn(mean:size(), { dtype = mean.dtype, rng = self.rng or hy.rng })
  return mean + (log_variance / 2):exp() * noise
end

--- The reconstruction that belongs to every row of z; probabilities for "bernoulli".
-- z: tensor n×m
-- → tensor n×d
function VAE:decode(z)
  local output = self.decoder(z)
  return self.likelihood == "bernoulli" and output:sigmoid() or output
end

--- Reconstruct x from a draw in training, from the mean in evaluation.
-- x: tensor n×d
-- → output n×d, mean, log_variance
function VAE:forward(x)
  local mean, log_variance = self:encode(x)
  return self:decode(self.training and self:sample(mean, log_variance) or mean), mean, log_variance
end

--- Divergence from the standard normal distribution, summed over the columns, averaged over the
-- rows: −½ Σ (1 + v − m² − e^v).
-- mean, log_variance: tensors n×m
-- → scalar tensor
function VAE.divergence(mean, log_variance)
  return hy.loss.gaussian_kl(mean, log_variance)
end

--- The loss: reconstruction, summed over the columns, plus beta · divergence.
-- input, clean, given: as in nn.Autoencoder
-- → scalar tensor
function VAE:fit_loss(input, clean, _, given)
  local mean, log_variance = self:encode(input)
  local z = self.training and self:sample(mean, log_variance) or mean
  local rec
  if given.loss then
    rec = given.loss(self:decode(z), clean)
  elseif self.likelihood == "bernoulli" then
    rec = hy.loss.bce(self.decoder(z), clean) * (clean:numel() / clean:size(1))
  else
    rec = hy.loss.reconstruction(self.decoder(z), clean)
  end
  return rec + VAE.divergence(mean, log_variance) * self.beta
end

--- New rows, decoded from standard normal draws.
-- n: integer · options: rng
-- → tensor n×d
function VAE:generate(n, options)
  local given = check.options("nn.VAE:generate", options, { rng = check.optional })
  check.number("nn.VAE:generate", "n", n, 1, nil, true)
  local z = hy.randn({ n, self.layers[#self.layers] }, { rng = given.rng or self.rng or hy.rng })
  return self:evaluating(function() return self:decode(z) end)
end

return VAE
