-- Planted clusterings in orthogonal subspaces.
require "tests.support"
local hy = require "hyades"

describe("data.nonredundant", function()
  it("plants independent clusterings in orthogonal subspaces", function()
    local set = hy.data.nonredundant{ n = 600, k = { 3, 2, 1 }, m = { 2, 1, 3 }, rng = hy.rng(1) }
    assert.same({ 600, 6 }, set.x:size())
    assert.same({ 600, 2 }, set.y:size())
    assert.same({ { "1", "2", "3" }, { "1", "2" } }, set.names)
    assert.close(hy.eye(6), set.V:t():mm(set.V), 1e-5)
    local z, first = set.x:mm(set.V), set.y:narrow(2, 1, 1):contiguous()
    local means = hy.cluster_means(z:narrow(2, 1, 2):contiguous(), first)
    assert.close(set.centers[1], means, 0.3)
    assert.close({ 200, 200, 200 }, first:reshape(-1):bincount(), 0)
    local within = z:narrow(2, 1, 2) - set.centers[1]:index(first:reshape(-1))
    assert.close(1, within:std():item(), 0.05)
    assert.is_true(hy.metrics.nmi(first, set.y:narrow(2, 2, 1)) < 0.02)
  end)

  it("spreads outliers, the same for the same seed", function()
    local function make() return hy.data.nonredundant{ n = 100, outliers = 7, rng = hy.rng(3) } end
    local set = make()
    assert.equal(7, set.y:narrow(2, 1, 1):eq(-1):sum():item())
    assert.same(set.y:narrow(2, 1, 1):eq(-1):totable(), set.y:narrow(2, 2, 1):eq(-1):totable())
    assert.same(set.x:totable(), make().x:totable())
  end)

  it("refuses what it cannot plant", function()
    local make = hy.data.nonredundant
    assert.raises(function() make{ k = { 3, 2 } } end, "k names 2 subspaces and m 3")
    assert.raises(function() make{ k = 3 } end, "option k must be a list")
    assert.raises(function() make{ k = { 1 }, m = { 2 } } end, "one k must be 2 or more")
    assert.raises(function() make{ outliers = 901 } end, "outliers")
  end)
end)

describe("data.subspace", function()
  it("is the case of one clustering and noise", function()
    local set = hy.data.subspace{ rng = hy.rng(1) }
    assert.same({ 600, 5 }, set.x:size())
    assert.same({ 600 }, set.y:size())
    assert.same({ "1", "2", "3" }, set.names)
    local plain = hy.data.subspace{ noise_dims = 0, rotate = false, rng = hy.rng(1) }
    assert.same({ 600, 2 }, plain.x:size())
    assert.close(hy.eye(2), plain.V, 0)
    assert.raises(function() hy.data.subspace{ k = 1 } end, "k")
  end)
end)
