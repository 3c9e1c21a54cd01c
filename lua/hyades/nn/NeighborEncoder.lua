local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local Autoencoder = require "hyades.nn.Autoencoder"
local MLP = require "hyades.nn.MLP"

local NeighborEncoder = class.define("NeighborEncoder", Autoencoder)
NeighborEncoder.order = { "encoder", "decoder", "decoders" }

NeighborEncoder.fit_options = {}
for name, default in pairs(Autoencoder.fit_options) do
  NeighborEncoder.fit_options[name] = name ~= "validation" and default or nil
end

local block = 1 << 22 -- numbers in a block of distances

--- An autoencoder that reconstructs the nearest neighbors of a row, with a decoder for each, and
-- the row itself. Yeh et al., ICDM 2018.
-- layers: array of widths from the data to the embedding · neighbors=5
-- own=true: a decoder for the row itself · other options: as in nn.Autoencoder
function NeighborEncoder:init(options)
  local all = { neighbors = 5, own = true }
  for name, default in pairs(MLP.options) do all[name] = default end
  options = check.options("nn.NeighborEncoder", options, all)
  self.neighbors = check.number("nn.NeighborEncoder", "neighbors", options.neighbors, 1, nil, true)
  local inner = {}
  for name in pairs(MLP.options) do inner[name] = options[name] end
  Autoencoder.init(self, inner)
  if not options.own then self.decoder = nil end
  local up = {}
  for i, width in ipairs(options.layers) do up[#options.layers + 1 - i] = width end
  inner.layers = up
  self.decoders = {}
  for j = 1, options.neighbors do self.decoders[j] = MLP(inner) end
  return self
end

--- The reconstruction of the row itself.
-- z: tensor n×m
-- → tensor n×d
function NeighborEncoder:decode(z)
  if not self.decoder then
    error("nn.NeighborEncoder: it has no decoder of its own (own = false)", 2)
  end
  return self.decoder(z)
end

--- The reconstructions of the neighbors, the nearest first.
-- z: tensor n×m
-- → array of tensors n×d
function NeighborEncoder:decode_neighbors(z)
  local outputs = {}
  for j, decoder in ipairs(self.decoders) do outputs[j] = decoder(z) end
  return outputs
end

--- Reconstruct the row itself (nil where own = false) and its neighbors.
-- x: tensor n×d
-- → tensor n×d or nil, array of tensors n×d
function NeighborEncoder:forward(x)
  local z = self.encoder(x)
  return self.decoder and self.decoder(z), self:decode_neighbors(z)
end

--- The nearest other rows of every row, the nearest first.
-- x: tensor n×d · k: integer below n
-- → index tensor n×k
function NeighborEncoder.nearest(x, k)
  local n = x:size(1)
  if k >= n then
    error(("nn.NeighborEncoder: %d rows do not have %d neighbors each"):format(n, k), 0)
  end
  local parts, size = {}, math.max(1, block // n)
  for first = 1, n, size do
    local last = math.min(first + size - 1, n)
    local own = hy.one_hot(hy.arange(first, last, { dtype = "index" }), n):gt(0)
    local distance = hy.sqdist(x:narrow(1, first, last - first + 1), x)
    local _, rows = distance:masked_fill(own, math.huge):topk(k, 2, { largest = false })
    parts[#parts + 1] = rows
  end
  return #parts == 1 and parts[1] or hy.cat(parts, 1)
end

local function as_numbers(x)
  return x.dtype == "u8" and x:to("f32") or x
end

--- The rows, and the positions of the nearest others of each.
-- x: tensor n×d or dataset
-- → list of sources of data.Batches
function NeighborEncoder:fit_sources(x)
  local rows = class.kind(x) == "tensor" and x or x.x
  return { x, NeighborEncoder.nearest(as_numbers(rows), self.neighbors) }
end

--- The loss: the errors of all neighbors and of the row itself, added up.
-- input, clean, batch, given: as in nn.Autoencoder
-- → scalar tensor
function NeighborEncoder:fit_loss(input, clean, batch, given)
  local distance = given.loss or hy.loss.reconstruction
  local z = self:encode(input)
  local total = self.decoder and distance(self.decoder(z), clean)
  for j, output in ipairs(self:decode_neighbors(z)) do
    local part = distance(output, as_numbers(given.x:index(batch.xs[2]:select(2, j))))
    total = total and total + part or part
  end
  return total
end

return NeighborEncoder
