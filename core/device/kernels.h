/*
 * The kernels of a device, one table per dtype, grouped by the file that fills them.
 *
 * A kernel sees plain pointers and sizes, never a tensor, and works on the whole problem; the CPU
 * splits it with hy_parallel_for, a GPU launches it. A NULL group means: not for this dtype.
 * `real` below is the table's own type; pointers are void so that one struct serves all dtypes.
 */
#ifndef HY_KERNELS_H
#define HY_KERNELS_H

#include "../hyades.h"

/* Elements of up to four operands of one broadcast shape; dimensions collapsed, last stride 0 or 1
 * (copy: any). Strides are in elements. Operand order: as in the kernel's parameters. */
typedef struct hy_grid {
    int ndim;
    int64_t n[HY_MAX_DIM];
    int64_t stride[4][HY_MAX_DIM];
} hy_grid;

/* Collapse dimensions of `n` operands broadcast to shape; an operand that is NULL is skipped. */
void hy_grid_make(hy_grid *grid, int ndim, const int64_t *shape, int n, hy_tensor *const *operand);

/* Rows of elementwise.def. */
typedef enum hy_unary_row {
#define UNARY(name, ...) HY_UNARY_##name,
#define UNARY1(name, ...) HY_UNARY_##name,
#define UNARY2(name, ...) HY_UNARY_##name,
#define BINARY(name, ...)
#define COMPARE(name, ...)
#include "../ops/elementwise.def"
    HY_UNARY_COUNT
} hy_unary_row;

typedef enum hy_binary_row {
#define UNARY(name, ...)
#define UNARY1(name, ...)
#define UNARY2(name, ...)
#define BINARY(name, ...) HY_BINARY_##name,
#define COMPARE(name, ...)
#include "../ops/elementwise.def"
    HY_BINARY_COUNT
} hy_binary_row;

typedef enum hy_compare_row {
#define UNARY(name, ...)
#define UNARY1(name, ...)
#define UNARY2(name, ...)
#define BINARY(name, ...)
#define COMPARE(name, ...) HY_COMPARE_##name,
#include "../ops/elementwise.def"
    HY_COMPARE_COUNT
} hy_compare_row;

/* cpu/elementwise.c: f32, f64 */
typedef struct hy_elementwise_kernels {
    /* y = f(x; p, q); n contiguous elements */
    void (*unary)(int row, int64_t n, const void *x, void *y, double p, double q);
    /* gx = g · f'(x, y; p, q) */
    void (*unary_bwd)(int row, int64_t n, const void *x, const void *y, const void *g, void *gx, double p,
                      double q);
    void (*binary)(int row, const hy_grid *grid, const void *x, const void *y, void *z);
    /* out = g · ∂f/∂x (side 0) or g · ∂f/∂y (side 1); grid operands x, y, g, out */
    void (*binary_bwd)(int row, int side, const hy_grid *grid, const void *x, const void *y,
                       const void *g, void *out);
} hy_elementwise_kernels;

/* cpu/move.c: all four dtypes */
typedef struct hy_move_kernels {
    /* y = x converted to dtype `to`; grid operands x, y with any strides. index ↔ number shifts by
     * one (−1 stays −1). Returns false when a number is no valid position for `index` or is outside
     * 0..255 for u8; u8 and index truncate nothing silently. */
    bool (*copy)(const hy_grid *grid, const void *x, hy_dtype to, void *y);
    void (*compare)(int row, const hy_grid *grid, const void *x, const void *y, uint8_t *z);
    void (*where)(const hy_grid *grid, const uint8_t *condition, const void *x, const void *y, void *z);
    /* out[o, j, :] = x[o, index[j], :] for x outer × n × inner; positions are valid and 0-based */
    void (*take)(int64_t outer, int64_t n, int64_t inner, int64_t m, const void *x,
                 const int32_t *index, void *out);
    /* out[o, j, i] = x[o, index[o, j, i], i] */
    void (*gather)(int64_t outer, int64_t n, int64_t inner, int64_t m, const void *x,
                   const int32_t *index, void *out);
    /* each of `rows` rows of length r sorted (stable; NaN last), with the positions they had; y must
     * not be x */
    hy_status (*sort)(hy_ctx *cx, int64_t rows, int64_t r, bool descending, const void *x, void *y,
                      int32_t *position);
} hy_move_kernels;

typedef enum hy_reduction {
    HY_REDUCE_SUM,
    HY_REDUCE_LOGSUMEXP,
    HY_REDUCE_SUMSQ,
    HY_REDUCE_SUMABS
} hy_reduction;

/* cpu/reduce.c: f32, f64. x is outer × r × inner, contiguous; results outer × inner.
 * Sums: 16 lanes inside blocks of 4,096, the blocks joined in f64 in a fixed order. */
typedef struct hy_reduce_kernels {
    void (*reduce)(hy_reduction kind, int64_t outer, int64_t r, int64_t inner, const void *x, void *y);
    /* smallest (sign −1) or largest (sign +1) with its first position; NaN wins; r ≥ 1; position
     * may be NULL */
    void (*extreme)(int sign, int64_t outer, int64_t r, int64_t inner, const void *x, void *y,
                    int32_t *position);
    /* mean and sum of squared deviations over r (two passes) */
    void (*moments)(int64_t outer, int64_t r, int64_t inner, const void *x, void *mean, void *sumsq);
    void (*cumsum)(bool reverse, int64_t outer, int64_t r, int64_t inner, const void *x, void *y);
    /* rows of length r, contiguous; a row of −inf gives zeros (log: −inf), not NaN */
    void (*softmax)(bool log, int64_t rows, int64_t r, const void *x, void *y);
    void (*softmax_bwd)(bool log, int64_t rows, int64_t r, const void *y, const void *g, void *gx);
} hy_reduce_kernels;

/* cpu/matrix.c: f32, f64 */
typedef struct hy_matrix_kernels {
    /* c (m×n, ldc) = a·b + beta·c; a is m×k (or k×m when ta), b is k×n (or n×k when tb) */
    void (*gemm)(hy_ctx *cx, bool ta, bool tb, int64_t m, int64_t n, int64_t k, const void *a,
                 int64_t lda, const void *b, int64_t ldb, double beta, void *c, int64_t ldc);
} hy_matrix_kernels;

/* cpu/distance.c: f32, f64. x n×d, y k×d, contiguous. Centered on the mean of y, clamped at 0. */
typedef struct hy_distance_kernels {
    hy_status (*sqdist)(hy_ctx *cx, int64_t n, int64_t k, int64_t d, const void *x, const void *y, void *out);
    /* sums[k×d] and counts[k] of the rows of x by label (−1 is skipped), in f64, order fixed by n;
     * weight may be NULL */
    hy_status (*label_sums)(hy_ctx *cx, int64_t n, int64_t k, int64_t d, const void *x, const void *weight,
                            const int32_t *label, double *sums, double *counts);
    /* out[i] = |x_i − y_label(i)|² by direct differences, in f64; 0 where the label is −1 */
    void (*to_center)(int64_t n, int64_t d, const void *x, const void *y, const int32_t *label, double *out);
} hy_distance_kernels;

/* cpu/manhattan.c: f32, f64 */
typedef struct hy_manhattan_kernels {
    /* out (n×k) = Σ |x − y| between the rows of x n×d and y k×d, contiguous */
    void (*manhattan)(int64_t n, int64_t k, int64_t d, const void *x, const void *y, void *out);
} hy_manhattan_kernels;

/* A pass over n rows of x in search of the nearest row of y. What every row gets is defined by f64
 * distances (direct differences; ties to the lowest label), so it is the same for all tables, any
 * number of threads, with bounds and without. */
typedef struct hy_search {
    int64_t n, k, d;
    const void *x;  /* n×d, real or bytes */
    bool bytes;
    const void *y;  /* k×d */
    int32_t *label; /* before: what it was, −1 for none; after: the nearest row of y */
    void *distance; /* n: to it, squared; may be NULL */
    /* Bounds; may be NULL: by how much every other row of y is farther, at least. A row whose gap,
     * less drop[label], stays above 0 keeps its label unseen. */
    void *gap;         /* n */
    const void *drop;  /* k; NULL: look at every row */
    /* Sums by label, kept up to date; may be NULL. They are whole numbers of steps, and therefore the
     * same in any order: column l counts steps of anchor[l] / (1.5 · 2^52), a power of two. */
    const void *weight;   /* n; NULL: 1 */
    const double *anchor; /* d, and one more for the weights */
    int64_t *sums;        /* k × (d + 2): x, the weights, the rows with a weight */
    int64_t changed;      /* after: how many labels */
} hy_search;

/* One candidate of k-means++ per row of y: what the squared distances of the rows of x to the
 * nearest center so far would become. */
typedef struct hy_candidates {
    int64_t n, m, d;
    const void *x, *y; /* n×d, m×d */
    void *near;        /* n×m: in column `last` what they are, or nothing yet (−1) → with each row */
    int64_t last;
    double *total;     /* parts × m: sums of each HY_PART rows */
} hy_candidates;
enum { HY_PART = 4096 };

/* cpu/nearest.c: f32, f64 */
typedef struct hy_nearest_kernels {
    hy_status (*search)(hy_ctx *cx, hy_search *s);
    /* move row i, whose numbers are x (real), from the sums of one label (−1: none) to another's */
    void (*move)(const hy_search *s, int64_t i, const void *x, int32_t from, int32_t to);
    hy_status (*candidates)(hy_ctx *cx, const hy_candidates *c);
    /* largest magnitude of each column, n ≥ 1 */
    hy_status (*reach)(hy_ctx *cx, int64_t n, int64_t d, const void *x, void *out);
} hy_nearest_kernels;

enum { HY_PAIR_BLOCK = 256 }; /* points in a block of pairs, at most */

/* cpu/pairs.c: f32, f64. All pairs of two blocks of at most HY_PAIR_BLOCK points, d ≥ 1. */
typedef struct hy_pair_kernels {
    /* out = x − mean with squared norms; or x as it is, and norms 0, where `distances` takes
     * differences anyway. out may be x. */
    void (*center)(int64_t n, int64_t d, const void *x, const void *mean, void *out, void *norm);
    /* out n×m: squared distances of centered x (n×d) and y (m×d), at least 0. `careful`: those that
     * lost digits are taken again by differences. */
    void (*distances)(int64_t n, int64_t m, int64_t d, const void *x, const void *xnorm, const void *y,
                      const void *ynorm, bool careful, void *out);
    /* sum[i] += Σ √distance[i·ld + j] over j < m, for i < n */
    void (*root_sums)(int64_t n, int64_t m, int64_t ld, const void *distance, double *sum);
    /* positions with distance[j] ≤ limit, ascending; returns how many */
    int64_t (*within)(int64_t n, const void *distance, double limit, int32_t *at);
    /* |x − y|² by differences in f64 */
    double (*exact)(int64_t d, const void *x, const void *y);
} hy_pair_kernels;

/* cpu/index.c: f32, f64 */
typedef struct hy_index_kernels {
    /* out[o, index[j], :] += g[o, j, :]; out is outer × n × inner and zeroed before; order fixed */
    void (*put_add)(int64_t outer, int64_t n, int64_t inner, int64_t m, const void *g,
                    const int32_t *index, void *out);
    /* out[o, index[o, j, i], i] += g[o, j, i] */
    void (*gather_bwd)(int64_t outer, int64_t n, int64_t inner, int64_t m, const void *g,
                       const int32_t *index, void *out);
    void (*uniform)(uint64_t seed, uint64_t stream, uint64_t start, int64_t n, double lo, double hi,
                    void *out);
    void (*normal)(uint64_t seed, uint64_t stream, uint64_t start, int64_t n, double mean,
                   double std, void *out);
    /* y = x · mask / (1 − p), mask 1 with probability 1 − p */
    void (*dropout)(uint64_t seed, uint64_t stream, uint64_t start, int64_t n, double p, const void *x,
                    uint8_t *mask, void *y);
} hy_index_kernels;

typedef struct hy_step {
    double lr, beta1, beta2, eps, weight_decay, correction1, correction2;
    bool decoupled, nesterov;
} hy_step;

/* cpu/optim.c: f32, f64. One pass over everything. */
typedef struct hy_optim_kernels {
    /* m, v moments; correction1 = 1 − β1^t, correction2 = 1 − β2^t; decay L2 or decoupled */
    void (*adam)(int64_t n, void *p, const void *g, void *m, void *v, const hy_step *s);
    /* beta1: momentum; buffer may be NULL when momentum is 0 */
    void (*sgd)(int64_t n, void *p, const void *g, void *buffer, const hy_step *s);
    /* beta1: momentum, beta2: of the running square v; mean (NULL: not centered) and buffer (NULL:
     * no momentum) */
    void (*rmsprop)(int64_t n, void *p, const void *g, void *v, void *mean, void *buffer,
                    const hy_step *s);
} hy_optim_kernels;

/* cpu/network.c: f32, f64. Everything is n × d (or n × k) and contiguous; d, k ≥ 1. */
typedef struct hy_network_kernels {
    /* y = f(y + bias) for a row of elementwise.def: relu, leaky_relu, tanh, sigmoid; others: y + bias */
    void (*bias_activation)(int row, double slope, int64_t n, int64_t d, const void *bias, void *y);
    /* hat = (x − mean) · scale and y = hat · gamma + beta, all vectors of d */
    void (*standardize)(int64_t n, int64_t d, const void *x, const void *mean, const void *scale,
                        const void *gamma, const void *beta, void *hat, void *y);
    /* gx = factor · (g − mean_g − hat · mean_gy) */
    void (*standardize_bwd)(int64_t n, int64_t d, const void *g, const void *hat,
                            const void *factor, const void *mean_g, const void *mean_gy, void *gx);
    /* the same by rows, with their own mean and scale[n]; gamma and beta may be NULL */
    void (*layer_norm)(int64_t n, int64_t d, double eps, const void *x, const void *gamma,
                       const void *beta, void *hat, void *scale, void *y);
    void (*layer_norm_bwd)(int64_t n, int64_t d, const void *g, const void *hat, const void *scale,
                           const void *gamma, void *gx);
    /* y = x / max(norm, eps) */
    void (*normalize)(int64_t n, int64_t d, double eps, const void *x, void *norm, void *y);
    void (*normalize_bwd)(int64_t n, int64_t d, double eps, const void *y, const void *norm,
                          const void *g, void *gx);
    /* gx = weight_i · (e^log_p − 1 at the target); weight 0 gives 0 */
    void (*label_loss_bwd)(int64_t n, int64_t k, const void *log_p, const int32_t *target,
                           const double *weight, void *gx);
    /* loss_i = −Σ target · log_p, where 0 · −inf is 0 */
    void (*soft_loss)(int64_t n, int64_t k, const void *log_p, const void *target, double *loss);
    void (*soft_loss_bwd)(int64_t n, int64_t k, const void *log_p, const void *target,
                          const double *weight, void *gx);
    /* sum of (x − y)² over n elements, in f64, order fixed by n */
    double (*square_error)(int64_t n, const void *x, const void *y);
    /* out = factor · (x − y) */
    void (*difference)(int64_t n, double factor, const void *x, const void *y, void *out);
    /* q = (1 + distance/alpha)^(−(alpha + 1)/2), rows divided by their sums */
    void (*student_t)(int64_t n, int64_t k, double alpha, const void *distance, void *q);
    void (*student_t_bwd)(int64_t n, int64_t k, double alpha, const void *distance, const void *q,
                          const void *g, void *gdistance);
    /* kl[i] = Σ p log(p/q) of each row of q = student_t(distance), and its gradient by distance. p:
     * the target; written here where frequency, the column sums of q, is given: q²/frequency, rows
     * divided by their sums */
    void (*student_kl)(int64_t n, int64_t k, double alpha, const void *distance, const void *q,
                       const void *frequency, void *p, void *gdistance, double *kl);
} hy_network_kernels;

typedef struct hy_kernels {
    const hy_elementwise_kernels *elementwise;
    const hy_move_kernels *move;
    const hy_reduce_kernels *reduce;
    const hy_matrix_kernels *matrix;
    const hy_distance_kernels *distance;
    const hy_manhattan_kernels *manhattan;
    const hy_nearest_kernels *nearest;
    const hy_pair_kernels *pairs;
    const hy_index_kernels *index;
    const hy_optim_kernels *optim;
    const hy_network_kernels *network;
} hy_kernels;

/* cpu/cpu.c: fills the tables for this machine, or for `level` ("x86-64", "x86-64-v3", "x86-64-v4");
 * HY_EARG when the machine cannot run that level. */
hy_status hy_cpu_device(hy_ctx *cx, const char *level, hy_device *out);

#endif
