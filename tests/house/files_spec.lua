-- The text of the project: sizes, whitespace, words.
local S = require "tests.support"

local sources = S.lines [[find core bindings lua notebooks tests -name '*.[ch]' -o -name '*.def' \
  -o -name '*.lua' | sort]]
local papers = S.lines [[ls Makefile README.md CONTRIBUTING.md LICENSE .ci/* .luacheckrc \
  .editorconfig data/*.md]]

local function each_line(visit)
  for _, list in ipairs{ sources, papers } do
    for _, file in ipairs(list) do
      local number = 0
      for line in (S.read(file):gsub("\n$", "") .. "\n"):gmatch "(.-)\n" do
        number = number + 1
        visit(line, file .. ":" .. number)
      end
    end
  end
end

describe("source files", function()
  it("stay under 700 lines", function()
    for _, file in ipairs(sources) do
      local _, lines = S.read(file):gsub("\n", "")
      assert.is_true(lines < 700, file .. " has " .. lines .. " lines")
    end
  end)

  it("hold C functions of less than 75 lines", function()
    for _, file in ipairs(sources) do
      if file:find "%.[ch]$" then
        local number, start = 0, nil
        for line in S.read(file):gmatch "(.-)\n" do
          number = number + 1
          if line == "{" then start = number end
          if line == "}" and start then
            assert.is_true(number - start < 75, file .. ":" .. start .. " is too long a function")
            start = nil
          end
        end
      end
    end
  end)

  it("end with one newline", function()
    for _, file in ipairs(sources) do
      assert.is_truthy(S.read(file):find "[^\n]\n$", file)
    end
  end)

  it("have no tabs and no blanks at the end of a line", function()
    each_line(function(line, place)
      assert.is_nil(line:find "[ \t]$", place)
      assert.is_true(not line:find "\t" or place:find "^Makefile" ~= nil, place)
    end)
  end)

  it("leave nothing for later and name no machine's paths", function()
    -- Spelled in halves, so that this list does not find itself.
    local words = { "TO" .. "DO", "FIX" .. "ME", "XX" .. "X", "/wo" .. "rk/", "/ro" .. "ot/",
      "npmjs" .. ".org", "pypi" .. ".org", "luarocks" .. ".org" }
    each_line(function(line, place)
      for _, word in ipairs(words) do
        assert.is_nil(line:find(word, 1, true), place .. " says " .. word)
      end
    end)
  end)
end)

describe("Lua files", function()
  it("pass luacheck", function()
    local code, text = S.shell "luacheck -q --no-color lua notebooks tests"
    assert.equal(0, code, text)
  end)
end)
