--- What a Lua program may do on purpose or by accident, and what it gets is an error at most.
local S = require "tests.support"
local hy = require "hyades"

local meta = getmetatable(hy.ones(1))

-- Runs the code in a process of its own; it prints what it is expected to print, and ends well.
local function survives(code, expected)
  local status, text = S.shell("ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 ./hyades -e " ..
    S.quote(code)) -- who takes __gc away wants to leak
  assert.equal(0, status, text)
  assert.equal(expected .. "\n", text)
end

-- Calls fn with a function that makes garbage whose finalizer closes x, again and again: whenever the
-- engine lets Lua allocate, the finalizer may run.
local function closing(x, fn)
  local armed = true
  local function arm()
    setmetatable({}, { __gc = function()
      if not armed then return end
      meta.__close(x)
      arm()
    end })
  end
  collectgarbage "generational"
  arm()
  local ok, message = pcall(fn)
  armed = false
  collectgarbage "incremental"
  return ok, message
end

describe("finalizers that close tensors", function()
  it("upset no call that uses them", function()
    local uses = {
      function(x) return x + 1 end,
      function(x) return hy.cat{ x, hy.ones(40, 40), x } end,
      function(x) return x:index{ 1, 2, 3 } end,
      function(x) return x:totable() end,
      function(x) return x[{ 3, 4 }] end,
      function(x) x[{ 3, 4 }] = 1 end,
      function(x) return x:slice{ { 1, 2 }, { 3, 4 } } end,
      function(x) return x:size() end,
      function(x) return hy.tensor(x) end,
      function(x) return hy.param(x) end,
      function(x) x.grad = hy.ones(40, 40) return x.grad end,
      function(x) return tostring(x) end,
    }
    for _, use in ipairs(uses) do
      for _ = 1, 3 do
        local x = hy.ones(40, 40)
        local ok, message = closing(x, function()
          for _ = 1, 50 do use(x) end
        end)
        assert.is_true(ok or message:find "closed" ~= nil, message)
      end
    end
  end)

  it("may run after the engine has gone", function()
    survives([[late = setmetatable({}, { __gc = function() print(pcall(hy.ones, 1)) end }) ]] ..
      "hy.ones(1)", "false\thyades: the Lua state is closing")
  end)

  it("may use what has been closed", function()
    survives([[late = setmetatable({}, { __gc = function()
      print((pcall(function() return x + 1 end))) end }) x = hy.ones(1)]],
      "false")
  end)
end)

describe("metamethods", function()
  it("are not asked for the lengths and items of lists", function()
    local x = hy.ones(3, 4)
    local list = setmetatable({ 1, 2 }, {
      __len = function() meta.__close(x) return 1 << 40 end,
      __index = function() meta.__close(x) return 1 end,
    })
    assert.equal(8, x:index(list):numel())
    assert.equal(0, x[list]:dim())
    assert.raises(function() return hy.cat(list) end, "expected tensor, got number")
    assert.equal(2, hy.zeros(list):numel())
    assert.equal(12, x:numel())
  end)

  it("may be exchanged", function()
    survives([[local x = hy.ones(2, 2) local m = getmetatable(x)
      m.methods[{}], m.methods[1] = 1, 2
      assert(not pcall(function() return x.nothing end))
      m.methods.select = function() return 5 end
      assert(not pcall(function() return x[1] end))
      assert(not pcall(function() x[1] = 1 end))
      m.methods = nil
      assert(not pcall(function() return x[1] end))
      m.__gc, m.__close, m.__index = nil, nil, nil
      print((pcall(hy.add, x, 1)))]], "true")
  end)

  it("of tensors, generators and tapes refuse other userdata that was given them", function()
    survives([[local function disguise(value, like)
        return debug.setmetatable(value, getmetatable(like))
      end
      local file = disguise(io.tmpfile(), hy.ones(1))
      assert(not pcall(hy.exp, file)) assert(not pcall(tostring, file)) assert(not pcall(hy.add, file, 1))
      assert(not pcall(function() file:fill(0) end))
      local tape = disguise(hy.tape(), hy.ones(1))
      assert(not pcall(hy.exp, tape))
      local x = disguise(hy.ones(1), hy.tape())
      assert(not pcall(x.backward, x, hy.ones(1)))
      local r = disguise(hy.ones(1), hy.rng)
      assert(not pcall(r.uniform, r))
      print "ok"]], "ok")
  end)
end)

describe("gradients", function()
  it("of gradients may be very many", function()
    local first = hy.ones(1)
    local last = first
    for _ = 1, 300000 do
      last.grad = hy.ones(1)
      last = last.grad
    end
    last, first = nil, nil -- luacheck: ignore
    collectgarbage()
  end)

  it("contain themselves never", function()
    local a, b = hy.ones(1), hy.ones(1)
    assert.raises(function() a.grad = a end, "a tensor cannot be its own gradient")
    a.grad = b
    assert.raises(function() b.grad = a end, "a tensor cannot be its own gradient")
  end)
end)

describe("coroutines and tapes", function()
  it("that are dropped in the middle give everything back", function()
    collectgarbage()
    local live = hy.memory()
    for _ = 1, 100 do
      local co = coroutine.wrap(function()
        local tape <close> = hy.tape()
        local p = hy.param(hy.ones(100, 100))
        coroutine.yield(tape, p:exp():sum())
      end)
      co()
    end
    collectgarbage()
    collectgarbage()
    assert.equal(live, (hy.memory()))
  end)

  it("take an error in a __close handler as any other", function()
    local ok, message = pcall(function()
      local tape <close> = hy.tape()
      local bad <close> = setmetatable({}, { __close = function() error "while closing" end })
      return tape, bad, hy.param(hy.ones(2)):exp()
    end)
    assert.is_false(ok)
    assert.matches("while closing", message)
    assert.is_false(hy.param(hy.ones(2)):exp().requires_grad)
  end)

  it("may be closed by anybody, at any time, and then say so", function()
    local tape = hy.tape()
    local p = hy.param(hy.ones(2))
    local value = (p * 2):sum()
    tape:close()
    tape:close()
    assert.raises(function() tape:backward(value) end, "the tape is closed")
    assert.raises(function() return value + 1 end, "released when its tape closed")
    assert.raises(function() tape.close() end, "expected a tape before the colon")
  end)

  it("leave tensors in weak tables alone", function()
    local weak = setmetatable({}, { __mode = "kv" })
    do
      local tape <close> = hy.tape()
      weak[1] = hy.param(hy.ones(2)):exp()
      weak[2] = tape
    end
    collectgarbage()
    collectgarbage()
    assert.is_nil(weak[1])
    assert.is_nil(weak[2])
  end)
end)

describe("writing into a tensor", function()
  it("that expand has stretched is refused, however large it is", function()
    local wide = hy.zeros(1, 1):expand(1 << 20, 1 << 20)
    for _, write in ipairs{ function() wide[1] = 2 end, function() wide[{}] = 2 end,
      function() wide:fill(2) end, function() wide:copy(hy.ones(1)) end } do
      assert.raises(write, "stretched by expand")
    end
    wide[1][1] = 3
    assert.equal(3, wide[5][7]:item())
    assert.raises(function() wide:totable() end, "more than a table can hold")
  end)
end)

describe("random calls", function()
  it("of everything with anything return, or raise a sentence", function()
    local folder <close> = setmetatable({ path = S.folder() }, { __close = function(self)
      S.remove(self.path)
    end})
    local here = S.lines("pwd")[1]
    local limit = S.sanitized and "ASAN_OPTIONS=$ASAN_OPTIONS:max_allocation_size_mb=1000"
      or "ulimit -v 6000000;" -- no test needs the gigabytes that it may ask for
    for seed = 1, 2 do
      local status, text = S.shell(("cd %s && %s %s/hyades %s/tests/fuzz/api.lua %d 4000")
        :format(folder.path, limit, S.quote(here), S.quote(here), seed))
      assert.equal(0, status, text)
    end
  end)
end)
