--- Data sets, generators, batches, and files in and out.

local lazy = require "hyades.lazy"

return lazy.extend({}, "data", {
  functions = {
    digits = "hyades.data.digits", mnist = "hyades.data.mnist", usps = "hyades.data.usps",
    optdigits = "hyades.data.optdigits", blobs = "hyades.data.blobs",
    Dataset = "hyades.data.Dataset", Batches = "hyades.data.Batches",
    standardize = "hyades.data.scale", minmax = "hyades.data.scale",
    npy = "hyades.data.files", csv = "hyades.data.files", idx = "hyades.data.files",
    image = "hyades.data.files", safetensors = "hyades.data.files",
    save_npy = "hyades.data.files", save_csv = "hyades.data.files",
  },
})
