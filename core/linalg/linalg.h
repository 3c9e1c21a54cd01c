/* Decompositions in f64: what the files of this folder share. What they give belongs to the call.
 */
#ifndef HY_LINALG_H
#define HY_LINALG_H

#include "../ops/ops.h"

/* The values of a matrix of real numbers as an own f64 copy, in row order, to work in; an error
 * where one is not finite. `name` is the argument's. */
hy_status hy_linalg_read(hy_ctx *cx, hy_call *c, const hy_tensor *x, const char *name,
                         hy_tensor **out);
/* The same transposed: what LAPACK calls column-major. */
hy_status hy_linalg_read_t(hy_ctx *cx, hy_call *c, hy_tensor *x, const char *name, hy_tensor **out);
/* Small enough that LAPACK, which counts in 32 bits, can say how much workspace it wants. */
hy_status hy_linalg_need_small(hy_ctx *cx, const hy_tensor *x, const char *name);
hy_status hy_linalg_need_square(hy_ctx *cx, const hy_tensor *x, const char *name);
/* Symmetric up to rounding of x's dtype; a holds its values. */
hy_status hy_linalg_need_symmetric(hy_ctx *cx, const hy_tensor *x, const double *a,
                                   const char *name);
hy_status hy_linalg_new(hy_ctx *cx, hy_call *c, int64_t rows, int64_t columns, hy_tensor **out);
/* Output i is t, in the dtype of the first input. */
hy_status hy_linalg_out(hy_ctx *cx, hy_call *c, int i, hy_tensor *t);

/* Gradient of output i in f64, to work in; zeros where nothing came. */
hy_status hy_linalg_grad(hy_ctx *cx, hy_call *c, int i, hy_tensor **out);
/* Gradient g, f64, for input i. */
hy_status hy_linalg_pass(hy_ctx *cx, hy_call *c, int i, hy_tensor *g);
/* a·b, or with aᵀ, bᵀ */
hy_status hy_linalg_dot(hy_ctx *cx, hy_call *c, hy_tensor *a, bool ta, hy_tensor *b, bool tb,
                        hy_tensor **out);
hy_status hy_linalg_transpose(hy_ctx *cx, hy_call *c, hy_tensor *a, hy_tensor **out);
/* g becomes (g + gᵀ) / 2 */
void hy_linalg_symmetrize(hy_tensor *g);

/* On small matrices LAPACK waits for threads longer than it computes, ten times over on a busy
 * machine: one thread for them, which also makes the bits independent of the number of threads.
 * Returns what hy_threads must be given afterwards; 0, which it ignores, where nothing changed: two
 * states at once must not hand each other the single thread for good. */
int hy_linalg_alone(int64_t rows, int64_t columns);

/* LAPACK leaves the sign of a vector open. Here its component of largest size is positive; of
 * near-ties the first, whatever rounding did. */
bool hy_linalg_is_flipped(int64_t n, const double *v);
/* a (rows×columns, overwritten) = u·diag(s)·w with u rows×k, w k×columns, k the smaller size */
hy_status hy_linalg_svd(hy_ctx *cx, hy_call *c, hy_tensor *a, hy_tensor **u, hy_tensor **s,
                        hy_tensor **w);

hy_status hy_eigh_fwd(hy_ctx *cx, hy_call *c);
hy_status hy_eigh_bwd(hy_ctx *cx, hy_call *c);
hy_status hy_eigh_low_rank_fwd(hy_ctx *cx, hy_call *c);
hy_status hy_eigh_batch_fwd(hy_ctx *cx, hy_call *c);
hy_status hy_eigh_largest_fwd(hy_ctx *cx, hy_call *c);
hy_status hy_svd_fwd(hy_ctx *cx, hy_call *c);
hy_status hy_svd_bwd(hy_ctx *cx, hy_call *c);
hy_status hy_pinv_fwd(hy_ctx *cx, hy_call *c);
hy_status hy_pinv_bwd(hy_ctx *cx, hy_call *c);
hy_status hy_qr_fwd(hy_ctx *cx, hy_call *c);
hy_status hy_qr_bwd(hy_ctx *cx, hy_call *c);
hy_status hy_cholesky_fwd(hy_ctx *cx, hy_call *c);
hy_status hy_cholesky_bwd(hy_ctx *cx, hy_call *c);
hy_status hy_solve_fwd(hy_ctx *cx, hy_call *c);
hy_status hy_solve_bwd(hy_ctx *cx, hy_call *c);
hy_status hy_inverse_fwd(hy_ctx *cx, hy_call *c);
hy_status hy_inverse_bwd(hy_ctx *cx, hy_call *c);
hy_status hy_det_fwd(hy_ctx *cx, hy_call *c);
hy_status hy_det_bwd(hy_ctx *cx, hy_call *c);

#endif
