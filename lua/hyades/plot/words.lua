--- Text that fits: measured, cut with …, wrapped.
local words = { title = 15, label = 12.5, tick = 11, note = 9.5 } -- sizes of letters

local LONGEST = 400 -- characters that are looked at

--- The width of the widest of some texts.
-- → number
function words.widest(canvas, texts, size)
  local width = 0
  for _, text in ipairs(texts) do width = math.max(width, canvas:extent(text, size)) end
  return width
end

-- The text as valid UTF-8, not longer than anybody reads. A byte that does not belong becomes "�".
local function readable(text)
  if #text > 4 * LONGEST then text = text:sub(1, 4 * LONGEST) end
  while not utf8.len(text) do
    local _, at = utf8.len(text)
    text = text:sub(1, at - 1) .. "\u{fffd}" .. text:sub(at + 1)
  end
  local cut = utf8.offset(text, LONGEST + 1)
  return cut and cut <= #text and text:sub(1, cut - 1) .. "…" or text
end

--- Cut a text with … so that it fits into a width.
-- → string
function words.shorten(canvas, text, size, width, bold)
  text = readable(text)
  if canvas:extent(text, size, bold) <= width then return text end
  local fits, fails = 0, utf8.len(text)
  local function head(n) return text:sub(1, utf8.offset(text, n + 1) - 1):gsub("%s+$", "") .. "…" end
  while fails - fits > 1 do
    local n = (fits + fails) // 2
    if canvas:extent(head(n), size, bold) <= width then fits = n else fails = n end
  end
  return head(fits)
end

--- The same for an array.
-- → array of strings
function words.shorten_all(canvas, texts, size, width)
  local list = {}
  for i, text in ipairs(texts) do list[i] = words.shorten(canvas, text, size, width) end
  return list
end

--- Break a text at blanks into at most so many lines; the last one is cut with … where it must be.
-- → array of strings
function words.wrap(canvas, text, size, width, most, bold)
  local lines, line = {}, ""
  local pieces = {}
  for word in readable(text):gmatch "%S+" do pieces[#pieces + 1] = word end
  for i, word in ipairs(pieces) do
    local longer = line == "" and word or line .. " " .. word
    if line == "" or canvas:extent(longer, size, bold) <= width then
      line = longer
    elseif #lines == most - 1 then
      line = line .. " " .. table.concat(pieces, " ", i)
      break
    else
      lines[#lines + 1], line = line, word
    end
  end
  lines[#lines + 1] = line
  for i, one in ipairs(lines) do lines[i] = words.shorten(canvas, one, size, width, bold) end
  return lines
end

return words
