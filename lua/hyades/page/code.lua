--- Lua code as HTML, its words in colors.

local tokens = require "hyades.tokens"

local escaped = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }
local code = {}

local literal = { ["true"] = true, ["false"] = true, ["nil"] = true }
local keyword = {}
for _, word in ipairs(tokens.keywords) do keyword[word] = not literal[word] end

--- Text as it may stand in HTML, also between quotes.
-- text: string
-- → string
function code.escape(text)
  return (text:gsub('[&<>"]', escaped))
end

local function class_of(token)
  if token.kind == "string" then return "string" end
  if token.kind == "number" or literal[token.text] then return "literal" end
  return keyword[token.text] and "keyword" or nil
end

local function marked(text, class)
  if not class then return code.escape(text) end
  return ('<span class="%s">%s</span>'):format(class, code.escape(text))
end

-- What lies between two words: blanks and comments.
local function gap(text)
  local blanks, comment, rest = text:match "^(%s*)(.-)(%s*)$"
  return blanks .. (comment == "" and "" or marked(comment, "comment")) .. rest
end

--- Lua code as HTML, without the `pre` around it.
-- lua: string
-- → string
function code.html(lua)
  local parts, at = {}, 1
  for _, token in ipairs((tokens.of(lua))) do
    parts[#parts + 1] = gap(lua:sub(at, token.first - 1))
    parts[#parts + 1] = marked(token.text, class_of(token))
    at = token.last + 1
  end
  parts[#parts + 1] = gap(lua:sub(at))
  return table.concat(parts)
end

return code
