-- Two contexts share nothing: the object files hold no mutable globals.
local S = require "tests.support"

-- Symbols in sections that a program may write: .data, .bss, their thread-local sisters, common.
-- Constant tables of pointers lie in .data.rel.ro, which is read-only once loaded.
local function mutable(folder, except)
  local list = {}
  local build = os.getenv "BUILD" or "build/release"
  local objects = "find " .. S.quote(build .. "/" .. folder) .. " -name '*.o' | sort"
  for _, line in ipairs(S.lines(objects .. " | xargs objdump -t")) do
    local file = line:match "^(.*%.o):%s+file format"
    list.file = file or list.file
    local section, size, name = line:match "^%x+ .......%s+(%S+)%s+(%x+)%s+(.*)$"
    local writable = section and not section:find "^%.data%.rel%.ro"
      and (section:find "^%.t?data" or section:find "^%.t?bss" or section == "*COM*")
    if writable and tonumber(size, 16) > 0 and not list.file:find(except or "\0", 1, true) then
      list[#list + 1] = list.file .. ": " .. name
    end
  end
  return list
end

describe("mutable globals", function()
  it("do not exist in core", function()
    if S.sanitized then return pending "the sanitizers add their own" end
    assert.same({}, { table.unpack(mutable "core") })
  end)

  it("are one flag in the bindings, for Ctrl-C", function()
    if S.sanitized then return pending "the sanitizers add their own" end
    assert.same({}, { table.unpack(mutable("bindings", "program/signals.o")) })
  end)
end)
