--- Tensors from files and into files. Every error names the file; a file that is written appears
-- complete or not at all.

local core = require "hyades.core"
local check = require "hyades.check"

local files = {}

--- Read NumPy's .npy (versions 1–3, any byte order, C or Fortran order; gzip too).
-- path: string · options: dtype="index" for positions and labels counted from 1
-- mmap=false: true makes the file itself the memory of the tensor, read as it is used and never
-- copied, for arrays larger than memory (f32, f64 and u8 in C order; the tensor is read-only, and
-- the file must keep its size as long as it lives: where it is cut off, the program dies)
-- → tensor; f4 and f2 as f32, f8 as f64, b1 and u1 as u8, other integers as f64
function files.npy(path, options)
  options = check.options("data.npy", options, { dtype = check.optional, mmap = false })
  if options.dtype ~= nil and options.dtype ~= "index" then
    error(("data.npy: dtype can only be \"index\", got %s; use :to(dtype) afterwards")
      :format(check.describe(options.dtype)), 2)
  end
  if not options.mmap then return core.read_npy(path, options.dtype == "index") end
  if options.dtype then
    error("data.npy: a mapped file has the dtype that it has; leave dtype out", 2)
  end
  return core.map_npy(path)
end

--- Read NumPy's .npz, as np.savez and np.savez_compressed write it.
-- path: string
-- → table name → tensor, with the dtypes of data.npy
function files.npz(path)
  return core.read_npz(path)
end

--- Read a table of numbers from text. Leading lines without numbers, blank lines and lines that
-- begin with # are skipped; fields may be quoted; gzip too.
-- path: string · options: delimiter (default: guessed among ; tab , and blanks), dtype="f32"
-- labels: a column of classes (words or numbers): "last", its name in the header, or its position,
--   negative from the end; optional
-- missing="error": what to do about empty fields, ?, NA, N/A and null; "nan" puts NaN (the label
--   −1), "drop" leaves the row out, and rows with NaN too
-- → tensor rows×columns; with labels also y (index, classes in the order of their names) and the
-- list of names
function files.csv(path, options)
  options = check.options("data.csv", options, { delimiter = check.optional, dtype = "f32",
    labels = check.optional, missing = "error" })
  local labels, missing = options.labels, options.missing
  if labels == "last" then labels = -1 end
  if labels ~= nil and type(labels) ~= "string" and math.type(labels) ~= "integer" or labels == 0 then
    error(("data.csv: labels must be \"last\", the name of a column or its position, got %s")
      :format(check.describe(labels)), 2)
  elseif missing ~= "error" and missing ~= "nan" and missing ~= "drop" then
    error(("data.csv: missing must be \"error\", \"nan\" or \"drop\", got %s")
      :format(check.describe(missing)), 2)
  end
  return core.read_table(path, options.delimiter, options.dtype, missing, labels)
end

--- Read an IDX file, the format of MNIST (gzip too).
-- path: string
-- → tensor; bytes as u8, floats as f32, doubles and other integers as f64
function files.idx(path)
  return core.read_idx(path)
end

--- Read a picture: PNG, JPEG (from sources that you trust), PGM or PPM.
-- path: string
-- → u8 tensor h×w×c; c is 1 gray, 3 color or 4 color with alpha
function files.image(path)
  return core.read_image(path)
end

--- Read the tensors of a safetensors file.
-- path: string
-- → table name → tensor
function files.safetensors(path)
  return (core.read_safetensors(path))
end

--- Write a tensor as .npy, which NumPy reads; index counts from 1 there too.
-- path: string · x: tensor
function files.save_npy(path, x)
  core.write_npy(path, x)
end

--- Write tensors as .npz, which NumPy reads; index counts from 1 there too. The same tensors give
-- the same file.
-- path: string · arrays: table name → tensor
function files.save_npz(path, arrays)
  core.write_npz(path, arrays)
end

--- Write a tensor as text, one row a line, with the fewest digits that read back the same.
-- path: string · x: tensor with at most 2 dimensions; a vector becomes a column
-- options: delimiter=","
function files.save_csv(path, x, options)
  options = check.options("data.save_csv", options, { delimiter = "," })
  core.write_csv(path, x, options.delimiter)
end

return files
