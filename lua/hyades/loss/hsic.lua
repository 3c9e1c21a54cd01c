local hy = require "hyades"
local check = require "hyades.check"
local guard = require "hyades.loss.guard"
local loss = hy.loss

local function centered(kernel)
  local rows = kernel - kernel:mean(1, { keep = true })
  return rows - rows:mean(2, { keep = true })
end

-- The kernel of a variable, both sides centered, in f64: linear for labels, else Gaussian.
local function kernel_of(x, sigma)
  if x.dtype == "index" then
    local member = hy.one_hot(x, { dtype = "f64" })
    return centered(member:mm(member:t()))
  end
  x = x:to("f64")
  return centered((hy.sqdist(x, x) / (-2 * sigma ^ 2 * x:size(2))):exp())
end

-- 1 − ε (K + ε)⁻¹ with ε = 1e-5 n.
local function normalized(kernel)
  local epsilon = 1e-5 * kernel:size(1)
  local eye = hy.eye(kernel:size(1), { dtype = "f64" })
  return eye - (kernel + eye * epsilon):inverse() * epsilon
end

--- Hilbert-Schmidt independence criterion: how much two variables depend on each other, 0 when not
-- at all. Gretton et al., ALT 2005; normalized: Fukumizu et al., NIPS 2007.
-- x, y: tensors n×d, or labels (index tensor n) with the kernel 1 for equal ones
-- options: sigma=5, width of the Gaussian kernel e^(−|a−b|² / 2σ²d) · normalized=true, false gives
-- tr(K H L H) / (n − 1)²
-- → scalar tensor, f64
function loss.hsic(x, y, options)
  local given = check.options("loss.hsic", options, { sigma = 5, normalized = true })
  guard.positive("loss.hsic", "sigma", given.sigma)
  if not guard.is_tensor(x) or not guard.is_tensor(y) or x:size(1) ~= y:size(1) or x:size(1) < 2 then
    error("loss.hsic: x and y must be tensors with the same number of rows, at least 2", 2)
  end
  local k, l = kernel_of(x, given.sigma), kernel_of(y, given.sigma)
  if given.normalized then return (normalized(k) * normalized(l)):sum() end
  return (k * l):sum() / (x:size(1) - 1) ^ 2
end

return loss.hsic
