/* The families of ops; each array ends with a row without a name. */
#ifndef HY_OPS_H
#define HY_OPS_H

#include "../device/kernels.h"

extern const hy_op hy_ops_elementwise[]; /* elementwise.c: rows of elementwise.def, where */
extern const hy_op hy_ops_create[];      /* create.c: zeros ones full eye arange linspace */
extern const hy_op hy_ops_shape[];       /* shape.c: views, cat, stack, casts */
extern const hy_op hy_ops_reduce[];      /* reduce.c: sum mean var std min max norm cumsum … */
extern const hy_op hy_ops_softmax[];     /* softmax.c: softmax log_softmax logsumexp */
extern const hy_op hy_ops_matrix[];      /* matrix.c: matmul */
extern const hy_op hy_ops_distance[];    /* distance.c: sqdist student_t student_kl */
extern const hy_op hy_ops_index[];       /* index.c: index gather nonzero unique bincount */
extern const hy_op hy_ops_sort[];        /* sort.c: sort topk */
extern const hy_op hy_ops_random[];      /* random.c: rand randn gumbel randperm */
extern const hy_op hy_ops_network[];     /* network.c: dropout batch_norm layer_norm */
extern const hy_op hy_ops_linear[];      /* linear.c */
extern const hy_op hy_ops_entropy[];     /* entropy.c: cross_entropy soft_cross_entropy */
extern const hy_op hy_ops_error[];       /* error.c: mean_square_error */
extern const hy_op hy_ops_similarity[];  /* similarity.c: normalize cosine_matrix */
extern const hy_op hy_ops_spectral_norm[]; /* spectral_norm.c */
extern const hy_op hy_ops_color[];       /* color.c: adjust_color */
extern const hy_op hy_ops_picture[];     /* picture.c: resize crop_resize equalize */
extern const hy_op hy_ops_optim[];       /* optim.c: adam_step sgd_step rmsprop_step */
extern const hy_op hy_ops_linalg[];      /* linalg/linalg.c */
extern const hy_op hy_ops_kmeans[];      /* cluster/kmeans.c */
extern const hy_op hy_ops_means[];       /* cluster/means.c: cluster_means nearest_means … */
extern const hy_op hy_ops_partition[];   /* cluster/partition.c: contingency, hungarian … */
extern const hy_op hy_ops_dip[];         /* cluster/dip.c */
extern const hy_op hy_ops_scatter[];     /* cluster/scatter.c: covariances */
extern const hy_op hy_ops_medians[];     /* cluster/medians.c */
extern const hy_op hy_ops_medoids[];     /* cluster/medoids.c */
extern const hy_op hy_ops_oriented[];    /* cluster/oriented.c */
extern const hy_op hy_ops_neighborhoods[]; /* cluster/neighborhoods.c */
extern const hy_op hy_ops_givens[];      /* cluster/givens.c */
extern const hy_op hy_ops_neighbors[];   /* cluster/knn.c: knn label_distances */
extern const hy_op hy_ops_tree[];        /* cluster/mst.c: mst single_linkage tree_distances */
extern const hy_op hy_ops_linkage[];     /* cluster/linkage.c */
extern const hy_op hy_ops_gibbs[];       /* cluster/gibbs.c */
extern const hy_op hy_ops_affinity[];    /* cluster/affinity.c */
extern const hy_op hy_ops_gmm[];         /* cluster/gmm.c: the steps of EM */

/* Errors that every numeric op gives in the same words. */
hy_status hy_need_real(hy_ctx *cx, const hy_tensor *x);                       /* f32 or f64 */
hy_status hy_need_same_dtype(hy_ctx *cx, const hy_tensor *x, const hy_tensor *y);
/* outer × r × inner around axis (axis −1: everything is r) */
void hy_split_axis(const hy_tensor *x, int64_t axis, int64_t *outer, int64_t *r, int64_t *inner);

/* Small steps that many ops share (parts.c). What they give belongs to the call. */
hy_status hy_temp_number(hy_ctx *cx, hy_call *c, hy_dtype dtype, double value,
                         hy_tensor **out); /* 0-dim */
hy_status hy_temp_zeros(hy_ctx *cx, hy_call *c, const hy_tensor *like, hy_tensor **out);
hy_status hy_temp_to(hy_ctx *cx, hy_call *c, hy_tensor *x, hy_dtype dtype, hy_tensor **out);
hy_status hy_temp_reshape(hy_ctx *cx, hy_call *c, hy_tensor *x, int ndim, const int64_t *shape,
                          hy_tensor **out);
/* Axes a and b swapped, a view. */
hy_status hy_temp_swap(hy_ctx *cx, hy_call *c, hy_tensor *x, int a, int b, hy_tensor **out);
/* Axis a of x becomes the last one, contiguous. */
hy_status hy_temp_last(hy_ctx *cx, hy_call *c, hy_tensor *x, int a, hy_tensor **out);
/* sum, mean… of x along one axis, which stays with size 1. */
hy_status hy_temp_fold(hy_ctx *cx, hy_call *c, const char *op, hy_tensor *x, int axis,
                       hy_tensor **out);
hy_status hy_temp_scale(hy_ctx *cx, hy_call *c, hy_tensor *x, double factor, hy_tensor **out);
/* Gumbel noise from the generator's next draws; it does not move on. */
hy_status hy_temp_gumbel(hy_ctx *cx, hy_call *c, hy_dtype dtype, int ndim, const int64_t *shape,
                         const hy_rng *rng, hy_tensor **out);
/* Output i is t: same storage. */
hy_status hy_out_tensor(hy_ctx *cx, hy_call *c, int i, hy_tensor *t);

#endif
