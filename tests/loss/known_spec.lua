-- Losses: the hand tests of the papers, closed forms, and edges.
require "tests.support"
local hy = require "hyades"
local loss = hy.loss

local z = { { 0, 0 }, { 1, 0 }, { 3, 1 } }
local centers = { { 0, 0 }, { 2, 1 } }

local function double(t) return hy.tensor(t, { dtype = "f64" }) end

-- Gradients of fn(p, …) for each of the given tables, in f64.
local function gradients(fn, ...)
  local params = {}
  for i, t in ipairs{ ... } do params[i] = hy.param(double(t)) end
  local tape <close> = hy.tape()
  return tape:grad(fn(table.unpack(params)), params)
end

describe("loss.reconstruction", function()
  local x, output = hy.tensor{ { 1, 2, 3 }, { 0, 0, 0 } }, hy.tensor{ { 1, 1, 1 }, { 1, 0, 0 } }

  it("adds over the columns, or averages them", function()
    assert.close(3, loss.reconstruction(output, x):item())
    assert.close(1, loss.reconstruction(output, x, { reduction = "mean_dims" }):item())
    assert.close(1, loss.mse(output, x):item())
  end)

  it("refuses another reduction, and other shapes", function()
    assert.raises(function() loss.reconstruction(output, x, { reduction = "sum" }) end,
      'reduction must be "sum_dims" or "mean_dims"')
    assert.raises(function() loss.reconstruction(output, x:t()) end, "the shapes differ: 2×3 and 3×2")
  end)
end)

describe("the loss of DEC", function()
  local q = { { 0.857143, 0.142857 }, { 0.6, 0.4 }, { 0.153846, 0.846154 } }
  local p = { { 0.968789, 0.031211 }, { 0.659861, 0.340139 }, { 0.027713, 0.972287 } }

  it("has the similarities worked out by hand", function()
    assert.close(q, loss.student_t(hy.tensor(z), hy.tensor(centers)), 1e-6)
  end)

  it("has the target worked out by hand", function()
    assert.close(p, loss.target(double(q)), 1e-6)
  end)

  it("has the divergence worked out by hand", function()
    local similar = loss.student_t(double(z), double(centers))
    assert.close(0.055452, loss.hardening(similar):item(), 1e-6)
    assert.close(0.357704, -(loss.target(similar) * similar:log()):sum():item() / 3, 1e-6)
  end)

  it("has the gradients worked out by hand", function()
    local function total(points, means) return loss.hardening(loss.student_t(points, means)) * 3 end
    local dz, dc = gradients(total, z, centers)
    assert.close({ { 0.074430, 0.037215 }, { 0.099768, 0.039907 }, { 0.057333, -0.022933 } }, dz, 1e-6)
    assert.close({ { 0.008939, 0.022933 }, { -0.240471, -0.077122 } }, dc, 1e-6)
  end)

  it("is 0 with a uniform target for uniform similarities", function()
    local uniform = hy.full({ 5, 4 }, 0.25)
    assert.close(0, loss.hardening(uniform):item(), 1e-7)
    assert.close(uniform:totable(), loss.target(uniform), 1e-6)
  end)

  it("stays finite for points that are very far away", function()
    local far = loss.student_t(hy.tensor{ { 1e15, 0 } }, hy.tensor(centers))
    assert.close({ { 0.5, 0.5 } }, far, 1e-5)
  end)

  it("survives a cluster that nobody belongs to", function()
    local target = loss.target(hy.tensor{ { 1, 0 }, { 1, 0 } })
    assert.close({ { 1, 0 }, { 1, 0 } }, target)
  end)
end)

describe("loss.kl", function()
  it("counts 0 · log 0 as 0, with finite gradients", function()
    local p = double{ { 1, 0 }, { 0.5, 0.5 } }
    local function divergence(q) return loss.kl(p, q) end
    assert.close((math.log(2) + math.log(2 / 3)) / 4,
      divergence(double{ { 1, 0 }, { 0.25, 0.75 } }):item(), 1e-6)
    local gradient = gradients(divergence, { { 1, 0 }, { 0.25, 0.75 } })
    assert.close({ { -0.5, 0 }, { -1, -1 / 3 } }, gradient, 1e-6)
  end)

  it("is 0 for equal rows", function()
    local p = hy.tensor{ { 0.2, 0.8 }, { 1, 0 } }
    assert.close(0, loss.kl(p, p):item(), 1e-7)
  end)
end)

describe("loss.kmeans", function()
  it("is the mean squared distance worked out by hand", function()
    local labels = hy.tensor({ 1, 1, 2 }, { dtype = "index" })
    assert.close(0.666667, loss.kmeans(hy.tensor(z), hy.tensor(centers), labels):item(), 1e-6)
    assert.close(0.666667, loss.kmeans(hy.tensor(z), hy.tensor(centers)):item(), 1e-6)
  end)

  it("pulls points, not centers", function()
    local dz, dc = gradients(function(points, means) return loss.kmeans(points, means) * 3 end,
      z, centers)
    assert.close({ { 0, 0 }, { 2, 0 }, { 2, 0 } }, dz, 1e-9)
    assert.close({ { 0, 0 }, { 0, 0 } }, dc)
  end)
end)

describe("loss.cross_entropy", function()
  local logits = { { 2, 1, 0 }, { 0, 0, 0 } }
  local nll = -math.log(math.exp(2) / (math.exp(2) + math.exp(1) + 1))

  it("takes labels as a tensor or an array", function()
    local expected = (nll + math.log(3)) / 2
    assert.close(expected, loss.cross_entropy(hy.tensor(logits), { 1, 3 }):item(), 1e-6)
    local labels = hy.tensor({ 1, 3 }, { dtype = "index" })
    assert.close(expected, loss.cross_entropy(hy.tensor(logits), labels):item(), 1e-6)
  end)

  it("takes probabilities", function()
    local target = hy.tensor{ { 1, 0, 0 }, { 0.5, 0.25, 0.25 } }
    assert.close((nll + math.log(3)) / 2, loss.cross_entropy(hy.tensor(logits), target):item(), 1e-6)
  end)

  it("weighs classes", function()
    local weights = hy.tensor{ 3, 1, 1 }
    assert.close((3 * nll + math.log(3)) / 4,
      loss.cross_entropy(hy.tensor(logits), { 1, 3 }, { weights = weights }):item(), 1e-6)
  end)

  it("has gradient (softmax - one-hot) / n", function()
    local gradient = gradients(function(l) return loss.cross_entropy(l, { 1, 3 }) end, logits)
    assert.close({ { (math.exp(-nll) - 1) / 2, 0.122364, 0.045015 }, { 1 / 6, 1 / 6, -1 / 3 } },
      gradient, 1e-5)
  end)

  it("does not turn an impossible class with target 0 into NaN", function()
    local target = hy.tensor{ { 1, 0 } }
    assert.close(0, loss.cross_entropy(hy.tensor{ { 0, -math.huge } }, target):item())
  end)
end)

describe("loss.bce", function()
  it("is the binary cross-entropy of the sigmoid, without overflow", function()
    assert.close(math.log(2), loss.bce(hy.zeros(2), hy.tensor{ 0, 1 }):item(), 1e-6)
    assert.close(0, loss.bce(hy.tensor{ 200, -200 }, hy.tensor{ 1, 0 }):item())
    assert.close(200, loss.bce(hy.tensor{ -200 }, hy.tensor{ 1 }):item(), 1e-4)
  end)

  it("has gradient (sigmoid - target) / n", function()
    local gradient = gradients(function(l) return loss.bce(l, double{ 1, 0 }) end, { 0, 2 })
    assert.close({ -0.25, 0.440399 }, gradient, 1e-5)
  end)
end)
