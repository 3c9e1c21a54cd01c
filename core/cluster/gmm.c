/*
 * Gaussian mixtures: the two steps of EM, in f64; here the E-step.
 * Dempster, Laird & Rubin, Maximum likelihood from incomplete data via the EM algorithm, 1977.
 */
#include <math.h>
#include <string.h>

#include "gmm.h"

typedef struct expectation {
    hy_ctx *cx;
    hy_points p;
    const hy_matrix_kernels *matrix;
    int64_t k, factors,
        width; /* factors: k or 1 shared by all; width: of one, d×d numbers, d or 1 */
    bool full;
    const double *covariance;
    double *factor;   /* full: l⁻¹ for covariance = l·lᵀ; otherwise 1 / standard deviation */
    double *log_root; /* factors: ½ ln of the determinant */
    double *room;     /* a triangle and a panel for each factor in work */
    double *origin;   /* d: points and means are moved there, so that digits do not cancel */
    double *shift;    /* k×d: means, moved, and if full times the factor */
    double *constant; /* k: ln weight − ½ d ln 2π − ½ ln determinant */
    bool *failed;     /* factors */
    int64_t together; /* factors in work */
    int64_t rows, panel, blocks, from, to;
    int64_t strands, strand_size;
    double *strand;          /* of each: moved points d×rows, a panel ×rows, distances k×rows */
    double *share, *density; /* n×k, n */
} expectation;

static int64_t room_size(const expectation *e)
{
    return e->full ? e->p.d * (e->p.d + HY_TRIANGLE_PANEL) : 0;
}

/* Like `covariance + ridge · 1`, factored. */
static bool factor_with(const expectation *e, int64_t f, double ridge)
{
    const int64_t d = e->p.d;
    const double *covariance = e->covariance + f * e->width;
    double *factor = e->factor + f * e->width, *l = e->room + (f - e->from) * room_size(e);
    e->log_root[f] = 0;
    if (!e->full) {
        for (int64_t j = 0; j < e->width; j++) {
            const double variance = covariance[j] + ridge;
            if (!(variance > 0))
                return false;
            factor[j] = 1 / sqrt(variance);
            e->log_root[f] += log(variance) / 2 * (double)(d / e->width);
        }
        return true;
    }
    memcpy(l, covariance, (size_t)(d * d) * sizeof *l);
    for (int64_t j = 0; j < d; j++)
        l[j * d + j] += ridge;
    if (!hy_triangle_factor(e->cx, e->matrix, d, l, l + d * d))
        return false;
    for (int64_t j = 0; j < d; j++)
        e->log_root[f] += log(l[j * d + j]);
    hy_triangle_invert(e->cx, e->matrix, d, l, factor, l + d * d);
    return true;
}

static void factor_range(void *arg, int64_t begin, int64_t end)
{
    const expectation *e = arg;
    const double ridges[] = { 0, 1e-5, 1e-4, 1e-3, 1e-2 };
    const int tries = sizeof ridges / sizeof *ridges;
    for (int64_t f = begin + e->from; f < end + e->from; f++) {
        int at = 0;
        while (at < tries && !factor_with(e, f, ridges[at]))
            at++;
        e->failed[f] = at == tries;
    }
}

static hy_status factor_all(hy_ctx *cx, expectation *e)
{
    for (e->from = 0; e->from < e->factors; e->from += e->together) {
        HY_TRY(hy_poll(cx, e->from, e->factors));
        hy_parallel_for(min_of(e->together, e->factors - e->from), 1, factor_range, e);
    }
    for (int64_t f = 0; f < e->factors; f++)
        if (e->failed[f])
            return hy_fail(cx, HY_ENUMERIC,
                           "covariance %lld is not positive definite, even with 0.01 added to its "
                           "diagonal; scale x, or take a larger reg",
                           (long long)f + 1);
    return HY_OK;
}

static void place_means(const expectation *e, const double *weight, const double *mean)
{
    const int64_t d = e->p.d;
    double total = 0;
    memset(e->origin, 0, (size_t)d * sizeof *e->origin);
    for (int64_t c = 0; c < e->k; c++) {
        total += weight[c];
        for (int64_t j = 0; j < d; j++)
            e->origin[j] += weight[c] * mean[c * d + j];
    }
    for (int64_t j = 0; j < d; j++)
        e->origin[j] /= total;
    for (int64_t c = 0; c < e->k; c++) {
        const int64_t f = e->factors == 1 ? 0 : c;
        const double *factor = e->factor + f * e->width, *at = mean + c * d;
        double *shift = e->shift + c * d;
        for (int64_t t = 0; t < d; t++) {
            shift[t] = e->full ? 0 : at[t] - e->origin[t];
            for (int64_t j = 0; e->full && j <= t; j++)
                shift[t] += factor[t * d + j] * (at[j] - e->origin[j]);
        }
        e->constant[c] =
            log(weight[c] / total) - (double)d / 2 * log(2 * acos(-1)) - e->log_root[f];
    }
}

/* Points of a block in columns, moved to the origin. */
static void place_points(const expectation *e, int64_t first, int64_t rows, double *to)
{
    const int64_t d = e->p.d, ld = e->rows;
    if (e->p.dtype == HY_F64) {
        const double *x = (const double *)e->p.x + first * d;
        for (int64_t j = 0; j < d; j++)
            for (int64_t i = 0; i < rows; i++)
                to[j * ld + i] = x[i * d + j] - e->origin[j];
    } else {
        const float *x = (const float *)e->p.x + first * d;
        for (int64_t j = 0; j < d; j++)
            for (int64_t i = 0; i < rows; i++)
                to[j * ld + i] = (double)x[i * d + j] - e->origin[j];
    }
}

/* to += the squares of the m rows of x, moved by −shift and stretched by every step-th of scale
 * (NULL: as they are). Four rows at a time, so that `to` is read and written less often. */
static inline void add_rows(int64_t n, int64_t m, int64_t ld, const double *x, const double *shift,
                            const double *scale, int64_t step, double *restrict to)
{
    int64_t j = 0;
    for (; j + 4 <= m; j += 4) {
        const double *r = x + j * ld;
        double a[4] = { 1, 1, 1, 1 };
        for (int l = 0; l < 4 && scale; l++)
            a[l] = scale[(j + l) * step];
        for (int64_t i = 0; i < n; i++) {
            double z[4];
            for (int l = 0; l < 4; l++)
                z[l] = scale ? (r[l * ld + i] - shift[j + l]) * a[l] : r[l * ld + i] - shift[j + l];
            to[i] += (z[0] * z[0] + z[1] * z[1]) + (z[2] * z[2] + z[3] * z[3]);
        }
    }
    for (; j < m; j++)
        for (int64_t i = 0; i < n; i++) {
            const double z = (x[j * ld + i] - shift[j]) * (scale ? scale[j * step] : 1);
            to[i] += z * z;
        }
}

/* Squared distances of a block to all means, in units of the covariances. */
static void measure_block(const expectation *e, int64_t rows, const double *x, double *panel,
                          double *distance)
{
    const int64_t d = e->p.d, ld = e->rows;
    memset(distance, 0, (size_t)(e->k * ld) * sizeof *distance);
    for (int64_t c = 0; c < e->k && !e->full; c++)
        add_rows(rows, d, ld, x, e->shift + c * d, e->factor + c * e->width, e->width > 1,
                 distance + c * ld);
    for (int64_t f = 0; f < e->factors && e->full; f++)
        for (int64_t t = 0; t < d; t += e->panel) {
            const int64_t width = min_of(e->panel, d - t);
            const int64_t last = e->factors == 1 ? e->k : f + 1;
            e->matrix->gemm(e->cx, false, false, width, rows, t + width,
                            e->factor + f * e->width + t * d, d, x, ld, 0, panel, ld);
            for (int64_t c = f; c < last; c++)
                add_rows(rows, width, ld, panel, e->shift + c * d + t, NULL, 0, distance + c * ld);
        }
}

/* From distances to the shares of the components, and the log of their sum. */
static void share_row(const expectation *e, int64_t i, const double *distance)
{
    const int64_t k = e->k, ld = e->rows;
    double *share = e->share + i * k, most = -INFINITY, sum = 0;
    for (int64_t c = 0; c < k; c++) {
        share[c] = e->constant[c] - distance[c * ld] / 2;
        most = share[c] > most ? share[c] : most;
    }
    for (int64_t c = 0; c < k; c++) {
        share[c] = exp(share[c] - most);
        sum += share[c];
    }
    for (int64_t c = 0; c < k; c++)
        share[c] /= sum;
    e->density[i] = most + log(sum);
}

static void expect_range(void *arg, int64_t strand, int64_t end)
{
    const expectation *e = arg;
    for (; strand < end; strand++) {
        double *x = e->strand + strand * e->strand_size, *panel = x + e->p.d * e->rows,
               *distance = panel + e->panel * e->rows;
        for (int64_t b = e->from + strand; b < e->to; b += e->strands) {
            const int64_t first = b * e->rows, rows = min_of(e->rows, e->p.n - first);
            place_points(e, first, rows, x);
            measure_block(e, rows, x, panel, distance);
            for (int64_t i = 0; i < rows; i++)
                share_row(e, first + i, distance + i);
        }
    }
}

static hy_status expect_all(hy_ctx *cx, expectation *e)
{
    const double d = (double)e->p.d, k = (double)e->k;
    const double work = (double)e->rows * (e->full ? (double)e->factors * d * d : d) + k * d;
    const int64_t look = per_look(e->blocks, work, e->strands);
    for (e->from = 0; e->from < e->blocks; e->from = e->to) {
        e->to = min_of(e->blocks, e->from + look);
        HY_TRY(hy_poll(cx, e->from, e->blocks));
        hy_parallel_for(e->strands, 1, expect_range, e);
    }
    for (int64_t i = 0; i < e->p.n; i++)
        if (!isfinite(e->density[i]))
            return hy_fail(cx, HY_ENUMERIC, "row %lld of x is too far from every mean; scale x",
                           (long long)i + 1);
    return HY_OK;
}

static hy_status read_weights(hy_ctx *cx, const hy_tensor *weights)
{
    const double *weight = hy_data(weights);
    double sum = 0;
    const int64_t k = hy_numel(weights);
    for (int64_t c = 0; c < k; c++) {
        if (!(weight[c] >= 0) || !isfinite(weight[c]))
            return hy_fail(cx, HY_EARG, "weights is %g at %lld; weights are 0 or more", weight[c],
                           (long long)c + 1);
        sum += weight[c];
    }
    return sum > 0 ? HY_OK
                   : hy_fail(cx, HY_EARG, "all weights are 0; at least one must be positive");
}

/* Which kind of covariances this is, by its shape. */
static hy_status read_covariances(hy_ctx *cx, expectation *e, const hy_tensor *t)
{
    char text[160];
    const int64_t k = e->k, d = e->p.d;
    const int64_t *s = t->shape;
    e->full = t->ndim == 3 && s[1] == d && s[2] == d && (s[0] == k || s[0] == 1);
    if (!e->full && !(t->ndim == 3 && s[0] == k && s[1] == 1 && (s[2] == d || s[2] == 1)))
        return hy_fail(cx, HY_EARG,
                       "covariances must be k×d×d, 1×d×d, k×1×d or k×1×1 for k = %lld "
                       "and d = %lld, got %s",
                       (long long)k, (long long)d, hy_shape_text(t, text));
    e->factors = s[0];
    e->width = s[1] * s[2];
    e->covariance = hy_data(t);
    const int64_t numbers = hy_numel(t);
    for (int64_t i = 0; i < numbers; i++)
        if (!isfinite(e->covariance[i]))
            return hy_fail(cx, HY_EARG, "covariances holds %g for component %lld", e->covariance[i],
                           (long long)(i / e->width) + 1);
    return HY_OK;
}

static hy_status prepare(hy_ctx *cx, hy_call *c, expectation *e)
{
    const int64_t n = e->p.n, d = e->p.d, k = e->k;
    hy_tensor *failed;
    HY_TRY(hy_out(cx, c, 0, HY_F64, 2, (int64_t[]){ n, k }));
    HY_TRY(hy_out(cx, c, 1, HY_F64, 1, &n));
    e->share = hy_data(c->out[0]);
    e->density = hy_data(c->out[1]);
    e->rows = block_rows(n, d);
    e->blocks = parts_of(n, e->rows);
    e->strands = min_of(e->blocks, hy_threads(0));
    e->panel = panel_rows(d);
    e->strand_size = (d + e->panel + k) * e->rows;
    e->together = per_look(e->factors, e->full ? (double)d * (double)d * (double)d : (double)d,
                           min_of(e->factors, hy_threads(0)));
    HY_TRY(f64_scratch(cx, c, e->factors * e->width, &e->factor));
    HY_TRY(f64_scratch(cx, c, e->factors, &e->log_root));
    HY_TRY(f64_scratch(cx, c, e->together * room_size(e), &e->room));
    HY_TRY(f64_scratch(cx, c, d, &e->origin));
    HY_TRY(f64_scratch(cx, c, k * d, &e->shift));
    HY_TRY(f64_scratch(cx, c, k, &e->constant));
    HY_TRY(f64_scratch(cx, c, e->strands * e->strand_size, &e->strand));
    HY_TRY(hy_temp(cx, c, HY_U8, 1, &e->factors, &failed));
    e->failed = hy_data(failed);
    return HY_OK;
}

static hy_status gmm_e_step_fwd(hy_ctx *cx, hy_call *c)
{
    expectation e = { .cx = cx, .k = c->in[1]->shape[0] };
    hy_tensor *in[4];
    hy_points means;
    HY_TRY(read_points(cx, c, &e.p));
    for (int i = 1; i < 4; i++) {
        HY_TRY(hy_need_real(cx, c->in[i]));
        HY_TRY(hy_temp_to(cx, c, c->in[i], HY_F64, &in[i]));
    }
    e.matrix = products(in[1]);
    if (in[2]->shape[0] != e.k || in[2]->shape[1] != e.p.d)
        return hy_fail(cx, HY_EARG,
                       "means must be %lld×%lld like the weights and the columns of x, "
                       "got %lld×%lld",
                       (long long)e.k, (long long)e.p.d, (long long)in[2]->shape[0],
                       (long long)in[2]->shape[1]);
    HY_TRY(read_weights(cx, in[1]));
    HY_TRY(hy_points_read(cx, c, in[2], "means", &means));
    HY_TRY(read_covariances(cx, &e, in[3]));
    HY_TRY(prepare(cx, c, &e));
    HY_TRY(factor_all(cx, &e));
    place_means(&e, hy_data(in[1]), hy_data(in[2]));
    return expect_all(cx, &e);
}

const hy_op hy_ops_gmm[] = {
    { .name = "gmm_e_step",
      .signature = "x:matrix weights:vector means:matrix covariances:tensor -> matrix vector",
      .forward = gmm_e_step_fwd,
      .doc =
          "E-step of a Gaussian mixture: how much of every row of x each of the k components "
          "explains (n×k, rows sum to 1), and the log density of every row (n), both f64. "
          "Weights count relative to their sum. Covariances are k×d×d; 1×d×d when all share one; "
          "k×1×d when they are diagonal; k×1×1 when spherical. One that is not positive "
          "definite gets 1e-5, 1e-4, 1e-3 or 0.01 added to its diagonal." },
    { .name = "gmm_m_step",
      .signature =
          "x:matrix responsibilities:matrix {diagonal:flag=false reg:number=1e-6} -> vector "
          "matrix tensor",
      .forward = hy_gmm_m_step_fwd,
      .doc = "M-step of a Gaussian mixture: weights (k), means (k×d) and covariances (k×d×d, or "
             "k×1×d of the variances alone) of x under the responsibilities (n×k), all f64. reg is "
             "added to every variance." },
    { 0 },
};
