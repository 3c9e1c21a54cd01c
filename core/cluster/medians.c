/*
 * k-medians: the loop of k-means with city-block distances, whose best centers are medians by
 * coordinate. Bradley, Mangasarian & Street, Clustering via concave minimization, NIPS 1996.
 */
#include <math.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

enum {
    ROWS = 1024, /* of a block of distances */
    STRIP = 8,   /* coordinates whose medians one chunk finds */
    STRIPS = 4,  /* chunks at a time */
};

typedef struct medians {
    hy_points p;
    const hy_manhattan_kernels *kernels;
    int64_t k, rows;
    void *centers; /* k×d */
    void *near;    /* rows×k: distances */
    double *cost;  /* n: distance to the own center */
    int32_t *label, *before;
    int32_t *pick, *start; /* points label by label; k + 1 */
    double *columns;       /* STRIPS × STRIP × n: the numbers of some coordinates */
    int64_t strip;         /* first coordinate at hand */
} medians;

static hy_status kernels_of(hy_ctx *cx, const hy_tensor *x, hy_dtype dtype,
                            const hy_manhattan_kernels **out)
{
    *out = x->storage->device->kernels[dtype]->manhattan;
    return *out
               ? HY_OK
               : hy_fail(cx, HY_EARG, "no city-block distances on device %s yet; use x:to(\"cpu\")",
                         x->storage->device->name);
}

/* ---- assignment ----------------------------------------------------------------------------- */

typedef struct nearest {
    const medians *m;
    int64_t first;
} nearest;

static void choose_nearest(void *arg, int64_t begin, int64_t end)
{
    const nearest *job = arg;
    const medians *m = job->m;
    for (int64_t i = begin; i < end; i++) {
        int64_t best = 0;
        for (int64_t j = 1; j < m->k; j++)
            if (hy_number(m->p.dtype, m->near, i * m->k + j) <
                hy_number(m->p.dtype, m->near, i * m->k + best))
                best = j;
        m->label[job->first + i] = (int32_t)best;
        m->cost[job->first + i] = hy_number(m->p.dtype, m->near, i * m->k + best);
    }
}

static hy_status assign(hy_ctx *cx, const medians *m)
{
    for (int64_t first = 0; first < m->p.n; first += m->rows) {
        const int64_t n = m->p.n - first < m->rows ? m->p.n - first : m->rows;
        nearest job = { m, first };
        HY_TRY(hy_poll(cx, first, m->p.n));
        m->kernels->manhattan(n, m->k, m->p.d, hy_points_block(&m->p, first, n), m->centers,
                              m->near);
        hy_parallel_for(n, 256, choose_nearest, &job);
    }
    return HY_OK;
}

/* ---- medians -------------------------------------------------------------------------------- */

/* Moves the at-th smallest of n numbers to its place, nothing larger before it (Hoare). */
static void select_nth(double *x, int64_t n, int64_t at)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        const double pivot = x[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i <= j) {
                const double t = x[i];
                x[i++] = x[j];
                x[j--] = t;
            }
        }
        if (at <= j)
            high = j;
        else if (at >= i)
            low = i;
        else
            return;
    }
}

/* Of an even number of values the middle between the two in the middle. */
static double median(double *x, int64_t n)
{
    select_nth(x, n, n / 2);
    double below = x[n / 2];
    if (n % 2 == 1)
        return below;
    below = x[0];
    for (int64_t i = 1; i < n / 2; i++)
        below = x[i] > below ? x[i] : below;
    return below + (x[n / 2] - below) / 2;
}

/* Numbers j … j + width − 1 of the points that pick names, a column after the other. */
static void gather(const hy_points *p, const int32_t *pick, int64_t n, int64_t j, int64_t width,
                   double *columns)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = pick[i] * p->d + j;
        for (int64_t s = 0; s < width; s++)
            columns[s * n + i] =
                p->x ? hy_number(p->dtype, p->x, at + s) : (double)p->bytes[at + s];
    }
}

static void find_medians(void *arg, int64_t begin, int64_t end)
{
    const medians *m = arg;
    double *columns = m->columns + begin * m->p.n;
    for (int64_t c = 0; c < m->k; c++) {
        const int64_t n = m->start[c + 1] - m->start[c];
        if (n == 0)
            continue;
        gather(&m->p, m->pick + m->start[c], n, m->strip + begin, end - begin, columns);
        for (int64_t j = begin; j < end; j++) {
            const int64_t at = c * m->p.d + m->strip + j;
            const double value = median(columns + (j - begin) * n, n);
            if (m->p.dtype == HY_F64)
                ((double *)m->centers)[at] = value;
            else
                ((float *)m->centers)[at] = (float)value;
        }
    }
}

static hy_status move_centers(hy_ctx *cx, medians *m)
{
    const int64_t many = STRIP * STRIPS;
    memset(m->start, 0, (size_t)(m->k + 1) * sizeof *m->start);
    for (int64_t i = 0; i < m->p.n; i++)
        m->start[m->label[i] + 1]++;
    for (int64_t c = 0; c < m->k; c++)
        m->start[c + 1] += m->start[c];
    for (int64_t i = m->p.n - 1; i >= 0; i--) /* from the end: start moves to the beginnings */
        m->pick[--m->start[m->label[i] + 1]] = (int32_t)i;
    for (int64_t c = 0; c < m->k; c++)
        m->start[c] = m->start[c + 1];
    m->start[m->k] = (int32_t)m->p.n;
    for (m->strip = 0; m->strip < m->p.d; m->strip += many) {
        const int64_t left = m->p.d - m->strip;
        HY_TRY(hy_poll(cx, m->strip, m->p.d));
        hy_parallel_for(left < many ? left : many, STRIP, find_medians, m);
    }
    return HY_OK;
}

/* Each empty cluster takes the costliest point that its cluster can spare, if there is any. */
static void refill(medians *m)
{
    memset(m->start, 0, (size_t)(m->k + 1) * sizeof *m->start);
    for (int64_t i = 0; i < m->p.n; i++)
        m->start[m->label[i]]++;
    for (int64_t c = 0; c < m->k; c++) {
        int64_t worst = -1;
        if (m->start[c] > 0)
            continue;
        for (int64_t i = 0; i < m->p.n; i++)
            if (m->cost[i] > (worst < 0 ? 0 : m->cost[worst]) && m->start[m->label[i]] > 1)
                worst = i;
        if (worst < 0)
            return;
        m->start[m->label[worst]]--;
        m->start[c] = 1;
        m->label[worst] = (int32_t)c;
        m->cost[worst] = 0;
    }
}

/* ---- the op --------------------------------------------------------------------------------- */

static hy_status scratch(hy_ctx *cx, hy_call *c, hy_dtype dtype, int64_t n, void *out)
{
    hy_tensor *t;
    HY_TRY(hy_temp(cx, c, dtype, 1, &n, &t));
    *(void **)out = hy_data(t);
    return HY_OK;
}

static hy_status read_centers(hy_ctx *cx, hy_call *c, medians *m)
{
    hy_tensor *centers = c->in[1], *copy;
    hy_points read;
    if (centers->shape[0] == 0)
        return hy_fail(cx, HY_EARG, "centers has no rows");
    if (centers->shape[1] != m->p.d)
        return hy_fail_shapes(cx, "rows of x and centers differ in length", c->in[0], centers);
    if (centers->shape[0] > m->p.n)
        return hy_fail(cx, HY_EARG, "%lld centers need at least as many points; x has %lld rows",
                       (long long)centers->shape[0], (long long)m->p.n);
    HY_TRY(hy_need_real(cx, centers));
    HY_TRY(hy_temp(cx, c, m->p.dtype, 2, centers->shape, &copy));
    HY_TRY(hy_copy_into(cx, centers, copy));
    HY_TRY(hy_points_read(cx, c, copy, "centers", &read));
    m->k = centers->shape[0];
    m->centers = hy_data(copy);
    return hy_out_tensor(cx, c, 1, copy);
}

static hy_status prepare(hy_ctx *cx, hy_call *c, medians *m)
{
    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &m->p));
    HY_TRY(read_centers(cx, c, m));
    HY_TRY(kernels_of(cx, c->in[0], m->p.dtype, &m->kernels));
    m->rows = hy_points_most(&m->p, m->p.n < ROWS ? m->p.n : ROWS);
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, &m->p.n));
    HY_TRY(hy_out(cx, c, 2, HY_F64, 0, NULL));
    HY_TRY(hy_out(cx, c, 3, HY_F64, 0, NULL));
    m->label = hy_data(c->out[0]);
    HY_TRY(scratch(cx, c, m->p.dtype, m->rows * m->k, &m->near));
    HY_TRY(scratch(cx, c, HY_F64, m->p.n, &m->cost));
    HY_TRY(scratch(cx, c, HY_F64, STRIPS * STRIP * m->p.n, &m->columns));
    HY_TRY(scratch(cx, c, HY_INDEX, m->p.n, &m->before));
    HY_TRY(scratch(cx, c, HY_INDEX, m->p.n, &m->pick));
    return scratch(cx, c, HY_INDEX, m->k + 1, &m->start);
}

static hy_status kmedians_fwd(hy_ctx *cx, hy_call *c)
{
    const int64_t max_iter = c->arg[0].i;
    int64_t iterations = 0;
    double inertia = 0;
    medians m = { .k = 0 };

    if (max_iter < 0)
        return hy_fail(cx, HY_EARG, "max_iter is %lld; it must be 0 or more", (long long)max_iter);
    HY_TRY(prepare(cx, c, &m));
    const size_t bytes = (size_t)m.p.n * sizeof *m.label;
    HY_TRY(assign(cx, &m));
    while (iterations < max_iter) {
        refill(&m);
        memcpy(m.before, m.label, bytes);
        HY_TRY(move_centers(cx, &m));
        HY_TRY(assign(cx, &m));
        iterations++;
        if (memcmp(m.before, m.label, bytes) == 0)
            break;
    }
    for (int64_t i = 0; i < m.p.n; i++)
        inertia += m.cost[i];
    *(double *)hy_data(c->out[2]) = inertia;
    *(double *)hy_data(c->out[3]) = (double)iterations;
    return HY_OK;
}

static hy_status manhattan_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0], *y = c->in[1];
    const int64_t n = x->shape[0], k = y->shape[0], d = x->shape[1];
    const hy_manhattan_kernels *kernels;
    HY_TRY(hy_need_real(cx, x));
    HY_TRY(hy_need_same_dtype(cx, x, y));
    if (y->shape[1] != d)
        return hy_fail_shapes(cx, "rows differ in length", x, y);
    HY_TRY(hy_out(cx, c, 0, x->dtype, 2, (int64_t[]){ n, k }));
    HY_TRY(kernels_of(cx, x, x->dtype, &kernels));
    kernels->manhattan(n, k, d, hy_data(x), hy_data(y), hy_data(c->out[0]));
    return HY_OK;
}

const hy_op hy_ops_medians[] = {
    { .name = "kmedians",
      .signature = "x:matrix centers:matrix {max_iter:integer=300} -> index matrix tensor tensor",
      .forward = kmedians_fwd,
      .doc = "k-medians from the given centers: labels, centers, the sum of the city-block "
             "distances to them (f64), iterations. Stops when labels repeat. An empty cluster "
             "takes the point farthest from its own center." },
    { .name = "manhattan",
      .signature = "x:matrix y:matrix -> matrix",
      .forward = manhattan_fwd,
      .doc = "City-block distance, the sum of absolute differences, from every row of x to every "
             "row of y." },
    { 0 },
};
