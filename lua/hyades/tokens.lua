--- Lua code as a list of words: for what reads code without running it.

local tokens = {}

-- The position behind a long bracket that begins at `at`, and whether it is closed; nil when none
-- begins there.
local function behind_long_bracket(code, at)
  local level = code:match("^%[(=*)%[", at)
  if not level then return nil end
  local _, last = code:find("]" .. level .. "]", at, true)
  return (last or #code) + 1, last ~= nil
end

local function behind_string(code, at)
  local quote = code:sub(at, at)
  repeat
    at = code:find("[\\\n" .. quote .. "]", at + 1)
    if not at or code:sub(at, at) == "\n" then return at or #code + 1, false end
    local escaped = code:sub(at, at) == "\\"
    if escaped then at = (code:match("^z%s*()", at + 1) or at + 2) - 1 end
  until not escaped
  return at + 1, true
end

-- The next position that is neither blank nor comment, and whether a comment reaches the end.
local function behind_blanks(code, at)
  at = code:match("^%s*()", at)
  while code:find("^%-%-", at) do
    local behind, closed = behind_long_bracket(code, at + 2)
    if not behind then behind, closed = code:match("^[^\n]*()", at), false end
    if behind > #code and not closed then return behind, true end
    at = code:match("^%s*()", behind)
  end
  return at, false
end

local function next_token(code, at)
  local behind = code:match("^[%a_][%w_]*()", at)
  if behind then return behind, "name" end
  behind = code:match("^%.?%d[%w_.]*()", at)
  if behind then return behind, "number" end
  local closed
  behind, closed = behind_long_bracket(code, at)
  if not behind and code:find("^[\"']", at) then behind, closed = behind_string(code, at) end
  if behind then return behind, "string", not closed end
  return at + 1, "sign"
end

--- The words of a piece of code, complete or not; blanks and comments are left out. Signs such as
-- `==` are two words.
-- code: string
-- → array of { text=, first=, last=, kind= "name", "number", "string" or "sign", open=true for a
-- string without its end }; does a comment reach the end of the code?
function tokens.of(code)
  local list = {}
  local at, in_comment = behind_blanks(code, 1)
  while at <= #code do
    local behind, kind, open = next_token(code, at)
    list[#list + 1] = { text = code:sub(at, behind - 1), first = at, last = behind - 1, kind = kind,
      open = open or nil }
    at, in_comment = behind_blanks(code, behind)
  end
  return list, in_comment
end

tokens.keywords = { "and", "break", "do", "else", "elseif", "end", "false", "for", "function",
  "goto", "if", "in", "local", "nil", "not", "or", "repeat", "return", "then", "true", "until",
  "while" }

return tokens
