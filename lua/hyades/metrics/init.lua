--- Validation measures: `metrics.nmi(data.y, km.labels)`. Truth comes first.

return require("hyades.lazy").folder("hyades.metrics", { "acc", "ami", "ari", "completeness",
  "confusion", "dom", "fnmi", "fowlkes_mallows", "homogeneity", "nmi", "pair_counting", "purity",
  "v_measure", "vi" })
