--- A table of colored cells, shared by heatmap and confusion.
local axes = require "hyades.plot.axes"
local palette = require "hyades.plot.palette"

local cells = {}

local SMALL = 8 -- cells below this size are drawn as one image

local function names_or_numbers(names, n)
  local texts, positions = {}, {}
  for i = 1, n do
    texts[i] = tostring(names and names[i] or i)
    positions[i] = i
  end
  return texts, positions
end

-- The largest letters that fit all texts into the cells.
local function letter_size(canvas, texts, width, height)
  local size = math.min(12, height * 0.55)
  local longest = 0
  for _, row in ipairs(texts) do
    for _, text in ipairs(row) do longest = math.max(longest, canvas:extent(text, size)) end
  end
  return longest > width - 3 and size * (width - 3) / longest or size
end

local function color_of(spec, share)
  return share == share and palette.heat(spec.map, share) or spec.look.grid
end

-- One cell: its color and, when letters of `size` are legible, its text.
local function draw_cell(canvas, spec, i, j, size, left, top, right, bottom)
  local color = color_of(spec, spec.share[i][j])
  canvas:rect(left, top, right - left, bottom - top, color)
  if size >= 5 then
    canvas:text(spec.texts[i][j], (left + right) / 2, (top + bottom) / 2 + size * 0.36, size,
      palette.contrast(color), 0.5)
  end
end

local function draw_image(canvas, spec, box)
  local bytes, n, d = {}, #spec.share, #spec.share[1]
  for _, row in ipairs(spec.share) do
    for j = 1, d do bytes[#bytes + 1] = palette.bytes(color_of(spec, row[j])) end
  end
  canvas:image(box.left, box.top, box.width, box.height, n, d, table.concat(bytes))
end

--- Draw n×d cells.
-- spec: { look=, share= n×d numbers in 0 … 1 that choose the color, texts= n×d strings or nil,
-- map=, rows=, columns= names, title=, xlabel=, ylabel=, bar= color bar or nil, note= }
function cells.draw(canvas, width, height, spec)
  local n, d = #spec.share, #spec.share[1]
  local rows, row_at = names_or_numbers(spec.rows, n)
  local columns, column_at = names_or_numbers(spec.columns, d)
  for i = 1, n do row_at[i] = n + 1 - i end -- the first row on top

  local function plot(_, X, Y, box)
    local w, h = box.width / d, box.height / n
    if math.min(w, h) < SMALL then return draw_image(canvas, spec, box) end
    local size = spec.texts and letter_size(canvas, spec.texts, w, h) or 0
    local seam = 1
    for i = 1, n do
      local top, bottom = axes.crisp(Y(n + 1.5 - i)), axes.crisp(Y(n + 0.5 - i))
      for j = 1, d do
        local left, right = axes.crisp(X(j - 0.5)), axes.crisp(X(j + 0.5))
        draw_cell(canvas, spec, i, j, size, left, top, right - seam, bottom - seam)
      end
    end
  end
  axes.draw(canvas, width, height, {
    x = { lo = 0.5, hi = d + 0.5, positions = column_at, names = columns, label = spec.xlabel,
      numbered = not spec.columns },
    y = { lo = 0.5, hi = n + 0.5, positions = row_at, names = rows, label = spec.ylabel,
      numbered = not spec.rows },
    title = spec.title, bar = spec.bar, look = spec.look, note = spec.note, plot = plot,
  })
end

--- Side lengths of a picture whose cells are about square.
-- n, d: rows and columns · rows: names of the rows or nil
-- → width, height
function cells.extent(n, d, rows)
  local cell = math.max(rows and n <= 60 and 13 or 1, math.min(42, 420 / math.max(n, d)))
  local longest = 2
  for i = 1, rows and n or 0 do longest = math.max(longest, utf8.len(tostring(rows[i])) or 0) end
  return math.min(1600, math.max(320, 90 + cell * d + math.min(140, 6 * longest))),
    math.min(1600, math.max(280, 110 + cell * n))
end

return cells
