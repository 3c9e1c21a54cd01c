--- Clustering and decomposition: `cluster.KMeans{ k = 3 }:fit(x).labels`.

return require("hyades.lazy").folder("hyades.cluster", { "KMeans", "PCA", "dip", "dip_pvalue",
  "hungarian",
  "DipMeans", "ProjectedDipMeans", "UniDip", "SkinnyDip", "TailoredDip", "DipExt", "DipInit",
  "DipNSub" })
