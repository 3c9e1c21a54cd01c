local hy = require "hyades"
local check = require "hyades.check"
local parameters = require "hyades.optim.parameters"

--- The proximal step of group sparsity, after the step of the optimizer: rows (or columns) of a weight
-- become shorter, and short ones exactly 0, which the gradient of `loss.group_sparsity(w, "rows")`
-- never reaches. Yuan & Lin, J. R. Stat. Soc. B 2006. In train.run:
-- `after_step = function() optim.proximal_group(net[1].weight, { lr = 1e-3, weight = 0.1 }) end`.
-- params: a tensor, a module, or a list of these; tensors with a single axis are left alone
-- options: lr, of the optimizer · weight, of the penalty · groups="rows" (all that leads into a unit of
-- nn.Linear) or "columns" (all that leaves a feature). Each group loses lr · weight · √(its size).
local function proximal_group(params, options)
  local given = check.options("optim.proximal_group", options,
    { lr = check.required, weight = check.required, groups = "rows" })
  check.number("optim.proximal_group", "lr", given.lr, 0)
  check.number("optim.proximal_group", "weight", given.weight, 0)
  if given.groups ~= "rows" and given.groups ~= "columns" then
    error(('optim.proximal_group: groups must be "rows" or "columns", got %s')
      :format(check.describe(given.groups)), 2)
  end
  local columns = given.groups == "columns"
  for _, p in ipairs((parameters.list(parameters.collect(params)))) do
    if p:dim() > 1 then
      local size = columns and p:size(1) or p:numel() / math.max(p:size(1), 1)
      hy.proximal_group_step(p, given.lr * given.weight * math.sqrt(size), { columns = columns })
    end
  end
end

return proximal_group
