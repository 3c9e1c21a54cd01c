--- Show something where it is looked at: figures as pictures, everything else as text.

local show = require "hyades.show"

local display = {}

local function in_terminal(value)
  local meta = type(value) == "table" and getmetatable(value)
  if meta and meta.__name == "figure" then
    value:show()
  else
    print(type(value) == "string" and value or show.value(value))
  end
end

display.in_terminal = in_terminal

--- Where things are shown: function(value, name). Notebooks that become pages replace it.
display.sink = in_terminal

--- Show a value: at the prompt and in a script on the terminal, in a notebook on its page.
-- value: figure, table, tensor, data set, model, a text in Markdown, anything · name: string, what
-- a figure shows, in a word or two: the name of its file, and what a page says to those who cannot
-- see it
function display.display(value, name)
  if name ~= nil and type(name) ~= "string" then
    error(("display: name must be a string, got %s"):format(type(name)), 2)
  end
  display.sink(value, name)
end

return display
