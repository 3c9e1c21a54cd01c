--- Good files of every kind that a reader of data.* meets: reader → list of contents. Specs damage
-- them, and fuzzers start from them.

local S = require "tests.support"
local bytes = require "tests.data.bytes"
local hy = require "hyades"

local head, npy, idx, pack = bytes.npy_header, bytes.npy, bytes.idx, bytes.pack

-- What the library itself writes.
local function written(write, ...)
  local folder = S.folder()
  local path = folder .. "/sample"
  write(path, ...)
  local content = S.read(path)
  S.remove(folder)
  return content
end

local matrix = hy.tensor{ { 1.5, -2, 3 }, { 0, 1e-3, 1e6 } }
local labels = hy.tensor({ 1, 3, -1 }, { dtype = "index" })
local pixels = (hy.arange(0, 35):reshape(3, 4, 3) * 7):to("u8")

local arrays = {
  npy(head("<f4", "2, 3"), pack("<f", 1, 2, 3, 4, 5, 6)),
  npy(head(">i2", "2, 2", true), pack(">i2", 1, -2, 3, -4), 2),
  npy(head("<f2", "3,"), "\0\x3C\0\xC0\0\x7C", 3),
  npy(head("|b1", ""), "\1"),
  written(hy.data.save_npy, labels),
}

local function zipped(deflated)
  local members = {}
  for i, array in ipairs(arrays) do
    members[i] = { ("array_%d.npy"):format(i), array, packed = deflated and bytes.deflate(array) }
  end
  return bytes.zip(members, deflated and "with a comment" or nil)
end

return {
  idx = {
    idx(8, { 2, 3 }, "\1\2\3\4\5\6"), idx(9, { 2 }, "\xFF\1"), idx(11, { 2 }, pack(">i2", 1, -2)),
    idx(13, { 1, 1, 2 }, pack(">f", 0.5, -1)), idx(14, { 1 }, pack(">d", 0.1)), idx(8, {}, "\9"),
  },
  npy = arrays,
  npz = {
    zipped(false), zipped(true), written(hy.data.save_npz, { a = matrix, b = labels }),
    bytes.zip{}, bytes.zip{ { "notes.txt", "no array" }, { "x.npy", arrays[1] } },
  },
  csv = {
    "1,2\n3,4.5\n", "a,b\n\n# comment\n\"1\",-inf\n", "\xEF\xBB\xBF1 2\t3\r\n4  5 -6e2\r\n",
    written(hy.data.save_csv, matrix),
  },
  labelled = {
    "a;b;kind\n1;2;x\n3;?;\"y;z\"\n\n# comment\n5;6;x\n", "kind,a\n1,one\n,two\nNA,one\n",
  },
  safetensors = {
    bytes.safetensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
      pack("<f", 1, 2)),
    bytes.safetensors('{"b":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]},'
      .. '"__metadata__":{"format":"pt","é":"x"},"c":{"dtype":"I16","shape":[],'
      .. '"data_offsets":[4,6]}}  ', "\0\x3F\x80\xBF\1\0"),
    written(hy.save, { x = matrix, y = labels, deep = { list = { 1, 2.5, "text" } } }),
  },
  image = {
    "P6 2 1 255\n\1\2\3\4\5\6", "P2 # gray\n2 2 15 0 15 7 8\n", "P5 3 1 100\n\0\x32\x64",
    bytes.jpeg(), written(hy.write_png, pixels),
  },
}
