-- The gradient of every loss against finite differences.
require "tests.support"
local hy = require "hyades"
local loss = hy.loss

local labels = hy.tensor({ 1, 2, 3, 1, 2 }, { dtype = "index" })
local halves = hy.tensor({ 1, 2, 1, 2, 1, 2, 1, 2, 1, 2 }, { dtype = "index" })
local neighbors = hy.tensor({ { 2, 3 }, { 1, 5 }, { 4, 5 }, { 1, 2 }, { 3, 1 } }, { dtype = "index" })

local function mixture_bound(mean, log_var, logits, centers, log_lambda)
  local z = mean + (log_var / 2):exp() * 0.3
  return (loss.gmm_elbo({ mean = mean, log_var = log_var, z = z },
    { logits = logits, mean = centers, log_var = log_lambda }))
end

-- name → { function, inputs }
local function cases_in(dtype)
  local function random(seed, ...)
    return hy.randn({ ... }, { dtype = "f64", rng = hy.rng(seed) }):to(dtype)
  end
  local a, b, c = random(1, 5, 3), random(2, 5, 3), random(3, 4, 3)
  local constant = a:softmax(2)
  return {
    agglomerative = { function(z) return loss.agglomerative(z, labels, { margin = 1 }) end, a },
    balance = { function(x) return loss.balance(x:softmax(2), { 1, 2, 3 }) end, a },
    bce = { function(x) return loss.bce(x, constant, { reduction = "sum_dims" }) end, a },
    cluster_classification = { function(x) return loss.cluster_classification(x, labels) end, a },
    cluster_contrastive = { function(x, y)
      return loss.cluster_contrastive(x:softmax(2), y:softmax(2))
    end, a, b },
    cross_entropy = { function(x) return loss.cross_entropy(x, constant) end, b },
    dip = { function(z, axes) -- the weighted form has constant factors
      return loss.dip(z, halves, axes, { form = "plain" })
    end, random(6, 10, 3), random(7, 1, 3) },
    gan = { function(made, real) return loss.gan(made, real, { label = 0.9 }) + loss.gan(made) end, a, b },
    gaussian_kl = { function(mean, log_var, other, log_other)
      return loss.gaussian_kl(mean, log_var, { mean = other, log_var = log_other })
    end, a, b, a * 0.5, b * 0.3 },
    gaussian_nll = { loss.gaussian_nll, a, b, b * 0.5 },
    gmm_elbo = { mixture_bound, a, b * 0.3, random(4, 4), c, c * 0.2 },
    group_sparsity = { function(z) return loss.group_sparsity(z, { 1, 2 }) end, a },
    hardening = { function(z, centers)
      return loss.hardening(loss.student_t(z, centers, 2), constant:narrow(2, 1, 2))
    end, b, c:narrow(1, 1, 2) },
    hsic = { function(x, y) return loss.hsic(x, y, { sigma = 1 }) end, a, b },
    info_nce = { loss.info_nce, a, b },
    kl = { function(p, q) return loss.kl(p:softmax(2), q:softmax(2)) end, a, b },
    kmeans = { function(z) return loss.kmeans(z, c) end, a },
    locality = { function(z) return loss.locality(z, neighbors, constant:narrow(2, 1, 2)) end, b },
    mse = { loss.mse, a, b },
    mutual_information = { function(x)
      return loss.mutual_information(x:softmax(2), { balance = 4 })
    end, a },
    nce = { function(x, y) return loss.nce(x:sum(2), y, { log_noise = 0.5 }) end, a, b },
    neighbor_consistency = { loss.neighbor_consistency, a, b },
    orthogonality = { loss.orthogonality, a, random(5, 3, 2) },
    pairwise = { function(x)
      return loss.pairwise(x:softmax(2), { clean = constant, upper = 0.7, lower = 0.6 })
    end, a },
    reconstruction = { function(x, y)
      return loss.reconstruction(x, y, { layers = { { x * x, y } } })
    end, a, b },
    self_augmentation = { function(x) return loss.self_augmentation(b, x) end, a },
    self_label = { function(x) return loss.self_label(b * 9, x, { confidence = 0.5 }) end, a },
    swapped_prediction = { function(x) -- the assignments are constants: those of x itself drop out
      return loss.swapped_prediction(x, x, { rounds = 1, epsilon = 1e6 })
    end, a },
  }
end

local cases = cases_in "f64"

-- Without a gradient, tested as ingredients of others, or in a spec of their own.
local elsewhere = { heat = true, sinkhorn = true, student_t = true, target = true, vat = true,
  vat_radius = true }

describe("the gradient", function()
  for _, name in ipairs(getmetatable(loss).names) do
    if cases[name] then
      it("of loss." .. name .. " agrees with finite differences", function()
        local fn = cases[name][1]
        local ok, problem = hy.gradcheck(fn, { table.unpack(cases[name], 2) })
        assert.is_true(ok, problem)
      end)
    end
  end

  it("of every loss is checked", function()
    for _, name in ipairs(getmetatable(loss).names) do
      assert.is_true(cases[name] ~= nil or elsewhere[name] == true, name)
    end
  end)

  it("is f32 for f32", function()
    for name, case in pairs(cases_in "f32") do
      local gradient = hy.grad(function(x) return case[1](x, table.unpack(case, 3)) end, case[2])
      assert.equal("f32", gradient.dtype, name)
      assert.is_true(gradient:abs():sum():item() < math.huge, name)
    end
  end)
end)
