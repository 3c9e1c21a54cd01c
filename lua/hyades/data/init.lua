--- Data sets, generators, batches, and files in and out.

local lazy = require "hyades.lazy"

return lazy.extend({}, "data", {
  functions = {
    digits = "hyades.data.digits", mnist = "hyades.data.mnist", usps = "hyades.data.usps",
    optdigits = "hyades.data.optdigits", stickfigures = "hyades.data.stickfigures",
    blobs = "hyades.data.blobs", moons = "hyades.data.toy", circles = "hyades.data.toy",
    nonredundant = "hyades.data.nonredundant", subspace = "hyades.data.nonredundant",
    spirals = "hyades.data.toy", synth25 = "hyades.data.synth25",
    gtsrb = "hyades.data.gtsrb", image_folder = "hyades.data.image_folder",
    Dataset = "hyades.data.Dataset", Batches = "hyades.data.Batches",
    augment = "hyades.data.augment", Augmentation = "hyades.data.Augmentation",
    standardize = "hyades.data.scale", minmax = "hyades.data.scale",
    inverse_frequency = "hyades.data.inverse_frequency",
    npz = "hyades.data.files", save_npz = "hyades.data.files",
    npy = "hyades.data.files", csv = "hyades.data.files", idx = "hyades.data.files",
    image = "hyades.data.files", safetensors = "hyades.data.files",
    save_npy = "hyades.data.files", save_csv = "hyades.data.files",
  },
})
