--- Arguments for the registry walk: how to call each op. Most follow from the signature; the table
--- below holds the ops that need something special.
local hy = require "hyades"

local samples = {}

local function parse(signature)
  local params = {}
  local inputs = signature:match "^(.-)%->"
  local named = false
  for word in inputs:gmatch "[^%s,]+" do
    named = named or word:sub(1, 1) == "{"
    local name, kind = word:gsub("[{}]", ""):match "^(%w[%w_]*):(%a+)"
    params[#params + 1] = {
      name = name, kind = kind, named = named,
      optional = named or word:find("?", 1, true) ~= nil or word:find("=", 1, true) ~= nil,
    }
    named = named and not word:find("}", 1, true)
  end
  return params
end
samples.parse = parse

local tensor_kinds = { tensor = true, matrix = true, vector = true, operand = true, tensors = true }

--- Is this parameter a tensor that may carry a gradient?
function samples.is_tensor(param)
  return tensor_kinds[param.kind] == true
end

local function uniform(shape, lo, hi, rng, dtype)
  return (hy.rand(shape, { dtype = dtype, rng = rng }) * (hi - lo) + lo):clone()
end
samples.uniform = uniform

local function spd(rng, dtype)
  local a = uniform({ 4, 4 }, -1, 1, rng, dtype)
  return a:mm(a:t()) + hy.eye(4, { dtype = dtype })
end

local function labels() return hy.tensor({ 1, 3, 2, 1, 3 }, { dtype = "index" }) end

--- name → function(rng, dtype, lo, hi) → list of arguments
samples.special = {
  full = function() return { { 2, 3 }, 7 } end,
  zeros = function() return { 2, 3 } end,
  ones = function() return { 2, 3 } end,
  eye = function() return { 3 } end,
  arange = function() return { 1, 5 } end,
  linspace = function() return { 0, 1, 5 } end,
  rand = function() return { 2, 3, { rng = hy.rng(3) } } end,
  randn = function() return { 2, 3, { rng = hy.rng(3) } } end,
  randperm = function() return { 6, { rng = hy.rng(3) } } end,
  randint = function() return { { 2, 3 }, 1, 6, { rng = hy.rng(3) } } end,
  bernoulli = function(rng, dtype) return { uniform({ 3, 4 }, 0, 1, rng, dtype), { rng = hy.rng(3) } } end,
  categorical = function(rng, dtype) return { uniform({ 3, 4 }, 0, 1, rng, dtype), { rng = hy.rng(3) } } end,
  t = function(rng, dtype) return { uniform({ 3, 4 }, -2, 2, rng, dtype) } end,
  permute = function(rng, dtype) return { uniform({ 2, 3, 4 }, -2, 2, rng, dtype), { 3, 1, 2 } } end,
  reshape = function(rng, dtype) return { uniform({ 3, 4 }, -2, 2, rng, dtype), { 2, 6 } } end,
  expand = function(rng, dtype) return { uniform({ 3, 1 }, -2, 2, rng, dtype), { 2, 3, 4 } } end,
  narrow = function(rng, dtype) return { uniform({ 3, 4 }, -2, 2, rng, dtype), 2, 2, 2 } end,
  select = function(rng, dtype) return { uniform({ 3, 4 }, -2, 2, rng, dtype), 1, 2 } end,
  unsqueeze = function(rng, dtype) return { uniform({ 3, 4 }, -2, 2, rng, dtype), 1 } end,
  squeeze = function(rng, dtype) return { uniform({ 3, 1 }, -2, 2, rng, dtype), 2 } end,
  cat = function(rng, dtype)
    return { { uniform({ 3, 4 }, -2, 2, rng, dtype), uniform({ 2, 4 }, -2, 2, rng, dtype) }, 1 }
  end,
  stack = function(rng, dtype)
    return { { uniform({ 3, 4 }, -2, 2, rng, dtype), uniform({ 3, 4 }, -2, 2, rng, dtype) }, 2 }
  end,
  to = function(rng, dtype) return { uniform({ 3, 4 }, -2, 2, rng, dtype), "f64" } end,
  diag = function(rng, dtype) return { uniform({ 4 }, -2, 2, rng, dtype) } end,
  cumsum = function(rng, dtype) return { uniform({ 3, 4 }, -2, 2, rng, dtype), 2 } end,
  matmul = function(rng, dtype)
    return { uniform({ 3, 4 }, -2, 2, rng, dtype), uniform({ 4, 2 }, -2, 2, rng, dtype) }
  end,
  sqdist = function(rng, dtype)
    return { uniform({ 5, 3 }, -2, 2, rng, dtype), uniform({ 2, 3 }, -2, 2, rng, dtype) }
  end,
  resize = function(rng, dtype) return { uniform({ 2, 5, 7 }, 0, 1, rng, dtype), 3, 4 } end,
  crop_resize = function(rng, dtype)
    return { uniform({ 2, 1, 5, 7 }, 0, 1, rng, dtype),
      hy.tensor({ { 1, 2, 3, 4 }, { 0, 0, 5, 7 } }, { dtype = dtype }), 3, 4 }
  end,
  adjust_color = function(rng, dtype)
    return { uniform({ 2, 3, 4, 5 }, 0, 1, rng, dtype), uniform({ 2, 4 }, 0.5, 1.5, rng, dtype) }
  end,
  rand_rows = function() return { { 3, 1 }, 4, { rng = hy.rng(3) } } end,
  randn_rows = function() return { { 3, 1 }, 4, { rng = hy.rng(3) } } end,
  equalize = function(rng) return { (uniform({ 2, 30, 30 }, 0, 200, rng, "f32")):to "u8" } end,
  dip = function(rng, dtype) return { uniform({ 9, 2 }, -2, 2, rng, dtype) } end,
  index = function(rng, dtype) return { uniform({ 4, 3 }, -2, 2, rng, dtype), { 3, 1, 3 } } end,
  gather = function(rng, dtype)
    local at = hy.tensor({ { 1, 4 }, { 2, 2 }, { 3, 1 } }, { dtype = "index" })
    return { uniform({ 3, 4 }, -2, 2, rng, dtype), 2, at }
  end,
  scatter_add = function(rng, dtype)
    return { uniform({ 3, 4 }, -2, 2, rng, dtype), { 1, 3 }, uniform({ 2, 4 }, -2, 2, rng, dtype) }
  end,
  label_means = function(rng, dtype) return { uniform({ 5, 3 }, -2, 2, rng, dtype), labels(), 3 } end,
  one_hot = function() return { labels(), 3 } end,
  bincount = function() return { labels(), 3 } end,
  masked_select = function(rng, dtype)
    local x = uniform({ 3, 4 }, -2, 2, rng, dtype)
    return { x, x:gt(0) }
  end,
  masked_fill = function(rng, dtype)
    local x = uniform({ 3, 4 }, -2, 2, rng, dtype)
    return { x, x:gt(0), 5 }
  end,
  where = function(rng, dtype)
    local x, y = uniform({ 3, 4 }, -2, 2, rng, dtype), uniform({ 3, 4 }, -2, 2, rng, dtype)
    return { x:gt(y), x, y }
  end,
  all = function(rng, dtype) return { uniform({ 3, 4 }, -2, 2, rng, dtype):gt(0) } end,
  any = function(rng, dtype) return { uniform({ 3, 4 }, -2, 2, rng, dtype):gt(0) } end,
  topk = function(rng, dtype) return { uniform({ 3, 5 }, -2, 2, rng, dtype), 2 } end,
  dropout = function(rng, dtype)
    return { uniform({ 3, 4 }, -2, 2, rng, dtype), { p = 0.5, rng = hy.rng(3) } }
  end,
  batch_norm = function(rng, dtype)
    return { uniform({ 6, 3 }, -2, 2, rng, dtype), uniform({ 3 }, 0.5, 1.5, rng, dtype),
      uniform({ 3 }, -1, 1, rng, dtype), hy.zeros({ 3 }, { dtype = dtype }),
      hy.ones({ 3 }, { dtype = dtype }) }
  end,
  linear = function(rng, dtype)
    return { uniform({ 5, 3 }, -2, 2, rng, dtype), uniform({ 4, 3 }, -2, 2, rng, dtype),
      uniform({ 4 }, -1, 1, rng, dtype), { activation = "tanh" } }
  end,
  proximal_group_step = function(rng, dtype) return { uniform({ 4, 3 }, -2, 2, rng, dtype), 0.5 } end,
  spectral_norm = function(rng, dtype)
    return { uniform({ 4, 3 }, -2, 2, rng, dtype), uniform({ 4 }, -1, 1, rng, dtype), { steps = 0 } }
  end,
  layer_norm = function(rng, dtype)
    return { uniform({ 5, 4 }, -2, 2, rng, dtype), uniform({ 4 }, 0.5, 1.5, rng, dtype),
      uniform({ 4 }, -1, 1, rng, dtype) }
  end,
  cross_entropy = function(rng, dtype) return { uniform({ 5, 3 }, -2, 2, rng, dtype), labels() } end,
  soft_cross_entropy = function(rng, dtype)
    return { uniform({ 5, 3 }, -2, 2, rng, dtype), uniform({ 5, 3 }, 0, 1, rng, dtype) }
  end,
  cosine_matrix = function(rng, dtype)
    return { uniform({ 5, 3 }, -2, 2, rng, dtype), uniform({ 2, 3 }, -2, 2, rng, dtype) }
  end,
  gumbel = function() return { 2, 3, { rng = hy.rng(3) } } end,
  gumbel_softmax = function(rng, dtype)
    return { uniform({ 3, 4 }, -2, 2, rng, dtype), { temperature = 0.5, rng = hy.rng(3) } }
  end,
  eigh = function(rng, dtype) return { spd(rng, dtype) } end,
  eigh_batch = function(rng, dtype) return { hy.stack({ spd(rng, dtype), spd(rng, dtype) }, 1) } end,
  eigh_largest = function(rng, dtype) return { spd(rng, dtype), 2 } end,
  svd = function(rng, dtype) return { uniform({ 4, 3 }, -2, 2, rng, dtype) } end,
  eigh_low_rank = function(rng, dtype)
    return { uniform({ 3, 5 }, -2, 2, rng, dtype), uniform({ 3 }, -1, 1, rng, dtype) }
  end,
  cluster_means = function(rng, dtype) return { uniform({ 5, 3 }, -2, 2, rng, dtype), labels(), 3 } end,
  center_distance = function(rng, dtype)
    return { uniform({ 5, 3 }, -2, 2, rng, dtype), uniform({ 3, 3 }, -2, 2, rng, dtype), labels() }
  end,
  qr = function(rng, dtype) return { uniform({ 4, 3 }, -2, 2, rng, dtype) } end,
  pinv = function(rng, dtype) return { uniform({ 4, 3 }, -2, 2, rng, dtype) } end,
  cholesky = function(rng, dtype) return { spd(rng, dtype) } end,
  inverse = function(rng, dtype) return { spd(rng, dtype) } end,
  det = function(rng, dtype) return { spd(rng, dtype) } end,
  solve = function(rng, dtype) return { spd(rng, dtype), uniform({ 4, 2 }, -2, 2, rng, dtype) } end,
  oriented_sqdist = function(rng, dtype)
    return { uniform({ 5, 3 }, -2, 2, rng, dtype), uniform({ 2, 3 }, -2, 2, rng, dtype),
      uniform({ 2, 3, 2 }, -1, 1, rng, dtype) }
  end,
  radius_neighbors = function(rng, dtype) return { uniform({ 5, 3 }, -2, 2, rng, dtype), 2 } end,
  neighbor_covariances = function(rng, dtype)
    local x = uniform({ 5, 3 }, -2, 2, rng, dtype)
    local start, list = hy.radius_neighbors(x, 2)
    return { x, start, list, 2, 3 }
  end,
  neighbor_sqdist = function(rng, dtype)
    local x = uniform({ 5, 3 }, -2, 2, rng, dtype)
    local start, list = hy.radius_neighbors(x, 2)
    return { x, start, list, uniform({ 3, 3, 3 }, -1, 1, rng, dtype),
      uniform({ 3, 3 }, 0, 1, rng, dtype), 2, 3 }
  end,
  mutual_neighbors = function(rng, dtype)
    local start, list = hy.radius_neighbors(uniform({ 5, 3 }, -2, 2, rng, dtype), 2)
    return { start, list, uniform({ list:numel() }, 0, 2, rng, dtype), 1 }
  end,
  grow_clusters = function(rng)
    local start, list = hy.radius_neighbors(uniform({ 5, 3 }, -2, 2, rng, "f64"), 2)
    local all = hy.ones({ 5 }, { dtype = "u8" })
    return { start, list, all, all }
  end,
  rotate_apart = function(rng, dtype)
    return { hy.stack({ spd(rng, dtype), spd(rng, dtype) }, 1), uniform({ 2 }, 1, 2, rng, dtype),
      hy.eye(4, { dtype = dtype }), { m = 2 } }
  end,
  kmedoids = function(rng, dtype)
    return { uniform({ 20, 3 }, -2, 2, rng, dtype), hy.tensor({ 1, 2, 3 }, { dtype = "index" }) }
  end,
  linkage = function(rng, dtype) return { uniform({ 9, 3 }, -2, 2, rng, dtype), 3 } end,
  gibbs_sweep = function(rng, dtype)
    return { uniform({ 5, 3 }, -2, 2, rng, dtype), uniform({ 3, 3 }, -2, 2, rng, dtype), labels(),
      { rng = hy.rng(3) } }
  end,
  affinity_merge = function(rng, dtype)
    local x = uniform({ 20, 3 }, -2, 2, rng, dtype)
    return { x, hy.knn(x, 4), uniform({ 20, 4 }, 0.1, 1, rng, dtype), 2 }
  end,
  kmedoids_build = function(rng, dtype) return { uniform({ 20, 3 }, -2, 2, rng, dtype), 3 } end,
  label_covariances = function(rng, dtype) return { uniform({ 5, 3 }, -2, 2, rng, dtype), labels(), 3 } end,
  hungarian = function(rng) return { uniform({ 4, 4 }, 0, 9, rng, "f64") } end,
  contingency = function() return { labels(), labels() } end,
  overlaps = function() return { labels(), labels() } end,
  together = function() return { labels(), labels() } end,
  knn = function(rng, dtype) return { uniform({ 20, 3 }, -2, 2, rng, dtype), 4 } end,
  label_distances = function(rng, dtype) return { uniform({ 5, 3 }, -2, 2, rng, dtype), labels() } end,
  mst = function(rng, dtype)
    return { uniform({ 20, 3 }, -2, 2, rng, dtype), uniform({ 20 }, 0, 1, rng, dtype) }
  end,
  single_linkage = function() return { hy.tensor({ { 1, 2 }, { 3, 2 } }, { dtype = "index" }) } end,
  tree_distances = function(rng, dtype)
    return { hy.tensor({ { 1, 2 }, { 3, 4 } }, { dtype = "index" }),
      uniform({ 2 }, 1, 2, rng, dtype), hy.tensor({ 1, 0, 1 }, { dtype = "u8" }) }
  end,
  expected_mutual_information = function()
    return { hy.tensor({ 4, 3, 3 }, { dtype = "f64" }), hy.tensor({ 4, 4, 2 }, { dtype = "f64" }) }
  end,
  kmeans_plusplus = function(rng, dtype)
    return { uniform({ 20, 3 }, -2, 2, rng, dtype), 3, { rng = hy.rng(3) } }
  end,
  gmm_e_step = function(rng, dtype)
    return { uniform({ 9, 3 }, -2, 2, rng, dtype), uniform({ 2 }, 0.5, 1, rng, dtype),
      uniform({ 2, 3 }, -2, 2, rng, dtype), uniform({ 2, 1, 3 }, 0.5, 2, rng, dtype) }
  end,
  gmm_m_step = function(rng, dtype)
    return { uniform({ 9, 3 }, -2, 2, rng, dtype), uniform({ 9, 2 }, 0, 1, rng, dtype) }
  end,
  kmeans = function(rng, dtype)
    local x = uniform({ 20, 3 }, -2, 2, rng, dtype)
    return { x, x:narrow(1, 1, 3) }
  end,
}
samples.special.kmedians = samples.special.kmeans
samples.special.manhattan = samples.special.sqdist
samples.special.mm = samples.special.matmul
samples.special.student_t = samples.special.sqdist
samples.special.student_kl = function(rng, dtype)
  return { uniform({ 5, 3 }, -2, 2, rng, dtype), uniform({ 2, 3 }, -2, 2, rng, dtype),
    uniform({ 5, 2 }, 0.1, 1, rng, dtype) }
end

--- Ops of symmetric matrices: finite differences move one element, so they go through this.
samples.symmetric = { eigh = true, cholesky = true }
function samples.symmetrize(x) return (x + x:t()) / 2 end

--- Arguments for one call of the op `info` (as from core.ops()).
function samples.arguments(info, rng, dtype)
  local special = samples.special[info.name]
  local lo, hi = info.lo, info.hi
  if lo == hi then lo, hi = -2, 2 end
  if special then
    return special(rng, dtype, lo, hi)
  end
  local arguments = {}
  for i, param in ipairs(parse(info.signature)) do
    if param.optional then break end
    assert(tensor_kinds[param.kind], ("%s: tests/ops/samples.lua has no arguments for it"):format(info.name))
    arguments[i] = uniform({ 3, 4 }, lo, hi, rng, dtype)
  end
  return arguments
end

return samples
