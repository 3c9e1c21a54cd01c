-- The text of the project: sizes, whitespace, words.
local S = require "tests.support"

local sources = S.lines [[find core bindings lua notebooks tests -name '*.[ch]' -o -name '*.def' \
  -o -name '*.lua' | sort]]
local papers = S.lines [[ls Makefile README.md CONTRIBUTING.md LICENSE .ci/* .luacheckrc \
  .editorconfig data/*.md]]

-- The places whose line is wrong, over all files: "path:line" and what wrong(line, path) says.
local function lines_that(wrong)
  local list = {}
  for _, files in ipairs{ sources, papers } do
    for _, file in ipairs(files) do
      local number = 0
      for line in (S.read(file):gsub("\n$", "") .. "\n"):gmatch "(.-)\n" do
        number = number + 1
        local what = wrong(line, file)
        if what then list[#list + 1] = ("%s:%d: %s"):format(file, number, what) end
      end
    end
  end
  return list
end

-- The C functions with at least `limit` lines between their braces.
local function long_functions(limit)
  local list = {}
  for _, file in ipairs(sources) do
    local number, start = 0, nil
    for line in (file:find "%.[ch]$" and S.read(file) or ""):gmatch "(.-)\n" do
      number = number + 1
      if line == "{" then start = number end
      if line == "}" and start then
        if number - start > limit then list[#list + 1] = file .. ":" .. start end
        start = nil
      end
    end
  end
  return list
end

describe("source files", function()
  it("stay under 700 lines", function()
    for _, file in ipairs(sources) do
      local _, lines = S.read(file):gsub("\n", "")
      assert.is_true(lines < 700, file .. " has " .. lines .. " lines")
    end
  end)

  it("hold C functions of at most 70 lines, and aim at 60", function()
    assert.same({}, long_functions(70))
  end)

  it("keep lines under 111 columns, and aim at 100", function()
    assert.same({}, lines_that(function(line, file)
      local width = utf8.len(line) or #line
      return width > 110 and not file:find "%.def$" and not file:find "%.md$" and width .. " columns"
    end))
  end)

  it("end with one newline", function()
    for _, file in ipairs(sources) do
      assert.is_truthy(S.read(file):find "[^\n]\n$", file)
    end
  end)

  it("have no tabs and no blanks at the end of a line", function()
    assert.same({}, lines_that(function(line, file)
      return line:find "[ \t]$" and "blanks at the end"
        or line:find "\t" and file ~= "Makefile" and "a tab"
    end))
  end)

  it("leave nothing for later and name no machine's paths", function()
    -- Spelled in halves, so that this list does not find itself.
    local words = { "TO" .. "DO", "FIX" .. "ME", "XX" .. "X", "/wo" .. "rk/", "/ro" .. "ot/",
      "npmjs" .. ".org", "pypi" .. ".org", "luarocks" .. ".org" }
    assert.same({}, lines_that(function(line)
      for _, word in ipairs(words) do
        if line:find(word, 1, true) then return word end
      end
    end))
  end)
end)

describe("Lua files", function()
  it("pass luacheck", function()
    local code, text = S.shell "luacheck -q --no-color lua notebooks tests"
    assert.equal(0, code, text)
  end)
end)
