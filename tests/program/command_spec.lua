local S = require "tests.support"

describe("the command line", function()
  local folder

  before_each(function() folder = S.folder() end)
  after_each(function() S.remove(folder) end)

  local function script(text, arguments)
    S.write(folder .. "/script.lua", text)
    return S.shell(("./hyades %s/script.lua %s"):format(folder, arguments or ""))
  end

  it("gives a script its arguments in ... and in arg", function()
    local code, text = script("print(#arg, arg[0]:match '[^/]*$', arg[-1], ...)", "a 'b c'")
    assert.equal(0, code)
    assert.equal("2\tscript.lua\t./hyades\ta\tb c\n", text)
  end)

  it("runs a script that begins with #!", function()
    local code, text = script("#!/usr/bin/env hyades\nprint(debug.getinfo(1, 'l').currentline)")
    assert.equal(0, code)
    assert.equal("2\n", text)
  end)

  it("runs code, requires modules and keeps their order", function()
    local code, text = S.shell "./hyades -e 'x = 1' -e'print(x)' -l m=math -e 'print(m.pi // 1)'"
    assert.equal(0, code)
    assert.equal("1\n3.0\n", text)
  end)

  it("names the global of -l after the module", function()
    local _, text = S.shell "./hyades -l hyades.entry -e 'print(_G[\"hyades.entry\"].compile)'"
    assert.match("^function: ", text)
  end)

  it("reads a script from standard input, with and without -", function()
    local _, text = S.shell "echo 'print(...)' | ./hyades - a b; echo 'print(#arg)' | ./hyades"
    assert.equal("a\tb\n0\n", text)
  end)

  it("takes everything behind -- as a file", function()
    local code, text = S.shell("cd " .. folder .. " && " .. S.quote(S.lines("pwd")[1]) ..
      "/hyades -- -e")
    assert.equal(1, code)
    assert.match("cannot open %-e", text)
  end)

  it("exits with 1 and a traceback after an error", function()
    local code, text = script "local function f() error 'broken' end\nf() f()"
    assert.equal(1, code)
    assert.match("^hyades: .*script.lua:1: broken\nstack traceback:\n", text)
    assert.match("script.lua:2: in main chunk", text)
  end)

  it("exits with 1 after a syntax error, an error value and a missing file", function()
    local code, text = script "x = = 1"
    assert.equal(1, code)
    assert.match("script.lua:1: unexpected symbol", text)
    code, text = script "error {}"
    assert.equal(1, code)
    assert.match("error object is a table value", text)
    code, text = S.shell "./hyades trian.lua"
    assert.equal(1, code)
    assert.match("cannot open trian.lua", text)
  end)

  it("says an error value by its __tostring", function()
    local _, text = script "error(setmetatable({}, { __tostring = function() return 'told' end }))"
    assert.match("^hyades: told\n", text)
  end)

  it("exits with 2 and the usage when an option is wrong", function()
    for _, options in ipairs{ "-x", "-e", "-l", "-ii", "--wrong" } do
      local code, text = S.shell("./hyades " .. options)
      assert.equal(2, code)
      assert.match("^hyades: " .. options:gsub("%-", "%%-") .. " .*\nusage: hyades", text)
    end
  end)

  it("keeps the status of os.exit", function()
    assert.equal(7, (script "os.exit(7)"))
    assert.equal(1, (script "os.exit(false, true)"))
  end)

  it("prints its version and its usage", function()
    local code, text = S.shell "./hyades -v"
    assert.equal(0, code)
    assert.match("^Hyades %d+%.%d+%.%d+ %(Lua 5%.4%.%d+%)\n$", text)
    for _, option in ipairs{ "--help", "-h" } do
      code, text = S.shell("./hyades " .. option)
      assert.equal(0, code)
      assert.match("^usage: hyades.*doctor", text)
    end
  end)

  it("honors LUA_INIT, as code and as a file, unless -E", function()
    local init = "LUA_INIT='early = 5' "
    assert.equal("5\n", select(2, S.shell(init .. "./hyades -e 'print(early)'")))
    local ignored = init .. "./hyades -E -e 'print(rawget(_G, \"early\"))'"
    assert.equal("nil\n", select(2, S.shell(ignored)))
    S.write(folder .. "/init.lua", "early = 6")
    local _, text = S.shell(("LUA_INIT_5_4=@%s/init.lua %s ./hyades -e 'print(early)'")
      :format(folder, init))
    assert.equal("6\n", text)
    local code, message = S.shell "LUA_INIT='error(\"late\", 0)' ./hyades -e 'print(1)'"
    assert.equal(1, code)
    assert.match("^hyades: late\n", message)
  end)

  it("shows warnings with -W only", function()
    local code = [[-e 'warn "careful"']]
    assert.equal("", select(2, S.shell("./hyades " .. code)))
    assert.match("careful", select(2, S.shell("./hyades -W " .. code)))
  end)

  it("finds its library from any folder", function()
    local code, text = S.shell("hyades=$PWD/hyades; cd " .. folder ..
      " && $hyades -e 'print(hy.version)'")
    assert.equal(0, code)
    assert.match("^%d+%.%d+%.%d+\n$", text)
  end)

  it("finds an installed library beside its bin folder", function()
    S.shell(("mkdir -p %s/bin %s/share/lua/5.4/hyades && cp hyades %s/bin"):format(folder, folder,
      folder))
    S.write(folder .. "/share/lua/5.4/hyades/init.lua", "return { version = 'installed' }")
    local _, text = S.shell(folder .. "/bin/hyades -e 'print(hy.version)'")
    assert.equal("installed\n", text)
  end)

  it("has the library's parts as globals", function()
    local code, text = S.shell [[./hyades -e '
      for name in ("nn optim data cluster deep metrics plot train loss model help"):gmatch "%a+" do
        assert(_G[name] == hy[name], name)
      end']]
    assert.equal(0, code, text)
  end)

  it("loads the engine only when it is asked for", function()
    local code = S.shell [[./hyades -e 'assert(not package.loaded["hyades.core"])']]
    assert.equal(0, code)
  end)

  it("lets a script assign globals of the library's names", function()
    local _, text = script "data = 3 model = nil print(data)"
    assert.equal("3\n", text)
  end)

  it("raises for an unknown global in -e and in the script's own code", function()
    local code, text = S.shell "./hyades -e 'pritn(1)'"
    assert.equal(1, code)
    assert.match("%(command line%):1: unknown global 'pritn'; did you mean 'print'%?", text)
    code, text = script "local function f() return pritn end\nf()"
    assert.equal(1, code)
    assert.match("script.lua:1: unknown global 'pritn'; did you mean 'print'%?", text)
    code, text = S.shell "echo 'x = pritn' | ./hyades -"
    assert.equal(1, code)
    assert.match("stdin:1: unknown global", text)
  end)

  it("reads nil for unknown globals in what a script loads, and for those it has set to nil", function()
    S.write(folder .. "/part.lua", "return unknown == nil and _G.other == nil")
    local code, text = script(("package.path = %q print((require 'part'), dofile(%q), load 'return zz'())")
      :format(folder .. "/?.lua", folder .. "/part.lua"))
    assert.equal(0, code, text)
    assert.equal("true\ttrue\tnil\n", text)
    code, text = script "known = nil print(known, rawget(_G, 'unknown')) known = 3 print(known)"
    assert.equal(0, code, text)
    assert.equal("nil\tnil\n3\n", text)
  end)

  it("runs the doctor, unless a file is called so", function()
    local code, text = S.shell("XDG_CACHE_HOME=" .. folder .. " ./hyades doctor")
    assert.equal(0, code, text)
    for _, word in ipairs{ "Hyades", "kernels for x86%-64", "OpenBLAS", "threads", "oneDNN", "devices",
      "font", "figures", "cache +" .. folder:gsub("%p", "%%%0"), "history", "line editor" } do
      assert.match(word, text)
    end
    assert.equal(2, (S.shell "./hyades doctor twice"))
    S.write(folder .. "/doctor", "print 'mine'")
    code, text = S.shell("hyades=$PWD/hyades; cd " .. folder .. " && $hyades doctor")
    assert.equal(0, code)
    assert.equal("mine\n", text)
  end)

  it("names what is missing, with its package", function()
    local _, text = S.shell("env -u HOME -u XDG_STATE_HOME PATH=/nowhere XDG_CACHE_HOME=/proc/no " ..
      "./hyades doctor")
    assert.match("\nMissing:\n", text)
    assert.match("\n  cache: it cannot be written; ", text)
    assert.match("\n  downloads: .* apt install curl", text)
    assert.match("HOME is not set", text)
  end)

  it("answers entries from a pipe with -i, without prompts", function()
    local _, text = S.shell "printf '1 + 1\\nlocal a = 4\\na;\\na\\n' | ./hyades -i"
    assert.match("^Hyades [^\n]*\n2\n4\n$", text)
  end)

  it("opens the prompt after a script that succeeds, and only then", function()
    S.write(folder .. "/script.lua", "value = 8")
    local _, text = S.shell(("echo value | ./hyades -i %s/script.lua"):format(folder))
    assert.match("\n8\n$", text)
    S.write(folder .. "/script.lua", "error 'early'")
    local code
    code, text = S.shell(("echo 'print(99)' | ./hyades -i %s/script.lua"):format(folder))
    assert.equal(1, code)
    assert.not_match("99", text)
  end)
end)
