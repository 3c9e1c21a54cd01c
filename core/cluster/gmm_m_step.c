/* The M-step of Gaussian mixtures: weights, means and covariances from the shares of the points. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "gmm.h"

typedef struct maximization {
    hy_ctx *cx;
    hy_points p;
    const hy_matrix_kernels *matrix;
    int64_t k, width; /* width: numbers of a covariance, d×d or d */
    bool full;
    const double *share; /* n×k */
    int64_t rows, blocks, from, to;
    int64_t parts; /* of the blocks: part s has every parts-th */
    double *sums;  /* parts × (k×d weighted sums of the points, k sums of the shares) */
    double *count; /* k */
    double *mean, *covariance;
    double *scatter; /* of all parts but the first: k covariances each */
    double *strand;  /* rows×d for each task */
} maximization;

/* Point i in f64, moved by −mean (NULL: not moved) and stretched. */
static void take_point(const maximization *m, int64_t i, const double *mean, double scale,
                       double *to)
{
    const int64_t d = m->p.d;
    if (m->p.dtype == HY_F64) {
        const double *x = (const double *)m->p.x + i * d;
        for (int64_t j = 0; j < d; j++)
            to[j] = mean ? (x[j] - mean[j]) * scale : x[j];
    } else {
        const float *x = (const float *)m->p.x + i * d;
        for (int64_t j = 0; j < d; j++)
            to[j] = mean ? ((double)x[j] - mean[j]) * scale : (double)x[j];
    }
}

static void sum_range(void *arg, int64_t part, int64_t end)
{
    const maximization *m = arg;
    const int64_t k = m->k, d = m->p.d;
    for (; part < end; part++) {
        double *sums = m->sums + part * k * (d + 1), *counts = sums + k * d;
        double *x = m->strand + part * m->rows * d;
        for (int64_t b = m->from + part; b < m->to; b += m->parts) {
            const int64_t first = b * m->rows, rows = min_of(m->rows, m->p.n - first);
            const double *share = m->share + first * k;
            for (int64_t i = 0; i < rows; i++) {
                take_point(m, first + i, NULL, 1, x + i * d);
                for (int64_t c = 0; c < k; c++)
                    counts[c] += share[i * k + c];
            }
            m->matrix->gemm(m->cx, true, false, k, d, rows, share, k, x, d, 1, sums, d);
        }
    }
}

/* S += xᵀ·x, its upper triangle, for the rows of x. */
static void add_products(const maximization *m, int64_t rows, const double *x, double *s)
{
    const int64_t d = m->p.d;
    const int64_t panel = panel_rows(d);
    for (int64_t t = 0; t < d; t += panel)
        m->matrix->gemm(m->cx, true, false, min_of(panel, d - t), d - t, rows, x + t, d, x + t, d,
                        1, s + t * d + t, d);
}

static void scatter_component(const maximization *m, int64_t c, int64_t part, double *x, double *s)
{
    const int64_t d = m->p.d;
    const double *mean = m->mean + c * d;
    /* Points whose share is below rounding change no digit: most of them are, for most clusters. */
    const double least = 1e-20 * m->count[c] / (double)m->p.n;
    int64_t held = 0;
    for (int64_t b = m->from + part; b < m->to; b += m->parts) {
        const int64_t first = b * m->rows, last = min_of(m->p.n, first + m->rows);
        for (int64_t i = first; i < last; i++) {
            const double share = m->share[i * m->k + c];
            if (share <= least)
                continue;
            take_point(m, i, mean, sqrt(share), x + held * d);
            if (!m->full) {
                for (int64_t j = 0; j < d; j++)
                    s[j] += x[j] * x[j];
            } else if (++held == m->rows) {
                add_products(m, held, x, s);
                held = 0;
            }
        }
    }
    if (held > 0)
        add_products(m, held, x, s);
}

static void scatter_range(void *arg, int64_t begin, int64_t end)
{
    const maximization *m = arg;
    for (int64_t task = begin; task < end; task++) {
        const int64_t c = task / m->parts, part = task % m->parts;
        double *s = part == 0 ? m->covariance : m->scatter + (part - 1) * m->k * m->width;
        scatter_component(m, c, part, m->strand + task * m->rows * m->p.d, s + c * m->width);
    }
}

static hy_status each_look(hy_ctx *cx, maximization *m, int64_t tasks, double work, hy_range_fn *fn)
{
    const int64_t look = per_look(m->blocks, (double)(m->rows * m->k) * work, m->parts);
    for (m->from = 0; m->from < m->blocks; m->from = m->to) {
        m->to = min_of(m->blocks, m->from + look);
        HY_TRY(hy_poll(cx, m->from, m->blocks));
        hy_parallel_for(tasks, 1, fn, m);
    }
    return HY_OK;
}

static hy_status find_means(hy_ctx *cx, maximization *m, double *weight)
{
    const int64_t k = m->k, d = m->p.d, size = k * (d + 1);
    double total = 0;
    m->parts = min_of(m->blocks, TASKS);
    memset(m->sums, 0, (size_t)(m->parts * size) * sizeof *m->sums);
    HY_TRY(each_look(cx, m, m->parts, (double)d, sum_range));
    for (int64_t s = 1; s < m->parts; s++)
        for (int64_t i = 0; i < size; i++)
            m->sums[i] += m->sums[s * size + i];
    for (int64_t c = 0; c < k; c++) {
        m->count[c] = m->sums[k * d + c] + 10 * DBL_EPSILON;
        total += m->count[c];
        for (int64_t j = 0; j < d; j++)
            m->mean[c * d + j] = m->sums[c * d + j] / m->count[c];
    }
    for (int64_t c = 0; c < k; c++)
        weight[c] = m->count[c] / total;
    return HY_OK;
}

static hy_status find_covariances(hy_ctx *cx, maximization *m, double reg)
{
    const int64_t k = m->k, d = m->p.d, size = k * m->width, step = m->full ? d + 1 : 1;
    m->parts = min_of(m->blocks, parts_of(TASKS, k));
    memset(m->covariance, 0, (size_t)size * sizeof *m->covariance);
    memset(m->scatter, 0, (size_t)((m->parts - 1) * size) * sizeof *m->scatter);
    HY_TRY(each_look(cx, m, k * m->parts, (double)m->width, scatter_range));
    for (int64_t s = 0; s < m->parts - 1; s++)
        for (int64_t i = 0; i < size; i++)
            m->covariance[i] += m->scatter[s * size + i];
    for (int64_t c = 0; c < k; c++) {
        double *s = m->covariance + c * m->width;
        for (int64_t i = 0; i < m->width; i++)
            s[i] /= m->count[c];
        for (int64_t j = 0; j < d; j++)
            s[j * step] += reg;
        for (int64_t i = 0; m->full && i < d; i++)
            for (int64_t j = 0; j < i; j++)
                s[i * d + j] = s[j * d + i];
    }
    return HY_OK;
}

static hy_status read_shares(hy_ctx *cx, hy_call *c, maximization *m)
{
    hy_tensor *shares = c->in[1];
    HY_TRY(hy_need_real(cx, shares));
    if (shares->shape[0] != m->p.n)
        return hy_fail_shapes(cx, "x and responsibilities differ in rows", c->in[0], shares);
    m->k = shares->shape[1];
    if (m->k == 0)
        return hy_fail(cx, HY_EARG, "responsibilities has no columns");
    HY_TRY(hy_temp_to(cx, c, shares, HY_F64, &shares));
    m->share = hy_data(shares);
    m->matrix = products(shares);
    for (int64_t i = 0; i < m->p.n * m->k; i++)
        if (!(m->share[i] >= 0 && isfinite(m->share[i])))
            return hy_fail(cx, HY_EARG,
                           "responsibilities is %g at row %lld, column %lld; it must be "
                           "0 or more",
                           m->share[i], (long long)(i / m->k) + 1, (long long)(i % m->k) + 1);
    return HY_OK;
}

hy_status hy_gmm_m_step_fwd(hy_ctx *cx, hy_call *c)
{
    maximization m = { .cx = cx, .full = !c->arg[0].i };
    const double reg = c->arg[1].d;
    HY_TRY(read_points(cx, c, &m.p));
    HY_TRY(read_shares(cx, c, &m));
    if (!(reg >= 0) || !isfinite(reg))
        return hy_fail(cx, HY_EARG, "reg is %g; it must be 0 or more", reg);
    const int64_t k = m.k, d = m.p.d;
    m.width = m.full ? d * d : d;
    m.rows = block_rows(m.p.n, d);
    m.blocks = parts_of(m.p.n, m.rows);
    const int64_t parts = min_of(m.blocks, TASKS), tasks = min_of(m.blocks, parts_of(TASKS, k)) * k;
    HY_TRY(hy_out(cx, c, 0, HY_F64, 1, &k));
    HY_TRY(hy_out(cx, c, 1, HY_F64, 2, (int64_t[]){ k, d }));
    HY_TRY(hy_out(cx, c, 2, HY_F64, 3, (int64_t[]){ k, m.full ? d : 1, d }));
    m.mean = hy_data(c->out[1]);
    m.covariance = hy_data(c->out[2]);
    HY_TRY(f64_scratch(cx, c, parts * k * (d + 1), &m.sums));
    HY_TRY(f64_scratch(cx, c, k, &m.count));
    HY_TRY(f64_scratch(cx, c, (tasks - k) * m.width, &m.scatter));
    HY_TRY(f64_scratch(cx, c, (tasks > parts ? tasks : parts) * m.rows * d, &m.strand));
    HY_TRY(find_means(cx, &m, hy_data(c->out[0])));
    return find_covariances(cx, &m, reg);
}
