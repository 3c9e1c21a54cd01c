-- Arrows point down only: which files of the C code may include which.
local S = require "tests.support"

-- What each room of core may include from the others. hyades.h and device/kernels.h, the contract
-- between the rooms and a device, are open to all.
local below = {
  base = {},
  tensor = { "base/" },
  device = { "ops/elementwise.def" },
  cpu = { "base/", "ops/elementwise.def" },
  autograd = { "tensor/", "ops/call.h" },
  ops = { "autograd/", "tensor/", "base/" },
  linalg = { "ops/" },
  cluster = { "ops/", "base/" },
  data = { "ops/", "tensor/", "base/" },
}

-- Headers of libraries, and the only files that may see them.
local reserved = {
  ["omp.h"] = { "core/base/parallel.c" },
  ["cblas.h"] = { "core/base/parallel.c", "core/cpu/matrix.c", "core/cpu/distance.c",
    "core/cpu/pairs.c" },
  ["lapacke.h"] = { "core/linalg/" },
  ["lua.h"] = { "bindings/" },
  ["lauxlib.h"] = { "bindings/" },
  ["lualib.h"] = { "bindings/program/" },
  ["readline/readline.h"] = { "bindings/program/repl.c", "bindings/program/input.c",
    "bindings/program/screen.c" },
  ["readline/history.h"] = { "bindings/program/repl.c" },
  ["zlib.h"] = { "core/data/" },
  ["cjson/cJSON.h"] = { "core/data/", "bindings/json.c" },
  ["stb_image.h"] = { "core/data/image.c" },
  ["stb_image_write.h"] = { "core/data/image.c" },
  ["cairo.h"] = { "bindings/canvas/" },
  ["cairo-svg.h"] = { "bindings/canvas/canvas.c" },
  ["cairo-pdf.h"] = { "bindings/canvas/canvas.c" },
}

-- Calls visit(file, included name, true for quotes) for every #include below the folders.
local function each_include(folders, visit)
  local found = S.lines("grep -rn --include='*.[ch]' --include='*.def' '#include' " .. folders)
  for _, line in ipairs(found) do
    local file, mark, name = line:match '^([^:]+):%d+:%s*#include%s+(["<])([^">]+)'
    if file then visit(file, name, mark == '"') end
  end
end

local function resolve(file, name)
  local path = file:match "^(.*/)" .. name
  repeat
    local count
    path, count = path:gsub("[^/]+/%.%./", "", 1)
  until count == 0
  return path
end

local function allowed(list, file)
  for _, prefix in ipairs(list) do
    if file:sub(1, #prefix) == prefix then return true end
  end
  return false
end

describe("the rooms of core", function()
  it("include only what lies below them", function()
    each_include("core", function(file, name, own)
      local room, target = file:match "^core/([%w_]+)/", own and resolve(file, name)
      if not room or not target or target:find "^core/hyades%.h$" then return end
      local inner = target:match "^core/(.+)$"
      assert.is_truthy(inner, file .. " includes " .. target .. ", which is outside of core")
      assert.is_truthy(inner == "device/kernels.h" or allowed({ room .. "/" }, inner)
        or allowed(below[room], inner), file .. " includes " .. target)
    end)
  end)

  it("know nothing of Lua's side", function()
    each_include("core", function(file, name)
      assert.is_nil(name:find("bindings", 1, true), file .. " includes " .. name)
    end)
  end)
end)

describe("the bindings", function()
  it("see core through hyades.h alone", function()
    each_include("bindings", function(file, name, own)
      local target = own and resolve(file, name)
      if target and target:match "^core/" then
        assert.equal("core/hyades.h", target, file)
      end
    end)
  end)
end)

describe("a library's header", function()
  it("is included in its own place only", function()
    each_include("core bindings", function(file, name)
      assert.is_truthy(not reserved[name] or allowed(reserved[name], file),
        file .. " includes " .. name)
    end)
  end)

  it("stands in the list above", function()
    local standard = {}
    for word in ([[assert complex ctype errno fenv float inttypes limits locale math setjmp signal
        stdarg poll stdatomic stdbool stddef stdint stdio stdlib string strings tgmath
        threads time unistd fcntl dirent dlfcn pthread termios]]):gmatch "%w+" do
      standard[word .. ".h"] = true
    end
    each_include("core bindings", function(file, name, own)
      assert.is_truthy(own or standard[name] or reserved[name] or name:match "^sys/"
        or name:match "intrin%.h$", file .. " includes " .. name)
    end)
  end)
end)
