--- Losses, measures and layers with arguments of every kind: a result, or a sentence of their own.
require "tests.support"
local hy = require "hyades"

local count = 16
local values = { nil, 5, "x", true, {}, { 1, 2 }, hy.ones(3), hy.ones(3, 2), hy.tensor(1), hy.zeros(0, 3),
  hy.ones(2, 2, 2), hy.tensor({ 1, 2, 3 }, { dtype = "index" }), print, hy.rng, 0 / 0, { k = 2 } }

local function answers(name, fn, ...)
  local ok, message = pcall(fn, ...)
  if ok then return end
  assert.is_string(message, name)
  assert.is_falsy(message:find("attempt to", 1, true) or message:find("bad argument", 1, true),
    name .. ": " .. message)
end

for _, part in ipairs{ "loss", "metrics", "optim", "nn" } do
  it(part .. ".* answer any two arguments", function()
    for _, name in ipairs(getmetatable(hy[part]).names) do
      local fn = hy[part][name]
      if type(fn) == "function" or (getmetatable(fn) or {}).__call then
        for i = 1, count do
          for j = 1, count do answers(part .. "." .. name, fn, values[i], values[j]) end
        end
      end
    end
  end)
end

it("layers answer any argument", function()
  local layers = { hy.nn.Linear(3, 2), hy.nn.BatchNorm1d(3), hy.nn.LayerNorm(3), hy.nn.ReLU(),
    hy.nn.Dropout(0.5), hy.nn.MLP{ layers = { 3, 2 } }, hy.nn.Autoencoder{ layers = { 3, 2 } } }
  for _, layer in ipairs(layers) do
    for i = 1, count do answers(tostring(layer), layer, values[i]) end
  end
end)
