/* Triangles: qr and cholesky. */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "linalg.h"

/* LAPACK's triangular solve in place; b is LAPACK's n×m. */
static hy_status solve_triangle(hy_ctx *cx, char uplo, char trans, hy_tensor *triangle, int64_t m,
                                hy_tensor *b)
{
    const lapack_int n = (lapack_int)triangle->shape[0];
    if (n == 0 || m == 0)
        return HY_OK;
    const lapack_int info = LAPACKE_dtrtrs_work(LAPACK_COL_MAJOR, uplo, trans, 'N', n,
                                                (lapack_int)m, hy_data(triangle), n, hy_data(b), n);
    return info == 0
               ? HY_OK
               : hy_fail(cx, HY_ENUMERIC, "the columns of x depend on each other: no gradient");
}

/* ---- qr; saved: q and r ---- */

/* a (d×n, LAPACK's x) is factored in place, and its triangle goes to r (m×d); q becomes the first m
 * columns: a itself, or where there are more of them than of x, a matrix m×n. */
static hy_status factor_qr(hy_ctx *cx, hy_call *c, hy_tensor *a, hy_tensor *q, hy_tensor *r)
{
    const lapack_int d = (lapack_int)a->shape[0], n = (lapack_int)a->shape[1], k = n < d ? n : d;
    const lapack_int m = (lapack_int)r->shape[0];
    double size, size_q, *column = hy_data(a), *upper = hy_data(r);
    hy_tensor *tau, *work;
    HY_TRY(hy_temp(cx, c, HY_F64, 1, (int64_t[]){ k }, &tau));
    LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, n, d, column, n, hy_data(tau), &size, -1);
    LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, n, m, k, hy_data(q), n, hy_data(tau), &size_q, -1);
    size = fmax(size, size_q);
    HY_TRY(hy_temp(cx, c, HY_F64, 1, (int64_t[]){ (int64_t)size }, &work));
    const int threads = hy_linalg_alone(n, m);
    LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, n, d, column, n, hy_data(tau), hy_data(work),
                        (lapack_int)size);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < d; j++)
            upper[i * d + j] = j < i ? 0 : column[j * n + i];
    if (q != a)
        memcpy(hy_data(q), column, (size_t)k * (size_t)n * sizeof *column);
    LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, n, m, k, hy_data(q), n, hy_data(tau), hy_data(work),
                        (lapack_int)size);
    hy_threads(threads);
    return HY_OK;
}

hy_status hy_qr_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *a, *columns, *q, *r;
    const int64_t n = c->in[0]->shape[0], d = c->in[0]->shape[1];
    const int64_t k = c->arg[0].i || n < d ? n : d;
    HY_TRY(hy_linalg_read_t(cx, c, c->in[0], "x", &a));
    columns = a;
    if (k > d)
        HY_TRY(hy_linalg_new(cx, c, k, n, &columns));
    HY_TRY(hy_linalg_new(cx, c, k, d, &r));
    HY_TRY(hy_linalg_new(cx, c, n, k, &q));
    if (k > 0)
        HY_TRY(factor_qr(cx, c, a, columns, r));
    const double *column = hy_data(columns);
    double *to = hy_data(q), *upper = hy_data(r);
    for (int64_t i = 0; i < k; i++) {
        const double sign = i < d && upper[i * d + i] < 0 ? -1 : 1;
        for (int64_t j = i; j < d; j++)
            upper[i * d + j] *= sign;
        for (int64_t j = 0; j < n; j++)
            to[j * k + i] = sign * column[i * n + j];
    }
    hy_save(c, q);
    hy_save(c, r);
    HY_TRY(hy_linalg_out(cx, c, 0, q));
    return hy_linalg_out(cx, c, 1, r);
}

/* (gq + q·m)·r⁻ᵀ, where m is symmetric with the lower triangle of r·grᵀ − gqᵀ·q */
hy_status hy_qr_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *q = c->saved[0], *r = c->saved[1], *gq, *gr, *m, *part;
    const int64_t n = q->shape[0], k = q->shape[1];
    if (r->shape[1] != k)
        return hy_fail(cx, HY_ENUMERIC, "x has more %s: no gradient",
                       r->shape[1] > k ? "columns than rows" : "rows than columns, and full is on");
    HY_TRY(hy_linalg_grad(cx, c, 0, &gq));
    HY_TRY(hy_linalg_grad(cx, c, 1, &gr));
    double *upper = hy_data(gr);
    for (int64_t i = 0; i < k * k; i++)
        upper[i] = i % k < i / k ? 0 : upper[i]; /* below the diagonal r is always 0 */
    HY_TRY(hy_linalg_dot(cx, c, r, false, gr, true, &m));
    HY_TRY(hy_linalg_dot(cx, c, gq, true, q, false, &part));
    HY_TRY(hy_temp_run(cx, c, "sub", m, part, NULL, &m));
    double *a = hy_data(m);
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = i + 1; j < k; j++)
            a[i * k + j] = a[j * k + i];
    HY_TRY(hy_linalg_dot(cx, c, q, false, m, false, &part));
    HY_TRY(hy_temp_run(cx, c, "add", gq, part, NULL, &gq));
    HY_TRY(solve_triangle(cx, 'L', 'T', r, n, gq));
    return hy_linalg_pass(cx, c, 0, gq);
}

/* ---- cholesky; saved: l. The row-major lower triangle is LAPACK's upper one. ---- */

hy_status hy_cholesky_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *l;
    HY_TRY(hy_linalg_need_square(cx, x, "x"));
    HY_TRY(hy_linalg_read(cx, c, x, "x", &l));
    HY_TRY(hy_linalg_need_symmetric(cx, x, hy_data(l), "x"));
    const lapack_int n = (lapack_int)x->shape[0];
    double *a = hy_data(l);
    if (n > 0 && LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', n, a, n) != 0)
        return hy_fail(cx, HY_ENUMERIC, "x is not positive definite");
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++)
            a[i * n + j] = 0;
    hy_save(c, l);
    return hy_linalg_out(cx, c, 0, l);
}

/* l⁻ᵀ·φ·l⁻¹, symmetric, where φ is the lower triangle of lᵀ·gl with half of its diagonal */
hy_status hy_cholesky_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *l = c->saved[0], *g, *m;
    const int64_t n = l->shape[0];
    HY_TRY(hy_linalg_grad(cx, c, 0, &g));
    double *lower = hy_data(g);
    for (int64_t i = 0; i < n * n; i++)
        lower[i] = i % n > i / n ? 0 : lower[i]; /* above the diagonal l is always 0 */
    HY_TRY(hy_linalg_dot(cx, c, l, true, g, false, &m));
    double *a = hy_data(m);
    for (int64_t i = 0; i < n; i++) {
        a[i * n + i] /= 2;
        for (int64_t j = i + 1; j < n; j++)
            a[i * n + j] = 0;
    }
    HY_TRY(solve_triangle(cx, 'U', 'N', l, n, m)); /* row-major: m·l⁻¹ */
    HY_TRY(hy_linalg_transpose(cx, c, m, &m));
    HY_TRY(solve_triangle(cx, 'U', 'N', l, n, m));
    hy_linalg_symmetrize(m);
    return hy_linalg_pass(cx, c, 0, m);
}
