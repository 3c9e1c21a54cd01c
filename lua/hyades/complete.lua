--- Completion: what the word before the cursor may become. It looks at values but runs nothing.

local lazy = require "hyades.lazy"
local names = require "hyades.names"
local tokens = require "hyades.tokens"

local opener_of = { [")"] = "(", ["}"] = "{", ["]"] = "[" }
local keyword = {}
for _, word in ipairs(tokens.keywords) do keyword[word] = true end

-- Methods that return the object itself, so that more can follow.
local chains = { fit = true, train = true, eval = true, to = true, load = true, freeze = true }

-- What every class has for its own use.
local hidden = { hyades_class = true, class_name = true, defined = true, defaults = true,
  choices = true, order = true }

-- ---- what an expression is ------------------------------------------------------------------

-- The token that opens the bracket which token j closes.
local function opening_of(list, j)
  local depth = 0
  for i = j, 1, -1 do
    local text = list[i].kind == "sign" and list[i].text
    if opener_of[text] then depth = depth + 1 end
    if text == "(" or text == "{" or text == "[" then depth = depth - 1 end
    if depth == 0 then return i end
  end
end

local function ends_expression(token)
  return token ~= nil and (token.kind == "name" and not keyword[token.text] or
    token.kind == "string" or opener_of[token.text] ~= nil)
end

-- A value like those that a call returns; its class, which has the same methods, for an object.
local function result_of(callee, receiver, method)
  local class = require "hyades.class"
  if class.is_class(callee) then return callee end
  if receiver ~= nil and chains[method] then return receiver end
  local about = type(callee) == "function" and require("hyades.core").about(callee)
  local result = about and (about.signature or ""):match "%->%s*(%a+)"
  if result == "tensor" or result == "matrix" or result == "index" then
    return require("hyades.core").zeros(1)
  end
end

local value_ending

-- The value of a call or an index whose last token, a bracket or a string, is j.
local function value_of_suffix(list, j)
  local open = list[j].kind == "string" and j or opening_of(list, j)
  local before = open and list[open - 1]
  if not ends_expression(before) then
    if list[j].kind == "string" then return "" end
    return list[open or 0] and list[open].text == "(" and value_ending(list, j - 1) or nil
  end
  if list[j].text == "]" then
    local key = j - open == 2 and list[open + 1]
    local t = value_ending(list, open - 1)
    if not key then return nil end
    return names.field(t, tonumber(key.text) or
      key.kind == "string" and key.text:match "^[\"'](.*)[\"']$" or nil)
  end
  local callee, receiver = value_ending(list, open - 1)
  return result_of(callee, receiver, before.text)
end

-- The value of the expression that ends with token j, and what stands before its colon; nil when
-- that cannot be told without running it.
function value_ending(list, j)
  local token = list[j]
  if not ends_expression(token) then return nil end
  if token.kind ~= "name" then return value_of_suffix(list, j) end
  local sign = list[j - 1] and list[j - 1].text
  if sign == "." and not (list[j - 2] and list[j - 2].text == ".") or
    sign == ":" and list[j - 2] and list[j - 2].text ~= ":" then
    local receiver = value_ending(list, j - 2)
    return names.field(receiver, token.text), receiver
  end
  return names.resolve(token.text)
end

-- ---- candidates -----------------------------------------------------------------------------

local function matching(list, partial)
  local found = {}
  for _, name in ipairs(list) do
    if name:sub(1, #partial) == partial then found[#found + 1] = name end
  end
  return found
end

local function members(value, partial, methods_only)
  local found = {}
  if methods_only and lazy.names(value) then return found end -- modules have none; do not load all
  for _, name in ipairs(matching(names.of(value), partial)) do
    local shown = partial:sub(1, 1) == "_" or name:sub(1, 1) ~= "_"
    if shown and not hidden[name] and not keyword[name] and name:find "^[%a_][%w_]*$" and
      (not methods_only or type(names.field(value, name)) == "function") then
      found[#found + 1] = name
    end
  end
  return found
end

-- The names that the code declares itself: locals, loop variables and parameters.
local function declared(list)
  local found, i = {}, 1
  while i <= #list do
    local text = list[i].text
    local is_function = text == "function"
    if text == "local" or text == "for" or is_function then
      while is_function and list[i] and list[i].text ~= "(" do i = i + 1 end
      i = i + 1
      while list[i] and (list[i].kind == "name" and not keyword[list[i].text] or
        list[i].text == ",") do
        if list[i].kind == "name" then found[#found + 1] = list[i].text end
        i = i + 1
      end
    else
      i = i + 1
    end
  end
  return found
end

local function words(list, partial)
  local found, seen = {}, {}
  local last = list[#list] and list[#list].kind == "name" and #list - 1 or #list
  local own = declared(table.move(list, 1, last, 1, {}))
  for _, group in ipairs{ members(_G, partial), own, tokens.keywords } do
    for _, name in ipairs(matching(group, partial)) do
      if not seen[name] then found[#found + 1] = name end
      seen[name] = true
    end
  end
  table.sort(found)
  return found
end

-- The callee of the innermost table that is open at token j, and the value before its colon; then
-- the names that the table has already.
local function open_table(list, j)
  local depth, given = 0, {}
  for i = j, 1, -1 do
    local text = list[i].kind == "sign" and list[i].text
    if opener_of[text] then depth = depth + 1 end
    if text == "{" and depth == 0 then
      while i > 1 and not ends_expression(list[i - 1]) do
        local before = list[i - 1].text -- an option table behind other arguments: f(x, {
        if before == "(" then
          i = i - 1
        elseif before == "," then
          local open, level = i - 1, 0
          repeat
            open = open - 1
            local sign = list[open] and list[open].kind == "sign" and list[open].text
            if opener_of[sign] then level = level + 1 end
            if sign == "(" or sign == "{" or sign == "[" then level = level - 1 end
          until not list[open] or level < 0
          if not list[open] or list[open].text ~= "(" then return nil end
          i = open
        else
          return nil
        end
      end
      local callee, receiver = value_ending(list, i - 1)
      return callee, receiver, given
    end
    if text == "(" or text == "{" or text == "[" then depth = depth - 1 end
    if depth < 0 then return nil end
    if depth == 0 and text == "=" and list[i - 1] then given[list[i - 1].text] = true end
  end
end

-- Option names, where a key of a table may stand.
local function option_names(list, j, partial)
  local before = list[j] and list[j].text
  if before ~= "{" and before ~= "," and before ~= ";" then return {} end
  local callee, receiver, given = open_table(list, j)
  if callee == nil then return {} end
  local found = {}
  for _, option in ipairs(require("hyades.options").of(callee, receiver)) do
    if option.name:sub(1, #partial) == partial and not given[option.name] then
      found[#found + 1] = option.name .. " = "
    end
  end
  return found
end

-- ---- inside strings -------------------------------------------------------------------------

-- The files and folders that a path may become: how many bytes of it stand before the name, and the
-- names; folders end with /.
-- home: what ~ stands for; Lua itself does not know it
local function paths(path, home)
  local folder, partial = path:match "^(.-)([^/]*)$"
  local place = folder == "" and "." or home and folder:gsub("^~/", home .. "/") or folder
  local core, found = require "hyades.core", {}
  local ok, entries = pcall(core.list_folder, place)
  for _, name in ipairs(ok and entries or {}) do
    if name:sub(1, #partial) == partial and (partial ~= "" or name:sub(1, 1) ~= ".") then
      local is_folder = pcall(core.list_folder, place .. "/" .. name)
      found[#found + 1] = name .. (is_folder and "/" or "")
    end
  end
  table.sort(found)
  return #folder, found
end

-- The words that an option takes, such as target = "batch".
local function choices(list, j)
  local name = list[j] and list[j].text == "=" and list[j - 1] and list[j - 1].text
  local callee = name and open_table(list, j)
  local words_of = require("hyades.class").is_class(callee) and names.field(callee, "choices")
  return words_of and words_of[name] or nil
end

-- The names of a table in t["…
local function keys(list, j)
  if not list[j] or list[j].text ~= "[" then return nil end
  local found = {}
  for _, name in ipairs(names.of(value_ending(list, j - 1))) do found[#found + 1] = name end
  return found
end

local function modules(list, j)
  local name = list[j] and (list[j].text == "(" and list[j - 1] or list[j])
  if not name or name.text ~= "require" then return nil end
  local found = {}
  for loaded in pairs(package.loaded) do found[#found + 1] = loaded end
  for loader in pairs(package.preload) do found[#found + 1] = loader end
  table.sort(found)
  return found
end

local function in_string(list, token)
  local body = token.text:match "^[\"'](.*)$" or token.text:match "^%[=*%[(.*)$"
  local j, first = #list - 1, token.last - #body + 1
  local known = choices(list, j) or keys(list, j) or modules(list, j)
  if known then return first, matching(known, body) end
  local before, found = paths(body)
  return first + before, found
end

-- ---- the whole ------------------------------------------------------------------------------

local complete = {}

--- The value of the expression that ends with the code, as far as it can be told without running it:
-- of a call of a constructor it is the class, which has the same methods.
-- code: string, such as "cluster.KMeans{ k = 3 }"
-- → value, or nil
function complete.value(code)
  local list = tokens.of(code)
  return (value_ending(list, #list))
end

-- Commands begin a line with a sign of their own.
local function of_command(code, cursor)
  local sign = code:match "^%s*([%%!?])"
  if not sign then return nil end
  local first, word = code:match "^%s*%%()(%a*)$"
  if first then return first, matching(require("hyades.commands").names, word) end
  local argument = code:match "^%s*%%[lsr]%a+%s+()" or code:match "^%s*!.*%s()" or
    code:match "^%s*!()"
  if argument then
    local before, found = paths(code:sub(argument), os.getenv "HOME")
    return argument + before, found
  end
  local behind = code:match "^%s*%?+()" or code:match "^%s*%%%a*()"
  local start, found = complete.complete((" "):rep(behind - 1) .. code:sub(behind), cursor)
  return start, found
end

--- What the word before the cursor may become: globals, fields, methods behind a colon, keywords,
-- options inside the table of a constructor, files inside a string.
-- code: string · cursor: position of the byte behind the cursor, from 1; the end unless given
-- → position where the word starts, array of candidates that replace it
function complete.complete(code, cursor)
  code = code:sub(1, (cursor or #code + 1) - 1)
  local start, found = of_command(code, #code + 1)
  if start then return start, found end
  local list, in_comment = tokens.of(code)
  local token, at = list[#list], #code + 1
  if in_comment then return at, {} end
  if token and token.open then return in_string(list, token) end
  local j, partial = #list, ""
  if token and token.last == #code and token.kind == "name" then
    j, partial, at = #list - 1, token.text, token.first
  elseif token and token.last == #code and token.kind == "number" then
    return at, {}
  end
  local sign = list[j] and list[j].text
  local doubled = list[j - 1] and list[j - 1].text == sign and list[j - 1].last == list[j].first - 1
  if (sign == "." or sign == ":") and not doubled then
    return at, members(value_ending(list, j - 1), partial, sign == ":")
  end
  local options = option_names(list, j, partial)
  if #options > 0 then return at, options end
  return at, words(list, partial)
end

return setmetatable(complete, { __call = function(_, ...) return complete.complete(...) end })
