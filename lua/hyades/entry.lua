--- What is typed at a prompt or stands in a notebook cell, as a function.
-- A `local` on the top level would be gone with its entry, so it becomes a global, a variable of
-- the workspace. `<close>` stays local and lives until the end of the entry.

local tokens = require "hyades.tokens"

local entry = {}

local opening = { ["function"] = true, ["do"] = true, ["if"] = true, ["repeat"] = true }
local closing = { ["end"] = true, ["until"] = true }

-- The statement `local a <const>, b …` that begins at token i, as { names, marks, behind }:
-- the names, the tokens of their attributes, and the token behind them. nil when it is malformed.
local function local_names(list, i)
  local statement = { names = {}, marks = {}, close = false }
  repeat
    i = i + 1
    local name = list[i] and list[i].text:match "^[%a_][%w_]*$"
    if not name then return nil end
    statement.names[#statement.names + 1] = name
    i = i + 1
    if list[i] and list[i].text == "<" then
      if not list[i + 2] then return nil end
      statement.close = statement.close or list[i + 1].text == "close"
      table.move(list, i, i + 2, #statement.marks + 1, statement.marks)
      i = i + 3
    end
  until not list[i] or list[i].text ~= ","
  statement.behind = i
  return statement
end

local function keeps(statement, kept)
  if not statement or statement.close then return true end
  for _, name in ipairs(statement.names) do
    if kept[name] then return true end
  end
  return false
end

-- The edits { first=, last=, text= } that turn the statement at token i into an assignment.
local function share(list, i, statement, edits)
  local function blank(token)
    edits[#edits + 1] = { first = token.first, last = token.last,
      text = (" "):rep(token.last - token.first + 1) }
  end
  blank(list[i])
  for _, mark in ipairs(statement.marks) do blank(mark) end
  local behind = list[statement.behind]
  if not behind or behind.text ~= "=" then
    local last = list[statement.behind - 1].last
    edits[#edits + 1] = { first = last + 1, last = last, text = " = nil;" }
  end
end

local function apply(code, edits)
  local parts, at = {}, 1
  for _, edit in ipairs(edits) do
    parts[#parts + 1] = code:sub(at, edit.first - 1)
    parts[#parts + 1] = edit.text
    at = edit.last + 1
  end
  return table.concat(parts) .. code:sub(at)
end

--- Turn the locals on the top level into globals. Lines stay where they are.
-- code: string
-- → string
function entry.share_locals(code)
  local list, edits, kept, depth = tokens.of(code), {}, {}, 0
  for i, token in ipairs(list) do
    if opening[token.text] then depth = depth + 1 end
    if closing[token.text] then depth = depth - 1 end
    if token.text == "local" and depth == 0 then
      local is_function = list[i + 1] and list[i + 1].text == "function"
      local statement = is_function and { names = {}, marks = {}, behind = i + 2 } or
        local_names(list, i)
      if is_function then
        edits[#edits + 1] = { first = token.first, last = token.last, text = "     " }
      elseif not keeps(statement, kept) then
        share(list, i, statement, edits)
      else
        for _, name in ipairs(statement and statement.names or {}) do kept[name] = true end
      end
    end
  end
  return apply(code, edits)
end

-- Could more lines help? Not a quoted string, which ends with its line.
local function ends_early(message)
  return message:find "<eof>$" ~= nil and not message:find("unfinished string near", 1, true)
end

-- ---- indentation ----------------------------------------------------------------------------

local step = 2 -- blanks for each open block or bracket
local closers = { ["end"] = true, ["until"] = true, ["else"] = true, ["elseif"] = true, ["}"] = true,
  [")"] = true, ["]"] = true }
local inner = { ["{"] = 1, ["("] = 1, ["["] = 1, ["}"] = -1, [")"] = -1, ["]"] = -1 }

-- How many blocks and brackets are open behind the code.
local function depth_of(list)
  local depth = 0
  for _, token in ipairs(list) do
    local text = token.text
    if opening[text] then depth = depth + 1 end
    if closing[text] then depth = depth - 1 end
    depth = depth + (token.kind == "sign" and inner[text] or 0)
  end
  return math.max(depth, 0)
end

--- The code with its last line moved to where its indentation belongs, if that line begins with a
-- word that closes a block, such as `end`.
-- code: string
-- → string
function entry.align(code)
  local above, line = code:match "^(.*\n)[ ]*([^\n]*)$"
  if not above or not closers[line:match "^[%a]+" or line:match "^[})%]]" or ""] then return code end
  local list = tokens.of(above)
  if list[#list] and list[#list].open then return code end
  return above .. (" "):rep(step * math.max(depth_of(list) - 1, 0)) .. line
end

--- How far to indent the line that follows the code.
-- code: string
-- → number of blanks
function entry.indent(code)
  local list = tokens.of(code)
  if list[#list] and list[#list].open then return 0 end
  return step * depth_of(list)
end

--- Compile an entry: an expression returns its values.
-- code: string · name: string, chunk name such as "=prompt"
-- → function; or nil, the message, and whether more lines could complete the entry
function entry.compile(code, name)
  local chunk, of_values = load("return " .. code, name, "t")
  if chunk then return chunk end
  local early = ends_early(of_values)
  chunk = load(entry.share_locals(code), name, "t")
  if chunk then return chunk end
  local problem
  chunk, problem = load(code, name, "t")
  if chunk then return chunk end
  early = early or ends_early(problem)
  local first = tokens.of(code)[1]
  local at_once = first and problem:sub(-#first.text - 7) == "near '" .. first.text .. "'"
  return nil, at_once and of_values or problem, early -- `1 + + 2` is no statement from its first word
end

return entry
