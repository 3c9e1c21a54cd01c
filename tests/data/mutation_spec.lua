-- 300 damaged files for every reader: what they hold, or one sentence that names the file.
local S = require "tests.support"
local samples = require "tests.data.samples"
local hy = require "hyades"
local data = hy.data

local extremes = { "\0", "\xFF", "\0\0\0\0", "\xFF\xFF\xFF\xFF", "\xFF\xFF\xFF\x7F", "\0\0\0\x80",
  "\x7F\xFF\xFF\xFF", string.rep("\xFF", 8), string.rep("\xFF", 7) .. "\x7F",
  string.rep("\0", 7) .. "\x80", "99999999999999999999", "-1", "\"", "{", "[[[[", "\n\n", ",,,,",
  "nan", "1e999" }

-- The same numbers in every run: splitmix64.
local function generator(seed)
  return function(n)
    seed = seed + 0x9E3779B97F4A7C15
    local z = seed
    z = (z ~ z >> 30) * 0xBF58476D1CE4E5B9
    z = (z ~ z >> 27) * 0x94D049BB133111EB
    return (z ~ z >> 31) % n + 1
  end
end

local mutations = {
  function(text, below)                               -- a bit
    local at = below(#text)
    return text:sub(1, at - 1) .. string.char(text:byte(at) ~ 1 << below(8) - 1) .. text:sub(at + 1)
  end,
  function(text, below) return text:sub(1, below(#text) - 1) end,                   -- an end
  function(text, below)                               -- an extreme value over what is there
    local at, value = below(#text), extremes[below(#extremes)]
    return text:sub(1, at - 1) .. value .. text:sub(at + #value)
  end,
  function(text, below)                               -- or pushed in between
    local at = below(#text + 1)
    return text:sub(1, at - 1) .. extremes[below(#extremes)] .. text:sub(at)
  end,
  function(text, below)                               -- a piece goes
    local at = below(#text)
    return text:sub(1, at - 1) .. text:sub(at + below(16))
  end,
  function(text, below)                               -- a piece comes twice
    local at, length = below(#text), below(64)
    return text:sub(1, at + length) .. text:sub(at)
  end,
  function(text, below, other)                        -- the end of another file
    return text:sub(1, below(#text)) .. other:sub(below(#other))
  end,
}

local function damage(list, below)
  local text = list[below(#list)]
  for _ = 1, below(3) do
    if #text > 0 then text = mutations[below(#mutations)](text, below, list[below(#list)]) end
  end
  return text
end

local function attempts(path)
  return {
    idx = function() return data.idx(path) end,
    npy = function() return data.npy(path) end,
    map = function() return data.npy(path, { mmap = true }) end,
    npz = function() return data.npz(path) end,
    safetensors = function() return data.safetensors(path) end,
    image = function() return data.image(path) end,
    csv = function() return data.csv(path) end,
    labelled = function() return data.csv(path, { labels = "last", missing = "drop" }) end,
    load = function() return hy.load(path) end,
    image_folder = function()
      return data.image_folder(path:match "^(.*)/[^/]*/[^/]*$")
    end,
  }
end

describe("300 damaged files", function()
  local folder
  setup(function() folder = S.folder() end)
  teardown(function() S.remove(folder) end)

  local sources = { map = "npy", load = "safetensors", image_folder = "image" }
  for _, reader in ipairs{ "idx", "npy", "map", "npz", "safetensors", "image", "csv", "labelled",
    "load", "image_folder" } do
    it("do not upset " .. reader, function()
      local path, below = folder .. "/" .. reader, generator(20261122)
      if reader == "image_folder" then
        hy.make_folder(path .. "/one")
        path = path .. "/one/1.png"
      end
      local attempt, list = attempts(path)[reader], samples[sources[reader] or reader]
      local _, before = hy.memory()
      local read = 0
      for _ = 1, 300 do
        os.remove(path) -- a new file is written faster than an old one cut off
        S.write(path, damage(list, below))
        local ok, message = pcall(attempt)
        read = read + (ok and 1 or 0)
        if not ok then
          assert.is_string(message)
          assert.is_truthy(message:find(path, 1, true), message)
          assert.is_falsy(message:find("\n", 1, true), message)
        end
      end
      local _, after = hy.memory()
      assert.is_true(after - before < 1 << 26)
      assert.is_true(read < 300)
    end)
  end

  it("come from good files", function()
    for reader, list in pairs(samples) do
      for i, content in ipairs(list) do
        local path = ("%s/%s-%d"):format(folder, reader, i)
        S.write(path, content)
        assert.has_no.errors(attempts(path)[reader])
      end
    end
  end)
end)
