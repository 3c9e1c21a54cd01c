--- What a terminal shows after a text: enough of one for lines of progress.

--- The lines of the screen.
-- text: string, what a program wrote
-- → array of strings without blanks at their ends
return function(text)
  local lines, row, column = { {} }, 1, 1
  local function clear_row(at, from)
    for i = #lines[at], from, -1 do lines[at][i] = nil end
  end
  local commands = {
    m = function() end, -- colors
    A = function(n) row = math.max(1, row - n) end,
    K = function() clear_row(row, column) end,
    J = function()
      clear_row(row, column)
      for i = #lines, row + 1, -1 do lines[i] = nil end
    end,
  }
  local at = 1
  while at <= #text do
    local number, command, behind = text:match("^\27%[(%d*)(%a)()", at)
    local sign = text:match("^" .. utf8.charpattern, at)
    if command then
      assert(commands[command], "a command that no line of progress needs: " .. command)(
        math.tointeger(number ~= "" and number or 1))
      at = behind
    else
      if sign == "\r" then
        column = 1
      elseif sign == "\n" then
        row = row + 1
        lines[row] = lines[row] or {}
      else
        for i = #lines[row] + 1, column - 1 do lines[row][i] = " " end
        lines[row][column], column = sign, column + 1
      end
      at = at + #sign
    end
  end
  local shown = {}
  for i, line in ipairs(lines) do shown[i] = table.concat(line):gsub("%s+$", "") end
  return shown
end
