--- Clustering and decomposition: `cluster.KMeans{ k = 3 }:fit(x).labels`.

return require("hyades.lazy").folder("hyades.cluster", {
  "KMeans", "PCA", "GMM", "Agglomerative", "Spectral",
  "XMeans", "GMeans", "PGMeans", "GapStatistic", "SpecialK",
  "SubKmeans", "NrKmeans", "AutoNR", "NrDipMeans", "Orth1", "Orth2",
  "FOSSCLU", "FastICA", "FourC", "KMedians", "KMedoids", "LDAKmeans", "MiniBatchKMeans", "ORCLUS",
  "Whitening",
  "DipExt", "DipInit", "DipMeans", "DipNSub", "ProjectedDipMeans", "SkinnyDip", "TailoredDip",
  "UniDip",
  "dip", "dip_pvalue", "hungarian", "knn", "mst",
})
