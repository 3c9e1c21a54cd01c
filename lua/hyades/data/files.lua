--- Tensors from files and into files. Every error names the file; a file that is written appears
-- complete or not at all.

local core = require "hyades.core"
local check = require "hyades.check"

local files = {}

--- Read NumPy's .npy (versions 1–3, any byte order, C or Fortran order; gzip too).
-- path: string · options: dtype="index" for positions and labels counted from 1
-- → tensor; f4 and f2 as f32, f8 as f64, b1 and u1 as u8, other integers as f64
function files.npy(path, options)
  options = check.options("data.npy", options, { dtype = check.optional })
  if options.dtype ~= nil and options.dtype ~= "index" then
    error(("data.npy: dtype can only be \"index\", got %s; use :to(dtype) afterwards")
      :format(check.describe(options.dtype)), 2)
  end
  return core.read_npy(path, options.dtype == "index")
end

--- Read a table of numbers from text. Leading lines without numbers, blank lines and lines that
-- begin with # are skipped; fields may be quoted; gzip too.
-- path: string · options: delimiter (default: guessed among ; tab , and blanks), dtype="f32"
-- → tensor rows×columns
function files.csv(path, options)
  options = check.options("data.csv", options, { delimiter = check.optional, dtype = "f32" })
  return core.read_csv(path, options.delimiter, options.dtype)
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

--- Write a tensor as text, one row a line, with the fewest digits that read back the same.
-- path: string · x: tensor with at most 2 dimensions; a vector becomes a column
-- options: delimiter=","
function files.save_csv(path, x, options)
  options = check.options("data.save_csv", options, { delimiter = "," })
  core.write_csv(path, x, options.delimiter)
end

return files
