--- Files byte by byte, for the specs of readers: each function returns the content as a string.

local bytes = {}

--- An IDX file. type: integer · sizes: list · body: string
function bytes.idx(kind, sizes, body)
  local parts = { ("\0\0%c%c"):format(kind, #sizes) }
  for _, n in ipairs(sizes) do parts[#parts + 1] = (">I4"):pack(n) end
  return table.concat(parts) .. body
end

--- An .npy file. header: Python dictionary · body: string · version: 1, 2 or 3
function bytes.npy(header, body, version)
  version = version or 1
  local length = version == 1 and ("<I2"):pack(#header + 1) or ("<I4"):pack(#header + 1)
  return "\x93NUMPY" .. string.char(version, 0) .. length .. header .. "\n" .. body
end

--- The header of an .npy file.
function bytes.npy_header(descr, shape, fortran)
  return ("{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }")
    :format(descr, fortran and "True" or "False", shape)
end

--- A safetensors file.
function bytes.safetensors(header, body)
  return ("<I8"):pack(#header) .. header .. body
end

--- CRC-32 of a string.
function bytes.crc(text)
  local crc = 0xFFFFFFFF
  for i = 1, #text do
    crc = crc ~ text:byte(i)
    for _ = 1, 8 do crc = crc >> 1 ~ (crc & 1) * 0xEDB88320 end
  end
  return crc ~ 0xFFFFFFFF
end

--- A deflate stream of one block that is not compressed (at most 65,535 bytes).
function bytes.deflate(text)
  return ("\1" .. ("<I2I2"):pack(#text, ~#text & 0xFFFF)) .. text
end

--- A zip archive. members: list of { name, content, packed= (deflated: the stream), and what a
-- damaged archive tells instead of the truth: crc=, size=, bytes= (packed), method=, flags=, at= }
function bytes.zip(members, comment)
  local parts, directory, at = {}, {}, 0
  for i, m in ipairs(members) do
    local name, content = m[1], m[2]
    local body = m.packed or content
    local middle = ("<I2I2I2I4I4I4I4I2I2"):pack(20, m.flags or 0, m.method or m.packed and 8 or 0, 0,
      m.crc or bytes.crc(content), m.bytes or #body, m.size or #content, #name, 0)
    directory[i] = "PK\1\2\20\0" .. middle .. ("<I2I2I2I4I4"):pack(0, 0, 0, 0, m.at or at) .. name
    parts[i] = "PK\3\4" .. (m.middle or middle) .. name .. body
    at = at + #parts[i]
  end
  local listing = table.concat(directory)
  comment = comment or ""
  return table.concat(parts) .. listing .. "PK\5\6" .. ("<I2I2I2I2I4I4I2"):pack(0, 0, #members,
    #members, #listing, at, #comment) .. comment
end

--- A gray JPEG of 8×8 pixels.
function bytes.jpeg()
  return "\xFF\xD8\xFF\xDB\0\x43\0" .. string.rep("\1", 64)
    .. "\xFF\xC0\0\x0B\8\0\8\0\8\1\1\x11\0"
    .. "\xFF\xC4\0\x14\0\1" .. string.rep("\0", 15) .. "\0"
    .. "\xFF\xC4\0\x14\x10\1" .. string.rep("\0", 15) .. "\0"
    .. "\xFF\xDA\0\8\1\1\0\0\x3F\0\x3F\xFF\xD9"
end

--- Values packed one after the other. format: of string.pack, for one
function bytes.pack(format, ...)
  local parts = {}
  for i, value in ipairs{ ... } do parts[i] = format:pack(value) end
  return table.concat(parts)
end

return bytes
