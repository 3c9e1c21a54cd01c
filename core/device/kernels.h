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
    void (*gemm)(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const void *a, int64_t lda,
                 const void *b, int64_t ldb, double beta, void *c, int64_t ldc);
} hy_matrix_kernels;

/* cpu/distance.c: f32, f64. x n×d, y k×d, contiguous. Centered on the mean of y, clamped at 0. */
typedef struct hy_distance_kernels {
    hy_status (*sqdist)(hy_ctx *cx, int64_t n, int64_t k, int64_t d, const void *x, const void *y, void *out);
    /* nearest row of y for every row of x: label (ties to the lowest) and squared distance (≥ 0);
     * distance may be NULL. Chunks fixed by n: same bits for any thread count. */
    hy_status (*assign)(hy_ctx *cx, int64_t n, int64_t k, int64_t d, const void *x, const void *y,
                        int32_t *label, void *distance);
    /* sums[k×d] and counts[k] of the rows of x by label (−1 is skipped), in f64, order fixed by n;
     * weight may be NULL */
    hy_status (*label_sums)(hy_ctx *cx, int64_t n, int64_t k, int64_t d, const void *x, const void *weight,
                            const int32_t *label, double *sums, double *counts);
    /* assign and label_sums in one pass over x */
    hy_status (*assign_sums)(hy_ctx *cx, int64_t n, int64_t k, int64_t d, const void *x, const void *y,
                             const void *weight, int32_t *label, double *sums, double *counts);
    /* out[i] = |x_i − y_label(i)|² by direct differences, in f64; 0 where the label is −1 */
    void (*to_center)(int64_t n, int64_t d, const void *x, const void *y, const int32_t *label, double *out);
} hy_distance_kernels;

/* cpu/manhattan.c: f32, f64 */
typedef struct hy_manhattan_kernels {
    /* out (n×k) = Σ |x − y| between the rows of x n×d and y k×d, contiguous */
    void (*manhattan)(int64_t n, int64_t k, int64_t d, const void *x, const void *y, void *out);
} hy_manhattan_kernels;

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
    /* q = (1 + distance/alpha)^(−(alpha + 1)/2), rows divided by their sums */
    void (*student_t)(int64_t n, int64_t k, double alpha, const void *distance, void *q);
    void (*student_t_bwd)(int64_t n, int64_t k, double alpha, const void *distance, const void *q,
                          const void *g, void *gdistance);
} hy_network_kernels;

typedef struct hy_kernels {
    const hy_elementwise_kernels *elementwise;
    const hy_move_kernels *move;
    const hy_reduce_kernels *reduce;
    const hy_matrix_kernels *matrix;
    const hy_distance_kernels *distance;
    const hy_manhattan_kernels *manhattan;
    const hy_index_kernels *index;
    const hy_optim_kernels *optim;
    const hy_network_kernels *network;
} hy_kernels;

/* cpu/cpu.c: fills the tables for this machine, or for `level` ("x86-64", "x86-64-v3", "x86-64-v4");
 * HY_EARG when the machine cannot run that level. */
hy_status hy_cpu_device(hy_ctx *cx, const char *level, hy_device *out);

#endif
