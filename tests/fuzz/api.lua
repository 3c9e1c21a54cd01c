--- Calls everything that the library has with arguments of every kind, in a random order that the
-- seed fixes: a call returns, or raises one sentence.
-- usage: hyades tests/fuzz/api.lua SEED CALLS [FOLDER]
-- FOLDER: where it may write files. Ends with a line `N calls, M raised`; a complaint is an error.

local hy = require "hyades"

local seed, calls = math.tointeger(arg[1]), math.tointeger(arg[2])
local trace = os.getenv "FUZZ_TRACE" and io.open(os.getenv "FUZZ_TRACE", "w")

-- ---- numbers that depend on the seed only: splitmix64 ----

local function below(n)
  seed = seed + 0x9E3779B97F4A7C15
  local z = seed
  z = (z ~ z >> 30) * 0xBF58476D1CE4E5B9
  z = (z ~ z >> 27) * 0x94D049BB133111EB
  return (z ~ z >> 31) % n + 1
end

local function pick(list) return list[below(#list)] end

-- ---- arguments ----

local dtypes = { "f32", "f64", "u8", "index" }
local small = { 0, 1, 2, 3, 4, 5, -1, -2, 7 }
local odd = { 1 << 31, (1 << 31) - 1, 1 << 32, 1 << 40, 1 << 62, math.maxinteger, math.mininteger,
  -(1 << 31), 0.5, -0.5, 1e-300, 1e300, 2 ^ 53, 3.0, math.huge, -math.huge, 0 / 0 }
local texts = { "", "x", "f32", "f64", "u8", "index", "sum", "relu", "mean", "max", "grad", "cpu",
  "random", "k-means++", "last", "drop", "stop", "batch", "global", "file", "a\0b", "\xff\xfe",
  ("long"):rep(500), "%s%d%n", "../", "4", "1e3", "none", "hard" }
local names = { "dtype", "device", "rng", "keep", "axis", "k", "n", "d", "dim", "size", "shuffle",
  "epochs", "batch", "lr", "layers", "init", "n_init", "max_iter", "tol", "alpha", "p", "bias",
  "loss", "params", "optimizer", "batches", "weights", "x", "y", "labels", "temperature", "momentum",
  "seed", "std", "box", "noise", "reduction", "ddof", "net", "pretrain", "verbose", "eps", "forward",
  "schedule", "early_stop", "clip", "log", "checkpoint", "validation", "augment", "drop_last" }

local function shape()
  local sizes = {}
  for i = 1, below(4) - 1 do sizes[i] = below(5) - 1 end
  return sizes
end

local kinds = {} -- kind → list of functions that make a value

local function one_of(kind, ...) return pick(kinds[kind])(...) end

-- Values that earlier calls gave, and that later ones may get.
local pool = {}

local function plain_tensor()
  local dtype = pick(dtypes)
  local sizes = shape()
  if dtype == "u8" or dtype == "index" then
    return (hy.rand(sizes, { rng = hy.rng(below(9)) }) * 3 + 1):floor():to(dtype)
  end
  return hy.randn(sizes, { dtype = dtype, rng = hy.rng(below(9)) })
end

kinds.tensor = {
  plain_tensor, plain_tensor,
  function() return hy.randn(below(6), below(6)) end,
  function() return hy.randn(below(6), below(6), { dtype = "f64" }):t() end,
  function() return hy.param(hy.randn(below(4), below(4))) end,
  function() return hy.ones(1, 1):expand(below(4), below(4)) end,
  function() return hy.full({ 3, 3 }, pick(odd), { dtype = pick{ "f32", "f64" } }) end,
  function() return hy.arange(1, 12):reshape(3, 4):narrow(2, 2, 2) end,
  function() return hy.zeros(1, 1):expand(1 << 20, 1 << 20) end,
  function() return hy.tensor(pick(odd), { dtype = "f64" }) end,
  function()                                    -- closed
    local x = hy.ones(2, 2)
    getmetatable(x).__close(x)
    return x
  end,
  function()                                    -- released with its tape
    local tape <close> = hy.tape()
    return hy.param(hy.ones(2, 2)) * 2, tape
  end,
  function()                                    -- recorded on a tape that stays open
    pool[#pool + 1] = hy.tape()
    return hy.param(hy.ones(2, 2)):exp()
  end,
}

local function bad_meta(event)
  return setmetatable({ 1, 2, 3 }, { [event] = function() error "from a metamethod" end })
end

kinds.table = {
  function() return {} end,
  function() return { below(4) } end,
  function() return { below(4), below(4) } end,
  function() return { pick(odd), pick(small) } end,
  function() return { { 1, 2 }, { 3, 4 } } end,
  function() return { { 1, 2 }, { 3 } } end,
  function() return { one_of "tensor", one_of "tensor" } end,
  function() return { one_of "any", one_of "any", one_of "any" } end,
  function()                                    -- options
    local options = {}
    for _ = 1, below(3) do options[pick(names)] = one_of "any" end
    return options
  end,
  function()                                    -- options that make sense
    return { dtype = pick(dtypes), keep = below(2) == 1, [pick(names)] = one_of "number" }
  end,
  function()
    local t = {}
    t[1], t.x, t.self = t, t, t
    return t
  end,
  function() return bad_meta "__len" end,
  function() return bad_meta "__index" end,
  function() return bad_meta "__pairs" end,
  function() return bad_meta "__tostring" end,
  function() return setmetatable({}, { __name = "hyades.tensor" }) end,
  function() return setmetatable({}, getmetatable(hy.ones(1))) end,
  function() return setmetatable({}, { __len = function() return pick(odd) end }) end,
}

kinds.number = {
  function() return pick(small) end, function() return pick(small) end, function() return below(5) end,
  function() return pick(odd) end,
}

kinds["function"] = {
  function() return function(...) return ... end end,
  function() return function() end end,
  function() return function() error "from a function" end end,
  function() return function() error({}) end end,
  function() return function() return hy.randn(below(4), below(4)) end end,
  function() return coroutine.wrap(function() return 1 end) end,
  function() return print == nil and print or tostring end,
  function() return hy.exp end,
  function() return function() return coroutine.yield(1) end end,
  function()
    return function(x)
      if hy.is_tensor(x) then getmetatable(x).__gc(x) end
      return x
    end
  end,
}

kinds.any = {
  function() return nil end,
  function() return below(2) == 1 end,
  function() return pick(texts) end,
  function() return pick(texts) end,
  function() return one_of "number" end, function() return one_of "number" end,
  function() return one_of "number" end,
  function() return (one_of "tensor") end, function() return (one_of "tensor") end,
  function() return (one_of "tensor") end, function() return (one_of "tensor") end,
  function() return one_of "table" end, function() return one_of "table" end,
  function() return one_of "function" end,
  function() return hy.rng(below(9)) end,
  function() return hy.rng end,
  function() return hy.tape() end,
  function() return io.stdout end,
  function() return coroutine.create(function() end) end,
  function() return hy.nn.Linear(3, 2) end,
  function() return hy.nn.MLP{ layers = { 3, 4, 2 } } end,
  function() return hy.nn.Autoencoder{ layers = { 4, 3, 2 } } end,
  function() return hy.optim.Adam{ lr = 0.1 } end,
  function() return hy.data.Batches{ hy.randn(6, 3), size = 2 } end,
  function() return hy.cluster.KMeans end,
  function() return hy.cluster.KMeans{ k = 2, n_init = 1 } end,
  function() return pool[below(math.max(#pool, 1))] end,
  function() return pool[below(math.max(#pool, 1))] end,
}

-- ---- what is called ----

-- Not called: what ends or slows the program on purpose, and what reads the whole disk or the net.
local skipped = { ["hy.threads"] = true, ["hy.fail_allocation"] = true, ["hy.list_folder"] = true,
  ["hy.is_terminal"] = true, ["hy.ask_terminal"] = true, ["hy.save_npy"] = true }

local function collect()
  local found = {}
  local function add(prefix, t, all)
    local keys = {}
    for key in pairs(t) do keys[#keys + 1] = tostring(key) end
    for _, key in ipairs(all or {}) do keys[#keys + 1] = key end
    table.sort(keys)
    local before
    for _, key in ipairs(keys) do
      local ok, value = pcall(function() return t[key] end)
      local callable = type(value) == "function"
        or type(value) == "table" and getmetatable(value) and getmetatable(value).__call
      if key ~= before and ok and callable and not skipped[prefix .. "." .. key] then
        found[#found + 1] = { name = prefix .. "." .. key, call = value }
      end
      before = key
    end
  end
  add("hy", hy, getmetatable(hy).names)
  for _, part in ipairs{ "nn", "optim", "cluster", "deep", "metrics", "loss", "train", "model", "data",
    "plot" } do
    add(part, hy[part], (getmetatable(hy[part]) or {}).names)
  end
  add("optim.schedule", hy.optim.schedule)
  add("train.alpha", hy.train.alpha)
  local x, tape = hy.ones(1), hy.tape()
  add("x", getmetatable(x).methods)
  add("tensor", getmetatable(x))
  add("rng", getmetatable(hy.rng))
  add("tape", getmetatable(tape))
  tape:close()
  for _, class in ipairs{ "KMeans", "PCA" } do add(class, hy.cluster[class]) end
  for _, class in ipairs{ "Linear", "Module", "Autoencoder", "VAE" } do add(class, hy.nn[class]) end
  for _, class in ipairs{ "DEC", "DCN", "Joint" } do add(class, hy.deep[class]) end
  add("Adam", hy.optim.Adam)
  add("Batches", hy.data.Batches)
  return found
end

-- ---- the calls ----

local loud = {}

-- They call what they are given, so an error may be anybody's.
local callers = { ["hy.no_grad"] = true, ["hy.grad"] = true, ["hy.gradcheck"] = true }

-- The complaint about an error value; nil when it is as it should be.
local function complaint(name, message)
  if type(message) == "table" then return nil end -- what a function of ours has raised
  if type(message) ~= "string" then return "raised a " .. type(message) end
  if message:find "from a " then return nil end
  if #message == 0 or #message > 4000 then return ("raised %d bytes"):format(#message) end
  local prefix = name:match "^%w+"
  local core = prefix == "hy" or prefix == "x" or prefix == "tensor" or prefix == "tape"
  if core and not callers[name] and message:find "attempt to" then return message end
  if message:find "stack overflow" and not message:find "C stack" then return message end
end

-- What fits each kind of the signatures of ops; tensors of one call mostly have one shape.
local side
local fitting = {
  tensor = function() return hy.randn(side, side, { dtype = "f64" }) end,
  matrix = function() return hy.randn(side, side, { dtype = "f64" }):t() end,
  vector = function() return hy.rand(side, { dtype = "f64" }) end,
  operand = function() return below(2) == 1 and hy.rand(side, { dtype = "f64" }) or pick(small) end,
  tensors = function() return { hy.rand(side, side), hy.rand(side, side) } end,
  index = function() return below(2) == 1 and hy.randperm(side) or { 1, side } end,
  number = function() return pick{ 0.5, 1, 2 } end,
  integer = function() return below(side) end,
  integers = function() return { below(4), below(4) } end,
  shape = function() return { below(4), below(4) } end,
  axis = function() return below(2) end,
  axes = function() return { 2, 1 } end,
  flag = function() return below(2) == 1 end,
  dtype = function() return pick(dtypes) end,
  rng = function() return hy.rng(below(9)) end,
  op = function() return "relu" end,
}

local signatures = {}
for _, op in ipairs(hy.ops()) do
  signatures[op.name] = {}
  local inputs, named = op.signature:match "^(.-)%->" or "", false
  for word in inputs:gmatch "[^%s,]+" do
    named = named or word:sub(1, 1) == "{"
    local name, kind = word:gsub("[{}]", ""):match "^(%w[%w_]*):(%a+)"
    table.insert(signatures[op.name], { name = name, kind = kind, named = named,
      optional = named or word:find "[?=]" ~= nil })
  end
end

-- Arguments as the signature wants them, but for one now and then.
local function likely(signature)
  local given, options, n = {}, {}, 0
  side = below(5)
  for _, param in ipairs(signature) do
    local value
    if not param.optional or below(3) == 1 then
      value = below(6) == 1 and one_of "any" or fitting[param.kind]()
    end
    if param.named then
      options[param.name] = value
    else
      n = n + 1
      given[n] = value
    end
  end
  if next(options) then
    n = n + 1
    given[n] = options
  end
  return given, n
end

local function arguments(name)
  local signature = signatures[name:match "^hy%.(.*)" or name:match "^x%.(.*)"]
  if signature and below(4) > 1 then return likely(signature) end
  local given, n = {}, below(5) - 1
  for i = 1, n do given[i] = one_of "any" end
  local prefix = name:match "^[%w]+"
  if (prefix == "x" or prefix == "tensor") and below(8) > 1 then given[1] = (one_of "tensor") end
  if prefix == "rng" and below(4) > 1 then given[1] = hy.rng(3) end
  if prefix == "tape" and below(4) > 1 then given[1] = hy.tape() end
  return given, math.max(n, given[1] ~= nil and 1 or 0)
end

local function describe(value)
  if type(value) == "string" then return ("%q"):format(#value > 40 and value:sub(1, 40) or value) end
  if hy.is_tensor(value) then
    local ok, text = pcall(function()
      return value.dtype .. " " .. table.concat(value:size(), "×")
    end)
    return "tensor " .. (ok and text or "closed")
  end
  if type(value) == "table" then
    local words = {}
    for key, inner in next, value do
      words[#words + 1] = tostring(key) .. "=" .. (type(inner) == "table" and "{…}" or describe(inner))
    end
    return "{ " .. table.concat(words, ", ") .. " }"
  end
  return rawequal(value, nil) and "nil" or type(value) == "number" and ("%.17g"):format(value)
    or type(value)
end

local functions = collect()
local raised = 0
io.stderr:setvbuf "no"

for i = 1, calls do
  local target = pick(functions)
  local given, n = arguments(target.name)
  if trace then
    local words = {}
    for j = 1, n do words[j] = describe(given[j]) end
    trace:write(i, " ", target.name, "(", table.concat(words, ", "), ")\n")
    trace:flush()
  end
  local budget = 0
  local co = coroutine.create(function() return target.call(table.unpack(given, 1, n)) end)
  debug.sethook(co, function()                  -- a loop that was asked for without end
    budget = budget + 1
    if budget > 20 then error "from a hook" end
  end, "", 100000)
  local results = table.pack(coroutine.resume(co))
  if results[1] then
    for j = 2, math.min(results.n, 4) do
      if type(results[j]) ~= "nil" and below(3) == 1 then pool[#pool + 1] = results[j] end
    end
  else
    raised = raised + 1
    local text = complaint(target.name, results[2])
    if text and not loud[target.name .. text] then
      loud[target.name .. text] = true
      local words = {}
      for j = 1, n do words[j] = describe(given[j]) end
      io.stderr:write(("call %d: %s(%s)\n  %s\n"):format(i, target.name, table.concat(words, ", "), text))
      hy.complaints = true
    end
  end
  if #pool > 40 then table.remove(pool, below(#pool)) end
  if i % 50 == 0 then collectgarbage() end
end

io.write(("%d calls, %d raised\n"):format(calls, raised))
os.exit(not rawget(hy, "complaints"), true)
