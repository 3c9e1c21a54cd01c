--- Two Lua states in one process.
local S = require "tests.support"

describe("two Lua states in two threads", function()
  it("train, cluster, draw and fail as if each were alone", function()
    local lines = S.lines(os.getenv "BUILD" .. "/tests/states")
    assert.equal(3, #lines)
    assert.is_truthy(lines[1]:find("sqdist: rows differ in length: 200×8 and 2×3", 1, true), lines[1])
    assert.equal(lines[1], lines[2])
    assert.equal(lines[1], lines[3])
  end)
end)
