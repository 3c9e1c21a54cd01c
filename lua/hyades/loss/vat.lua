local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local guard = require "hyades.loss.guard"
local loss = hy.loss

-- A number for each sample, shaped to go with x.
local function beside(x, numbers)
  local shape = x:size()
  for axis = 2, #shape do shape[axis] = 1 end
  return numbers:reshape(shape)
end

-- The samples of d brought to length 1; zeros stay.
local function unit(d)
  return d / beside(d, d:reshape(d:size(1), -1):norm(2):maximum(1e-12))
end

-- KL between a constant prediction and the one for other inputs, from logits.
local function divergence(p, log_p, logits)
  return (p * (log_p - guard.log_softmax(logits))):sum(2):mean()
end

-- The direction for each row that changes the prediction most: power iteration on its curvature.
local function adversarial(net, x, p, log_p, given)
  local d = unit(hy.randn(x:size(), { dtype = x.dtype, rng = given.rng }))
  for _ = 1, given.rounds do
    local gradient = hy.grad(function(at)
      return divergence(p, log_p, net(x + at * given.xi))
    end, d)
    d = unit(gradient)
  end
  return d
end

local function virtual(net, x, given)
  local logits = hy.no_grad(net, x):detach()
  local p, log_p = logits:softmax(2), guard.log_softmax(logits)
  local radius = given.radius
  if guard.is_tensor(radius) then radius = beside(x, radius:to(x.dtype)) end
  return divergence(p, log_p, net(x + adversarial(net, x, p, log_p, given) * radius))
end

--- Virtual adversarial training: predictions stay the same when each sample moves, by `radius`, in
-- the direction that changes its prediction most. Miyato et al., TPAMI 2018; for clusters Hu et
-- al. (IMSAT), ICML 2017. Only the last pass gives gradients, to weights alone. A module runs with
-- frozen averages: batch normalization uses the batch. For a function of modules do that yourself:
-- `module:frozen_averages(loss.vat, fn, x, options)`.
-- net: module or function(x) → logits n×k · x: tensor n×…
-- options: radius: number or tensor n, as loss.vat_radius gives it, on the scale of the data ·
-- xi=10, probing distance, for data in [-1, 1]; 0.1 to 0.4 times the median length of x ·
-- rounds=1 of power iteration · rng=hy.rng
-- → scalar tensor
function loss.vat(net, x, options)
  local given = check.options("loss.vat", options,
    { radius = check.required, xi = 10, rounds = 1, rng = hy.rng })
  if not guard.is_tensor(x) or x:dim() < 2 then
    error("loss.vat: x must be a tensor with a row for each sample, got " ..
      (guard.is_tensor(x) and "one of a single axis or none" or check.describe(x)), 2)
  end
  guard.positive("loss.vat", "xi", given.xi)
  check.number("loss.vat", "rounds", given.rounds, 1, nil, true)
  if guard.is_tensor(given.radius) and given.radius:numel() ~= x:size(1) then
    error(("loss.vat: radius must be a number or a tensor of %d"):format(x:size(1)), 2)
  end
  if given.rng == true then given.rng = hy.rng end
  x = x:detach()
  if class.is(net, hy.nn.Module) then return net:frozen_averages(virtual, net, x, given) end
  return virtual(net, x, given)
end

return loss.vat
