--- Directions with large dips: gradients along a projection and the ascent, shared by DipExt and
-- DipNSub. Krause & Liebscher, Multimodal projection pursuit using the dip statistic, 2005.

local hy = require "hyades"

local axis = {}

axis.ties = { "ignore", "random", "all" }

local most_triangles = 256 -- that are looked at where ties allow more

-- The rows whose value is that of row r.
local function tied_rows(z, r)
  return z:eq(z[r]):nonzero():reshape(-1):totable()
end

-- Triples of rows that could be the modal triangle as well, three different ones.
local function triangles(z, rows, ties, rng)
  if ties == "ignore" then return { rows } end
  local choices, all = {}, 1
  for i = 1, 3 do
    choices[i] = tied_rows(z, rows[i])
    all = all * #choices[i]
  end
  local found = {}
  local function add(a, b, c)
    if a ~= b and b ~= c and a ~= c then found[#found + 1] = { a, b, c } end
  end
  if ties == "all" and all <= most_triangles then
    for _, a in ipairs(choices[1]) do
      for _, b in ipairs(choices[2]) do
        for _, c in ipairs(choices[3]) do add(a, b, c) end
      end
    end
  else
    local function any(list)
      return list[hy.randint({ 1 }, 1, #list, { rng = rng })[1]:item()]
    end
    for _ = 1, ties == "all" and most_triangles or 1 do
      add(any(choices[1]), any(choices[2]), any(choices[3]))
    end
  end
  return #found > 0 and found or { rows }
end

--- Derivative of the dip of x·w in w, for one triangle: only its three rows matter.
-- corners: tensor 3×d, the rows of x · z: array of their three values · places: their positions among
-- the sorted values · n: how many values there are
-- → tensor d, zeros where the triangle has no width
function axis.slope(corners, z, places, n)
  local width, count = z[3] - z[1], places[3] - places[1]
  if width == 0 then return hy.zeros(corners:size(2), { dtype = "f64" }) end
  local share = (z[2] - z[1]) / width
  local sign = places[1] - places[2] + count * share >= 0 and 1 or -1
  local scale = sign * count / (2 * n) / width
  return hy.tensor({ { scale * (share - 1), scale, -scale * share } }, { dtype = "f64" })
    :mm(corners):reshape(-1)
end

--- The dip of values x·w and its gradients in w: one, or with ties="all" one for every triangle that
-- has the same values. None where the dip has no triangle.
-- x: tensor n×d, f64 · z: tensor n, x·w · ties: "ignore", "random" or "all" · rng: generator
-- members: index, the rows of x that count; all unless given
-- → number, array of tensors d
function axis.dip(x, z, ties, rng, members)
  local values = members and z:index(members) or z
  local dip, _, triangle, rows = hy.dip(values)
  local places, gradients = triangle:totable(), {}
  if math.min(table.unpack(places)) < 0 then return dip:item(), gradients end
  for i, chosen in ipairs(triangles(values, rows:totable(), ties, rng)) do
    local corners = hy.tensor(chosen, { dtype = "index" })
    gradients[i] = axis.slope(x:index(members and members:index(corners) or corners),
      values:index(corners):totable(), places, values:numel())
  end
  return dip:item(), gradients
end

--- The values of x along w.
-- x: tensor n×d · w: tensor d
-- → tensor n
function axis.along(x, w)
  return x:mm(w:reshape(-1, 1)):reshape(-1)
end

local function degrees_between(u, v)
  local cosine = (u * v):sum():item() / (u:norm():item() * v:norm():item())
  return math.deg(math.acos(math.max(-1, math.min(1, cosine))))
end

--- Gradient ascent with momentum on the sphere, until the direction rests or has turned by 360°.
-- evaluate: function unit vector → value, array of gradients; of several the one counts after whose
-- step the value is largest · w: tensor d, where to start · step, momentum: numbers
-- → the best direction seen, and its value
function axis.climb(evaluate, w, step, momentum)
  local move, turned, best, best_value = hy.zeros(w:size(1), { dtype = "f64" }), 0, nil, -math.huge
  local function moved(gradient) return move * momentum + gradient * step end
  repeat
    w = w / w:norm()
    local value, gradients = evaluate(w)
    if value > best_value then best, best_value = w, value end
    local chosen, most = gradients[1] or hy.zeros(w:size(1), { dtype = "f64" }), -math.huge
    for i = 1, #gradients > 1 and #gradients or 0 do
      local after = evaluate(w + moved(gradients[i]))
      if after > most then chosen, most = gradients[i], after end
    end
    move = moved(chosen)
    local angle = degrees_between(w, w + move)
    turned = turned + angle
    w = w + move
  until angle <= 0.1 and move:norm():item() < 0.1 or not (turned <= 360)
  return best, best_value
end

--- How many axes the ascent starts from unless told otherwise.
-- d: integer, features
-- → integer
function axis.default_starts(d)
  return math.floor(math.log(d)) + 1
end

--- Turn the space so that w becomes its first axis, and leave that one out.
-- w: tensor d, a unit vector · ...: tensors with d columns
-- → the tensors with d − 1 columns, in the orthogonal complement of w
function axis.without(w, ...)
  local d = w:size(1)
  local mirror = w:clone() -- Householder: w and −sign(w₁)·e₁ change places
  mirror:narrow(1, 1, 1):copy(w[1]:item() < 0 and w[1] - 1 or w[1] + 1)
  local factor, found = 2 / mirror:square():sum(), {}
  for i, x in ipairs{ ... } do
    local along = x:mm(mirror:reshape(-1, 1)) * factor
    found[i] = (x - along:mm(mirror:reshape(1, -1))):narrow(2, 2, d - 1):contiguous()
  end
  return table.unpack(found)
end

return axis
