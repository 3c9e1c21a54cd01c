/* Eigenvalues and eigenvectors of symmetric matrices, in f64. */
#include <float.h>
#include <lapacke.h>
#include <math.h>

#include "linalg.h"

/* k vectors of d numbers, one after the other */
static void fix_signs(int64_t k, int64_t d, double *vectors)
{
    for (int64_t i = 0; i < k; i++) {
        double *v = vectors + i * d;
        if (hy_linalg_is_flipped(d, v))
            for (int64_t j = 0; j < d; j++)
                v[j] = -v[j];
    }
}

/* dsyevd, or dsygvd when there is a b (overwritten); asks for the size of work when lwork is −1. */
static lapack_int run_lapack(lapack_int n, double *a, double *b, double *values, double *work,
                             lapack_int lwork, lapack_int *iwork, lapack_int liwork)
{
    if (b)
        return LAPACKE_dsygvd_work(LAPACK_COL_MAJOR, 1, 'V', 'L', n, a, n, b, n, values, work,
                                   lwork, iwork, liwork);
    return LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', n, a, n, values, work, lwork, iwork,
                               liwork);
}

/* a becomes the eigenvectors, one after the other; all memory belongs to the call. */
static hy_status decompose(hy_ctx *cx, hy_call *c, int64_t n, double *a, double *b, double *values)
{
    const lapack_int size = (lapack_int)n;
    double work_size;
    lapack_int iwork_size;
    hy_tensor *work, *iwork;
    run_lapack(size, a, b, values, &work_size, -1, &iwork_size, -1);
    HY_TRY(hy_temp(cx, c, HY_F64, 1, (int64_t[]){ (int64_t)work_size }, &work));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, (int64_t[]){ iwork_size }, &iwork));
    const int threads = hy_linalg_alone(n, n);
    const lapack_int info = run_lapack(size, a, b, values, hy_data(work), (lapack_int)work_size,
                                       hy_data(iwork), iwork_size);
    hy_threads(threads);
    if (info > size)
        return hy_fail(cx, HY_ENUMERIC, "b is not positive definite");
    return info == 0 ? HY_OK : hy_fail(cx, HY_ENUMERIC, "the eigenvalues did not converge");
}

/* The symmetric matrix x with its checks, as f64. */
static hy_status read_symmetric(hy_ctx *cx, hy_call *c, hy_tensor *x, const char *name,
                                hy_tensor **out)
{
    HY_TRY(hy_linalg_need_square(cx, x, name));
    HY_TRY(hy_linalg_need_small(cx, x, name));
    HY_TRY(hy_linalg_read(cx, c, x, name, out));
    return hy_linalg_need_symmetric(cx, x, hy_data(*out), name);
}

/* saved: values, and the eigenvectors as rows */
hy_status hy_eigh_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *a, *b = c->in[1], *values, *vectors;
    const int64_t n = x->shape[0];
    HY_TRY(read_symmetric(cx, c, x, "x", &a));
    if (b) {
        HY_TRY(hy_need_same_dtype(cx, x, b));
        HY_TRY(read_symmetric(cx, c, b, "b", &b));
        if (b->shape[0] != n)
            return hy_fail_shapes(cx, "x and b differ in size", x, b);
    }
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &values));
    if (n > 0)
        HY_TRY(decompose(cx, c, n, hy_data(a), b ? hy_data(b) : NULL, hy_data(values)));
    fix_signs(n, n, hy_data(a));
    hy_save(c, values);
    hy_save(c, a);
    HY_TRY(hy_temp_run(cx, c, "t", a, NULL, NULL, &vectors));
    HY_TRY(hy_linalg_out(cx, c, 0, values));
    return hy_linalg_out(cx, c, 1, vectors);
}

/* vᵀ·m·v for m n×n and the vectors as rows w, symmetric, to input i */
static hy_status pass_back(hy_ctx *cx, hy_call *c, int i, hy_tensor *w, hy_tensor *m)
{
    HY_TRY(hy_linalg_dot(cx, c, w, true, m, false, &m));
    HY_TRY(hy_linalg_dot(cx, c, m, false, w, false, &m));
    hy_linalg_symmetrize(m);
    return hy_linalg_pass(cx, c, i, m);
}

/* With m = vᵀ·gv: gx = v·(diag(gλ) + m_ij / (λ_j − λ_i))·vᵀ, and for b the same with each column
 * times −λ_j, and half of m's diagonal. Equal values turn their vectors by any angle, so there the
 * quotient counts as 0. */
hy_status hy_eigh_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *w = c->saved[1], *gvalues, *gvectors, *m, *mb;
    const int64_t n = w->shape[0];
    const double *value = hy_data(c->saved[0]);
    HY_TRY(hy_linalg_grad(cx, c, 0, &gvalues));
    HY_TRY(hy_linalg_grad(cx, c, 1, &gvectors));
    HY_TRY(hy_linalg_dot(cx, c, w, false, gvectors, false, &m));
    HY_TRY(hy_linalg_new(cx, c, n, n, &mb));
    double *x = hy_data(m), *b = hy_data(mb);
    const double *gvalue = hy_data(gvalues);
    const double largest = n > 0 ? fmax(fabs(value[0]), fabs(value[n - 1])) : 0;
    const double least = (double)n * DBL_EPSILON * largest;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            const int64_t at = i * n + j;
            const double gap = value[j] - value[i], own = x[at];
            x[at] = i == j ? gvalue[i] : fabs(gap) > least ? own / gap : 0;
            b[at] = -x[at] * value[j] - (i == j ? own / 2 : 0);
        }
    if (hy_wants(c, 0))
        HY_TRY(pass_back(cx, c, 0, w, m));
    return hy_wants(c, 1) ? pass_back(cx, c, 1, w, mb) : HY_OK;
}

/* ---- aᵀ·diag(weights)·a, its rank at most the rows of a. With aᵀ = q·r it has the values of
 * r·diag(weights)·rᵀ, and q times the vectors of that. ---- */

/* a (ρ×d, ρ ≤ d; LAPACK's aᵀ) becomes qᵀ; r is ρ×ρ, its other triangle 0. */
static hy_status factor_rows(hy_ctx *cx, hy_call *c, hy_tensor *a, hy_tensor **r)
{
    const lapack_int m = (lapack_int)a->shape[0], d = (lapack_int)a->shape[1];
    double size, size_q, *row = hy_data(a);
    hy_tensor *tau, *work;
    HY_TRY(hy_linalg_new(cx, c, m, m, r));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &a->shape[0], &tau));
    LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, d, m, row, d, hy_data(tau), &size, -1);
    LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, d, m, m, row, d, hy_data(tau), &size_q, -1);
    size = fmax(size, size_q);
    HY_TRY(hy_temp(cx, c, HY_F64, 1, (int64_t[]){ (int64_t)size }, &work));
    const int threads = hy_linalg_alone(d, m);
    LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, d, m, row, d, hy_data(tau), hy_data(work),
                        (lapack_int)size);
    double *upper = hy_data(*r);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < m; j++)
            upper[i * m + j] = j < i ? 0 : row[j * d + i];
    LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, d, m, m, row, d, hy_data(tau), hy_data(work),
                        (lapack_int)size);
    hy_threads(threads);
    return HY_OK;
}

hy_status hy_eigh_low_rank_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *a, *w, *q = NULL, *r, *scaled, *small, *values, *vectors;
    const hy_tensor *x = c->in[0];
    const int64_t m = x->shape[0], d = x->shape[1], k = m < d ? m : d;
    if (c->in[1]->shape[0] != m)
        return hy_fail_shapes(cx, "a and weights differ in length", x, c->in[1]);
    HY_TRY(hy_linalg_need_small(cx, x, "a"));
    HY_TRY(hy_linalg_read(cx, c, x, "a", &a));
    HY_TRY(hy_temp_reshape(cx, c, c->in[1], 2, (int64_t[]){ m, 1 }, &w));
    HY_TRY(hy_linalg_read(cx, c, w, "weights", &w));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &k, &values));
    if (m <= d && m > 0) {
        q = a;
        HY_TRY(factor_rows(cx, c, q, &r));
        HY_TRY(hy_linalg_transpose(cx, c, r, &a)); /* q·r is aᵀ: a stands for rᵀ from here on */
    }
    HY_TRY(hy_temp_run(cx, c, "mul", a, w, NULL, &scaled));
    HY_TRY(hy_linalg_dot(cx, c, scaled, true, a, false, &small));
    hy_linalg_symmetrize(small);
    if (k > 0)
        HY_TRY(decompose(cx, c, k, hy_data(small), NULL, hy_data(values)));
    vectors = small;
    if (q)
        HY_TRY(hy_linalg_dot(cx, c, small, false, q, false, &vectors));
    fix_signs(k, d, hy_data(vectors));
    HY_TRY(hy_linalg_transpose(cx, c, vectors, &vectors));
    HY_TRY(hy_linalg_out(cx, c, 0, values));
    return hy_linalg_out(cx, c, 1, vectors);
}
