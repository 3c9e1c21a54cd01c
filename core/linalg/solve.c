/* Linear equations by LU: solve, inverse, det. */
#include <float.h>
#include <lapacke.h>
#include <math.h>

#include "linalg.h"

/* The row-major a is LAPACK's aᵀ; it becomes its triangles. `regular`: no pivot is 0. */
static hy_status factor(hy_ctx *cx, hy_call *c, hy_tensor *a, hy_tensor **pivots, bool *regular)
{
    const lapack_int n = (lapack_int)a->shape[0];
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, a->shape, pivots));
    *regular =
        n == 0 || LAPACKE_dgetrf_work(LAPACK_COL_MAJOR, n, n, hy_data(a), n, hy_data(*pivots)) == 0;
    return HY_OK;
}

/* Largest sum of absolute values of a row of a: LAPACK's norm 1. */
static double row_norm(const hy_tensor *a)
{
    const int64_t n = a->shape[0];
    const double *x = hy_data(a);
    double largest = 0;
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t j = 0; j < n; j++)
            sum += fabs(x[i * n + j]);
        largest = fmax(largest, sum);
    }
    return largest;
}

/* Does rounding alone decide the solution? */
static hy_status need_regular(hy_ctx *cx, hy_call *c, hy_tensor *lu, double norm, const char *name)
{
    const lapack_int n = (lapack_int)lu->shape[0];
    double rcond = 0;
    hy_tensor *work, *iwork;
    HY_TRY(hy_temp(cx, c, HY_F64, 1, (int64_t[]){ 4 * (int64_t)n }, &work));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, lu->shape, &iwork));
    LAPACKE_dgecon_work(LAPACK_COL_MAJOR, '1', n, hy_data(lu), n, norm, &rcond, hy_data(work),
                        hy_data(iwork));
    if (rcond >= DBL_EPSILON)
        return HY_OK;
    return hy_fail(cx, HY_ENUMERIC, "%s is singular to working precision", name);
}

/* Each row of b (m×n) becomes the x with a·x = that row, or aᵀ·x where transposed. */
static hy_status solve_rows(hy_ctx *cx, hy_call *c, bool transposed, const char *name, hy_tensor *b)
{
    hy_tensor *lu, *pivots;
    bool regular;
    const lapack_int n = (lapack_int)b->shape[1], m = (lapack_int)b->shape[0];
    HY_TRY(hy_linalg_read(cx, c, c->in[0], name, &lu));
    const double norm = row_norm(lu);
    HY_TRY(factor(cx, c, lu, &pivots, &regular));
    if (!regular)
        return hy_fail(cx, HY_ENUMERIC, "%s is singular", name);
    if (n == 0)
        return HY_OK;
    HY_TRY(need_regular(cx, c, lu, norm, name));
    if (m > 0)
        LAPACKE_dgetrs_work(LAPACK_COL_MAJOR, transposed ? 'N' : 'T', n, m, hy_data(lu), n,
                            hy_data(pivots), hy_data(b), n);
    return HY_OK;
}

/* ---- solve; saved: the solutions as rows ---- */

/* b as a matrix: a vector is one column. */
static hy_status as_matrix(hy_ctx *cx, hy_call *c, hy_tensor *b, hy_tensor **out)
{
    *out = b;
    if (b->ndim == 2)
        return HY_OK;
    if (b->ndim != 1)
        return hy_fail(cx, HY_EARG, "b has %d axes; it wants 1 or 2", b->ndim);
    return hy_temp_reshape(cx, c, b, 2, (int64_t[]){ b->shape[0], 1 }, out);
}

hy_status hy_solve_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *a = c->in[0], *b, *x;
    HY_TRY(hy_linalg_need_square(cx, a, "a"));
    HY_TRY(hy_need_same_dtype(cx, a, c->in[1]));
    HY_TRY(as_matrix(cx, c, c->in[1], &b));
    if (b->shape[0] != a->shape[0])
        return hy_fail_shapes(cx, "a and b differ in rows", a, c->in[1]);
    HY_TRY(hy_linalg_read_t(cx, c, b, "b", &x));
    HY_TRY(solve_rows(cx, c, false, "a", x));
    hy_save(c, x);
    HY_TRY(hy_linalg_transpose(cx, c, x, &x));
    HY_TRY(hy_temp_reshape(cx, c, x, c->in[1]->ndim, c->in[1]->shape, &x));
    return hy_linalg_out(cx, c, 0, x);
}

/* gb = a⁻ᵀ·g, ga = −gb·xᵀ */
hy_status hy_solve_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *g, *gb, *ga;
    HY_TRY(as_matrix(cx, c, c->grad[0], &g));
    HY_TRY(hy_linalg_read_t(cx, c, g, "the gradient", &gb));
    HY_TRY(solve_rows(cx, c, true, "a", gb));
    if (hy_wants(c, 0)) {
        HY_TRY(hy_linalg_dot(cx, c, gb, true, c->saved[0], false, &ga));
        HY_TRY(hy_temp_scale(cx, c, ga, -1, &ga));
        HY_TRY(hy_linalg_pass(cx, c, 0, ga));
    }
    if (!hy_wants(c, 1))
        return HY_OK;
    HY_TRY(hy_linalg_transpose(cx, c, gb, &gb));
    HY_TRY(hy_temp_reshape(cx, c, gb, c->source[1]->ndim, c->source[1]->shape, &gb));
    return hy_linalg_pass(cx, c, 1, gb);
}

/* ---- inverse; saved: the inverse ---- */

hy_status hy_inverse_fwd(hy_ctx *cx, hy_call *c)
{
    const int64_t n = c->in[0]->shape[0];
    hy_tensor *y;
    HY_TRY(hy_linalg_need_square(cx, c->in[0], "x"));
    HY_TRY(hy_linalg_new(cx, c, n, n, &y));
    HY_TRY(hy_fill(cx, y, 0));
    for (int64_t i = 0; i < n; i++)
        ((double *)hy_data(y))[i * n + i] = 1;
    HY_TRY(solve_rows(cx, c, true, "x", y)); /* columns of x⁻ᵀ are rows of x⁻¹ */
    hy_save(c, y);
    return hy_linalg_out(cx, c, 0, y);
}

/* −yᵀ·g·yᵀ for the inverse y */
hy_status hy_inverse_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *y = c->saved[0], *g;
    HY_TRY(hy_linalg_grad(cx, c, 0, &g));
    HY_TRY(hy_linalg_dot(cx, c, y, true, g, false, &g));
    HY_TRY(hy_linalg_dot(cx, c, g, false, y, true, &g));
    HY_TRY(hy_temp_scale(cx, c, g, -1, &g));
    return hy_linalg_pass(cx, c, 0, g);
}

/* ---- det ---- */

/* Determinant of a, which it overwrites. */
static hy_status determinant(hy_ctx *cx, hy_call *c, hy_tensor *a, double *out)
{
    hy_tensor *pivots;
    bool regular;
    const int64_t n = a->shape[0];
    HY_TRY(factor(cx, c, a, &pivots, &regular));
    const double *lu = hy_data(a);
    const int32_t *pivot = hy_data(pivots); /* 1-based, as LAPACK counts */
    *out = 1;
    for (int64_t i = 0; i < n; i++)
        *out *= pivot[i] == i + 1 ? lu[i * n + i] : -lu[i * n + i];
    *out = regular ? *out : 0;
    return HY_OK;
}

hy_status hy_det_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *a, *y;
    double value;
    HY_TRY(hy_linalg_need_square(cx, c->in[0], "x"));
    HY_TRY(hy_linalg_read(cx, c, c->in[0], "x", &a));
    HY_TRY(determinant(cx, c, a, &value));
    HY_TRY(hy_temp_number(cx, c, HY_F64, value, &y));
    return hy_linalg_out(cx, c, 0, y);
}

/* The cofactors, also of a singular x: with x = u·diag(s)·w they are det(u·w)·u·diag(t)·w, where
 * t_i is the product of the other values. */
hy_status hy_det_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *a, *u, *s, *w, *turn;
    double sign;
    HY_TRY(hy_linalg_read(cx, c, c->in[0], "x", &a));
    HY_TRY(hy_linalg_svd(cx, c, a, &u, &s, &w));
    HY_TRY(hy_linalg_dot(cx, c, u, false, w, false, &turn));
    HY_TRY(determinant(cx, c, turn, &sign));
    const int64_t n = a->shape[0];
    const double scale = (sign < 0 ? -1 : 1) * hy_get(c->grad[0], 0), *value = hy_data(s);
    double *left = hy_data(u);
    for (int64_t i = 0; i < n; i++) {
        double others = scale;
        for (int64_t j = 0; j < n; j++)
            others *= j == i ? 1 : value[j];
        for (int64_t j = 0; j < n; j++)
            left[j * n + i] *= others;
    }
    HY_TRY(hy_linalg_dot(cx, c, u, false, w, false, &u));
    return hy_linalg_pass(cx, c, 0, u);
}
