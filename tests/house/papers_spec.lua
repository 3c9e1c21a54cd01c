-- What README.md and CONTRIBUTING.md show is true.
local S = require "tests.support"

-- The fenced blocks of a language in a paper, in order.
local function blocks(file, language)
  local list = {}
  for text in S.read(file):gmatch("```" .. language .. "\n(.-)```") do list[#list + 1] = text end
  return list
end

-- Runs the text as a script of the program, which has hy, data, deep … as globals.
local function run(text)
  local folder = S.folder()
  S.write(folder .. "/example.lua", text)
  local code, output = S.shell("./hyades " .. S.quote(folder .. "/example.lua"))
  S.remove(folder)
  assert.equal(0, code, output)
  return output
end

describe("README.md", function()
  it("shows a loss that runs and finds clusters", function()
    local example = blocks("README.md", "lua")
    assert.equal(1, #example)
    local short = example[1]:gsub("epochs = %d+", "epochs = 1")
    local nmi = tonumber((run(short)))
    assert.is_true(nmi > 0.1 and nmi <= 1, "nmi is " .. tostring(nmi))
  end)

  it("shows a loss of at most ten lines", function()
    local _, lines = blocks("README.md", "lua")[1]:gsub("%s*[^%s-][^\n]*", "")
    assert.is_true(lines <= 10, lines .. " lines of code")
  end)

  it("names targets that exist", function()
    for _, text in ipairs(blocks("README.md", "sh")) do
      for target in text:gmatch "make ([a-z]+)" do
        assert.equal(0, (S.shell("MAKEFLAGS= MAKELEVEL= make -n " .. target)), target)
      end
    end
  end)
end)

describe("README.md and CONTRIBUTING.md", function()
  it("link to files that exist", function()
    for _, file in ipairs{ "README.md", "CONTRIBUTING.md" } do
      for target in S.read(file):gmatch "%]%(([^)#:]+)%)" do
        assert.equal(0, (S.shell("test -e " .. S.quote(target))), file .. " links to " .. target)
      end
    end
  end)
end)

describe("CONTRIBUTING.md", function()
  it("shows a row of elementwise.def as it stands", function()
    local rows = S.read("core/ops/elementwise.def"):gsub("%s+", " ")
    for _, row in ipairs(blocks("CONTRIBUTING.md", "c")) do
      row = row:gsub("%s+", " "):gsub(" $", "")
      assert.is_truthy(rows:find(row, 1, true), row)
    end
  end)

  for i, title in ipairs{ "an op's values", "a loss", "an algorithm" } do
    it("shows " .. title .. " that hold when run", function()
      run(blocks("CONTRIBUTING.md", "lua")[i])
    end)
  end
end)
