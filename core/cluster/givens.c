/*
 * The rotation of FOSSCLU: turns V, whose first m columns span the cluster space, in planes of one
 * cluster and one noise column, until Σ w_j ln det(V_Cᵀ·A_j·V_C) no longer falls.
 *
 * With T_j = Vᵀ·A_j·V a turn by θ of columns p and q changes det(T_j of the cluster space) by the
 * Schur complement of column p alone: a quadratic form in (cos θ, sin θ). One Cholesky
 * factorization for each p serves all q, since the turns leave the other cluster columns alone.
 */
#include <math.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

typedef struct rotation {
    int64_t count, d, m; /* matrices A, their size, columns of the cluster space */
    double *t;           /* count × d×d: T */
    double *v;           /* d×d, columns */
    const double *weight;
    double *factor;    /* count × m×m: Cholesky of T without column p */
    double *solved;    /* 2×m */
    double (*form)[3]; /* of each matrix: cos², 2·cos·sin and sin² coefficient */
} rotation;

/* Lower triangle l with l·lᵀ = a, over a; false where a is not positive definite. */
static bool factorize(int64_t n, double *a)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            double sum = a[i * n + j];
            for (int64_t k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            if (i == j && !(sum > 0))
                return false;
            a[i * n + j] = i == j ? sqrt(sum) : sum / a[j * n + j];
        }
    return true;
}

/* ln det of the leading m×m block of each T, weighted. */
static bool objective(const rotation *r, double *out)
{
    *out = 0;
    for (int64_t j = 0; j < r->count; j++) {
        const double *t = r->t + j * r->d * r->d;
        for (int64_t a = 0; a < r->m; a++)
            memcpy(r->factor + a * r->m, t + a * r->d, (size_t)r->m * sizeof *t);
        if (!factorize(r->m, r->factor))
            return false;
        for (int64_t a = 0; a < r->m; a++)
            *out += 2 * r->weight[j] * log(r->factor[a * r->m + a]);
    }
    return true;
}

static bool factorize_without(const rotation *r, int64_t p)
{
    const int64_t n = r->m - 1;
    for (int64_t j = 0; j < r->count; j++) {
        double *l = r->factor + j * r->m * r->m;
        const double *t = r->t + j * r->d * r->d;
        for (int64_t a = 0; a < n; a++)
            for (int64_t b = 0; b < n; b++)
                l[a * n + b] = t[(a + (a >= p)) * r->d + b + (b >= p)];
        if (!factorize(n, l))
            return false;
    }
    return true;
}

/* s = l⁻¹·(column c of T without row p) */
static void solve_column(const rotation *r, const double *l, const double *t, int64_t p, int64_t c,
                         double *s)
{
    const int64_t n = r->m - 1;
    for (int64_t a = 0; a < n; a++) {
        s[a] = t[(a + (a >= p)) * r->d + c];
        for (int64_t b = 0; b < a; b++)
            s[a] -= l[a * n + b] * s[b];
        s[a] /= l[a * n + a];
    }
}

static void find_forms(const rotation *r, int64_t p, int64_t q)
{
    const int64_t d = r->d;
    for (int64_t j = 0; j < r->count; j++) {
        const double *t = r->t + j * d * d, *l = r->factor + j * r->m * r->m;
        double *sp = r->solved, *sq = r->solved + r->m;
        solve_column(r, l, t, p, p, sp);
        solve_column(r, l, t, p, q, sq);
        r->form[j][0] = t[p * d + p];
        r->form[j][1] = t[p * d + q];
        r->form[j][2] = t[q * d + q];
        for (int64_t a = 0; a < r->m - 1; a++) {
            r->form[j][0] -= sp[a] * sp[a];
            r->form[j][1] -= sp[a] * sq[a];
            r->form[j][2] -= sq[a] * sq[a];
        }
    }
}

static double value_at(const rotation *r, double angle)
{
    const double c = cos(angle), s = sin(angle);
    double sum = 0;
    for (int64_t j = 0; j < r->count; j++) {
        const double *f = r->form[j];
        const double v = c * c * f[0] + 2 * c * s * f[1] + s * s * f[2];
        sum += r->weight[j] * log(v > 0 ? v : 1e-300);
    }
    return sum;
}

/* Golden section within [low, high]. */
static double smallest_within(const rotation *r, double low, double high, double *value)
{
    enum { STEPS = 26 }; /* leave 4e-6 of the interval: to second order nothing of the value */
    const double ratio = 0.6180339887498949;
    double a = high - ratio * (high - low), b = low + ratio * (high - low);
    double fa = value_at(r, a), fb = value_at(r, b);
    for (int i = 0; i < STEPS; i++) {
        if (fa < fb) {
            high = b;
            b = a;
            fb = fa;
            fa = value_at(r, a = high - ratio * (high - low));
        } else {
            low = a;
            a = b;
            fa = fb;
            fb = value_at(r, b = low + ratio * (high - low));
        }
    }
    *value = fa < fb ? fa : fb;
    return fa < fb ? a : b;
}

/* Columns (and, of T, rows) p and q turned by the angle. */
static void turn(const rotation *r, int64_t p, int64_t q, double angle)
{
    const int64_t d = r->d;
    const double c = cos(angle), s = sin(angle);
    for (int64_t j = 0; j <= r->count; j++) {
        double *t = j < r->count ? r->t + j * d * d : r->v;
        for (int64_t i = 0; i < d; i++) {
            const double a = t[i * d + p], b = t[i * d + q];
            t[i * d + p] = c * a + s * b;
            t[i * d + q] = c * b - s * a;
        }
        for (int64_t i = 0; j < r->count && i < d; i++) {
            const double a = t[p * d + i], b = t[q * d + i];
            t[p * d + i] = c * a + s * b;
            t[q * d + i] = c * b - s * a;
        }
    }
}

static hy_status sweep(hy_ctx *cx, const rotation *r)
{
    enum { BRACKETS = 3 };
    const double pi = 3.141592653589793, width = pi / BRACKETS;
    for (int64_t p = 0; p < r->m; p++) {
        HY_TRY(hy_poll(cx, p, r->m));
        if (!factorize_without(r, p))
            return hy_fail(cx, HY_ENUMERIC, "a matrix is not positive definite");
        for (int64_t q = r->m; q < r->d; q++) {
            find_forms(r, p, q);
            const double now = value_at(r, 0);
            double best = 0, least = now;
            for (int i = 0; i < BRACKETS; i++) {
                double value;
                const double low = -pi / 2 + i * width;
                const double angle = smallest_within(r, low, low + width, &value);
                if (value < least) {
                    least = value;
                    best = angle;
                }
            }
            if (least < now - 1e-12 * (1 + fabs(now)))
                turn(r, p, q, best);
        }
    }
    return HY_OK;
}

/* ---- the op -----------------------------------------------------------------------------------
 */

static hy_status check_inputs(hy_ctx *cx, const hy_call *c, int64_t *d)
{
    const hy_tensor *a = c->in[0], *weights = c->in[1], *v = c->in[2];
    const int64_t m = c->arg[0].i;
    if (a->ndim != 3 || a->shape[1] != a->shape[2] || v->shape[0] != v->shape[1] ||
        a->shape[1] != v->shape[0])
        return hy_fail_shapes(cx, "a must be j×d×d and v d×d", a, v);
    if (hy_numel(weights) != a->shape[0])
        return hy_fail_shapes(cx, "a and weights differ in number", a, weights);
    *d = v->shape[0];
    if (m < 1 || m > *d)
        return hy_fail(cx, HY_EARG, "m is %lld; it must be from 1 to the %lld columns of v",
                       (long long)m, (long long)*d);
    HY_TRY(hy_need_real(cx, a));
    HY_TRY(hy_need_real(cx, weights));
    return hy_need_real(cx, v);
}

/* T = Vᵀ·A·V of every matrix */
static hy_status rotate_all(hy_ctx *cx, hy_call *c, hy_tensor *v, rotation *r)
{
    hy_tensor *a, *columns, *t;
    HY_TRY(hy_temp_to(cx, c, c->in[0], HY_F64, &a));
    HY_TRY(hy_temp_run(cx, c, "t", v, NULL, NULL, &columns));
    HY_TRY(hy_temp_run(cx, c, "matmul", a, v, NULL, &t));
    HY_TRY(hy_temp_run(cx, c, "matmul", columns, t, NULL, &t));
    HY_TRY(hy_temp(cx, c, HY_F64, 3, t->shape, &a));
    HY_TRY(hy_copy_into(cx, t, a));
    r->t = hy_data(a);
    return HY_OK;
}

static hy_status scratch(hy_ctx *cx, hy_call *c, int64_t n, void *out)
{
    hy_tensor *t;
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &t));
    *(void **)out = hy_data(t);
    return HY_OK;
}

static hy_status rotate_apart_fwd(hy_ctx *cx, hy_call *c)
{
    rotation r = { .count = 0 };
    hy_tensor *v, *weights;
    double before, after;

    HY_TRY(check_inputs(cx, c, &r.d));
    r.count = c->in[0]->shape[0];
    r.m = c->arg[0].i;
    HY_TRY(hy_temp(cx, c, HY_F64, 2, c->in[2]->shape, &v));
    HY_TRY(hy_copy_into(cx, c->in[2], v));
    HY_TRY(hy_temp_to(cx, c, c->in[1], HY_F64, &weights));
    HY_TRY(rotate_all(cx, c, v, &r));
    HY_TRY(scratch(cx, c, r.count * r.m * r.m, &r.factor));
    HY_TRY(scratch(cx, c, 2 * r.m, &r.solved));
    HY_TRY(scratch(cx, c, 3 * r.count, &r.form));
    HY_TRY(hy_out(cx, c, 1, HY_F64, 0, NULL));
    r.v = hy_data(v);
    r.weight = hy_data(weights);
    if (!objective(&r, &before))
        return hy_fail(cx, HY_ENUMERIC, "a matrix is not positive definite");
    for (int64_t i = 0; i < c->arg[1].i; i++) {
        HY_TRY(sweep(cx, &r));
        if (!objective(&r, &after))
            return hy_fail(cx, HY_ENUMERIC, "a matrix is not positive definite");
        const double fell = before - after;
        before = after;
        if (fell <= 1e-6 * fabs(after))
            break;
    }
    *(double *)hy_data(c->out[1]) = before;
    HY_TRY(hy_temp_to(cx, c, v, c->in[2]->dtype, &v));
    return hy_out_tensor(cx, c, 0, v);
}

const hy_op hy_ops_givens[] = {
    { .name = "rotate_apart",
      .signature = "a:tensor weights:vector v:matrix {m:integer=1 sweeps:integer=20} "
                   "-> matrix tensor",
      .forward = rotate_apart_fwd,
      .doc = "Turns the orthonormal columns of v, in planes of one of the first m and one of the "
             "others, so that Σ weights_j · ln det(Uᵀ·a_j·U) falls, U the first m columns, for "
             "positive definite a (j×d×d): v and the sum." },
    { 0 },
};
