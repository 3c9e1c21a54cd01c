-- Installing, removing, the environment for lua5.4, and what a build may leave behind.
local S = require "tests.support"

-- A make of its own, with the mode of the build under test and none of the outer make's settings.
local function make(arguments)
  local mode = S.sanitized and "SAN=1 " or ""
  return S.shell("unset MAKEFLAGS MAKELEVEL; make " .. mode .. arguments)
end

describe("make install", function()
  local root, prefix
  setup(function()
    root = S.folder()
    prefix = root .. "/opt/hyades"
    local code, text = make("-s install PREFIX=/opt/hyades DESTDIR=" .. root)
    assert.equal(0, code, text)
  end)
  teardown(function() S.remove(root) end)

  -- Runs a command far from the source folder, where only the installed files can be found.
  local function away(command)
    return S.shell("cd / && unset LUA_PATH LUA_CPATH LUA_INIT HYADES_DATA && " .. command)
  end

  it("installs a program that finds its files", function()
    local code, text = away(prefix .. "/bin/hyades -e 'print(hy.version, hy.ones(2):sum():item())'")
    assert.equal(0, code, text)
    assert.truthy(text:find "^%d+%.%d+%.%d+\t2%.0\n$", text)
  end)

  it("installs the embedded data", function()
    local code, text = away(prefix .. "/bin/hyades -e 'print(data.digits().x:size(1))'")
    assert.equal(0, code, text)
    assert.equal("1797\n", text)
  end)

  it("installs a module that the stock interpreter loads", function()
    if S.sanitized then return pending "stock lua5.4 cannot load a sanitized module" end
    local code, text = away(([[LUA_PATH='%s/share/lua/5.4/?.lua;%s/share/lua/5.4/?/init.lua' \
      LUA_CPATH='%s/lib/lua/5.4/?.so' lua5.4 -e 'print(require("hyades").ones(3):sum():item())']])
      :format(prefix, prefix, prefix))
    assert.equal(0, code, text)
    assert.equal("3.0\n", text)
  end)

  it("installs a manual page", function()
    assert.truthy(S.read(prefix .. "/share/man/man1/hyades.1"):find "%.TH HYADES 1")
  end)

  it("is undone by make uninstall, which leaves what is not its own", function()
    S.write(prefix .. "/bin/other", "")
    S.write(prefix .. "/share/hyades/data/mine", "")
    local code, text = make("-s uninstall PREFIX=/opt/hyades DESTDIR=" .. root)
    assert.equal(0, code, text)
    assert.same({ prefix .. "/bin/other", prefix .. "/share/hyades/data/mine" },
      S.lines("find " .. root .. " ! -type d | sort"))
    os.remove(prefix .. "/share/hyades/data/mine")
    make("-s uninstall PREFIX=/opt/hyades DESTDIR=" .. root)
    assert.same({}, S.lines("find " .. root .. " -path '*/hyades/*/hyades*'"))
  end)
end)

describe("make env", function()
  it("lets the stock interpreter find this build", function()
    local code, text = make "-s env"
    assert.equal(0, code, text)
    assert.truthy(text:find "^export LUA_PATH='/[^\n]*'\nexport LUA_CPATH='/[^\n]*'\n$", text)
    if S.sanitized then return end
    local here = S.lines("pwd")[1]
    code, text = S.shell(([[cd / && unset MAKEFLAGS MAKELEVEL LUA_PATH LUA_CPATH &&
      eval "$(make -s -C %s env)" && lua5.4 -e 'print(require("hyades").version)']]):format(
      S.quote(here)))
    assert.equal(0, code, text)
  end)
end)

describe("make deps", function()
  it("changes nothing and says one line when everything is installed", function()
    local code, text = S.shell "sh .ci/deps"
    assert.equal(0, code, text)
    assert.equal("deps: all packages are installed\n", text)
  end)

  it("prints the list and fails where there is no apt", function()
    local code, text = S.shell "PATH=/nowhere /bin/sh .ci/deps"
    assert.equal(1, code)
    assert.truthy(text:find("there is no apt", 1, true), text)
    assert.truthy(text:find("libopenblas-openmp-dev", 1, true), text)
  end)
end)

describe("a build", function()
  it("is complete: making it again compiles and links nothing", function()
    local code, text = make "all"
    assert.equal(0, code, text)
    assert.is_nil(text:find("  cc  ", 1, true) or text:find("  ld  ", 1, true), text)
  end)
end)
