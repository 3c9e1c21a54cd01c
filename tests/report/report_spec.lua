-- Reports and pages: what they hold, how they escape it, and how they are written.
local S = require "tests.support"
local hy = require "hyades"
local page = require "hyades.page"

local function html_of(...)
  local report = hy.report.new{ title = "Test" }
  report:add(...)
  return report:html()
end

local function has(html, text)
  assert.truthy(html:find(text, 1, true), text .. "\n" .. html:match "<main>.*")
end

describe("a report", function()
  it("sets texts as Markdown", function()
    if not pcall(require, "hyades.markdown") then return pending "no libmd4c" end
    local html = html_of "## Part\n\nSome *words* and `code`.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    has(html, "<h2>Part</h2>")
    has(html, "<em>words</em> and <code>code</code>")
    has(html, '<div class="wide"><table>')
    has(html_of "```lua\nlocal x = '<'\n```", '<span class="keyword">local</span> x = ' ..
      '<span class="string">\'&lt;\'</span>')
  end)

  it("lets nothing in it become HTML or a script", function()
    local evil = "<script>alert(1)</script>\"'&"
    local html = hy.report.new{ title = evil }:add(evil):add({ { evil, 1 } }, evil)
      :add{ [evil] = evil }:add(hy.plot.line{ { 1, 2 } }, evil)
      :add("[a](javascript:alert(1)) ![b](javascript:alert(2)) <img src=x onerror=alert(3)>"):html()
    assert.is_nil(html:find("<script", 1, true))
    assert.is_nil(html:find("<img src=x", 1, true))
    assert.is_nil(html:find 'href="%s*[jJ]ava')
    has(html, "<title>&lt;script&gt;alert(1)&lt;/script&gt;&quot;'&amp;</title>")
  end)

  it("carries its pictures inside", function()
    local html = html_of(hy.plot.line{ { 1, 2, 3 } }, "a curve")
    local data, width = html:match 'src="data:image/png;base64,([%w+/=]+)" width="(%d+)"'
    assert.is_true(#data > 1000 and tonumber(width) > 100)
    has(html, "<figcaption>a curve</figcaption>")
    assert.is_nil(html:find 'src="[^d]')
    assert.is_nil(html:find("<link", 1, true))
  end)

  it("brings the pictures of a text into the page", function()
    if not pcall(require, "hyades.markdown") then return pending "no libmd4c" end
    local folder = S.folder()
    S.write(folder .. "/a b.png", "\137PNG")
    local html = page.markdown("![x](a%20b.png) ![y](missing.png)", folder .. "/")
    has("<main>" .. html, 'src="data:image/png;base64,iVBORw=="')
    has("<main>" .. html, 'src="missing.png"')
    S.remove(folder)
  end)

  it("makes tables of rows, with or without heads, and of records", function()
    local html = html_of({ { "method", "NMI" }, { "k-means", 0.74181 }, { "DEC", 0 / 0 } }, "scores")
    has(html, "<th>method</th><th class=\"number\">NMI</th>")
    has(html, '<td>k-means</td><td class="number">0.7418</td>')
    has(html, '<td class="number">NaN</td>')
    has(html, "<caption>scores</caption>")
    has(html_of({ { 1, 2 } }, { header = { "a", "b" } }), '<th class="number">a</th>')
    has(html_of{ { 1, 2 }, { 3, 4 } }, '<tr><td class="number">1</td>')
    has(html_of{ { epoch = 1, loss = 0.5 }, { epoch = 2, loss = 0.25 } },
      '<th class="number">epoch</th><th class="number">loss</th>')
  end)

  it("keeps long tables short, and says so", function()
    local rows = {}
    for i = 1, 700 do rows[i] = { i } end
    has(html_of(rows), "… 200 more rows")
  end)

  it("shows tensors, data sets, networks, models and plain values", function()
    has(html_of(hy.ones(2, 2)), "[f32 2×2 cpu]")
    local digits = hy.data.digits()
    local html = html_of(digits)
    has(html, "digits: 1,797×64 f32")
    has(html, "<img ")
    has(html_of(hy.nn.Autoencoder{ layers = { 4, 2 } }), "encoder")
    html = html_of(hy.cluster.KMeans{ k = 2, rng = hy.rng(1) }:fit(hy.randn(20, 2)))
    has(html, "<strong>cluster.KMeans</strong>")
    has(html, "<td>centers</td><td>2×2 f32</td>")
    has(html_of{ a = 1 }, "{ a = 1 }")
    has(html_of(true), "<pre>true</pre>")
    has(html_of{ { a = 1 }, 2 }, "<pre>{ { a = 1 }, 2 }</pre>")
  end)

  it("is the same for the same input, and one file", function()
    local function make()
      return hy.report.new{ title = "x" }:add(hy.plot.line{ { 1, 2 } }):add{ b = 1, a = 2, c = 3 }:html()
    end
    assert.equal(make(), make())
    local folder = S.folder()
    hy.report.new{ title = "x" }:add "text":save(folder .. "/r.html")
    assert.same({ "r.html" }, S.lines("ls " .. folder))
    assert.truthy(S.read(folder .. "/r.html"):find "^<!DOCTYPE html>.*</html>\n$")
    S.remove(folder)
  end)

  it("says in a sentence what is wrong", function()
    local report = hy.report.new()
    for text, fn in pairs{
      ["report:add: expected something to show, got nil"] = function() report:add(nil) end,
      ["report:add: name must be a string, got 5"] = function() report:add("x", { name = 5 }) end,
      ['report:add: unknown option "nmae"; did you mean "name"?'] =
        function() report:add("x", { nmae = "" }) end,
      ["report.new: title must be a string, got 5"] = function() hy.report.new{ title = 5 } end,
      ["report:save: expected the path of a file, got nil"] = function() report:save() end,
      ["report:save: /no/such/r.html"] = function() report:save "/no/such/r.html" end,
      ["display: name must be a string, got number"] = function() hy.display(1, 2) end,
    } do
      assert.raises(fn, text)
    end
  end)

  it("leaves the old file alone when the disk is full", function()
    local folder = S.folder()
    S.write(folder .. "/r.html", "old")
    local code, text = S.shell(([[trap '' XFSZ; ulimit -f 1
      ./hyades -e 'report.new():add(hy.randn(100, 5)):save "%s/r.html"']]):format(folder))
    assert.equal(1, code)
    assert.truthy(text:find("report:save: " .. folder .. "/r.html: could not be written", 1, true), text)
    assert.equal("old", S.read(folder .. "/r.html"))
    assert.same({ "r.html" }, S.lines("ls " .. folder))
    S.remove(folder)
  end)

  it("shows texts as they are where Markdown cannot be set, and names the packages", function()
    local code, text = S.shell [[./hyades -e '
      package.preload["hyades.markdown"] = function() error "not here" end
      print(report.new():add("# Title & <more>"):html())']]
    assert.equal(0, code, text)
    assert.truthy(text:find('<pre class="plain"># Title &amp; &lt;more&gt;</pre>', 1, true), text)
    assert.truthy(text:find("with the packages libmd4c-dev and libmd4c-html0-dev, then make", 1, true))
  end)
end)

describe("hy.display", function()
  it("prints values, and shows figures as they show themselves", function()
    local code, text = S.shell [[./hyades -e 'hy.display{ a = { 1, 2 } } hy.display "text"
      hy.display(plot.line{ { 1, 2 } })']]
    assert.equal(0, code, text)
    assert.truthy(text:find("^{ a = { 1, 2 } }\ntext\n[^\n]+%.png\n$"), text)
  end)
end)

describe("text of a page", function()
  it("is what a terminal would show", function()
    assert.equal("<pre>a\nbc</pre>", page.text "a\27[31m\nxyz\rbc\27[0m\n\n")
    assert.equal("<pre>a\u{fffd}b\u{fffd}</pre>", page.text "a\xffb\0")
    assert.equal("<pre></pre>", page.text "\n")
  end)

  it("does not take long over long lines", function()
    local started = hy.clock()
    page.text(("x"):rep(1000000))
    page.text((" "):rep(1000000))
    page.text(("x\r"):rep(500000))
    assert.is_true(hy.clock() - started < (S.sanitized and 20 or 4))
  end)

  it("colors Lua without changing it", function()
    local lua = "local s = [[a < b]] -- note\nreturn 0x1F, nil, 'x' .. \"&\"\n--[[ long\nnote ]]"
    local html = page.code(lua)
    local plain = html:gsub("<[^>]+>", ""):gsub("&lt;", "<"):gsub("&quot;", '"'):gsub("&amp;", "&")
    assert.equal(lua, plain)
    assert.truthy(html:find('<span class="comment">-- note</span>', 1, true))
    assert.truthy(html:find('<span class="literal">0x1F</span>', 1, true))
    assert.truthy(html:find('<span class="string">[[a &lt; b]]</span>', 1, true))
  end)
end)
