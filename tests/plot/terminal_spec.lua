local S = require "tests.support"
local core = require "hyades.core"
local terminal = require "hyades.plot.terminal"
local play = require "tests.program.session"

-- Stands in for os.getenv.
local function variables(values)
  return function(name) return values[name] end
end

local function silent() return nil end

describe("base64", function()
  it("is that of RFC 4648", function()
    for text, wanted in pairs{ [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==",
      fooba = "Zm9vYmE=", foobar = "Zm9vYmFy", ["\0\255\254"] = "AP/+" } do
      assert.equal(wanted, core.base64(text))
    end
  end)
end)

describe("half blocks", function()
  it("put two pixels into each character, colors in 24 bits", function()
    assert.equal("\27[38;2;255;0;0;48;2;0;0;255m▀\27[38;2;0;255;0;48;2;9;8;7m▀\27[0m\n",
      core.half_blocks(2, 2, "\255\0\0\0\255\0\0\0\255\9\8\7", 2))
  end)

  it("are means of the pixels that they stand for", function()
    local rgb = ("\0\0\0\100\100\100"):rep(8) -- 4×4, columns black and gray
    assert.equal("\27[38;2;50;50;50;48;2;50;50;50m▀\27[0m\n", core.half_blocks(4, 4, rgb, 1))
  end)

  it("never need more columns than the picture has", function()
    local _, blocks = core.half_blocks(2, 3, ("\1"):rep(18), 1000):gsub("▀", "")
    assert.equal(3, blocks)
  end)
end)

describe("sixels", function()
  it("draw bands of six rows, color by color", function()
    -- 7 rows: the upper six red, the last one red and blue
    local rgb = ("\255\0\0"):rep(12) .. "\255\0\0\0\0\255"
    local text = core.sixel(7, 2, rgb)
    local blue, red = text:match '^\27P0;1;0q"1;1;2;7#(%d);2;0;0;100#(%d);2;100;0;0'
    assert.is_truthy(blue, text)
    assert.equal(("#%s~~-"):format(red), text:match(("#%s~~%%-"):format(red)))
    assert.is_truthy(text:find(("#%s?@"):format(blue), 1, true), text)
    assert.is_truthy(text:find(("#%s@"):format(red), 1, true), text)
    assert.equal("\27\\", text:sub(-2))
  end)

  it("are the same bytes again, and runs are counted", function()
    local gray = ("\128\128\128"):rep(6 * 40)
    assert.equal('\27P0;1;0q"1;1;40;6#0;2;50;50;50#0!40~\27\\', core.sixel(6, 40, gray))
  end)

  it("need no more than 256 colors for any picture", function()
    local samples = {}
    for i = 1, 64 * 64 do
      samples[i] = string.char(i * 7 % 256, i * 13 // 16 % 256, i * 31 // 7 % 256)
    end
    local text = core.sixel(64, 64, table.concat(samples))
    local _, defined = text:gsub("#%d+;2;%d+;%d+;%d+", "")
    assert.is_true(defined > 100 and defined <= 256)
    for index in text:gmatch "#(%d+)" do assert.is_true(tonumber(index) < defined) end
  end)

  it("say what is wrong", function()
    assert.raises(function() core.sixel(2, 2, "abc") end, "height × width × 3")
    assert.raises(function() core.half_blocks(0, 2, "", 3) end, "height × width × 3")
  end)
end)

describe("pictures for kitty", function()
  it("go in pieces of 4,096 letters, of which the last says so, and want no answer", function()
    local png = ("x"):rep(10000)
    local text = terminal.kitty(png, 40)
    assert.equal("\27_Ga=T,f=100,q=2,c=40,m=1;", text:sub(1, 26))
    local pieces, letters = {}, {}
    for head, body in text:gmatch "\27_G([^;]*);([^\27]*)\27\\" do
      pieces[#pieces + 1], letters[#letters + 1] = head, body
      assert.is_true(#body <= 4096)
    end
    assert.equal("m=0", pieces[#pieces])
    assert.equal(4, #pieces)
    assert.equal(core.base64(png), table.concat(letters))
  end)

  it("have one piece when they are small", function()
    assert.equal("\27_Ga=T,f=100,q=2,c=3,m=0;Zm9v\27\\\n", terminal.kitty("foo", 3))
  end)
end)

describe("pictures for iTerm2", function()
  it("name their size", function()
    assert.equal("\27]1337;File=inline=1;preserveAspectRatio=1;width=9;size=3:Zm9v\7\n",
      terminal.iterm2("foo", 9))
  end)
end)

describe("the way to show pictures", function()
  it("is what the variables say", function()
    local function way(values) return terminal.choose(variables(values), silent) end
    assert.equal("kitty", way{ TERM = "xterm-kitty" })
    assert.equal("kitty", way{ TERM = "xterm-256color", KITTY_WINDOW_ID = "1" })
    assert.equal("iterm2", way{ TERM = "xterm-256color", TERM_PROGRAM = "iTerm.app" })
    assert.equal("iterm2", way{ TERM = "xterm-256color", LC_TERMINAL = "iTerm2" })
    assert.equal("path", way{ TERM = "dumb", KITTY_WINDOW_ID = "1" })
    assert.equal("path", way{ TERM = "xterm", NO_COLOR = "1", LANG = "C.UTF-8" })
    assert.equal("sixel", way{ TERM = "xterm", HYADES_GRAPHICS = "sixel" })
  end)

  it("is sixels where the terminal says so, else half blocks, where letters are UTF-8", function()
    local function way(answer, locale, term)
      return terminal.choose(variables{ TERM = term or "xterm", LANG = locale },
        function() return answer end)
    end
    assert.equal("sixel", way("\27[?62;4;22c", "C.UTF-8"))
    assert.equal("sixel", way("\27[?4c", "C"))
    assert.equal("blocks", way("\27[?62;14;22c", "C.UTF-8"))
    assert.equal("blocks", way(nil, "en_US.utf8"))
    assert.equal("path", way(nil, "C"))
    assert.equal("sixel", way("\27[?62;4c", "C", "screen-256color"))
  end)

  it("is not kitty's inside of another terminal program", function()
    local values = { TERM = "tmux-256color", KITTY_WINDOW_ID = "1", LANG = "C.UTF-8" }
    assert.equal("blocks", terminal.choose(variables(values), silent))
  end)
end)

describe("show in a terminal", function()
  local folder, script
  setup(function()
    folder = S.folder()
    script = folder .. "/show.lua"
    S.write(script, [[
      io.write "ready" io.flush()
      os.execute("sleep " .. (arg[1] or 0))
      plot.line({ 1, 2, 3 }, { width = 120, height = 90 }):show()
      print "shown"
      if arg[1] then print("read " .. tostring(io.read())) end
    ]])
  end)
  teardown(function() S.remove(folder) end)

  local UTF8 = "LC_ALL=C.UTF-8 NO_COLOR= "

  it("draws half blocks when the terminal does not answer, within a moment", function()
    play([[
      wait ready
      wait \e[c
      wait ▀
      wait shown
      exit 0
    ]], "./hyades " .. script, UTF8)
  end)

  it("draws sixels when the terminal says that it knows them", function()
    -- a machine under load may miss the tenth of a second
    local last
    for _ = 1, 5 do
      local ok, problem = pcall(play, [[
        wait \e[c
        send \e[?62;4;6c
        limit 2
        wait \eP0;1;0q
        wait \e\\
        wait shown
        exit 0
      ]], "./hyades " .. script, UTF8)
      if ok then return end
      last = problem
    end
    error(last)
  end)

  it("leaves to its reader what was typed before", function()
    play([[
      wait ready
      send typed\n
      wait ▀
      never \e[c
      wait read typed
      exit 0
    ]], "./hyades " .. script .. " 0.3", UTF8)
  end)

  it("leaves the terminal as it was, also on Ctrl-C", function()
    local command = ("sh -c 'trap : INT; ./hyades %s; stty -a'"):format(script)
    play([[
      wait \e[c
      send \x03
      wait isig icanon
      wait echo echoe
      exit 0
    ]], command, UTF8)
  end)

  it("uses what HYADES_GRAPHICS names", function()
    play([[
      wait \e_Ga=T,f=100,q=2,c=15,m=
      wait \e\\
      wait shown
      exit 0
    ]], "./hyades " .. script, "HYADES_GRAPHICS=kitty")
  end)
end)
