-- Files that are not as they should be: one sentence that names the file, never a crash, and never
-- an allocation of a size that only a header claims.
local S = require "tests.support"
local bytes = require "tests.data.bytes"
local hy = require "hyades"
local data = hy.data

local idx, npy, head, pack = bytes.idx, bytes.npy, bytes.npy_header, bytes.pack
local big = string.rep("\0", 8)

local function tensors(entry, body)
  return bytes.safetensors('{"a":' .. entry .. "}", body or big)
end

-- reader → list of { what, content, part of the sentence }
local cases = {
  idx = {
    { "an empty file", "", "ends after 0 bytes" },
    { "three bytes", "\0\0\8", "ends after 3 bytes" },
    { "another beginning", "\1\2\8\1" .. big, "is no IDX file" },
    { "an unknown type", "\0\0\7\1" .. big, "has the type 07" },
    { "too many dimensions", "\0\0\8\7" .. string.rep(big, 4), "has 7 dimensions" },
    { "255 dimensions", "\0\0\8\xFF" .. big, "has 255 dimensions" },
    { "sizes cut off", "\0\0\8\3\0\0\0\1\0\0", "ends after" },
    { "too few numbers", idx(8, { 4 }, "\1\2\3"), "promises 4 bytes of data, the file holds 3" },
    { "too many numbers", idx(8, { 2 }, "\1\2\3"), "promises 2 bytes of data, the file holds 3" },
    { "2^31 numbers", idx(8, { 2 ^ 31 // 1 | 0 }, "\1"), "promises 2147483648 bytes" },
    { "2^62 doubles", idx(14, { 2 ^ 31 // 1 | 0, 2 ^ 31 // 1 | 0 }, "\1"), "beyond any memory" },
    { "a product of 2^64", idx(8, { 2 ^ 31 // 1 | 0, 2 ^ 31 // 1 | 0, 4 }, "\1"),
      "beyond any memory" },
    { "an overflow hidden behind a 0", idx(8, { 0, 2 ^ 31 // 1 | 0, 2 ^ 31 // 1 | 0, 4 }, ""),
      "beyond any memory" },
    { "half a float", idx(13, { 1 }, "\1\2"), "promises 4 bytes" },
  },
  npy = {
    { "an empty file", "", "ends after 0 bytes" },
    { "another beginning", "\x93NUMPX\1\0" .. big, "is no .npy file" },
    { "version 0", "\x93NUMPY\0\0" .. big, "has .npy version 0" },
    { "version 4", "\x93NUMPY\4\0" .. big, "has .npy version 4" },
    { "a header cut off", "\x93NUMPY\1\0\xFF\0{'descr'", "ends after" },
    { "a header of 4 GB", "\x93NUMPY\2\0\xFF\xFF\xFF\xFF" .. big,
      "has a header of 4294967295 bytes" },
    { "a zero byte in the header", npy(head("<f4", "1,") .. "\0", "\0\0\0\0"), "is no dictionary" },
    { "no dictionary", npy("[1, 2]", ""), "is no dictionary" },
    { "an open dictionary", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", big),
      "is no dictionary" },
    { "text after it", npy(head("<f4", "2,") .. "x", big), "is no dictionary" },
    { "no shape", npy("{'descr': '<f4', 'fortran_order': False}", big), "is no dictionary" },
    { "a key twice",
      npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", big),
      "is no dictionary" },
    { "an unknown key", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", big),
      "is no dictionary" },
    { "an open string", npy("{'descr': '<f4, }", big), "is no dictionary" },
    { "a long string", npy("{'" .. string.rep("x", 5000) .. "': 1}", big), "is no dictionary" },
    { "an order that is no truth", npy("{'descr': '<f4', 'fortran_order': 1, 'shape': (2,)}", big),
      "is no dictionary" },
    { "Python objects", npy(head("|O", "1,"), big), "holds Python objects" },
    { "records", npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", big),
      "records" },
    { "text", npy(head("<U2", "1,"), big), "'<U2'" },
    { "complex numbers", npy(head("<c8", "1,"), big), "'<c8'" },
    { "dates", npy(head("<M8[ns]", "1,"), big), "'<M8[ns]'" },
    { "a float of 1 byte", npy(head("<f1", "8,"), big), "'<f1'" },
    { "a long double", npy(head("<f16", "1,"), big .. big), "'<f16'" },
    { "no type at all", npy(head("", "1,"), big), "holds the type ''" },
    { "a negative size", npy(head("<f4", "-2,"), big), "is no dictionary" },
    { "a size beyond 64 bits", npy(head("<f4", "99999999999999999999,"), big), "beyond 64 bits" },
    { "a size of 2^62", npy(head("<f8", "4611686018427387904,"), big), "beyond any memory" },
    { "2^31 numbers", npy(head("<f4", "2147483648,"), big), "promises 8589934592 bytes" },
    { "a product of 2^80", npy(head("|u1", "1099511627776, 1099511627776"), big),
      "beyond any memory" },
    { "seven dimensions", npy(head("<f4", "1, 1, 1, 1, 1, 1, 1"), big), "more than 6 dimensions" },
    { "too few numbers", npy(head("<f4", "3,"), big), "promises 12 bytes of data, the file holds" },
    { "too many numbers", npy(head("<f4", "1,"), big), "promises 4 bytes of data, the file holds" },
    { "an integer that f64 cannot hold", npy(head("<i8", "1,"), pack("<i8", math.maxinteger)),
      "too large" },
  },
  csv = {
    { "an empty file", "", "holds no numbers" },
    { "words only", "a,b\nc,d\n", "holds no numbers" },
    { "a row too short", "1,2,3\n4,5,6\n7,8\n", "line 3 has 2 values, the lines before have 3" },
    { "a row too long", "1,2\n3,4,5\n", "line 2 has 3 values" },
    { "a word among numbers", "1,2\n3,four\n", "line 2, column 2: 'four' is no number" },
    { "a missing value", "1,,3\n", "line 1, column 2: the value is missing" },
    { "a missing last value", "1,2\n3,\n", "line 2, column 2: the value is missing" },
    { "two points", "1.2.3,4\n", "'1.2.3' is no number" },
    { "hexadecimal", "1,0x10\n", "'0x10' is no number" },
    { "a decimal comma", "1,5;2,5\n3;4\n", "line 1, column 1: '1,5' is no number" },
    { "text after a quoted number", "1,\"2\"3\n", "is no number" },
    { "an open quote", "1,\"2\n", "is no number" },
    { "bytes", "1,\1\xFF\0\2\n", "line 1, column 2: '????' is no number" },
    { "a number out of range", "1\n1e999\n", "'1e999' is out of range" },
    { "a very long word", "1,2\n3," .. string.rep("x", 100000) .. "\n", "…' is no number" },
    { "sign only", "1,+\n", "'+' is no number" },
  },
  safetensors = {
    { "an empty file", "", "ends after 0 bytes" },
    { "seven bytes", "1234567", "ends after 7 bytes" },
    { "a header of 2^63 bytes", ("<I8"):pack(math.mininteger) .. big,
      "its header has 9223372036854775808 bytes" },
    { "a header beyond the file", ("<I8"):pack(100) .. "{}", "its header has 100 bytes" },
    { "a header beyond the limit", ("<I8"):pack(100000001) .. "{}",
      "its header has 100000001 bytes" },
    { "an empty header", ("<I8"):pack(0), "no JSON object" },
    { "an array", bytes.safetensors("[]", ""), "no JSON object" },
    { "half an object", bytes.safetensors('{"a":', ""), "no JSON object" },
    { "text after the object", bytes.safetensors("{} x", ""), "no JSON object" },
    { "a zero byte", bytes.safetensors("{}\0\0", ""), "no JSON object" },
    { "deep nesting", bytes.safetensors('{"a":' .. string.rep("[", 50000), ""),
      "nested deeper than 8" },
    { "a number for a tensor", tensors "5", "'a' in the header is no object" },
    { "no dtype", tensors '{"shape":[2],"data_offsets":[0,8]}', "unknown dtype" },
    { "an unknown dtype", tensors '{"dtype":"F8","shape":[2],"data_offsets":[0,8]}',
      "unknown dtype 'F8'" },
    { "no shape", tensors '{"dtype":"F32","data_offsets":[0,8]}', "has no shape" },
    { "a negative size", tensors '{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}',
      "no whole number" },
    { "half a size", tensors '{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}',
      "no whole number" },
    { "a size of 1e300", tensors '{"dtype":"F32","shape":[1e300],"data_offsets":[0,8]}',
      "no whole number" },
    { "a product of 2^100", tensors('{"dtype":"F32","shape":[1125899906842624,1125899906842624],'
      .. '"data_offsets":[0,8]}'), "beyond any memory" },
    { "seven dimensions", tensors '{"dtype":"F32","shape":[1,1,1,1,1,1,2],"data_offsets":[0,8]}',
      "more than 6" },
    { "no offsets", tensors '{"dtype":"F32","shape":[2]}', "data_offsets" },
    { "one offset", tensors '{"dtype":"F32","shape":[2],"data_offsets":[8]}', "data_offsets" },
    { "a text for an offset", tensors '{"dtype":"F32","shape":[2],"data_offsets":["0",8]}',
      "data_offsets" },
    { "an end before its begin", tensors '{"dtype":"F32","shape":[2],"data_offsets":[8,0]}',
      "has -8 bytes" },
    { "another size than its shape", tensors '{"dtype":"F32","shape":[3],"data_offsets":[0,8]}',
      "has 8 bytes of data, its shape wants 12" },
    { "data beyond the file", tensors '{"dtype":"F32","shape":[4],"data_offsets":[0,16]}',
      "promises 16 bytes of data, the file holds 8" },
    { "data that nobody claims", tensors '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}',
      "promises 4 bytes of data, the file holds 8" },
    { "a gap at the beginning", tensors '{"dtype":"F32","shape":[1],"data_offsets":[4,8]}',
      "begins at byte 4 instead of 0" },
    { "an overlap", bytes.safetensors('{"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},'
      .. '"b":{"dtype":"U8","shape":[6],"data_offsets":[2,8]}}', big),
      "begins at byte 2 instead of 6" },
    { "a name twice", bytes.safetensors('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},'
      .. '"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}', big), "'a' twice" },
    { "a key twice in an entry",
      tensors '{"dtype":"U8","dtype":"F32","shape":[2],"data_offsets":[0,8]}',
      "'dtype' twice" },
    { "metadata that is no text", bytes.safetensors('{"__metadata__":{"hyades":5}}', ""),
      "'hyades'" },
    { "metadata that is no object", bytes.safetensors('{"__metadata__":[]}', ""), "no object" },
  },
  image = {
    { "an empty file", "", "is no PNG, JPEG, PGM or PPM" },
    { "a GIF", "GIF89a" .. big, "is no PNG, JPEG, PGM or PPM" },
    { "a PNG that ends at once", "\x89PNG\r\n\x1A\n", "damaged PNG header" },
    { "a PNG of 2^31 pixels",
      "\x89PNG\r\n\x1A\n\0\0\0\rIHDR\x7F\xFF\xFF\xFF\0\0\0\1\8\2\0\0\0\0\0\0\0",
      "damaged PNG header, or sides beyond" },
    { "a small PNG that promises much",
      "\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\x3F\0\0\0\x3F\0\8\2\0\0\0\0\0\0\0",
      "promises 16128×16128 pixels" },
    { "a JPEG that ends at once", "\xFF\xD8\xFF", "damaged JPEG" },
    { "a JPEG whose Huffman table has too many codes",
      "\xFF\xD8\xFF\xC4\0\x13\0" .. string.rep("\xFF", 16) .. big, "damaged JPEG data" },
    { "a JPEG that ends within such a table",
      "\xFF\xD8\xFF\xC4\0\x14\x10" .. string.rep("\xFF", 5), "damaged JPEG data" },
    { "a JPEG whose Huffman table is full",
      "\xFF\xD8\xFF\xC4\1\x13\0" .. string.rep("\x10", 16) .. string.rep(big, 32),
      "damaged JPEG data" },
    { "a JPEG of noise", "\xFF\xD8\xFF\xE0" .. string.rep("\x17\x42", 300), "damaged JPEG" },
    { "a PPM without sizes", "P6\n", "damaged PNM header" },
    { "a PPM of no width", "P6 0 5 255\n", "damaged PNM header" },
    { "a PPM of negative height", "P6 5 -5 255\n", "damaged PNM header" },
    { "a huge PPM", "P6 99999999999999999999 1 255\n", "damaged PNM header, or sides beyond" },
    { "16-bit samples", "P5 1 1 65535\n\0\0", "1 to 255 are read" },
    { "too few samples", "P6 2 2 255\nabc", "holds 3 bytes of samples, its PNM header wants 12" },
    { "samples to come", "P5 1 1 255\nabc", "holds 3 bytes of samples" },
    { "samples beyond the limit", "P5 1 1 100\n\xFF", "sample 1 is missing or beyond 100" },
    { "a word for a sample", "P2 2 1 255 1 x  ", "sample 2 is missing" },
  },
}

for reader, list in pairs(cases) do
  describe("data." .. reader .. " refuses", function()
    local folder
    setup(function() folder = S.folder() end)
    teardown(function() S.remove(folder) end)
    for _, case in ipairs(list) do
      local what, content, sentence = table.unpack(case)
      it(what, function()
        local path = folder .. "/odd.file"
        S.write(path, content)
        local _, before = hy.memory()
        local ok, message = pcall(data[reader], path)
        local _, after = hy.memory()
        assert.is_false(ok)
        assert.is_truthy(message:find(path, 1, true), message)
        assert.is_truthy(message:find(sentence, 1, true), message)
        assert.is_true(after - before < 1 << 24)
      end)
    end
  end)
end

describe("every reader", function()
  local folder
  local readers = { "idx", "npy", "csv", "safetensors", "image" }
  setup(function() folder = S.folder() end)
  teardown(function() S.remove(folder) end)

  local function refuses(path, sentence)
    for _, reader in ipairs(readers) do
      local ok, message = pcall(data[reader], path)
      assert.is_false(ok)
      assert.is_truthy(message:find(path, 1, true), message)
      assert.is_truthy(message:find(sentence, 1, true), message)
    end
  end

  it("says that a file is not there", function()
    refuses(folder .. "/absent", "No such file")
  end)

  it("says that a folder is no file", function()
    refuses(folder, "is no regular file")
  end)

  it("does not wait for a pipe", function()
    assert.equal(0, (S.shell("mkfifo " .. S.quote(folder .. "/pipe"))))
    refuses(folder .. "/pipe", "is no regular file")
  end)

  it("says that the path is no path", function()
    for _, reader in ipairs(readers) do
      assert.raises(function() data[reader](nil) end, "(path): expected string, got nothing")
      assert.raises(function() data[reader]("a\0b") end, "zero byte")
      assert.raises(function() data[reader](hy.zeros(1)) end, "got tensor")
    end
  end)

  it("keeps its head when any byte of a good file changes", function()
    local good = {
      idx = idx(8, { 2, 3 }, "\1\2\3\4\5\6"),
      npy = npy(head("<f4", "2, 1"), pack("<f", 1, 2)),
      csv = "a,b\n1,2\n3,4.5\n",
      safetensors = tensors '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}',
      image = "P6 2 1 255\n\1\2\3\4\5\6",
    }
    for reader, content in pairs(good) do
      local path = folder .. "/" .. reader
      for at = 1, #content do
        for _, byte in ipairs{ "\0", "\xFF", "9", "-", string.char(content:byte(at) ~ 1) } do
          S.write(path, content:sub(1, at - 1) .. byte .. content:sub(at + 1))
          local ok, message = pcall(data[reader], path)
          assert.is_true(ok or message:find(path, 1, true) ~= nil, message)
        end
        S.write(path, content:sub(1, at - 1))
        local ok, message = pcall(data[reader], path)
        assert.is_true(ok or message:find(path, 1, true) ~= nil, message)
      end
    end
  end)
end)

describe("gzip files", function()
  local folder, path
  setup(function() folder = S.folder() end)
  teardown(function() S.remove(folder) end)

  local function packed(content)
    path = folder .. "/t"
    S.write(path, content)
    S.shell("gzip -nf " .. S.quote(path))
    path = path .. ".gz"
    return S.read(path)
  end

  local function refuses(reader, sentence)
    local ok, message = pcall(data[reader], path)
    assert.is_false(ok)
    assert.is_truthy(message:find(path, 1, true) and message:find(sentence, 1, true), message)
  end

  it("that are cut off are refused", function()
    local content = packed(idx(8, { 1000 }, string.rep("abcdefghij", 100)))
    S.write(path, content:sub(1, #content - 12))
    refuses("idx", "gzip data")
    S.write(path, content:sub(1, #content - 6))
    refuses("idx", "gzip data")
  end)

  it("with a changed byte are refused", function()
    local content = packed(idx(8, { 1000 }, string.rep("abcdefghij", 100)))
    S.write(path, content:sub(1, -8) .. "\1" .. content:sub(-6))
    refuses("idx", "holds damaged gzip data")
  end)

  it("that go on are refused", function()
    packed(idx(8, { 3 }, "abcd"))
    refuses("idx", "goes on after")
  end)

  it("whose header promises more than they can hold are refused at once", function()
    packed(idx(8, { 2 ^ 31 // 1 | 0 }, "abcd"))
    refuses("idx", "promises 2147483648 bytes of data, more than")
    packed(npy(head("<f8", "1000000, 1000000"), "abcd"))
    refuses("npy", "promises 8000000000000 bytes of data, more than")
  end)

  it("of text that unpack without end are refused", function()
    packed(string.rep("1,", 4 << 20))
    refuses("csv", "unpacks to more than 256 times its size")
  end)
end)
