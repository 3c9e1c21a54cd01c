-- Everything public explains itself.
local S = require "tests.support"
local core = require "hyades.core"

-- Methods whose meaning the interface of all classes fixes; a file may leave them to it.
local interface = {}
for name in ([[fit predict transform fit_predict fit_transform inverse_transform assign forward
    encode decode pullback state load restore step save show parameters]]):gmatch "%S+" do
  interface[name] = true
end

local function documented(lines, i)
  while i > 1 and lines[i - 1]:find "^%-%-" do
    i = i - 1
    if lines[i]:find "^%-%-%- %S" then return true end
  end
  return false
end

describe("documentation", function()
  it("stands above every public Lua function", function()
    for _, file in ipairs(S.lines "find lua -name '*.lua' | sort") do
      local lines = S.lines("sed 's/^$/ /' " .. file)
      for i, line in ipairs(lines) do
        local mark, name = line:match "^function [%w_]+([.:])([%w_]+)%("
        local public = name and not name:find "^_" and not (mark == ":" and interface[name])
        assert.is_true(not public or documented(lines, i),
          ("%s:%d: %s has no --- block"):format(file, i, name or ""))
      end
    end
  end)

  it("of every op is one or more sentences", function()
    local ops = core.ops()
    assert.is_true(#ops > 80)
    for _, op in ipairs(ops) do
      assert.is_truthy(op.doc:find "^[%w-].*%.$", op.name .. ": " .. op.doc)
      assert.is_truthy(op.signature:find("->", 1, true) or op.doc:find "in place", op.name)
    end
  end)
end)
