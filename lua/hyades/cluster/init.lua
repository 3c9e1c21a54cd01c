--- Clustering and decomposition: `cluster.KMeans{ k = 3 }:fit(x).labels`.

return require("hyades.lazy").folder("hyades.cluster", { "KMeans", "PCA", "dip", "dip_pvalue",
  "hungarian",
  "GMM", "XMeans", "GMeans", "PGMeans", "GapStatistic", "SpecialK" })
