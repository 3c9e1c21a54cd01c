--- Losses: tensors in, a 0-dim tensor out, per sample unless they say otherwise.
-- A term 0 · log 0 counts as 0; what a logarithm is taken of is at least 1e-37.

local hy = require "hyades"
local check = require "hyades.check"

local loss = {}

local tiny = 1e-37 -- just above the smallest normal f32

local function log(p)
  return p:maximum(tiny):log()
end

local function same_shape(name, x, y)
  local a, b = table.concat(x:size(), "×"), table.concat(y:size(), "×")
  if a ~= b then error(("%s: the shapes differ: %s and %s"):format(name, a, b), 3) end
end

--- Squared error of a reconstruction, averaged over the samples.
-- output, x: tensors n×… · options: reduction="sum_dims" (add the squares of a sample) or
-- "mean_dims" (average them: as many times smaller as x has columns)
-- → scalar tensor
function loss.reconstruction(output, x, options)
  local given = check.options("loss.reconstruction", options, { reduction = "sum_dims" })
  same_shape("loss.reconstruction", output, x)
  local mean = (output - x):square():mean()
  if given.reduction == "mean_dims" then return mean end
  if given.reduction ~= "sum_dims" then
    error(('loss.reconstruction: reduction must be "sum_dims" or "mean_dims", got %q')
      :format(tostring(given.reduction)), 2)
  end
  return mean * (x:numel() / x:size(1))
end

--- Mean squared error over all elements.
-- output, target: tensors of one shape
-- → scalar tensor
function loss.mse(output, target)
  same_shape("loss.mse", output, target)
  return (output - target):square():mean()
end

--- Binary cross-entropy of logits, averaged over all elements. Never overflows.
-- logits: tensor, before the sigmoid · target: tensor of the same shape, in [0, 1]
-- → scalar tensor
function loss.bce(logits, target)
  same_shape("loss.bce", logits, target)
  return (logits:softplus() - logits * target):mean()
end

--- Cross-entropy of logits.
-- logits: tensor n×k, before the softmax · target: labels (index tensor or array, 1..k), or a
-- tensor n×k of probabilities · options: weights, tensor k, one per class; labels only
-- → scalar tensor: mean over the samples, weighted by class where weights are given
function loss.cross_entropy(logits, target, options)
  local given = check.options("loss.cross_entropy", options, { weights = check.optional })
  local log_p = logits:log_softmax(2):maximum(-1e30) -- 0 · -inf would be NaN
  if type(target) ~= "table" and target.dtype ~= "index" then
    same_shape("loss.cross_entropy", logits, target)
    if given.weights then
      error("loss.cross_entropy: class weights need labels, not probabilities", 2)
    end
    return -(target * log_p):sum(2):mean()
  end
  local picked = hy.one_hot(target, logits:size(2)):to(logits.dtype)
  if given.weights then picked = picked * given.weights end
  return -(picked * log_p):sum() / picked:sum():maximum(tiny)
end

--- Kullback-Leibler divergence KL(p ‖ q) of each row, averaged over the rows.
-- p, q: tensors n×k, rows are distributions; p is usually a constant
-- → scalar tensor
function loss.kl(p, q)
  same_shape("loss.kl", p, q)
  return (p * (log(p) - log(q))):sum(2):mean()
end

--- Student-t similarity of each row of z to each center; rows sum to 1, however far the points.
-- z: tensor n×d · centers: tensor k×d · alpha: degrees of freedom, 1
-- → tensor n×k
function loss.student_t(z, centers, alpha)
  alpha = alpha or 1
  return ((hy.sqdist(z, centers) / alpha):log1p() * (-(alpha + 1) / 2)):softmax(2)
end

--- The sharpened form of a soft assignment: squared, divided by cluster frequency, a constant.
-- q: tensor n×k, rows sum to 1
-- → tensor n×k, without gradient
function loss.target(q)
  q = q:detach()
  local weight = q:square() / q:sum(1, { keep = true }):maximum(tiny)
  return weight / weight:sum(2, { keep = true })
end

--- Assignment hardening, the loss of DEC: KL between a soft assignment and its target.
-- q: tensor n×k · target: tensor n×k, optional; by default that of these rows
-- → scalar tensor
function loss.hardening(q, target)
  return loss.kl(target or loss.target(q), q)
end

--- Squared distance of each row to its center, averaged over the rows.
-- z: tensor n×d · centers: tensor k×d, a constant here · labels: index tensor n, optional; the
-- nearest center by default
-- → scalar tensor
function loss.kmeans(z, centers, labels)
  centers = centers:detach()
  labels = labels or hy.sqdist(z:detach(), centers):argmin(2)
  return (z - centers:index(labels)):square():sum(2):mean()
end

return loss
