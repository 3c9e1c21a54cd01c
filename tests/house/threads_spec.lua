--- Races: ThreadSanitizer watches the ops and the kernels in several threads. It has a build of its
-- own, so it runs with the other sanitizers only.
local S = require "tests.support"
if not S.sanitized then return end

describe("ThreadSanitizer", function()
  it("finds no race in the ops and kernels, but the one that is planted", function()
    local code, text = S.shell "unset MAKEFLAGS MAKELEVEL; make -s tsan"
    if text:find "ThreadSanitizer: unexpected memory mapping" then
      return pending "ThreadSanitizer does not know how this machine places memory"
    end
    assert.equal(0, code, text)
    assert.matches("passed, 0 failed\n.*passed, 0 failed\n$", text)
  end)
end)
