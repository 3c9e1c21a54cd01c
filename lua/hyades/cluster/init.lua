--- Clustering and decomposition: `cluster.KMeans{ k = 3 }:fit(x).labels`.

return require("hyades.lazy").folder("hyades.cluster", { "NrKmeans", "SubKmeans", "AutoNR", "NrDipMeans", "Orth1",
  "Orth2", "KMeans", "PCA", "dip", "dip_pvalue",
  "hungarian" })
