-- Losses that shape clusters: closed forms, hand-worked values, edges.
require "tests.support"
local hy = require "hyades"
local loss = hy.loss

local function double(t) return hy.tensor(t, { dtype = "f64" }) end

local function random(seed, ...) return hy.randn({ ... }, { dtype = "f64", rng = hy.rng(seed) }) end

-- Logits that decide: row i for cluster labels[i] of k.
local function decided(labels, k)
  return hy.one_hot(hy.tensor(labels, { dtype = "index" }), k, { dtype = "f64" }) * 1e4
end

local balanced = decided({ 1, 2, 3, 1, 2, 3 }, 3)
local collapsed = decided({ 1, 1, 1, 1, 1, 1 }, 3)

describe("loss.target", function()
  local q = double{ { 0.8, 0.2 }, { 0.6, 0.4 } }

  it("leaves the frequencies out when told so", function()
    assert.close({ { 16 / 17, 1 / 17 }, { 9 / 13, 4 / 13 } }, loss.target(q, { balanced = false }))
  end)

  it("raises to any power, without underflow", function()
    local a, b = 0.8 ^ 3 / 1.4, 0.2 ^ 3 / 0.6
    assert.close({ a / (a + b), b / (a + b) }, loss.target(q, { power = 3 }):select(1, 1))
    local certain = loss.target(q:to("f32"), { power = 400 })
    assert.close({ { 1, 0 }, { 1, 0 } }, certain)
  end)
end)

describe("loss.hardening", function()
  it("has the analytic gradient of the embedding", function()
    local z, centers = random(1, 6, 3), random(2, 4, 3)
    local p = loss.target(loss.student_t(z, centers))
    local gradient = hy.grad(function(points)
      return loss.hardening(loss.student_t(points, centers), p)
    end, z)
    local q, k = loss.student_t(z, centers), 1 / (1 + hy.sqdist(z, centers))
    local pull = (k * (p - q)):unsqueeze(3) * (z:unsqueeze(2) - centers)
    assert.close((pull:sum(2) * (2 / 6)):totable(), gradient, 1e-9)
  end)
end)

describe("loss.balance", function()
  it("is 0 when balanced and log k when collapsed", function()
    assert.close(0, loss.balance(balanced:softmax(2)):item())
    assert.close(math.log(3), loss.balance(collapsed:softmax(2)):item())
  end)

  it("is the divergence from other shares", function()
    local p = double{ { 0.5, 0.5 }, { 0.5, 0.5 } }
    local expected = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert.close(expected, loss.balance(p, { 1, 3 }):item())
    assert.close(expected, loss.balance(p, double{ 0.25, 0.75 }):item())
    assert.raises(function() loss.balance(p, { 1, 2, 3 }) end, "shares must be 2 numbers above 0")
    assert.raises(function() loss.balance(p, { 1, 0 }) end, "shares must be 2 numbers above 0")
  end)
end)

describe("loss.mutual_information", function()
  local uniform = hy.full({ 6, 3 }, 1 / 3, { dtype = "f64" })

  it("is 0 for uniform rows and for one cluster, -log k for balanced certain rows", function()
    assert.close(0, loss.mutual_information(uniform):item())
    assert.close(0, loss.mutual_information(collapsed:softmax(2)):item())
    assert.close(-math.log(3), loss.mutual_information(balanced:softmax(2)):item())
  end)

  it("weighs the balance", function()
    assert.close(-4 * math.log(3),
      loss.mutual_information(balanced:softmax(2), { balance = 4 }):item())
    assert.close(-3 * math.log(3), loss.mutual_information(uniform, { balance = 4 }):item())
  end)

  it("is finite for impossible clusters, and does not move their logits", function()
    local function of_logits(logits) return loss.mutual_information(logits:softmax(2)) end
    local gradient, value = hy.grad(of_logits, double{ { 0, -math.huge }, { 0, -math.huge } })
    assert.equal(0, value)
    assert.close({ { 0, 0 }, { 0, 0 } }, gradient)
  end)
end)

describe("loss.cluster_classification", function()
  local logits = random(3, 5, 3)

  it("gives every cluster the same weight", function()
    local nll = {}
    for i, label in ipairs{ 1, 1, 1, 2, 3 } do
      nll[i] = loss.cross_entropy(logits:narrow(1, i, 1), { label }):item()
    end
    local expected = ((nll[1] + nll[2] + nll[3]) / 3 + nll[4] + nll[5]) / 3
    assert.close(expected, loss.cluster_classification(logits, { 1, 1, 1, 2, 3 }):item())
  end)

  it("takes the sizes from all data, or leaves the balance", function()
    local labels = hy.tensor({ 1, 1, 1, 2, -1 }, { dtype = "index" })
    local plain = loss.cross_entropy(logits, labels):item()
    assert.close(plain, loss.cluster_classification(logits, labels, { balanced = false }):item())
    assert.close(plain, loss.cluster_classification(logits, labels, { sizes = hy.full({ 3 }, 9) })
      :item())
  end)
end)

describe("loss.pairwise", function()
  it("is the value worked out by hand", function()
    -- Cosines: 1 with itself, 0.6 between 1 and 2 (left out), 0 between 1 and 3, 0.8 between 2 and 3.
    local p = double{ { 1, 0 }, { 0.6, 0.8 }, { 0, 1 } }
    local certain = -math.log(1 - 1e-6)
    local expected = (3 * certain + 2 * certain) / 5
    assert.close(expected, loss.pairwise(p):item(), 1e-9)
    local wider = (3 * certain + 2 * certain - 2 * math.log(0.8)) / 7
    assert.close(wider, loss.pairwise(p, { upper = 0.7 }):item(), 1e-9)
  end)

  it("chooses the pairs by the clean assignments", function()
    local p = double{ { 0.6, 0.8 }, { 0.8, 0.6 } }
    local apart = loss.pairwise(p, { clean = double{ { 1, 0 }, { 0, 1 } } }):item()
    assert.close((-2 * math.log(1 - 0.96) - 2 * math.log(1 - 1e-6)) / 4, apart)
  end)

  it("is 0 without pairs", function()
    assert.equal(0, loss.pairwise(double{ { 1, 0 } }, { upper = 1.5 }):item())
    assert.raises(function() loss.pairwise(double{ { 1, 0 } }, { upper = 0.1 }) end,
      "lower 0.455 lies above upper 0.1")
  end)
end)

describe("loss.agglomerative", function()
  local z = random(4, 6, 2)
  local labels = { 1, 2, 1, 2, 3, -1 }

  -- Over all triplets one by one: the mean, and the gradient with respect to the rows.
  local function brute(rows, gamma, margin)
    local total, count, gradient = 0, 0, {}
    for i = 1, #rows do gradient[i] = { 0, 0 } end
    local function gap(i, j, c) return rows[i][c] - rows[j][c] end
    local function distance(i, j) return gap(i, j, 1) ^ 2 + gap(i, j, 2) ^ 2 end
    for i = 1, 5 do
      for j = 1, 5 do
        for k = 1, 5 do
          if i ~= j and labels[i] == labels[j] and labels[k] ~= labels[i] then
            local value = gamma * distance(i, j) - distance(i, k) + margin
            count, total = count + 1, total + math.max(0, value)
            for c = 1, value > 0 and 2 or 0 do
              gradient[i][c] = gradient[i][c] + 2 * gamma * gap(i, j, c) - 2 * gap(i, k, c)
              gradient[j][c] = gradient[j][c] - 2 * gamma * gap(i, j, c)
              gradient[k][c] = gradient[k][c] + 2 * gap(i, k, c)
            end
          end
        end
      end
    end
    for _, row in ipairs(gradient) do row[1], row[2] = row[1] / count, row[2] / count end
    return total / count, gradient
  end

  it("is the mean hinge over all triplets, gradient too", function()
    for _, gamma in ipairs{ 1, 0.5 } do
      local expected, expected_gradient = brute(z:totable(), gamma, 0.2)
      local gradient, value = hy.grad(function(points)
        return loss.agglomerative(points, labels, { gamma = gamma })
      end, z)
      assert.close(expected, value)
      assert.close(expected_gradient, gradient)
    end
  end)

  it("is 0 for far clusters, and without triplets", function()
    local far = double{ { 0, 0 }, { 0, 0.1 }, { 9, 9 }, { 9, 9.1 } }
    assert.equal(0, loss.agglomerative(far, { 1, 1, 2, 2 }):item())
    assert.equal(0, loss.agglomerative(far, { 1, 1, 1, 1 }):item())
    assert.equal(0, loss.agglomerative(far, { 1, 2, 3, 4 }):item())
    assert.raises(function() loss.agglomerative(far, { 1, 1 }) end,
      "labels must be an index tensor or array of 4")
  end)
end)

describe("loss.cluster_contrastive", function()
  it("is InfoNCE of the columns minus both entropies", function()
    local p = balanced:softmax(2)
    local columns = math.log(math.exp(1) + 4) - 1
    assert.close(columns - 2 * math.log(3), loss.cluster_contrastive(p, p):item())
  end)

  it("has finite gradients at a cluster that is nearly dead", function()
    local p = double{ { 1 - 1e-12, 1e-12 }, { 1 - 1e-12, 1e-12 } }
    local gradient = hy.grad(function(a) return loss.cluster_contrastive(a, p) end, p)
    assert.is_true(gradient:abs():max():item() < math.huge)
    local dead = double{ { 1, 0 }, { 1, 0 } }
    gradient = hy.grad(function(a) return loss.cluster_contrastive(a, dead) end, dead)
    assert.is_true(gradient:abs():max():item() < math.huge)
  end)
end)

describe("loss.neighbor_consistency", function()
  it("is -balance · log k for certain, balanced, equal predictions", function()
    assert.close(-5 * math.log(3), loss.neighbor_consistency(balanced, balanced):item())
    assert.close(-2 * math.log(3),
      loss.neighbor_consistency(balanced, balanced, { balance = 2 }):item())
  end)

  it("is -log of the inner product, also where that underflows", function()
    local a, b = random(5, 4, 3), random(6, 4, 3)
    local expected = -(a:softmax(2) * b:softmax(2)):sum(2):log():mean():item()
    assert.close(expected, loss.neighbor_consistency(a, b, { balance = 0 }):item())
    local apart = loss.neighbor_consistency(hy.tensor{ { 500, 0 } }, hy.tensor{ { 0, 500 } },
      { balance = 0 })
    assert.close(500 - math.log(2), apart:item(), 1e-3)
  end)
end)

describe("loss.self_label", function()
  local weak = double{ { 9, 0, 0 }, { 9, 0, 0 }, { 0, 9, 0 }, { 1, 1, 1 } }

  it("classifies the certain rows, each label with the same weight", function()
    local strong = random(7, 4, 3)
    local expected = loss.cluster_classification(strong, { 1, 1, 2, -1 }):item()
    assert.close(expected, loss.self_label(weak, strong):item())
  end)

  it("is 0 without gradient when nothing is certain", function()
    local gradient, value = hy.grad(function(s) return loss.self_label(weak, s,
      { confidence = 0.9999 }) end, random(7, 4, 3))
    assert.equal(0, value)
    assert.close(hy.zeros(4, 3):totable(), gradient)
  end)
end)

describe("loss.sinkhorn", function()
  local function check_sums(q, shares)
    local n, k = q:size(1), q:size(2)
    assert.close(hy.full({ n }, 1 / n):totable(), q:sum(2), 1e-3 / n)
    assert.close(shares or hy.full({ k }, 1 / k):totable(), q:sum(1), 1e-6)
  end

  it("gives rows 1/n and columns 1/k", function()
    check_sums(loss.sinkhorn(random(8, 30, 4):log_softmax(2)))
    check_sums(loss.sinkhorn(random(9, 30, 4):to("f32") * 3))
  end)

  it("gives the columns other shares", function()
    check_sums(loss.sinkhorn(random(8, 30, 3), { shares = { 1, 2, 3 } }), { 1 / 6, 1 / 3, 1 / 2 })
  end)

  it("does not care for what is constant in a row", function()
    local scores = random(10, 6, 3)
    assert.close(loss.sinkhorn(scores):totable(), loss.sinkhorn(scores:log_softmax(2)), 1e-9)
  end)

  it("is the argmax where that is balanced", function()
    local labels = { 1, 2, 3, 1, 2, 3 }
    local scores = decided(labels, 3) / 1e4 + random(11, 6, 3) * 0.1
    assert.same(labels, loss.sinkhorn(scores, { sharpness = 100 }):argmax(2):totable())
  end)

  it("splits what would be one cluster", function()
    local scores = random(12, 40, 4) + double{ { 5, 0, 0, 0 } }
    local sizes = hy.bincount(loss.sinkhorn(scores):argmax(2), 4):totable()
    for _, size in ipairs(sizes) do assert.is_true(size >= 8 and size <= 12) end
  end)
end)

describe("loss.swapped_prediction", function()
  it("falls when views agree on balanced prototypes", function()
    local scores = balanced / 1e4
    local agree = loss.swapped_prediction(scores, scores):item()
    assert.close(0, agree, 1e-3)
    local shifted = scores:index(hy.tensor({ 2, 3, 1, 5, 6, 4 }, { dtype = "index" }))
    assert.is_true(loss.swapped_prediction(scores, shifted):item() > 5)
  end)

  it("is log k for scores that say nothing", function()
    assert.close(math.log(3), loss.swapped_prediction(hy.zeros(6, 3), hy.zeros(6, 3)):item(), 1e-6)
  end)
end)

describe("loss.gmm_elbo", function()
  local mixture = { logits = double{ 0, 0 }, mean = double{ { 0, 0 }, { 2, 0 } },
    log_var = double{ { 0, 0 }, { 0, math.log(4) } } }
  local code = { mean = double{ { 1, 1 } }, log_var = double{ { math.log(0.25), math.log(0.25) } },
    z = double{ { 1, 1 } } }

  it("is the value worked out by hand", function()
    local value, shares = loss.gmm_elbo(code, mixture)
    assert.close(1.743288, value:item(), 1e-6)
    assert.close({ { 0.578873, 0.421127 } }, shares, 1e-6)
  end)

  it("is the divergence from a standard normal for a single component", function()
    local single = { logits = double{ 0 }, mean = double{ { 0, 0 } }, log_var = double{ { 0, 0 } } }
    assert.close(1.636294, loss.gmm_elbo(code, single):item(), 1e-6)
  end)

  it("survives codes that are far from all components", function()
    local far = { mean = code.mean * 1e6, log_var = code.log_var * 1e6, z = code.z * 1e6 }
    assert.is_true(loss.gmm_elbo(far, mixture):item() < math.huge)
  end)

  it("names what is missing", function()
    assert.raises(function() loss.gmm_elbo({ mean = code.mean }, mixture) end, "is missing")
  end)
end)
