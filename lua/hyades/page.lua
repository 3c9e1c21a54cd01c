--- Pages: one HTML file each, with everything that it shows inside. Reports and notebooks are made
-- of what these functions return.

local hy = require "hyades"
local check = require "hyades.check"
local class = require "hyades.class"
local code = require "hyades.page.code"
local show = require "hyades.show"

local page = { escape = code.escape, code = code.html }

local fold_after, fold_at = 40, 20 -- lines of an output: from when it is folded, what stays in sight
local most_rows = 500 -- of a table
local wide_figure = 760 -- from this width on a figure scrolls in a narrow window, and stays readable

-- ---- text -----------------------------------------------------------------------------------

-- What a terminal would show: no colors, and of a line that was written over only its last state.
local function as_seen(text)
  text = text:gsub("\27%[[%d;?]*%a", ""):gsub("\27%][^\7\27]*[\7\27]\\?", ""):gsub("\r+\n", "\n")
  return (text:gsub("[^\n]+", function(line) return line:match "^.*\r(.*)$" end))
end

--- Valid UTF-8 without control characters; what is none becomes �.
-- text: string
-- → string
function page.utf8(text)
  local parts, at = {}, 1
  while at <= #text do
    local _, wrong = utf8.len(text, at)
    parts[#parts + 1] = text:sub(at, (wrong or #text + 1) - 1)
    if wrong then parts[#parts + 1] = "\u{fffd}" end
    at = (wrong or #text) + 1
  end
  return (table.concat(parts):gsub("[%z\1-\8\11-\31\127]", "\u{fffd}"))
end

--- Text as it was printed. What is long can be unfolded.
-- text: string
-- → HTML
function page.text(text)
  text = page.utf8(as_seen(text)):match "^(.*%S)" or ""
  local _, count = text:gsub("\n", "")
  if count < fold_after then return "<pre>" .. page.escape(text) .. "</pre>" end
  local cut = 0
  for _ = 1, fold_at do cut = text:find("\n", cut + 1, true) end
  return ("<pre>%s</pre><details><summary>%d more lines</summary><pre>%s</pre></details>"):format(
    page.escape(text:sub(1, cut - 1)), count + 1 - fold_at, page.escape(text:sub(cut + 1)))
end

-- ---- Markdown -------------------------------------------------------------------------------

local harmless = { http = true, https = true, mailto = true, data = true }

local kinds = { png = "image/png", jpg = "image/jpeg", jpeg = "image/jpeg", gif = "image/gif",
  svg = "image/svg+xml", webp = "image/webp" }

local function data_url(kind, bytes)
  return ("data:%s;base64,%s"):format(kind, hy.base64(bytes))
end

-- The picture of a file as part of the page; nil where there is none.
local function embedded(path, folder)
  local kind = kinds[(path:match "%.(%w+)$" or ""):lower()]
  path = path:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  local file = kind and io.open(path:sub(1, 1) == "/" and path or folder .. path, "rb")
  if not file then return nil end
  local bytes = file:read "a"
  file:close()
  return data_url(kind, bytes)
end

-- Links lead to other pages, never to scripts; pictures come into the page.
local function checked(html, folder)
  html = html:gsub(' href="%s*([%w+.-]+):', function(scheme)
    return not harmless[scheme:lower()] and ' href="#' .. scheme .. ":" or nil
  end)
  return (html:gsub(' src="([^"]*)"', function(url)
    if url:find "^%a[%w+.-]+:" then return nil end
    local found = embedded((url:gsub("&amp;", "&")), folder)
    return found and (' src="%s"'):format(found) or nil
  end))
end

local plain = { ["&lt;"] = "<", ["&gt;"] = ">", ["&quot;"] = '"', ["&amp;"] = "&" }

local function colored(html)
  return (html:gsub('<code class="language%-lua">(.-)</code>', function(lua)
    return "<code>" .. code.html((lua:gsub("&%a+;", plain))) .. "</code>"
  end))
end

local missing = "text is shown as it was typed; with the packages libmd4c-dev and " ..
  "libmd4c-html0-dev, then make, it is set as Markdown"

--- Text with Markdown's marks, as GitHub knows them. HTML in it is shown as text.
-- text: string · folder: string that ends in "/", where its pictures are, ""
-- → HTML; nil, or a sentence when the renderer is missing
function page.markdown(text, folder)
  text = page.utf8(text)
  local found, renderer = pcall(require, "hyades.markdown")
  if found then
    local html = renderer.html(text):gsub("<table>", '<div class="wide"><table>')
      :gsub("</table>", "</table></div>")
    return colored(checked(html, folder or ""))
  end
  return '<pre class="plain">' .. page.escape(text) .. "</pre>", missing
end

-- ---- values ---------------------------------------------------------------------------------

local function caption_of(name, tag)
  return name and ("<%s>%s</%s>"):format(tag, page.escape(page.utf8(name)), tag) or ""
end

--- A figure, drawn at two pixels per unit.
-- figure: of plot · name: string below it, optional · alt: string, said where it is not seen
-- → HTML
function page.figure(figure, name, alt)
  alt = page.escape(page.utf8(alt or name or "figure"))
  local class_name = figure.width > wide_figure and ' class="wide"' or ""
  return ('<figure%s><img src="%s" width="%d" height="%d" alt="%s">%s</figure>'):format(
    class_name, data_url("image/png", figure:bytes "png"), figure.width // 1 | 0,
    figure.height // 1 | 0, alt, caption_of(name, "figcaption"))
end

local function cell_text(value)
  if math.type(value) == "float" then
    return value ~= value and "NaN" or ("%.4g"):format(value)
  elseif type(value) == "table" then
    return show.value(value)
  end
  return tostring(value)
end

local function cell(tag, value)
  local number = type(value) == "number" and ' class="number"' or ""
  return ("<%s%s>%s</%s>"):format(tag, number, page.escape(page.utf8(cell_text(value))), tag)
end

local function row_of(tag, values, count, align)
  local cells = {}
  for i = 1, count do
    local value = values[i] == nil and "" or values[i]
    cells[i] = align and align[i] and ('<%s class="number">%s</%s>'):format(tag,
      page.escape(page.utf8(cell_text(value))), tag) or cell(tag, value)
  end
  return "<tr>" .. table.concat(cells) .. "</tr>\n"
end

local function all_texts(row)
  for _, value in ipairs(row) do
    if type(value) ~= "string" then return false end
  end
  return #row > 0
end

-- Which columns hold numbers: their heads stand to the right too.
local function numeric_columns(rows, count)
  local numeric = {}
  for i = 1, count do
    for _, row in ipairs(rows) do
      if type(row[i]) == "number" then numeric[i] = true end
    end
  end
  return numeric
end

--- Rows as a table.
-- rows: array of arrays · header: array of texts, or nil: the first row, if it is all texts and the
-- others are not · name: string below, optional
-- → HTML
function page.table(rows, header, name)
  local first = 1
  if not header and #rows > 1 and all_texts(rows[1]) and not all_texts(rows[2]) then
    header, first = rows[1], 2
  end
  local count = header and #header or 0
  for _, row in ipairs(rows) do count = math.max(count, #row) end
  local lines = { '<div class="wide"><table>', caption_of(name, "caption") }
  if header then
    lines[#lines + 1] = "<thead>" .. row_of("th", header, count, numeric_columns(rows, count)) ..
      "</thead>\n"
  end
  for i = first, math.min(#rows, first + most_rows - 1) do
    lines[#lines + 1] = row_of("td", rows[i], count)
  end
  local rest = #rows - first + 1 - most_rows
  if rest > 0 then
    lines[#lines + 1] = ("<tr><td colspan=\"%d\">… %d more rows</td></tr>"):format(count, rest)
  end
  lines[#lines + 1] = "</table></div>"
  return table.concat(lines)
end

-- An array of tables with names as rows; the columns are the names of the first one.
local function records(list)
  local header = {}
  for _, key in ipairs(class.keys(list[1])) do header[#header + 1] = tostring(key) end
  local rows = {}
  for i, record in ipairs(list) do
    rows[i] = {}
    for j, key in ipairs(header) do
      rows[i][j] = record[key] == nil and "" or record[key]
    end
  end
  return rows, header
end

local function is_plain(value)
  return type(value) == "table" and getmetatable(value) == nil
end

-- Is it an array of nothing but plain tables?
local function is_rows(value)
  for _, row in ipairs(value) do
    if not is_plain(row) then return false end
  end
  return #value > 0
end

local function table_html(value, options)
  local first = is_rows(value) and value[1]
  if first and #first > 0 then
    return page.table(value, options.header, options.name)
  elseif first and next(first) ~= nil then
    local rows, header = records(value)
    return page.table(rows, options.header or header, options.name)
  end
  return page.text(show.value(value))
end

-- What a model was told and what it found, as far as that is a number, a word or labels.
local function model_rows(model)
  local rows = {}
  for _, key in ipairs(class.keys(model)) do
    local value = model[key]
    local kind = type(value)
    if kind == "number" or kind == "string" or kind == "boolean" and key ~= "fitted" then
      rows[#rows + 1] = { tostring(key), cell_text(value) }
    elseif class.kind(value) == "tensor" then
      rows[#rows + 1] = { tostring(key), ("%s %s"):format(table.concat(value:size(), "×"),
        value.dtype) }
    end
  end
  return rows
end

local function dataset_html(dataset)
  local html = page.text(tostring(dataset))
  local image = dataset.image
  if not image or dataset.x:size(1) == 0 then return html end
  local few = dataset.x:narrow(1, 1, math.min(20, dataset.x:size(1)))
  return html .. page.figure(hy.plot.images{ few, shape = { image.h, image.w, image.c },
    columns = 10 })
end

--- Anything as it reads best: a figure as a picture, rows as a table, a text as Markdown, a tensor,
-- a data set or a network as the prompt prints it, a model by its options and results.
-- value: anything · options: name (below it), alt (of a figure), header (of a table), folder (of
-- Markdown's pictures)
-- → HTML; nil, or a sentence about what is missing
function page.value(value, options)
  options = options or {}
  if type(value) == "string" then return page.markdown(value, options.folder) end
  if type(value) == "table" and getmetatable(value) and getmetatable(value).__name == "figure" then
    return page.figure(value, options.name, options.alt)
  end
  local of = class.of(value)
  local html
  if of and of.class_name == "Dataset" then
    html = dataset_html(value)
  elseif of and of.defaults and not value.forward then
    html = ("<p><strong>%s</strong></p>%s"):format(page.escape(of.hyades_class),
      page.table(model_rows(value), { "field", "value" }))
  elseif of and value.summary then
    html = page.text(value:summary())
  elseif is_plain(value) then
    return table_html(value, options)
  else
    html = page.text(show.value(value))
  end
  return html .. (options.name and "<p>" .. caption_of(options.name, "small") .. "</p>" or "")
end

-- ---- the page -------------------------------------------------------------------------------

--- The whole page.
-- title: string · body: HTML · foot: text, optional
-- → HTML
function page.document(title, body, foot)
  return ([[<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Hyades %s">
<title>%s</title>
<style>
%s</style>
</head>
<body>
<main>
%s
%s</main>
</body>
</html>
]]):format(hy.version, page.escape(page.utf8(title)), require "hyades.page.style", body,
    foot and "<footer>" .. page.escape(foot) .. "</footer>\n" or "")
end

--- Write a page: complete or not at all.
-- where: string, who writes · path: string · html: string
function page.write(where, path, html)
  if type(path) ~= "string" or path == "" then
    error(("%s: expected the path of a file, got %s"):format(where, check.describe(path)), 3)
  end
  local ok, problem = pcall(hy.write_bytes, path, html)
  if not ok then error(("%s: %s"):format(where, (tostring(problem):gsub("^save: ", ""))), 0) end
end

return page
