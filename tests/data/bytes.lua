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

--- Values packed one after the other. format: of string.pack, for one
function bytes.pack(format, ...)
  local parts = {}
  for i, value in ipairs{ ... } do parts[i] = format:pack(value) end
  return table.concat(parts)
end

return bytes
