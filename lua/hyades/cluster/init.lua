--- Clustering and decomposition: `cluster.KMeans{ k = 3 }:fit(x).labels`.

return require("hyades.lazy").folder("hyades.cluster", { "FOSSCLU", "FastICA", "FourC", "KMeans",
  "KMedians", "KMedoids", "LDAKmeans", "MiniBatchKMeans", "ORCLUS", "PCA", "Whitening", "dip",
  "dip_pvalue", "hungarian" })
