/* Singular values, and the pseudo-inverse made of them. */
#include <float.h>
#include <lapacke.h>
#include <math.h>

#include "linalg.h"

/* The row-major a is LAPACK's aᵀ = wᵀ·diag(s)·uᵀ: nothing is transposed. */
static hy_status run_lapack(hy_ctx *cx, hy_call *c, hy_tensor *a, double *u, double *s, double *w)
{
    const lapack_int n = (lapack_int)a->shape[0], d = (lapack_int)a->shape[1], k = n < d ? n : d;
    double size;
    hy_tensor *work, *iwork;
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, (int64_t[]){ 8 * (int64_t)k }, &iwork));
    LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'S', d, n, hy_data(a), d, s, w, d, u, k, &size, -1,
                        hy_data(iwork));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, (int64_t[]){ (int64_t)size }, &work));
    const int threads = hy_linalg_alone(n, d);
    const lapack_int info =
        LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'S', d, n, hy_data(a), d, s, w, d, u, k,
                            hy_data(work), (lapack_int)size, hy_data(iwork));
    hy_threads(threads);
    return info == 0 ? HY_OK : hy_fail(cx, HY_ENUMERIC, "the singular values did not converge");
}

hy_status hy_linalg_svd(hy_ctx *cx, hy_call *c, hy_tensor *a, hy_tensor **u, hy_tensor **s,
                        hy_tensor **w)
{
    const int64_t n = a->shape[0], d = a->shape[1], k = n < d ? n : d;
    HY_TRY(hy_linalg_new(cx, c, n, k, u));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &k, s));
    HY_TRY(hy_linalg_new(cx, c, k, d, w));
    double *left = hy_data(*u), *right = hy_data(*w);
    if (k > 0)
        HY_TRY(run_lapack(cx, c, a, left, hy_data(*s), right));
    for (int64_t i = 0; i < k; i++) {
        double *v = right + i * d;
        if (!hy_linalg_is_flipped(d, v))
            continue;
        for (int64_t j = 0; j < d; j++)
            v[j] = -v[j];
        for (int64_t j = 0; j < n; j++)
            left[j * k + i] = -left[j * k + i];
    }
    return HY_OK;
}

/* saved: u, s, and v as rows */
hy_status hy_svd_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *a, *u, *s, *w, *v;
    HY_TRY(hy_linalg_need_small(cx, c->in[0], "x"));
    HY_TRY(hy_linalg_read(cx, c, c->in[0], "x", &a));
    HY_TRY(hy_linalg_svd(cx, c, a, &u, &s, &w));
    hy_save(c, u);
    hy_save(c, s);
    hy_save(c, w);
    HY_TRY(hy_temp_run(cx, c, "t", w, NULL, NULL, &v));
    HY_TRY(hy_linalg_out(cx, c, 0, u));
    HY_TRY(hy_linalg_out(cx, c, 1, s));
    return hy_linalg_out(cx, c, 2, v);
}

/* What counts as 0 among the values s. */
static double rounding(int64_t k, const double *s)
{
    return k > 0 ? (double)k * DBL_EPSILON * s[0] : 0;
}

/* p becomes f_ij·((p_ij − p_ji)·s_j + s_i·(q_ij − q_ji)) + diag(gs), f_ij = 1 / (s_j² − s_i²) */
static void middle(int64_t k, const double *s, const double *gs, double *p, const double *q)
{
    const double least = rounding(k, s);
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j <= i; j++) {
            const int64_t at = i * k + j, other = j * k + i;
            const double dp = p[at] - p[other], dq = q[at] - q[other];
            const double gap = s[j] - s[i], f = gap > least ? 1 / (gap * (s[j] + s[i])) : 0;
            p[at] = i == j ? gs[i] : f * (dp * s[j] + s[i] * dq);
            p[other] = i == j ? gs[i] : f * (dp * s[i] + s[j] * dq);
        }
}

/* to (rows×k) = add + (from − part) / s, columns with s = 0 left out */
static void outside(int64_t rows, int64_t k, const double *s, const double *from,
                    const double *part, const double *add, double *to)
{
    const double least = rounding(k, s);
    for (int64_t i = 0; i < rows * k; i++) {
        const double divisor = s[i % k];
        to[i] = (add ? add[i] : 0) + (divisor > least ? (from[i] - part[i]) / divisor : 0);
    }
}

/* u·(middle)·vᵀ + (1 − u·uᵀ)·gu·s⁻¹·vᵀ + u·s⁻¹·gvᵀ·(1 − v·vᵀ), for w = vᵀ */
hy_status hy_svd_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *u = c->saved[0], *s = c->saved[1], *w = c->saved[2];
    hy_tensor *gu, *gs, *gv, *p, *q, *left, *part, *g, *more;
    const int64_t n = u->shape[0], k = u->shape[1], d = w->shape[1];
    HY_TRY(hy_linalg_grad(cx, c, 0, &gu));
    HY_TRY(hy_linalg_grad(cx, c, 1, &gs));
    HY_TRY(hy_linalg_grad(cx, c, 2, &gv));
    HY_TRY(hy_linalg_dot(cx, c, u, true, gu, false, &p));
    HY_TRY(hy_linalg_dot(cx, c, w, false, gv, false, &q));
    HY_TRY(hy_linalg_dot(cx, c, u, false, p, false, &part));
    HY_TRY(hy_linalg_dot(cx, c, w, true, q, false, &more));
    middle(k, hy_data(s), hy_data(gs), hy_data(p), hy_data(q));
    HY_TRY(hy_linalg_dot(cx, c, u, false, p, false, &left));
    outside(n, k, hy_data(s), hy_data(gu), hy_data(part), hy_data(left), hy_data(left));
    outside(d, k, hy_data(s), hy_data(gv), hy_data(more), NULL, hy_data(gv));
    HY_TRY(hy_linalg_dot(cx, c, left, false, w, false, &g));
    HY_TRY(hy_linalg_dot(cx, c, u, false, gv, true, &more));
    HY_TRY(hy_temp_run(cx, c, "add", g, more, NULL, &g));
    return hy_linalg_pass(cx, c, 0, g);
}

/* ---- pinv: argument rcond; saved: the pseudo-inverse ---- */

hy_status hy_pinv_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *a, *u, *s, *w, *p;
    const int64_t larger = x->shape[0] > x->shape[1] ? x->shape[0] : x->shape[1];
    const double precision = x->dtype == HY_F32 ? FLT_EPSILON : DBL_EPSILON;
    const double rcond = c->arg[0].given ? c->arg[0].d : (double)larger * precision;
    if (!(rcond >= 0))
        return hy_fail(cx, HY_EARG, "rcond is %g; it wants 0 or more", rcond);
    HY_TRY(hy_linalg_need_small(cx, x, "x"));
    HY_TRY(hy_linalg_read(cx, c, x, "x", &a));
    HY_TRY(hy_linalg_svd(cx, c, a, &u, &s, &w));
    const int64_t k = w->shape[0], d = w->shape[1];
    const double *value = hy_data(s);
    double *row = hy_data(w);
    for (int64_t i = 0; i < k * d; i++)
        row[i] = value[i / d] > rcond * value[0] ? row[i] / value[i / d] : 0;
    HY_TRY(hy_linalg_dot(cx, c, w, true, u, true, &p));
    hy_save(c, p);
    return hy_linalg_out(cx, c, 0, p);
}

/* −pᵀ·g·pᵀ + (1 − x·p)·gᵀ·p·pᵀ + pᵀ·p·gᵀ·(1 − p·x), as long as the rank stays */
hy_status hy_pinv_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *p = c->saved[0], *x, *g, *gt, *a, *b, *left, *right;
    HY_TRY(hy_linalg_read(cx, c, c->in[0], "x", &x));
    HY_TRY(hy_linalg_grad(cx, c, 0, &g));
    HY_TRY(hy_linalg_transpose(cx, c, g, &gt));
    HY_TRY(hy_linalg_dot(cx, c, gt, false, p, false, &a)); /* a = gᵀ·p·pᵀ */
    HY_TRY(hy_linalg_dot(cx, c, a, false, p, true, &a));
    HY_TRY(hy_linalg_dot(cx, c, p, false, a, false, &left)); /* left = a − x·p·a */
    HY_TRY(hy_linalg_dot(cx, c, x, false, left, false, &left));
    HY_TRY(hy_temp_run(cx, c, "sub", a, left, NULL, &left));
    HY_TRY(hy_linalg_dot(cx, c, p, true, p, false, &b)); /* b = pᵀ·p·gᵀ */
    HY_TRY(hy_linalg_dot(cx, c, b, false, gt, false, &b));
    HY_TRY(hy_linalg_dot(cx, c, b, false, p, false, &right)); /* right = b − b·p·x */
    HY_TRY(hy_linalg_dot(cx, c, right, false, x, false, &right));
    HY_TRY(hy_temp_run(cx, c, "sub", b, right, NULL, &right));
    HY_TRY(hy_temp_run(cx, c, "add", left, right, NULL, &left));
    HY_TRY(hy_linalg_dot(cx, c, p, true, g, false, &a));
    HY_TRY(hy_linalg_dot(cx, c, a, false, p, true, &a));
    HY_TRY(hy_temp_run(cx, c, "sub", left, a, NULL, &left));
    return hy_linalg_pass(cx, c, 0, left);
}
