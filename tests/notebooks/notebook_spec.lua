-- The notebooks run as they are, in their quick form.
local S = require "tests.support"

-- Runs a notebook as this interpreter would; returns what it printed and the folder of pictures.
local function run(name, arguments)
  local folder = S.folder()
  local code, text = S.shell(("HYADES_DATA= HYADES_FAST=1 ./hyades notebooks/%s.lua --out %s %s"):format(name,
    S.quote(folder), arguments or ""))
  assert.equal(0, code, text)
  return text, folder
end

local function is_png(path)
  return S.read(path):sub(1, 8) == "\137PNG\r\n\26\n"
end

describe("notebook 01_dec", function()
  it("compares four methods and draws four pictures", function()
    local text, folder = run "01_dec"
    for _, method in ipairs{ "k%-means", "autoencoder %+ k%-means", "DEC", "IDEC" } do
      local acc, nmi = text:match("\n" .. method .. " +([%d.]+) +([%d.]+)")
      assert.is_true(tonumber(acc) > 0.4 and tonumber(nmi) > 0.4, text)
    end
    for _, picture in ipairs{ "embedding", "centers", "confusion", "losses" } do
      local path = folder .. "/01_" .. picture .. ".png"
      assert.is_truthy(text:find(path, 1, true))
      assert.is_true(is_png(path))
    end
    S.remove(folder)
  end)

  it("averages over seeds", function()
    local text, folder = run("01_dec", "--seeds 2 --pretraining 1 --clustering 1")
    S.remove(folder)
    assert.is_truthy(text:find "\nk%-means +[%d.]+±[%d.]+ +[%d.]+±", text)
    assert.is_truthy(text:find "1 %+ 1 epochs, mean of 2 seeds", text)
  end)

  it("refuses options that it does not have", function()
    local code, text = S.shell "./hyades notebooks/01_dec.lua --sedes 3"
    assert.equal(1, code)
    assert.is_truthy(text:find("notebook: unknown option --sedes; there are --out FOLDER, --fast, " ..
      "--clustering NUMBER, --pretraining NUMBER, --seeds NUMBER", 1, true), text)
    code, text = S.shell "./hyades notebooks/01_dec.lua --seeds many"
    assert.equal(1, code)
    assert.is_truthy(text:find("notebook: --seeds needs a whole number, got many", 1, true), text)
  end)
end)

describe("notebook 07_your_own_loss", function()
  it("checks, trains and compares a loss, and draws what it says", function()
    local text, folder = run "07_your_own_loss"
    assert.is_truthy(text:find("gradients agree:\ttrue", 1, true), text)
    local before, after = text:match "mean ratio: ([%d.]+) before, ([%d.]+) after"
    assert.is_true(tonumber(after) < 0.7 * tonumber(before), text)
    assert.is_true(tonumber(text:match "\nratio +NMI ([%d.]+)") > 0.5, text)
    for _, picture in ipairs{ "landscape", "ratios", "embeddings", "comparison", "reconstructions" } do
      assert.is_true(is_png(folder .. "/07_" .. picture .. ".png"))
    end
    S.remove(folder)
  end)
end)

describe("notebook 03_subspaces", function()
  it("finds the turned clusters, and draws them", function()
    local text, folder = run "03_subspaces"
    assert.is_truthy(text:find("SubKmeans  NMI 1.000, 2 dimensions for the clusters and 3 for noise",
      1, true), text)
    assert.is_true(is_png(folder .. "/03_views.png"))
    S.remove(folder)
  end)
end)

describe("notebook 08_how_many_clusters", function()
  it("compares curves and methods", function()
    local text, folder = run "08_how_many_clusters"
    assert.is_truthy(text:find("largest silhouette: k = 6 · gap statistic: k = 6", 1, true), text)
    for _, method in ipairs{ "X-means", "G-means", "PG-means", "Dip-means", "SpecialK" } do
      assert.is_truthy(text:find(method, 1, true), method)
    end
    assert.is_true(is_png(folder .. "/08_curves.png"))
    S.remove(folder)
  end)
end)
