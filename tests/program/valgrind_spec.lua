--- What the program leaves behind, as valgrind sees it.
local S = require "tests.support"
if S.sanitized then return end -- whose memory is not for valgrind

describe("the program under valgrind", function()
  local function clean(arguments, expected)
    if S.shell "command -v valgrind" ~= 0 then return pending "valgrind is missing" end
    local code, text = S.shell("valgrind -q --error-exitcode=9 --leak-check=full " ..
      "--show-leak-kinds=definite --errors-for-leak-kinds=definite ./hyades " .. arguments)
    assert.equal(0, code, text)
    assert.equal(expected, text)
  end

  it("starts and exits", function()
    clean("-e 'print(1)'", "1\n")
  end)

  it("loads the engine, computes in threads, trains a step, saves, and exits", function()
    local folder = S.folder()
    clean("-e " .. S.quote([[
      hy.threads(2)
      local x = hy.randn(200, 200)
      local net = nn.Autoencoder{ layers = { 200, 8 } }
      net:fit(x, { epochs = 1, batch = 100 })
      cluster.KMeans{ k = 3, n_init = 1, max_iter = 2 }:fit(x)
      hy.save("]] .. folder .. [[/net.hyades", net)
      print(hy.load("]] .. folder .. [[/net.hyades"):transform(x):size(2))]]), "8\n")
    S.remove(folder)
  end)

  it("exits after an error inside a tape, and with os.exit", function()
    clean("-e " .. S.quote [[
      pcall(function() local tape <close> = hy.tape() error(hy.param(hy.ones(3)):exp()) end)
      local tape = hy.tape()
      late = hy.param(hy.ones(3)):exp()
      print "out" os.exit(0)]], "out\n")
    end)
end)
