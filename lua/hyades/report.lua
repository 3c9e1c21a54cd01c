--- Reports: text, figures, tables and results on one page, in one file that needs nothing else.
--
--   report.new{ title = "Digits" }
--     :add "## What k-means finds"
--     :add(plot.confusion(digits.y, km.labels), "Rows are digits")
--     :add{ { "method", "NMI" }, { "k-means", 0.74 } }
--     :save "digits.html"

local check = require "hyades.check"

local report = {}

local Report = {}
Report.__index = Report
Report.__name = "report"

--- Start a report.
-- title="Report"
-- → report
function report.new(options)
  if type(options) == "string" then options = { title = options } end
  options = check.options("report.new", options, { title = "Report" })
  if type(options.title) ~= "string" then
    error("report.new: title must be a string, got " .. check.describe(options.title), 2)
  end
  return setmetatable({ title = options.title, parts = {}, notes = {} }, Report)
end

local known = { name = check.optional, header = check.optional }

local function check_types(options)
  if options.name ~= nil and type(options.name) ~= "string" then
    error("report:add: name must be a string, got " .. check.describe(options.name), 3)
  elseif options.header ~= nil and type(options.header) ~= "table" then
    error("report:add: header must be an array of texts, got " .. check.describe(options.header), 3)
  end
end

--- Add what comes next on the page.
-- value: a text in Markdown; a figure; rows (arrays, of which the first may hold the heads, or
-- tables with names); a tensor, data set, network, fitted model or anything else, as the prompt
-- prints it
-- options: name, the words below it; or table of name, header (array of texts above the rows)
-- → the report
function Report:add(value, options)
  if type(options) == "string" then options = { name = options } end
  options = check.options("report:add", options, known)
  check_types(options)
  if value == nil then error("report:add: expected something to show, got nil", 2) end
  local html, note = require("hyades.page").value(value, options)
  self.parts[#self.parts + 1] = html
  if note then self.notes[1] = note end
  return self
end

--- The page as text.
-- → HTML
function Report:html()
  local page = require "hyades.page"
  local body = table.concat(self.parts, "\n")
  if not body:find "^%s*<h1" then body = "<h1>" .. page.escape(self.title) .. "</h1>\n" .. body end
  return page.document(self.title, body, self.notes[1])
end

--- Write the page to a file, complete or not at all.
-- path: string, "report.html"
-- → the report
function Report:save(path)
  require("hyades.page").write("report:save", path, self:html())
  return self
end

function Report:__tostring()
  return ("report %q with %d parts (:save(\"name.html\") writes it)"):format(self.title, #self.parts)
end

return report
