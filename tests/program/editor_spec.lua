--- The line editor, as somebody at a terminal meets it.
local S = require "tests.support"
local play = require "tests.program.session"

describe("the line editor", function()
  local folder

  before_each(function() folder = S.folder() end)
  after_each(function() S.remove(folder) end)

  local function session(steps, environment, ending)
    play("wait > \n" .. steps .. (ending or "\nsend \\x04\nexit 0"), "./hyades",
      ("XDG_STATE_HOME=%s HOME=%s %s"):format(folder, folder, environment or ""))
  end

  local function history()
    return S.read(folder .. "/hyades/history")
  end

  it("completes globals, fields and methods, and lists what it cannot decide", function()
    session [[
      send collectg\t("count") > 0\n
      wait l\rtrue
      wait >
      send cluster.K\t
      wait KMe
      send \t
      wait KMeans
      wait KMedians
      wait KMedoids
      wait > cluster.KMe
      send ans{ k\t3, max\t7 }.fit_p\t == nil\n
      wait l\rfalse
      wait >
      send km = cluster.KMeans{ k\t3 }\n
      wait >
      send type(km:pred\x03
      wait >
      send km.predict == km.pred\t\n
      wait l\rtrue
      wait >
    ]]
  end)

  it("offers options at the beginning of a line inside a constructor", function()
    session [[
      send km = cluster.KMeans{\n
      send k\t3,\n
      send max_\t9\n
      send }\n
      wait >
      send km.max_iter * 111\n
      wait 999
      wait >
      send do\n
      send \t\tx = 1\nend\n
      wait >
    ]]
    assert.match("cluster.KMeans{\n  k = 3,\n  max_iter = 9\n}\n", history())
    assert.match("\ndo\n      x = 1\nend\n", history())
  end)

  it("completes file names inside strings", function()
    S.write(folder .. "/unmistakable.txt", "some text")
    session(([[
      send io.open("%s/unmis\t"):read()\n
      wait some text
      wait >
    ]]):format(folder))
  end)

  it("indents at the beginning of a line and aligns what closes a block", function()
    session [[
      send do\nif true then\nlines = "a\tb"\nelse\nlines = 2\nend\nend\n
      wait >
      send lines = lines; io.write("done", "\\n")\n
      wait done
      wait >
    ]]
    assert.match("\ndo\n  if true then\n    lines = \"a.*b\"\n  else\n    lines = 2\n  end\nend\n", history())
  end)

  it("moves between the lines of an entry, and runs it from anywhere", function()
    session [[
      send do\nlocal n = 1\nprint("n" .. "=", n)\nend\n
      wait n=\t1
      wait >
      send \e[A\e[D\e[A\e[A\x05\x08
      send 2\n
      wait n=\t2
      wait >
    ]]
  end)

  it("takes a new line inside a complete entry by Alt-Enter", function()
    session [[
      send x = 1\e\rprint(x + 1)\n
      wait l\r2\r\n
      wait >
    ]]
    assert.match("\nx = 1\nprint%(x %+ 1%)\n$", history())
  end)

  it("searches the history by what was typed, and backward by Ctrl-R", function()
    session [[
      send "alpha" .. 1\n
      wait alpha1
      wait >
      send "beta" .. 2\n
      wait beta2
      wait >
      send "al\e[A\n
      wait alpha1
      wait >
      send \x12beta\r
      wait beta2
      wait >
      send draft\e[A\e[B = 5\n
      wait >
      send draft\n
      wait 5
      wait >
    ]]
  end)

  it("takes a paste as text, Tab and Return as well, and its last line waits", function()
    session [[
      send \e[200~if true then\r\n\tprint("ta" .. "bbed")\r\nend\r\n\e[201~
      pause 0.3
      never tabbed
      send \n
      wait tabbed
      wait >
    ]]
    assert.match("\nif true then\n\tprint", history())
  end)

  it("takes a paste of 10 MB, and says that the history has not got it", function()
    local path = folder .. "/steps"
    local lines = "send " .. ("-- one of very many lines\\n"):rep(100) .. "\n"
    S.write(path, "limit 60\nwait > \nsend \\e[200~\n" .. lines:rep(S.sanitized and 400 or 4000) ..
      "send print('wh' .. 'ole')\\e[201~\\n\nwait an entry of\nwait whole\nwait > \n" ..
      "send \\x04\nexit 0\n")
    local code, text = S.shell(("TERM=xterm XDG_STATE_HOME=%s %s/tests/pty %s ./hyades")
      :format(folder, os.getenv "BUILD" or "build/release", path))
    assert.equal(0, code, text)
    assert.is_true(#history() < 1e6)
  end)

  it("takes bytes that are no UTF-8, and characters of two columns", function()
    session [[
      send #"\xff\xfe"\n
      wait l\r2\r\n
      wait >
      send "漢字é" .. "x"\x02\x02\x02\x02\x02\x02\x02\x02\x7f!\n
      wait 漢字!x
      wait >
      send error "\xff broken"\n
      wait \xff broken
      wait >
    ]]
  end)

  it("follows the window, down to 20 columns", function()
    session [[
      size 24 20
      send text = "a line that is longer than the window"\n
      wait >
      send { 1000001, 1000002, 1000003 }\n
      wait 1000002,\r\n
      wait 1000003
      wait >
      send 1 +
      size 10 40
      send 1\n
      wait l\r2\r\n
      wait >
    ]]
    local unsized = [[
      size 3 1
      send 1 + 1\n
      wait l\r2
      wait >
      size 24 80
      send 2 + 2\n
      wait l\r4
      wait >
    ]]
    session(unsized)
  end)

  it("shows the part around the cursor of an entry that is larger than the window", function()
    session [[
      size 8 40
      send do\nx1 = 1\nx2 = 2\nx3 = 3\nx4 = 4\nx5 = 5\nx6 = 6\nx7 = 7\nx8 = 8\n
      wait x8 = 8
      send print("sum", x1 + x8)\nend\n
      wait sum\t9
      wait >
    ]]
  end)

  it("begins its line behind output that does not end one", function()
    session([[
      send io.write("no " .. "end")\n
      wait no end]] .. (" "):rep(80) .. [[\r
      wait >
    ]])
  end)

  it("follows the user's settings, such as the keys of vi", function()
    S.write(folder .. "/inputrc", "set editing-mode vi\n")
    session([[
      send do\nprint("in" .. "ner")\nend\r
      wait inner
      wait >
      send xyz = 7\e0ea1\rxyz1\r
      wait l\r7
      wait >
    ]], "INPUTRC=" .. folder .. "/inputrc", "\nsend exit\\r\nexit 0")
  end)

  it("works where the terminal is unknown", function()
    session([[
      send 1 + 1\n
      wait 2
      wait >
      send do\nprint("in" .. "side")\nend\n
      wait inside
      wait >
    ]], "env TERM=nonesuch")
  end)

  it("leaves by Ctrl-D, and takes no line with it", function()
    session [[
      send unfinished\x04\x03
      wait >
    ]]
  end)

  it("keeps the terminal and the line that was typed when it is told to end", function()
    session([[
      send kept = 1\n
      wait >
      send do\nhalf = "typed
      wait typed
      kill 15
      exit 143
      sane now
    ]], nil, "")
    assert.match("\nkept = 1\n#%d+\ndo\n  half = \"typed\n$", history())
  end)

  it("ends at once when it is told to while an entry runs", function()
    session([[
      send print("run" .. "ning") while true do end\n
      wait running
      kill 15
      exit 143
      sane now
    ]], nil, "")
    assert.match("while true do end\n$", history())
  end)

  it("keeps the line that was typed when the terminal closes, and runs nothing", function()
    session(([[
      send io.open("%s/ran", "w"):close()
      wait close()
      hangup now
      exit 129
    ]]):format(folder), nil, "")
    assert.match("close%(%)\n$", history())
    assert.equal(1, (S.shell("test -e " .. folder .. "/ran")))
  end)

  it("goes on when the history file cannot be written", function()
    if S.lines("id -u")[1] == "0" then
      S.shell(("mkdir -p %s/hyades/history"):format(folder)) -- nobody can append to a folder
    else
      S.shell(("mkdir -p %s/hyades; touch %s/hyades/history; chmod 444 %s/hyades/history")
        :format(folder, folder, folder))
    end
    play([[
      wait this session's history is not kept
      wait >
      send "sti" .. "ll"\n
      wait still
      wait >
      send \x04
      exit 0
    ]], "./hyades", "XDG_STATE_HOME=" .. folder)
  end)

  it("goes on when the disk of the history file is full, and says so once", function()
    S.shell(("mkdir %s/hyades; ln -s /dev/full %s/hyades/history"):format(folder, folder))
    session [[
      send "fi" .. "rst"\n
      wait entries are no longer kept in
      wait hyades/history: No space left on device
      wait first
      wait >
      send "sec" .. "ond"\n
      wait second
      never no longer
      wait >
      send \e[A\e[A\n
      wait first
      wait >
    ]]
  end)

  it("shows its first prompt, and completes among 1,000 globals, without delay", function()
    local limit = S.sanitized and 10 or 2 -- the promise is 30 ms and 20 ms; machines are busy
    session(([[
      send for i = 1, 1000 do _G["global" .. i] = i end clu\t
      wait clu
      send ster\x03
      wait >
      send for i = 1, 1000 do _G["global" .. i] = i end\n
      wait >
      limit %g
      send global100\t
      wait global1000
      wait >
      send \x03
      wait >
    ]]):format(limit))
    play(("limit %g\nwait >\nlimit 10\nsend \\x04\nexit 0"):format(limit), "./hyades",
      "XDG_STATE_HOME=" .. folder)
  end)
end)

describe("output that does not arrive", function()
  it("is told in a sentence", function()
    local code, text = S.shell "./hyades -e 'print(1)' >/dev/full"
    assert.equal(1, code)
    assert.equal("hyades: standard output: No space left on device\n", text)
    code, text = S.shell "echo '1 + 1' | ./hyades -i 2>&1 >/dev/full"
    assert.equal(1, code)
    assert.match("^hyades: standard output: No space left on device\n", text)
  end)
end)
