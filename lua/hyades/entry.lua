--- What is typed at a prompt or stands in a notebook cell, as a function.
-- A `local` on the top level would be gone with its entry, so it becomes a global, a variable of
-- the workspace. `<close>` stays local and lives until the end of the entry.

local entry = {}

local opening = { ["function"] = true, ["do"] = true, ["if"] = true, ["repeat"] = true }
local closing = { ["end"] = true, ["until"] = true }

-- The position behind a long bracket that begins at `at`; nil when none does.
local function behind_long_bracket(code, at)
  local level = code:match("^%[(=*)%[", at)
  if not level then return nil end
  local _, last = code:find("]" .. level .. "]", at, true)
  return (last or #code) + 1
end

local function behind_string(code, at)
  local quote = code:sub(at, at)
  repeat
    at = code:find("[\\" .. quote .. "]", at + 1)
    if not at then return #code + 1 end
    local escaped = code:sub(at, at) == "\\"
    if escaped then at = at + 1 end
  until not escaped
  return at + 1
end

local function behind_blanks(code, at)
  at = code:match("^%s*()", at)
  while code:find("^%-%-", at) do
    at = behind_long_bracket(code, at + 2) or code:match("^[^\n]*()", at)
    at = code:match("^%s*()", at)
  end
  return at
end

-- Tokens as { text=, first=, last= }; strings and numbers count only by their place.
local function tokens(code)
  local list, at = {}, behind_blanks(code, 1)
  while at <= #code do
    local behind = code:match("^[%a_][%w_]*()", at) or code:match("^%.?%d[%w_.]*()", at) or
      behind_long_bracket(code, at) or code:find("^[\"']", at) and behind_string(code, at) or at + 1
    list[#list + 1] = { text = code:sub(at, behind - 1), first = at, last = behind - 1 }
    at = behind_blanks(code, behind)
  end
  return list
end

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
  local list, edits, kept, depth = tokens(code), {}, {}, 0
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

--- Compile an entry: an expression returns its values.
-- code: string · name: string, chunk name such as "=prompt"
-- → function; or nil, the message, and whether more lines could complete the entry
function entry.compile(code, name)
  local chunk, problem = load("return " .. code, name, "t")
  if chunk then return chunk end
  local early = ends_early(problem)
  chunk = load(entry.share_locals(code), name, "t")
  if chunk then return chunk end
  chunk, problem = load(code, name, "t")
  return chunk, problem, early or problem ~= nil and ends_early(problem)
end

return entry
