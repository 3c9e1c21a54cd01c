local S = require "tests.support"
local hy = require "hyades"
local help = require "hyades.help"

describe("help", function()
  it("finds the comment above a Lua function and its parameters", function()
    local text = help.text(hy.loss.mse)
    assert.match("^loss.mse%(output, target%)\n", text)
    assert.match("Mean squared error", text)
    assert.match("→ scalar tensor", text)
  end)

  it("explains an op by its signature and doc", function()
    local text = help.text(hy.sqdist)
    assert.match("^hy.sqdist%(x, y%) → matrix\nx: matrix · y: matrix\n", text)
    assert.match("distance", text)
  end)

  it("writes optional arguments, defaults and several results as one calls them", function()
    assert.match("^hy.topk%(x, k, axis=%-1, { largest = true }%) → tensor, index\n", help.text(hy.topk))
    assert.match("^hy.sum%(x, axis%?, { keep = false }%) → tensor\n", help.text(hy.sum))
    assert.match("^hy.zeros%(shape…, { dtype = f32 }%) → tensor\n", help.text(hy.zeros))
    assert.match("^hy.threads%(n%?%) → integer\n", help.text(hy.threads))
    assert.match("^backward%(", help.text(hy.tape().backward))
  end)

  it("explains a method as the function", function()
    assert.equal(help.text(hy.sum), help.text(hy.zeros(1).sum))
  end)

  it("shows a constructor's description and options", function()
    local text = help.text(hy.cluster.KMeans)
    assert.match("^cluster.KMeans\n", text)
    assert.match("Lloyd", text)
    assert.match("\n  k = required\n", text)
    assert.match("\n  max_iter = 300\n", text)
  end)

  it("says the same about a model and a class behind its name", function()
    assert.match("Lloyd", help.text(hy.cluster.KMeans{ k = 3 }))
    assert.equal(help.text(hy.cluster.KMeans), help.text "cluster.KMeans")
    assert.equal(help.text(hy.cluster.KMeans), help.text "hy.cluster.KMeans")
    assert.equal(help.text(hy.cluster.KMeans), help.text "KMeans")
    assert.equal(help.text(hy.loss.kl), help.text "loss.kl")
    assert.equal(help.text(hy.sum), help.text "sum")
  end)

  it("shows a fit as its author wrote it", function()
    assert.match("^KMeans:fit%(", help.text(hy.cluster.KMeans.fit))
  end)

  it("lists what is in a module", function()
    local text = help.text(hy.cluster)
    assert.match(" KMeans", text)
    assert.match(" PCA", text)
    for line in help.text(hy):gmatch "[^\n]+" do assert.is_true(utf8.len(line) <= 100, line) end
  end)

  it("describes values", function()
    assert.match("^A tensor, .*f32.*Its methods:\n.* sum", help.text(hy.zeros(2, 3)))
    assert.match("^A rng, ", help.text(hy.rng(1)))
    assert.equal("number: 5", help.text(5))
    assert.equal("boolean: false", help.text(false))
  end)

  it("suggests the nearest name", function()
    assert.match('^Nothing is called "KMean"; did you mean "KMeans"%?\n', help.text "KMean")
    assert.equal('Nothing is called "zzzzzzzzzz".', help.text "zzzzzzzzzz")
  end)

  it("has something to say about everything that is public", function()
    for _, folder in ipairs{ "loss", "train", "cluster", "metrics", "deep", "optim" } do
      local module = hy[folder]
      local names = {}
      for name in next, module do names[#names + 1] = name end
      for _, name in ipairs(getmetatable(module) and getmetatable(module).names or {}) do
        names[#names + 1] = name
      end
      for _, name in ipairs(names) do
        local text = help.text(module[name])
        assert.not_match("no documentation", text, folder .. "." .. name)
        assert.not_match("explains what it belongs to", text, folder .. "." .. name)
      end
    end
  end)

  it("says where a thing was written, the paper and the methods of a class", function()
    local text = help.text(hy.deep.DEC)
    assert.match("Xie, Girshick & Farhadi, ICML 2016", text)
    assert.match("\nMethods:\n.* fit .*soft_assign", text)
    assert.match("\nSource: .*/hyades/deep/DEC%.lua:%d+$", text)
    assert.match("\nSource: .*/hyades/loss/mse%.lua:%d+$", help.text(hy.loss.mse))
    assert.match("^nn.Autoencoder\nA dense autoencoder", help.text(hy.nn.Autoencoder))
  end)

  it("searches the words of all documentation, names first", function()
    local text = help.text "student t similarity"
    assert.match("\nThese speak of it:\n", text)
    assert.match("\n  hy.student_t  +Student", text)
    assert.match("\n  loss.student_t  ", text)
    for line in help.text("cluster labels"):gmatch "[^\n]+" do
      assert.is_true(utf8.len(line) <= 82, line)
    end
  end)

  it("knows names as they are written in code, variables first", function()
    rawset(_G, "helped", { inner = hy.cluster.KMeans{ k = 2 } })
    assert.match("^KMeans{ k = 2 }\ncluster.KMeans\n", help.about "helped.inner")
    assert.equal(help.text(hy.loss.mse), help.about "hy.loss.mse")
    assert.match("its reference manual", help.about "print")
    assert.match("^Nothing is called", help.about "helped.outer")
    rawset(_G, "helped", nil)
  end)

  it("shows sources, of functions with their comment and of classes with their file", function()
    local text = help.source "hy.loss.mse"
    assert.match("^Source: .*mse.lua:%d+\n%-%-%- Mean squared error.*\nend$", text)
    assert.match("function DEC:fit", help.source "hy.deep.DEC")
    assert.match("Its source is C", help.source "hy.sum")
    assert.match("^Nothing is called", help.source "nothing_so")
  end)

  it("gives an overview without an argument, and prints", function()
    assert.match("cluster", help.text())
    local code, text = S.shell "./hyades -e 'help(hy.sqdist) help() help(help)'"
    assert.equal(0, code)
    assert.match("^hy.sqdist%(x, y%)", text)
    assert.match("Hyades: tensors", text)
  end)
end)
