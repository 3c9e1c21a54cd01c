--- How busted tells about the specs: one line per file, failures in full, and the closing line
-- `N passed, N failed` that tests/run.lua adds up.

return function(options)
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base"()
  local file = { passed = 0, failed = 0, skipped = 0 }

  local function describe(entry)
    local trace = entry.element.trace or entry.trace or {}
    local message = entry.message
    if type(message) ~= "string" then message = require("pl.pretty").write(message) end
    return ("  FAILED %s:%s\n    %s\n    %s\n"):format(trace.short_src or "?",
      trace.currentline or "?", entry.name, (message:gsub("\n", "\n    ")))
  end

  local function write_failures()
    for _, list in ipairs{ handler.failures, handler.errors } do
      for _, entry in ipairs(list) do
        if not entry.shown then
          entry.shown = true
          io.write(describe(entry))
          local traceback = options.verbose and entry.trace and entry.trace.traceback
          if traceback then io.write(traceback, "\n") end
        end
      end
    end
  end

  local count = { success = "passed", pending = "skipped", failure = "failed", error = "failed" }

  function handler.testEnd(_, _, status)
    file[count[status]] = file[count[status]] + 1
    return nil, true
  end

  function handler.fileStart(element)
    file = { passed = 0, failed = 0, skipped = 0, start = busted.gettime() }
    io.write(element.name:gsub("^%./", ""), "  ")
    io.flush()
    return nil, true
  end

  function handler.fileEnd()
    io.write(("%d passed%s%s (%.1f s)\n"):format(file.passed,
      file.failed > 0 and (", %d FAILED"):format(file.failed) or "",
      file.skipped > 0 and (", %d skipped"):format(file.skipped) or "",
      busted.gettime() - file.start))
    write_failures()
    io.flush()
    return nil, true
  end

  function handler.suiteEnd()
    write_failures()
    for _, entry in ipairs(handler.pendings) do
      local why = type(entry.message) == "string" and ": " .. entry.message or ""
      io.write("  skipped ", entry.name, why, "\n")
    end
    local failed = handler.failuresCount + handler.errorsCount
    io.write(("%d passed, %d failed%s\n"):format(handler.successesCount, failed,
      handler.pendingsCount > 0 and (", %d skipped"):format(handler.pendingsCount) or ""))
    io.flush()
    return nil, true
  end

  busted.subscribe({ "test", "end" }, handler.testEnd, { predicate = handler.cancelOnPending })
  busted.subscribe({ "file", "start" }, handler.fileStart)
  busted.subscribe({ "file", "end" }, handler.fileEnd)
  busted.subscribe({ "suite", "end" }, handler.suiteEnd)
  return handler
end
