local hy = require "hyades"
local check = require "hyades.check"
local guard = require "hyades.loss.guard"
local loss = hy.loss

--- Squared error of a reconstruction, averaged over the samples.
-- output, x: tensors n×… · options: reduction="sum_dims" (add the squares of a sample) or
-- "mean_dims" (average them: as many times smaller as x has columns)
-- layers: list of pairs { decoder's activation, encoder's activation }, tensors n×width; each adds
-- its squared error divided by its width, optional
-- → scalar tensor
function loss.reconstruction(output, x, options)
  local given = check.options("loss.reconstruction", options,
    { reduction = "sum_dims", layers = check.optional })
  guard.choice("loss.reconstruction", "reduction", given.reduction, { "sum_dims", "mean_dims" })
  guard.same_shape("loss.reconstruction", output, x)
  local value = hy.mean_square_error(output, x)
  if given.reduction == "sum_dims" then value = value * (x:numel() / x:size(1)) end
  for _, pair in ipairs(given.layers or {}) do
    guard.same_shape("loss.reconstruction: layers", pair[1], pair[2])
    value = value + hy.mean_square_error(pair[1], pair[2])
  end
  return value
end

return loss.reconstruction
