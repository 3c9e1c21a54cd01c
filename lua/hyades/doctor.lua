--- `hyades doctor`: what is installed, what is used, where things lie, and what is missing, with the
-- Debian package that brings it.

local doctor = {}

-- ---- small questions ------------------------------------------------------------------------

local function first_line(path, pattern)
  local file = io.open(path)
  if not file then return nil end
  for line in file:lines() do
    local found = line:match(pattern)
    if found then
      file:close()
      return found
    end
  end
  file:close()
end

-- The path of a shared library that this process has loaded, links resolved.
local function loaded_library(name)
  return first_line("/proc/self/maps", "(/%S*/" .. name .. "[^/]*)$")
end

local function from_environment(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local function home_folder(variable, default)
  local home = from_environment "HOME"
  return from_environment(variable) or home and home .. "/" .. default
end

-- Can a file be made in this folder, or in the nearest one above it that exists?
local function writable(core, folder)
  while folder ~= "/" and not core.file_info(folder) do
    folder = folder:match "^(.+)/[^/]*$" or folder:match "^/" or "."
  end
  local name = ("%s/.hyades-%d"):format(folder, core.process_id())
  local file = io.open(name, "w")
  if not file then return false end
  file:close()
  os.remove(name)
  return true
end

-- ---- the report -----------------------------------------------------------------------------

local function new_report()
  local report = { lines = {}, missing = {}, broken = {} }
  function report.say(name, text, ...)
    report.lines[#report.lines + 1] = ("%-12s %s"):format(name, text:format(...))
  end
  -- what is missing, what for, and what to do
  function report.lack(what, reason, package)
    report.missing[#report.missing + 1] = ("%s: %s; %s"):format(what, reason, package)
  end
  return report
end

local function install(package)
  return "apt install " .. package .. ", then make"
end

local function about_engine(report)
  local found, core = pcall(require, "hyades.core")
  if not found then
    report.broken[1] = "the engine does not load: " .. tostring(core):match "^[^\n]*"
    return nil
  end
  report.say("Hyades", "%s, %s", core.version, _VERSION)
  report.say("library", "%s", package.searchpath("hyades", package.path) or "?")
  local x = core.tensor{ { 2, 1 }, { 1, 3 } }:to "f64"
  local right = math.abs(x:mm(x:inverse()):sum():item() - 2) < 1e-9
  if not right then report.broken[#report.broken + 1] = "the inverse of a 2×2 matrix is wrong" end
  return core
end

local function about_computing(report, core)
  local model = first_line("/proc/cpuinfo", "^model name%s*:%s*(.*)$") or "unknown"
  report.say("processor", "%s; kernels for %s", model, core.cpu_table())
  local blas = loaded_library "libopenblas"
  local version = blas and blas:match "(%d+%.%d[%d.]*%d)%.so" or ""
  report.say("BLAS", "%s", blas and ("OpenBLAS %s, %s"):format(version, blas) or "not found")
  if blas and not blas:find "openmp" then
    report.lack("BLAS with OpenMP", "its own threads and Hyades' slow each other down",
      install "libopenblas-openmp-dev")
  end
  report.say("threads", "%d; OMP_NUM_THREADS or hy.threads(n) set them", core.threads())
  local used = core.onednn()
  local onednn = used and (core.ones(400, 400):mm(core.ones(400, 400)) and loaded_library "libdnnl")
  report.say("oneDNN", "%s", used and (onednn or "used for large products") or "not used")
  if not used then
    report.lack("oneDNN", "training steps take about a sixth longer", "apt install libdnnl2")
  end
  report.say("devices", "cpu; this build knows no other")
  local free = tonumber(first_line("/proc/meminfo", "^MemAvailable:%s*(%d+)") or "") or 0
  report.say("memory", "%.1f GB free", free / 1e6)
end

local fonts = { "/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/TTF",
  "/usr/share/fonts/dejavu-sans-fonts", "/usr/share/fonts/dejavu", "/usr/local/share/fonts/dejavu" }

local function about_pictures(report, core)
  local canvas, problem = pcall(require, "hyades.canvas")
  report.say("figures", "%s", canvas and "hyades.canvas on Cairo" or "hyades.canvas does not load")
  if not canvas then
    local missing = tostring(problem):find "not found"
    report.lack("figures", missing and "hyades.canvas was not built" or
      tostring(problem):match "^[^\n]*", install "libcairo2-dev")
  end
  local font
  for _, folder in ipairs(fonts) do
    local path = folder .. "/DejaVuSans.ttf"
    font = font or core.file_info(path) == "file" and path or nil
  end
  report.say("font", "%s", font or "not DejaVu Sans; another one stands in")
  if not font then
    report.lack("DejaVu Sans", "letters in figures", "apt install fonts-dejavu-core")
  end
end

local function about_terminal(report, core)
  local editor = package.searchpath("hyades.repl", package.cpath)
  report.say("line editor", "%s", editor or "none: the prompt reads plain lines")
  if not editor then
    report.lack("the line editor", "history and completion at the prompt",
      install "libreadline-dev")
  end
  local term = os.getenv "TERM" or "unset"
  local plain = (os.getenv "NO_COLOR" or "") ~= "" or term == "dumb" or term == "unset"
  report.say("terminal", "%s, TERM %s", not core.is_terminal(1) and "none" or
    plain and "without colors" or "with colors", term)
end

local function about_folder(report, core, name, path)
  local ok = path and writable(core, path)
  report.say(name, "%s%s", path or "nowhere: HOME is not set", ok and "" or path and ", not writable" or
    "")
  if not ok then
    report.lack(name, "it cannot be written", path and "chmod u+w " .. path or "set HOME")
  end
end

-- Settings come from variables of the environment; there is no file of them.
local function about_settings(report)
  local set = {}
  for _, name in ipairs{ "HYADES_CPU", "HYADES_DATA", "HYADES_OFFLINE", "HYADES_SHARE",
    "OMP_NUM_THREADS", "XDG_CACHE_HOME", "XDG_STATE_HOME", "LUA_INIT", "NO_COLOR" } do
    local value = from_environment(name)
    set[#set + 1] = value and name .. "=" .. value
  end
  report.say("config", "%s", #set > 0 and table.concat(set, " ") or
    "no variables such as HYADES_DATA are set")
end

local function about_files(report, core)
  local fetch = require "hyades.data.fetch"
  local found, share = pcall(fetch.share)
  report.say("embedded", "%s", found and core.real_path(share) or "missing")
  if not found then
    report.lack("the embedded data", share, "run make install again, or run in the source folder")
  end
  local data = from_environment "HYADES_DATA"
  local known = data and core.file_info(data)
  report.say("data", "%s%s", data or "HYADES_DATA is not set", data and not known and
    ", which does not exist" or "")
  about_folder(report, core, "cache", fetch.cache())
  local state = home_folder("XDG_STATE_HOME", ".local/state")
  about_folder(report, core, "history", state and state .. "/hyades")
  about_folder(report, core, "temporary", from_environment "TMPDIR" or "/tmp")
  local curl = os.execute "command -v curl >/dev/null 2>&1"
  report.say("downloads", "%s", os.getenv "HYADES_OFFLINE" == "1" and "off: HYADES_OFFLINE is 1" or
    curl and "yes" or "no")
  if not curl then report.lack("downloads", "data sets are fetched by it", "apt install curl") end
end

--- What the doctor finds.
-- → string, is everything essential in order?
function doctor.text()
  local report = new_report()
  local core = about_engine(report)
  if core then
    for _, look in ipairs{ about_computing, about_pictures, about_terminal, about_settings,
      about_files } do
      look(report, core)
    end
  end
  local lines = report.lines
  if #report.missing > 0 then lines[#lines + 1] = "\nMissing:" end
  for _, text in ipairs(report.missing) do lines[#lines + 1] = "  " .. text end
  if #report.broken > 0 then lines[#lines + 1] = "\nBroken:" end
  for _, text in ipairs(report.broken) do lines[#lines + 1] = "  " .. text end
  if #report.missing + #report.broken == 0 then lines[#lines + 1] = "\nNothing is missing." end
  return table.concat(lines, "\n"), #report.broken == 0
end

local function main(...)
  if select("#", ...) > 0 then
    io.stderr:write "hyades doctor: takes no arguments\n"
    return 2
  end
  local text, well = doctor.text()
  print(text)
  return well and 0 or 1
end

return setmetatable(doctor, { __call = function(_, ...) return main(...) end })
