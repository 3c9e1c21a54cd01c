--- Pictures in a terminal: which way it can show them, and the bytes that do it.
local core = require "hyades.core"

local terminal = {}

local CHUNK = 4096 -- bytes of base64 that kitty takes at a time
local CELL = 8     -- width of a character at 96 dots to the inch, for which figures are drawn
local LIMIT = 0.1  -- seconds for an answer
local WIDEST = 160 -- columns of half blocks
local WAYS = { kitty = true, iterm2 = true, sixel = true, blocks = true, path = true }

--- A PNG for terminals that know kitty's graphics. Answers are switched off: they would be read as
-- typed.
-- png: string · columns: how wide it is shown
-- → string
function terminal.kitty(png, columns)
  local text, parts = core.base64(png), {}
  for first = 1, #text, CHUNK do
    local more = first + CHUNK <= #text and 1 or 0
    local head = first == 1 and ("a=T,f=100,q=2,c=%d,m=%d"):format(columns, more) or "m=" .. more
    parts[#parts + 1] = ("\27_G%s;%s\27\\"):format(head, text:sub(first, first + CHUNK - 1))
  end
  return table.concat(parts) .. "\n"
end

--- A PNG for iTerm2 and those that follow it.
-- png: string · columns: how wide it is shown
-- → string
function terminal.iterm2(png, columns)
  return ("\27]1337;File=inline=1;preserveAspectRatio=1;width=%d;size=%d:%s\7\n"):format(columns, #png,
    core.base64(png))
end

--- RGB samples for terminals that know sixels.
-- → string
function terminal.sixel(height, width, rgb)
  return core.sixel(height, width, rgb) .. "\n"
end

--- RGB samples for any terminal with 24-bit color: two pixels in each character.
-- → string
function terminal.blocks(height, width, rgb, columns)
  return core.half_blocks(height, width, rgb, columns)
end

-- What the variables say, or nil when the terminal must be asked.
local function told(variable)
  local wish = variable "HYADES_GRAPHICS"
  if wish and WAYS[wish] then return wish end
  local term, program = variable "TERM" or "", variable "TERM_PROGRAM" or ""
  if term == "" or term == "dumb" or variable "NO_COLOR" and variable "NO_COLOR" ~= "" then
    return "path"
  end
  local inside = variable "TMUX" or term:find "^screen" or term:find "^tmux"
  if inside then return nil end
  if variable "KITTY_WINDOW_ID" or term:find "kitty" or term:find "ghostty" then return "kitty" end
  if program == "iTerm.app" or program == "WezTerm" or variable "LC_TERMINAL" == "iTerm2" then
    return "iterm2"
  end
end

-- Is ▀ a character here?
local function is_utf8(variable)
  local locale = ""
  for _, name in ipairs{ "LC_ALL", "LC_CTYPE", "LANG" } do
    if locale == "" then locale = variable(name) or "" end
  end
  return locale:lower():find "utf%-?8" ~= nil
end

--- The way to show pictures: "kitty", "iterm2", "sixel", "blocks", or "path" where nothing else
-- helps.
-- variable: function name → value of an environment variable · ask: function that asks the terminal
-- for its attributes (DA1) and returns the answer or nil
-- → string
function terminal.choose(variable, ask)
  local way = told(variable)
  if way then return way end
  local attributes = (ask() or ""):match "^\27%[%?([%d;]*)c$" or ""
  if (";" .. attributes .. ";"):find(";4;", 1, true) then return "sixel" end
  return is_utf8(variable) and "blocks" or "path"
end

local known -- the way of this process's terminal, once it is known

--- The way of the terminal that standard output is; "path" when it is none.
-- → string
function terminal.way()
  if not core.is_terminal(1) then return "path" end
  known = known or terminal.choose(os.getenv, function()
    return core.ask_terminal("\27[c", "c", LIMIT)
  end)
  return known
end

--- Text that shows a figure.
-- way: from terminal.way · figure: figure · pixels: function scale → height, width, RGB samples
-- → string
function terminal.text(way, figure, pixels)
  local columns, _, pixel_width = core.terminal_size()
  columns = columns or 80
  local shown = math.max(1, math.min(columns, figure.width // CELL))
  if way == "kitty" or way == "iterm2" then return terminal[way](figure:bytes "png", shown) end
  if way == "blocks" then
    local height, width, rgb = pixels(1)
    return terminal.blocks(height, width, rgb, math.min(columns, WIDEST))
  end
  local room = pixel_width and pixel_width > 0 and pixel_width or columns * CELL
  return terminal.sixel(pixels(math.min(1, room / figure.width)))
end

return terminal
