--- Losses: tensors in, a 0-dim tensor out, per sample unless they say otherwise.
-- Arguments called `logits` come before the softmax, those called `p` or `q` hold distributions.
-- A term 0 · log 0 counts as 0, and no loss takes the logarithm of 0 but loss.cross_entropy, where a
-- label cannot be.

return require("hyades.lazy").folder("hyades.loss", { "agglomerative", "balance", "bce",
  "cluster_classification", "cluster_contrastive", "cross_entropy", "dip", "gan", "gaussian_kl",
  "gaussian_nll", "gmm_elbo", "group_sparsity", "hardening", "heat", "hsic", "info_nce", "kl", "kmeans",
  "locality", "mse", "mutual_information", "nce", "neighbor_consistency", "orthogonality", "pairwise",
  "reconstruction", "self_augmentation", "self_label", "sinkhorn", "student_t", "swapped_prediction",
  "target", "vat", "vat_radius" })
