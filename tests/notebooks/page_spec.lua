-- The verb nb: notebooks as pages, and in the terminal.
local S = require "tests.support"
local notebook = require "hyades.notebook"

local story = [[
#!/usr/bin/env hyades
-- %% [markdown]
-- # A <story>
--
-- Text with **marks**.

-- %%
local hy = require "hyades"
local options = hy.notebook{ seeds = { 4, fast = 1 } }
local x = options.seeds
print("seeds", x)

-- %% a cell that goes on
for i = 1, 3 do print(x + i, "<b>") end
io.stderr:write "a warning\n"
os.execute "echo from a child"

-- %%
hy.display(hy.plot.line{ { 1, 2, 3 } }, "a curve")
hy.display{ { "name", "value" }, { "a", 1.5 } }

-- %%
hy.ones(2, 2)
]]

describe("a notebook", function()
  local folder

  before_each(function() folder = S.folder() end)
  after_each(function() S.remove(folder) end)

  -- Runs `hyades nb …` on a notebook of this text; returns the status, what it said, and the page.
  local function html(text, words, before)
    S.write(folder .. "/story.lua", text)
    local status, said = S.shell(("%s timeout 100 ./hyades nb html %s/story.lua %s/story.html %s"):format(
      before or "", folder, folder, words or ""))
    local file = io.open(folder .. "/story.html")
    local made = file and file:read "a"
    if file then file:close() end
    return status, said, made
  end

  it("becomes a page with its text, code, output and pictures", function()
    local status, said, made = html(story)
    assert.equal(0, status, said)
    assert.truthy(made:find("<title>A &lt;story&gt;</title>", 1, true))
    assert.truthy(made:find('<span class="keyword">local</span> hy', 1, true))
    assert.truthy(made:find("<pre>seeds\t4</pre>", 1, true), made)
    assert.truthy(made:find("7\t&lt;b&gt;", 1, true))
    assert.truthy(made:find('<img src="data:image/png;base64,iVBOR', 1, true))
    assert.truthy(made:find('alt="a curve"', 1, true))
    assert.truthy(made:find('<th>name</th><th class="number">value</th>', 1, true))
    assert.truthy(made:find("[f32 2×2 cpu]", 1, true))
    assert.is_nil(made:find('src="http', 1, true))
  end)

  it("shows in order what Lua, C and other programs write", function()
    local _, _, made = html(story)
    assert.truthy(made:find("7\t&lt;b&gt;\na warning\nfrom a child</pre>", 1, true), made)
  end)

  it("takes options, and a quick form", function()
    local _, _, made = html(story, "--seeds 9")
    assert.truthy(made:find("<pre>seeds\t9</pre>", 1, true))
    assert.truthy(made:find("story.lua --seeds 9, run with Hyades", 1, true))
    _, _, made = html(story, nil, "HYADES_FAST=1")
    assert.truthy(made:find("<pre>seeds\t1</pre>", 1, true))
    _, _, made = html(story, "--fast")
    assert.truthy(made:find("<pre>seeds\t1</pre>", 1, true))
  end)

  it("is a script too, whose pictures go to a folder", function()
    S.write(folder .. "/02_story.lua", story:gsub("\nhy%.ones%(2, 2%)", ""))
    local status, said = S.shell(("./hyades %s/02_story.lua --out %s/a/b"):format(folder, folder))
    assert.equal(0, status, said)
    assert.truthy(said:find("picture: " .. folder .. "/a/b/02_a_curve.png", 1, true), said)
    assert.equal("\137PNG", S.read(folder .. "/a/b/02_a_curve.png"):sub(1, 4))
  end)

  it("runs in the terminal with its text", function()
    S.write(folder .. "/story.lua", story)
    local status, said = S.shell(("./hyades nb run %s/story.lua --out %s --seeds 2"):format(folder,
      folder))
    assert.equal(0, status, said)
    assert.truthy(said:find("# A <story>\n\nText with **marks**.\n\nseeds\t2\n", 1, true), said)
    assert.truthy(said:find("[f32 2×2 cpu]", 1, true))
  end)

  it("shows an error in its place, keeps what is done, and exits with 1", function()
    local status, said, made = html [[
-- %%
local function broken(t) return t.x.y end
print "first"
-- %%
print "before"
broken{}
-- %%
print "never" -- and this comment]]
    assert.equal(1, status)
    assert.truthy(said:find("story.lua:2: attempt to index a nil value (field 'x')", 1, true), said)
    assert.truthy(made:find("<pre>first</pre>", 1, true))
    local output = made:find("<pre>before</pre>", 1, true)
    local problem = made:find('class="output error"', 1, true)
    assert.is_true(output < problem)
    assert.truthy(made:find("story.lua:6: in main chunk", 1, true), made)
    assert.truthy(made:find('code unrun', 1, true))
    assert.truthy(made:find("and this comment", 1, true))
    assert.is_nil(made:find("<pre>never</pre>", 1, true))
  end)

  it("shows a syntax error with its line, and still runs what is above", function()
    local status, said, made = html "-- %%\nprint 'fine'\n\n-- %%\n\nlocal x = = 3\n"
    assert.equal(1, status)
    assert.truthy(said:find("story.lua:6: unexpected symbol near '='", 1, true), said)
    assert.truthy(made:find("<pre>fine</pre>", 1, true))
    assert.truthy(made:find("story.lua:6: unexpected symbol", 1, true))
  end)

  it("folds long output and leaves out what is endless", function()
    local _, _, made = html "-- %%\nfor i = 1, 100 do print(i) end\n"
    assert.truthy(made:find("19\n20</pre><details><summary>80 more lines</summary><pre>21\n", 1, true))
    _, _, made = html "-- %%\nio.write(('x'):rep(1500000))\n"
    assert.is_true(#made < 1100000)
    assert.truthy(made:find("500000 bytes of output are left out here", 1, true))
  end)

  it("keeps progress bars, colors and broken bytes out of the page", function()
    local _, _, made = html [[
-- %%
for i in hy.progress(3, { desc = "a bar", verbose = true }) do end
print "\27[31mred\27[m and \xff"
io.write("10 %\r100 %\n")]]
    assert.is_nil(made:find(">a bar", 1, true))
    assert.truthy(made:find("<pre>red and \u{fffd}\n100 %</pre>", 1, true), made)
  end)

  it("times its cells", function()
    local _, _, made = html "-- %%\nlocal t = hy.clock() while hy.clock() - t < 0.2 do end\n"
    assert.truthy(made:find '<div class="time">%d+%.%d s</div>')
  end)

  it("refuses what is no notebook with a sentence, and writes nothing", function()
    for text, sentence in pairs{
      ["print 'a script'\n"] = "story.lua: no cells; a notebook has lines -- %% and -- %% [markdown]",
      ["-- %%\nx = '\xff'\n"] = "story.lua:2: the line is not UTF-8",
      ["-- %% [mardkown]\n-- hi\n"] = "story.lua:1: a cell is [markdown], [raw] or code, not [mardkown]",
      [""] = "story.lua: no cells",
    } do
      local status, said, made = html(text)
      assert.equal(1, status)
      assert.truthy(said:find(sentence, 1, true), said)
      assert.is_nil(made)
    end
  end)

  it("says what is wrong with the names of files", function()
    S.write(folder .. "/story.lua", story)
    for words, sentence in pairs{
      ["html /no/such.lua"] = "hyades nb: /no/such.lua: No such file or directory",
      [("html %s %s/x.html"):format(folder, folder)] = "Is a directory",
      [("html %s/story.lua %s/other.lua"):format(folder, folder)] = "the page must be named NAME.html",
      [("html %s/story.lua /no/such/page.html"):format(folder)] =
        "hyades nb: /no/such/page.html: No such file or directory",
    } do
      local status, said = S.shell("./hyades nb " .. words)
      assert.equal(1, status)
      assert.truthy(said:find(sentence, 1, true), said)
    end
    local status, said = S.shell "./hyades nb build x"
    assert.equal(2, status)
    assert.truthy(said:find("hyades: nb has no build\nusage: hyades nb run FILE", 1, true), said)
    assert.equal(2, (S.shell "./hyades nb"))
    assert.equal(0, (S.shell "./hyades nb --help"))
  end)

  it("leaves the old page alone when the disk is full", function()
    S.write(folder .. "/story.html", "the old page")
    local status, said, made = html(story, "", "trap '' XFSZ; ulimit -f 1;")
    assert.equal(1, status)
    assert.truthy(said:find("story.html: could not be written: File too large", 1, true), said)
    assert.equal("the old page", made)
    assert.same({ "story.html", "story.lua" }, S.lines("ls " .. folder))
  end)

  it("stops at Ctrl-C, and has its page as far as it came", function()
    S.write(folder .. "/story.lua", "-- %%\nprint 'done'\n-- %%\nwhile true do pcall(print) end\n")
    local status = S.shell(("timeout -s INT --preserve-status 2 ./hyades nb html %s/story.lua %s/story.html")
      :format(folder, folder))
    assert.equal(130, status)
    assert.truthy(S.read(folder .. "/story.html"):find("<pre>done</pre>", 1, true))
  end)

  it("has its page as far as it came when it is killed", function()
    local _, _, made = html("-- %%\nprint 'done'\n-- %%\nos.exit(7)\n-- %%\nprint 'never'\n")
    assert.truthy(made:find("<pre>done</pre>", 1, true))
    assert.truthy(made:find("</html>", 1, true))
  end)
end)

describe("the cells of a notebook", function()
  it("are what jupytext's percent format says", function()
    local cells = notebook.parse(table.concat({ "-- ---", "-- jupyter: {}", "-- ---", "",
      "-- %% [markdown]", "-- # Title", "--", "-- more", "", "--%%", "", "x = 1", "", "-- %%%% no cell",
      '-- %% named [raw] tags=["a"]', "-- as it is", "-- %%", "", "-- %%", "y = 2\r" }, "\n"), "f")
    assert.same({
      { kind = "markdown", text = "# Title\n\nmore", line = 6 },
      { kind = "code", text = "x = 1\n\n-- %%%% no cell", line = 12 },
      { kind = "raw", text = "as it is", line = 16 },
      { kind = "code", text = "y = 2\r", line = 20 },
    }, cells)
  end)

  it("begin with the code above the first mark", function()
    local cells = notebook.parse("local a = 1\n-- %%\nprint(a)\n", "f")
    assert.same({ "local a = 1", "print(a)" }, { cells[1].text, cells[2].text })
  end)
end)

describe("hy.notebook", function()
  it("refuses wrong defaults with a sentence", function()
    assert.raises(function() notebook.notebook{ epochs = 2.5 } end,
      "notebook: option epochs must be a whole number, or { number, fast = number }")
    assert.raises(function() notebook.notebook{ out = 1 } end,
      "notebook: option out is there already; call yours differently")
    assert.raises(function() notebook.notebook "fast" end,
      'notebook: expected a table of options, got "fast"')
  end)
end)
