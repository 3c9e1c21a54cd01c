--- The commands of the prompt, and how errors read; entries come from a pipe.
local S = require "tests.support"
local trace = require "hyades.trace"
local source = require "hyades.source"

describe("the commands of the prompt", function()
  local folder

  before_each(function() folder = S.folder() end)
  after_each(function() S.remove(folder) end)

  -- What the prompt prints to these entries, without the line of the version.
  local function answers(entries)
    S.write(folder .. "/entries", (entries:gsub("\n%s+", "\n"):gsub("^%s+", "")))
    local code, text = S.shell("./hyades -i <" .. folder .. "/entries 2>&1")
    assert.equal(0, code, text)
    return (text:gsub("^Hyades[^\n]*\n", ""))
  end

  it("time one run and keep its value", function()
    local text = answers [[
      %time 20 + 22
      _ + 1
    ]]
    assert.match("^[%d.]+ %S*s; processor [%d.]+ %S*s\n42\n43\n$", text)
  end)

  it("time many runs", function()
    local text = answers [[
      count = 0
      %timeit count = count + 1
      count > 1000
      %timeit
      %time = 3
    ]]
    assert.match("^[%d.]+ %S*s for a run: median of 7 rounds of %d+, from .* to .*\ntrue\n", text)
    assert.match("%%timeit: name the code", text)
    assert.match("unexpected symbol near '='", text)
  end)

  it("list variables with kind and size, and memory", function()
    local text = answers [[
      local x, name = hy.ones(2, 3), "short"
      function mine(a, b) end
      %who
      %mem
    ]]
    assert.match("mine  function  function %(a, b%), prompt%[2%]:1\n", text)
    assert.match('name  string    "short"\n', text)
    assert.match("x     tensor    %[f32 2×3 cpu%]\n", text)
    assert.not_match("cluster", text)
    assert.match("tensors  %d+ B, at most .*\nLua      .*B\nprocess  .*MB, at most .*MB\n", text)
    assert.match("no variables yet", answers "%who\n")
  end)

  it("save entries as a script that runs, and load it as if it were typed", function()
    local path = folder .. "/session.lua"
    local text = answers(([[
      local a = 20
      a + 22;
      this fails
      error "this as well"
      %%time a
      for i = 1, 2 do
      a = a + i
      end
      "last " .. a
      %%save %s
      %%save %s
    ]]):format(path, path))
    assert.match("session.lua: 5 entries\n", text)
    assert.match("session.lua exists; take another name", text)
    local saved = S.read(path)
    assert.equal('local a = 20\nprint(a + 22)\n-- %time a\nfor i = 1, 2 do\na = a + i\nend\n' ..
      'print("last " .. a)\n', saved)
    local code, output = S.shell("./hyades " .. path)
    assert.equal(0, code)
    assert.equal("42\nlast 23\n", output)
    assert.equal("42\nlast 23\n23\n", answers(("%%load %s\na\n"):format(path)))
  end)

  it("say what is wrong with a file", function()
    S.write(folder .. "/wrong.lua", "x = 1\ny = = 2\n")
    S.write(folder .. "/raises.lua", "x = 1\nerror 'in a file'\n")
    local text = answers(([[
      %%load %s/none.lua
      %%load
      %%load %s/wrong.lua
      %%load %s/raises.lua
      %%load %s
      %%save %s/no/folder
    ]]):format(folder, folder, folder, folder, folder))
    assert.match("none.lua: No such file or directory", text)
    assert.match("%%load: name a file", text)
    assert.match("wrong.lua:2: unexpected symbol", text)
    assert.match("raises.lua:2: in a file\n.*\n    error 'in a file'\n", text)
    assert.match("%%load: .* is no file", text)
    assert.match("%%save: .*no/folder: No such file", text)
  end)

  it("reload a module in the hands of those who hold it", function()
    S.write(folder .. "/part.lua", "return { value = function() return 1 end, old = true }")
    local text = answers(([[
      package.path = "%s/?.lua;" .. package.path
      part = require "part"
      held = { part = part }
      part.value()
      file = io.open("%s/part.lua", "w") file:write "return { value = function() return 2 end }" file:close()
      %%reload part
      held.part.value()
      held.part.old
      file = io.open("%s/part.lua", "w") file:write "return = 3" file:close()
      %%reload part
      held.part.value()
      %%reload prat
      %%reload deep
      deep.DEC{ k = 2 }
    ]]):format(folder, folder, folder))
    assert.match("^1\n2\nnil\n", text)
    assert.match("part.lua:1: unexpected symbol near '='.*\n2\n", text)
    assert.match("%%reload: prat is not loaded; did you mean part%?", text)
    assert.match("DEC{ k = 2 }\n$", text)
  end)

  it("run the shell, and say its status", function()
    local text = answers [[
      !echo one; echo two
      !exit 3
    ]]
    assert.equal("one\ntwo\nexit status 3\n", text)
  end)

  it("give help and sources", function()
    local text = answers [[
      ?deep.DEC
      loss.mse?
      ??loss.mse
      function mine() return "typed" end
      ??mine
      local km = cluster.KMeans{ k = 2 }
      ?km
    ]]
    assert.match("^deep.DEC\n", text)
    assert.match("\nloss.mse%(output, target%)\nMean squared", text)
    assert.match("\nfunction loss.mse", text)
    assert.match('\nSource: prompt%[4%]:1\nfunction mine%(%) return "typed" end\n', text)
    assert.match("\nKMeans{ k = 2 }\ncluster.KMeans\n", text)
  end)

  it("are listed, and a wrong one is corrected", function()
    local text = answers "%\n%tiem 3\n%whoo"
    assert.match("^These are the commands:\n  %%load FILE", text)
    assert.match("there is no command %%tiem; did you mean %%time%?", text)
    assert.match("did you mean %%who%?", text)
  end)

  it("correct a field that does not exist", function()
    local text = answers [[
      km = cluster.KMeans{ k = 2 }:fit(hy.ones(4, 2) + hy.eye(2):index{ 1, 2, 1, 2 })
      km.lables
      km:predcit(3)
      metrics.nmi({ 1, 2 }, km.lables)
      km.nothing_like_it
      km.weight
    ]]
    assert.match("nil\n", text)
    assert.match("^nil\nkm has no 'lables'; did you mean 'labels'%?\n", text)
    assert.match("nil value %(method 'predcit'%)\nkm has no 'predcit'; did you mean 'predict'%?", text)
    assert.match("got nil\nkm has no 'lables'; did you mean 'labels'%?\n", text)
  end)

  it("leave by exit and quit, unless these are variables", function()
    assert.equal("1\n", answers "1\nexit\n2\n")
    assert.equal("1\n", answers "1\nquit()\n2\n")
    assert.equal("5\n6\n", answers "exit = 5\nexit\n6\n")
  end)

  it("give the overview to who types help", function()
    assert.match("^Hyades: tensors, gradients and deep clustering%.\n", answers "help\n")
  end)

  it("keep top-level locals that have no value yet", function()
    assert.equal("nil\n", answers "local later\nlater\n")
  end)
end)

describe("an error as text", function()
  it("is the message, the user's frames with their lines, then the others, dimmed", function()
    local name = S.folder()
    S.write(name .. "/mine.lua", "local function f()\n  g()\nend\n")
    local text = trace.text(("%s/mine.lua:2: broken\nstack traceback:\n\t[C]: in function 'error'\n" ..
      "\t%s/mine.lua:2: in function 'f'\n\t/usr/share/lua/5.4/hyades/model.lua:4: in function 'fit'\n" ..
      "\t[C]: in function 'pcall'\n\t[C]: in ?"):format(name, name), true)
    assert.equal(("\27[31m%s/mine.lua:2: broken\27[m\n  %s/mine.lua:2: in function 'f'\n    g()\n" ..
      "\27[2m  hyades/model.lua:4: in function 'fit'\27[m\n\27[2m  [C]: in function 'pcall'\27[m")
      :format(name, name), text)
    S.remove(name)
  end)

  it("shows the line of a syntax error in an entry of several lines", function()
    source.remember("prompt[7]", "x = 1\ny = = 2\n")
    assert.equal("prompt[7]:2: unexpected symbol near '='\n    y = = 2",
      trace.text("prompt[7]:2: unexpected symbol near '='", false))
  end)

  it("stays short when the frames are many", function()
    local frames = {}
    for i = 1, 100 do frames[i] = ("\tfile.lua:%d: in function 'f'"):format(i) end
    local text = trace.text("deep\nstack traceback:\n" .. table.concat(frames, "\n"), false)
    assert.match("\n  … 88 more$", text)
    assert.equal("plain", trace.text("plain", false))
    assert.equal("two\nlines", trace.text("two\nlines", false))
  end)

  it("is colored for a script at a terminal", function()
    local path = S.folder()
    S.write(path .. "/script.lua", "local function f()\n  error 'red'\nend\nf()\n")
    require("tests.program.session")([[
      wait \e[31mhyades:
      wait script.lua:2: red\e[m
      wait error 'red'
      wait in main chunk
      wait f()
      exit 1
    ]], "./hyades " .. path .. "/script.lua")
    S.remove(path)
  end)
end)
