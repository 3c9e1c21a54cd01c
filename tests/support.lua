--- What the specs share: `local S = require "tests.support"`.
-- Loading it adds two assertions:
--   assert.close(expected, got, tol)   numbers, nested arrays and tensors; tol is relative above 1
--   assert.raises(fn, "plain text")    fn raises, and its message contains the text

local assert = require "luassert"

local S = {}

--- Is the build under test the sanitized one? Stock lua5.4 cannot load that one's module.
S.sanitized = os.getenv "SAN" == "1"

local function is_tensor(value)
  local meta = debug.getmetatable(value)
  return type(value) == "userdata" and meta ~= nil and meta.__name == "hyades.tensor"
end

local function plain(value)
  return is_tensor(value) and value:totable() or value
end

local function near(expected, got, tol)
  if expected == got or (expected ~= expected and got ~= got) then return true end
  return math.abs(expected - got) <= tol * math.max(1, math.abs(expected))
end

-- nil when both agree, else one sentence about the first difference.
local function difference(expected, got, tol, where)
  local place = where == "" and "the value" or "element [" .. where .. "]"
  if type(expected) == "table" and type(got) == "table" then
    if #expected ~= #got then
      return ("%s has %d elements, expected %d"):format(
        where == "" and "the result" or place, #got, #expected)
    end
    for i = 1, #expected do
      local inner = where == "" and tostring(i) or where .. "," .. i
      local found = difference(expected[i], got[i], tol, inner)
      if found then return found end
    end
    return nil
  end
  if type(expected) ~= "number" or type(got) ~= "number" then
    return ("%s is a %s, expected a %s"):format(place, type(got), type(expected))
  end
  if not near(expected, got, tol) then
    return ("%s is %.10g, expected %.10g ± %g"):format(place, got, expected, tol)
  end
end

local function close(state, arguments)
  local expected, got, tol = plain(arguments[1]), plain(arguments[2]), arguments[3] or 1e-6
  local found = difference(expected, got, tol, "")
  state.failure_message = found or "the values agree"
  return found == nil
end

local function raises(state, arguments)
  local fn, text = arguments[1], arguments[2]
  local ok, message = pcall(fn)
  if ok then
    state.failure_message = ("nothing was raised, expected %q"):format(text or "an error")
    return false
  end
  message = tostring(message)
  state.failure_message = ("raised %q, expected %q in it"):format(message, text or "")
  return text == nil or message:find(text, 1, true) ~= nil
end

assert:register("assertion", "close", close)
assert:register("assertion", "raises", raises)

--- Run a shell command with no standard input.
-- command: string
-- → exit code (128 + number for a signal), standard output and error as one string
function S.shell(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1 </dev/null"))
  local text = pipe:read "a"
  local _, how, code = pipe:close()
  return how == "signal" and 128 + code or code, text
end

--- The path quoted for the shell.
-- text: string
-- → string
function S.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- A new empty folder; remove it with S.remove.
-- → path
function S.folder()
  local code, path = S.shell "mktemp -d"
  assert.equal(0, code, path)
  return (path:gsub("\n$", ""))
end

--- Remove a folder that S.folder made.
-- path: string
function S.remove(path)
  assert.equal(0, (S.shell("rm -rf -- " .. S.quote(path))))
end

--- The whole content of a file.
-- path: string
-- → string
function S.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

--- Write a file.
-- path: string · text: string
function S.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- The lines that a command prints, as an array.
-- command: string
-- → array of strings
function S.lines(command)
  local code, text = S.shell(command)
  assert.equal(0, code, text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
  return list
end

return S
