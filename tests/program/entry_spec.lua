local entry = require "hyades.entry"

describe("an entry", function()
  local function shared(code) return entry.share_locals(code) end

  it("turns locals on the top level into assignments", function()
    assert.equal("      x = 1", shared "local x = 1")
    assert.equal("      x, y = f()", shared "local x, y = f()")
    assert.equal("      x = nil;", shared "local x")
    assert.equal("      x, y = nil; print(x)", shared "local x, y print(x)")
    assert.equal("      function f() end", shared "local function f() end")
    assert.equal("      x         = 1", shared "local x <const> = 1")
  end)

  it("leaves locals of blocks and functions alone", function()
    for _, code in ipairs{ "do local x = 1 end", "for i = 1, 2 do local x = i end",
      "function f() local x end", "if a then local x elseif b then local y else local z end",
      "while a do local x end", "repeat local x until x", "f(function() local x end)",
      "t = { g = function() if a then local x end end }" } do
      assert.equal(code, shared(code))
    end
    assert.equal("do local x end       y = 2", shared "do local x end local y = 2")
  end)

  it("keeps a local with <close>, and what shares its name", function()
    assert.equal("local t <close> = f()", shared "local t <close> = f()")
    assert.equal("local t <close> = f() local t = 1", shared "local t <close> = f() local t = 1")
    assert.equal("local a <close>, b = f()", shared "local a <close>, b = f()")
  end)

  it("is not misled by strings and comments", function()
    for _, code in ipairs{ "x = 'local y = 1'", "x = \"\\\" local y\"", "x = [[ local y ]]",
      "-- local y = 1", "--[==[ local y\n]] ]==]", "x = 1 -- do\n", "x = '\\\\' -- ' local y" } do
      assert.equal(code, shared(code))
    end
    assert.equal("x = 'end'       y = 1", shared "x = 'end' local y = 1")
    assert.equal("--[[ do ]]       y = 1", shared "--[[ do ]] local y = 1")
  end)

  it("keeps the number of lines", function()
    local code = "local a\nlocal b = [[\n\n]]\nlocal function f()\nend\nlocal c"
    assert.equal(select(2, code:gsub("\n", "")), select(2, shared(code):gsub("\n", "")))
    local _, problem = pcall(entry.compile("local a = 1\nlocal b\nerror 'here'", "=prompt"))
    assert.equal("prompt:3: here", problem)
    _G.a, _G.b = nil, nil
  end)

  it("does not glue a declaration to the call on the next line", function()
    local chunk = entry.compile("local unset\n;(function() made = true end)()", "=prompt")
    chunk()
    assert.is_true(_G.made)
    chunk = entry.compile("local unset\n(function() made = 2 end)()", "=prompt")
    chunk()
    assert.equal(2, _G.made)
    _G.made = nil
  end)

  it("returns the values of an expression", function()
    assert.same({ 1, 2 }, { entry.compile("1, 2", "=prompt")() })
    assert.same({ "a" }, { entry.compile("('a') -- comment", "=prompt")() })
    assert.same({}, { entry.compile("", "=prompt")() })
    assert.same({ 3 }, { entry.compile("return 3", "=prompt")() })
  end)

  it("knows whether more lines could complete it", function()
    for _, code in ipairs{ "for i = 1, 2 do", "f(", "x = {", "1 +", "[[text", "--[[ note",
      "local x =", "if x then y() else" } do
      local chunk, problem, early = entry.compile(code, "=prompt")
      assert.is_nil(chunk)
      assert.is_string(problem)
      assert.is_true(early, code)
    end
    for _, code in ipairs{ "x = = 1", "f)", "end", "'open", "1 + )" } do
      local chunk, problem, early = entry.compile(code, "=prompt")
      assert.is_nil(chunk)
      assert.match("^prompt:1: ", problem)
      assert.is_falsy(early, code)
    end
  end)

  it("survives every beginning of a program", function()
    local code = "local a <const>, b = 1, { 'x', [[y]] } local function f(...) end --[[z]] local"
    for i = 0, #code do
      assert.has_no.errors(function() entry.compile(code:sub(1, i), "=prompt") end)
    end
  end)
end)
