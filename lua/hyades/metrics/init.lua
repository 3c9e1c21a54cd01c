--- Validation measures: `metrics.nmi(data.y, km.labels)`. Truth comes first.

return require("hyades.lazy").folder("hyades.metrics", { "acc", "agreement", "ami", "anmi", "ari",
  "average_vi", "calinski_harabasz", "classification", "completeness", "confusion", "correct_k",
  "cvnn", "davies_bouldin", "dcsi", "dendrogram_purity", "disco", "dom", "fnmi", "fowlkes_mallows",
  "homogeneity", "leaf_purity", "mdl", "multi_confusion", "nmi", "pair_counting", "purity", "silhouette",
  "v_measure", "vi", "view_similarity" })
