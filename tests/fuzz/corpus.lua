-- Good files for the fuzzers to start from: ./hyades tests/fuzz/corpus.lua FOLDER
package.path = "./?.lua;" .. package.path
local S = require "tests.support"
local hy = require "hyades"

local samples = require "tests.data.samples"
samples.map = samples.npy
for _, text in ipairs(samples.labelled) do table.insert(samples.csv, text) end
samples.labelled = nil
for reader, list in pairs(samples) do
  local folder = arg[1] .. "/" .. reader
  hy.make_folder(folder)
  for i, content in ipairs(list) do S.write(("%s/%d"):format(folder, i), content) end
end
