--- Plays a user at a real terminal: steps as in tests/program/pty.c.

local S = require "tests.support"

local pty = (os.getenv "BUILD" or "build/release") .. "/tests/pty"

--- Run a command in a terminal; fail with what it printed when a step fails.
-- steps: string, one step a line · command: string, default "./hyades"
-- environment: string of NAME=VALUE for the shell, optional
return function(steps, command, environment)
  local path = os.tmpname()
  S.write(path, (steps:gsub("\n%s+", "\n"):gsub("^%s+", "")))
  local code, text = S.shell(("TERM=xterm %s %s %s %s"):format(environment or "", pty, path,
    command or "./hyades"))
  os.remove(path)
  assert(code == 0, text)
end
