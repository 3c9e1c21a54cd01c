local S = require "tests.support"
local play = require "tests.program.session"

describe("the prompt", function()
  local folder

  before_each(function() folder = S.folder() end)
  after_each(function() S.remove(folder) end)

  local function session(steps, environment)
    play("wait > \n" .. steps .. "\nsend \\x04\nexit 0", "./hyades",
      ("XDG_STATE_HOME=%s %s"):format(folder, environment or ""))
  end

  it("prints results and keeps the last two", function()
    session [[
      send 6 * 7\n
      wait 42
      wait >
      send _ + 1, "text"\n
      wait 43\ttext
      wait >
      send __\n
      wait 42
      wait >
      send { 3, b = { 2 }, a = 1 }\n
      wait { 3, a = 1, b = { 2 } }
      wait >
      send "si" .. "lent";\n
      wait >
      never silent
      send nil, nil\n
      wait nil\tnil
      wait >
    ]]
  end)

  it("goes on to the next line until an entry is complete, and indents it", function()
    session [[
      send for i = 1, 2 do\n
      wait \r\x20\x20\x20\x20
      send print(i * 11)\n
      wait \r\x20\x20\x20\x20
      send end\n
      wait 11
      wait 22
      wait >
    ]]
  end)

  it("keeps top-level locals, and <close> to the end of the entry", function()
    session [[
      send local a, b <const> = 20, 22\n
      wait >
      send a + b\n
      wait 42
      wait >
      send function guard() return setmetatable({}, { __close = function() print(3 * 5) end }) end\n
      wait >
      send local t <close> = guard() print(2 * 5)\n
      wait 10
      wait 15
      wait >
      send rawget(_G, "t")\n
      wait nil
      wait >
    ]]
  end)

  it("says an error on one line, then the frames that matter", function()
    session [[
      send function f() error "deep" end\n
      wait >
      send function g() f() end\n
      wait >
      send g()\n
      wait prompt[1]:1: deep
      wait prompt[1]:1: in function 'f'
      wait function f() error "deep" end
      wait prompt[2]:1: in function 'g'
      wait function g() f() end
      wait >
      never [C]
      never prompt.lua
      send x = = 1\n
      wait prompt[4]:1: unexpected symbol near '='
      wait >
      send 1 + + 2\n
      wait prompt[5]:1: unexpected symbol near '+'
      wait >
      send error()\n
      wait nil
      wait >
    ]]
  end)

  it("blames the caller without the library's own frames", function()
    session [[
      send function f() return hy.nothing end\n
      wait >
      send f()\n
      wait prompt[1]:1: hy has no "nothing"
      wait in function 'f'
      wait >
      never lua:
    ]]
  end)

  it("colors errors unless NO_COLOR is set", function()
    session [[
      send error "red"\n
      wait \e[31mprompt[1]:1: red\e[m
      wait >
    ]]
    session([[
      send error "plain"\n
      wait l\rprompt[1]:1: plain
      wait >
    ]], "NO_COLOR=1")
  end)

  it("suggests a name for an unknown global, also inside a function typed before", function()
    session [[
      send pritn\n
      wait unknown global 'pritn'; did you mean 'print'?
      wait >
      send function f() return clustr end\n
      wait >
      send f()\n
      wait unknown global 'clustr'; did you mean 'cluster'?
      wait >
    ]]
  end)

  it("takes a pasted loop as one entry and recalls it whole", function()
    session [[
      send \e[200~for i = 1, 3 do\n  io.write(i, ";")\nend\e[201~
      send \n
      wait 1;2;3;
      wait >
      send \e[A\n
      wait 1;2;3;
      wait >
    ]]
  end)

  it("remembers entries of several lines in the next session", function()
    session [[
      send do\n
      send print("ag" .. "ain")\n
      send end\n
      wait again
      wait >
    ]]
    local history = S.read(folder .. "/hyades/history")
    assert.match("#%d+\ndo\n  print%(\"ag\" .. \"ain\"%)\nend\n$", history)
    session [[
      send \e[A\n
      wait again
      wait >
    ]]
  end)

  it("goes on without a history file, and says so once", function()
    S.write(folder .. "/hyades", "a file where the folder should be")
    play([[
      wait this session's history is not kept
      wait hyades/history: Not a directory
      wait >
      send "sti" .. "ll"\n
      wait still
      wait >
      send \e[A\n
      wait still
      wait >
      send \x04
      exit 0
    ]], "./hyades", "XDG_STATE_HOME=" .. folder)
  end)

  it("reads plain lines on a dumb terminal", function()
    session([[
      send 1 +\n
      wait >>
      send 1\n
      wait 2
      wait >
      send error "plain"\n
      wait prompt[2]:1: plain
      wait >
      send garb\x03
      wait >
      send 2 + 3\n
      wait 5
      wait >
    ]], "env TERM=dumb")
  end)

  it("ends an unfinished entry with its error at the end of input", function()
    session([[
      send f(\n
      wait >>
      send \x04
      wait near <eof>
      wait >
    ]], "env TERM=dumb")
  end)
end)
