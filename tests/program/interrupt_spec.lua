local S = require "tests.support"
local play = require "tests.program.session"

-- The promise is 0.2 s; the rest is for machines that are busy with other things.
local limit = S.sanitized and 5 or 1

describe("Ctrl-C at the prompt", function()
  local folder

  setup(function() folder = S.folder() end)
  teardown(function() S.remove(folder) end)

  local function session(steps)
    play("wait > \n" .. steps .. "\nsend \\x04\nexit 0", "./hyades", "XDG_STATE_HOME=" .. folder)
  end

  -- Types the code, waits until it says that it runs, interrupts it, and asks for a variable.
  local function stops(code)
    session(([[
      send kept = "ke" .. "pt"; print("run" .. "ning"); %s\n
      wait running
      pause 0.1
      limit %s
      send \x03
      wait interrupted
      wait >
      limit 10
      send kept\n
      wait kept
      wait >
    ]]):format(code, limit))
  end

  it("clears the line", function()
    session [[
      send garbage = = garbage\x03
      wait >
      send "cle" .. "an"\n
      wait clean
      wait >
    ]]
  end)

  it("drops an unfinished entry", function()
    session [[
      send for i = 1, 2 do\n
      wait \r\x20\x20\x20\x20
      send \x03
      wait \n
      wait >
      send "cle" .. "an"\n
      wait clean
      wait >
    ]]
  end)

  it("stops a loop", function()
    stops "while true do end"
  end)

  it("stops a loop around pcall", function()
    stops "while true do pcall(function() while true do end end) end"
  end)

  it("stops a recursion of pcalls", function()
    stops "local function f() pcall(f) while true do end end while true do f() end"
  end)

  it("stops coroutines, resumed or wrapped, one inside the other", function()
    stops "coroutine.wrap(function() while true do end end)()"
    stops "while true do coroutine.resume(coroutine.create(function() while true do end end)) end"
    stops([[coroutine.wrap(function() while true do ]] ..
      [[pcall(coroutine.wrap(function() while true do end end)) end end)()]])
  end)

  it("stops a __close handler of a coroutine that is closed", function()
    stops([[local co = coroutine.create(function() local t <close> = setmetatable({}, ]] ..
      [[{ __close = function() while true do end end }) coroutine.yield() end) ]] ..
      [[coroutine.resume(co) print(coroutine.close(co))]])
  end)

  it("stops loops around pcall, one inside the other", function()
    stops([[local function spin() while true do end end ]] ..
      [[local function f() while true do pcall(spin) end end ]] ..
      [[local function g() while true do pcall(f) end end while true do pcall(g) end]])
  end)

  it("stops waiting for input", function()
    stops "io.read()"
  end)

  it("lets __close handlers finish", function()
    session(([[
      send function guard() return setmetatable({}, { __close = function() shut = 1 + 1 end }) end\n
      wait >
      send do local t <close> = guard() print("run" .. "ning") while true do end end\n
      wait running
      limit %s
      send \x03
      wait interrupted
      wait >
      send shut\n
      wait 2
      wait >
    ]]):format(limit))
  end)

  it("leaves a coroutine that was interrupted outside alone", function()
    session(([[
      send co = coroutine.wrap(function() while true do coroutine.yield(1 + 1) end end)\n
      wait >
      send print("run" .. "ning") while true do co() end\n
      wait running
      limit %s
      send \x03
      wait interrupted
      wait >
      send "go" .. "es on"\n
      wait goes on
      wait >
    ]]):format(limit))
  end)

  it("stops the engine's loops", function()
    stops "local x = hy.randn(2000, 64) while true do hy.sqdist(x:narrow(1, 1, 200), x) end"
    stops "local x = hy.randn(30000, 64) while true do hy.sqdist(x, x:narrow(1, 1, 20000)) end"
    stops "cluster.KMeans{ k = 200, n_init = 1000, tol = 0 }:fit(hy.randn(50000, 32))"
  end)

  it("stops saving, and leaves a whole file and no other", function()
    local path = folder .. "/saved"
    S.shell(("./hyades -e 'hy.save(%q, hy.ones(1 << 23))'"):format(path))
    stops(("local x = hy.ones(1 << 23) while true do hy.save(%q, x) end"):format(path))
    local _, text = S.shell(("./hyades -e 'print(hy.load(%q):sum():item())'"):format(path))
    assert.equal("8388608.0\n", text)
    assert.same({}, S.lines("find " .. folder .. " -name '*.part'"))
    os.remove(path)
  end)

  it("stops a backward pass, and the tape may be closed", function()
    stops([[ p = hy.param(hy.randn(400, 400)) for i = 1, 1e9 do local tape <close> = hy.tape() ]] ..
      [[local y = p for _ = 1, 200 do y = y:mm(p):tanh() end tape:backward(y:sum()) end]])
  end)

  it("stops training", function()
    stops([[local net = nn.MLP{ layers = { 64, 256, 64 } } train.run{ params = net, ]] ..
      [[optimizer = optim.Adam{ lr = 1e-3 }, epochs = 1e9, ]] ..
      [[batches = data.Batches{ hy.randn(4096, 64), size = 256 }, ]] ..
      [[loss = function(b) return loss.mse(net(b.x), b.x) end }]])
  end)
end)

describe("Ctrl-C in a script", function()
  -- → exit code, what was printed, after SIGINT is sent `times` times
  local function interrupted(code, times)
    local again = ("sleep 0.1; kill -INT $! 2>/dev/null; "):rep((times or 1) - 1)
    return S.shell(("set -m; ./hyades -e %s & sleep 0.3; kill -INT $!; %s wait $!")
      :format(S.quote(code), again))
  end

  it("ends it with status 130 and says where", function()
    local code, text = interrupted "local function f() while true do end end\nf()"
    assert.equal(130, code)
    assert.match("hyades: interrupted\nstack traceback:", text)
    assert.match("%(command line%):1: in .*'f'", text)
  end)

  it("keeps its word through pcall, and runs __close", function()
    local code, text = interrupted [[
      local t <close> = setmetatable({}, { __close = function() print "shut" end })
      while true do pcall(function() while true do end end) end]]
    assert.equal(130, code)
    assert.match("shut", text)
  end)

  local products = [[local hy = require "hyades"
    local x = hy.randn(400, 400)
    while true do local y = x for _ = 1, 200 do y = y:mm(x):tanh() end end]]

  -- Interrupts it six times, each a little later.
  local function interrupt_products(interpreter, status)
    local command = "set -m; export OMP_NUM_THREADS=1; %s -e %s & sleep 0.%d; kill -INT $!; wait $!"
    for i = 1, 6 do
      local code, text = S.shell(command:format(interpreter, S.quote(products), 20 + 7 * i))
      assert.equal(status, code, text)
      assert.match("interrupted", text)
    end
  end

  it("leaves the heap whole in the middle of a product of oneDNN", function()
    interrupt_products("./hyades", 130)
  end)

  it("does so in the stock interpreter too", function()
    if S.sanitized then return pending "stock lua5.4 cannot load a sanitized module" end
    interrupt_products('eval "$(make -s env)"; lua5.4', 1)
  end)

  it("goes unnoticed when the script ends well all the same", function()
    local code, text = interrupted "print(pcall(function() while true do end end))"
    assert.equal(0, code)
    assert.match("false\tinterrupted", text)
  end)

  it("ends it at once the second time, whatever it does", function()
    local code = interrupted("string.rep('a', 30):find(('a*'):rep(30) .. 'b')", 2)
    assert.equal(130, code)
  end)
end)
