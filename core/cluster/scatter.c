/*
 * Means and covariances in f64: of all points, around the means of clusters, and of each
 * cluster. Points are centered block by block; a block is multiplied with itself in tiles, and the
 * tiles are added up. Blocks and tiles depend on the sizes alone: same bits for any thread count.
 */
#include <math.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

enum {
    ROWS = 2048, /* in a block */
    TILE = 112,  /* columns in a tile, at most */
};

typedef struct scatter {
    hy_ctx *cx;
    hy_points p;
    const hy_matrix_kernels *matrix;
    hy_dtype dtype; /* of the products: f64, or the points' own */
    int64_t size;
    int64_t tiles, tile;  /* along a side; columns of each */
    int64_t rows;         /* in a block, at most */
    char *block;          /* rows×d: the centered rows at hand */
    char *product;        /* tile×tile for each pair of tiles */
    const int32_t *pick;  /* points to take; NULL: all */
    const int32_t *label; /* whose mean each point is centered on; NULL: the first */
    const double *mean;
    int64_t first, count; /* the block at hand */
    double *sum;          /* d×d */
} scatter;

static hy_status prepare(hy_ctx *cx, hy_call *c, bool fast, scatter *s)
{
    hy_tensor *block, *product;
    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &s->p));
    if (s->p.n == 0)
        return hy_fail(cx, HY_EARG, "x has no rows");
    s->cx = cx;
    hy_onednn_used(cx); /* sought now: the threads that multiply only look what was found */
    s->dtype = fast ? s->p.dtype : HY_F64;
    s->size = hy_dtype_size(s->dtype);
    s->matrix = c->in[0]->storage->device->kernels[s->dtype]->matrix;
    /* two tiles at least: a single one would be left to BLAS and all of its threads */
    const int64_t d = s->p.d, half = (d + 1) / 2, most = half < TILE ? half : TILE;
    s->tiles = (d + most - 1) / most;
    s->tile = (d + s->tiles - 1) / s->tiles;
    s->rows = s->p.n < ROWS ? s->p.n : ROWS;
    const int64_t numbers = s->tiles * (s->tiles + 1) / 2 * s->tile * s->tile;
    HY_TRY(hy_temp(cx, c, s->dtype, 2, (int64_t[]){ s->rows, d }, &block));
    HY_TRY(hy_temp(cx, c, s->dtype, 1, &numbers, &product));
    s->block = hy_data(block);
    s->product = hy_data(product);
    return HY_OK;
}

/* row (d numbers) = x − mean. An f32 x that becomes f64 lies in the second half of the
 * row, so that nothing is written over before it is read. */
static void center_row(const scatter *s, const void *x, const double *mean, void *row)
{
    const double *wide = x;
    const float *narrow = x;
    const int64_t d = s->p.d;
    if (s->p.dtype == HY_F64)
        for (int64_t j = 0; j < d; j++)
            ((double *)row)[j] = wide[j] - mean[j];
    else if (s->dtype == HY_F64)
        for (int64_t j = 0; j < d; j++)
            ((double *)row)[j] = (double)narrow[j] - mean[j];
    else
        for (int64_t j = 0; j < d; j++)
            ((float *)row)[j] = (float)((double)narrow[j] - mean[j]);
}

static void center_rows(void *arg, int64_t begin, int64_t end)
{
    const scatter *s = arg;
    const int64_t d = s->p.d;
    for (int64_t i = begin; i < end; i++) {
        const int64_t at = s->pick ? s->pick[s->first + i] : s->first + i;
        const int32_t label = s->label ? s->label[at] : 0;
        char *row = s->block + i * d * s->size, *x = row + d * (s->size - s->p.size);
        if (label < 0) {
            memset(row, 0, (size_t)(d * s->size));
            continue;
        }
        hy_points_copy(&s->p, at, x);
        center_row(s, x, s->mean + label * d, row);
    }
}

/* Tiles come in the order (0,0), (0,1), (1,1), (0,2), … */
static void multiply_tiles(void *arg, int64_t begin, int64_t end)
{
    const scatter *s = arg;
    const int64_t d = s->p.d;
    for (int64_t t = begin; t < end; t++) {
        int64_t right = 0, before = t;
        while (before > right)
            before -= ++right;
        const int64_t r = before * s->tile, q = right * s->tile;
        const int64_t m = d - r < s->tile ? d - r : s->tile, n = d - q < s->tile ? d - q : s->tile;
        char *product = s->product + t * s->tile * s->tile * s->size;
        if (m <= 0 || n <= 0)
            continue;
        s->matrix->gemm(s->cx, true, false, m, n, s->count, s->block + r * s->size, d,
                        s->block + q * s->size, d, 0, product, n);
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < n; j++)
                s->sum[(r + i) * d + q + j] += hy_number(s->dtype, product, i * n + j);
    }
}

/* sum (d×d) becomes divisor⁻¹ times the scatter of `count` points. */
static hy_status find_scatter(hy_ctx *cx, scatter *s, int64_t count, double divisor, double *sum)
{
    const int64_t d = s->p.d, pairs = s->tiles * (s->tiles + 1) / 2;
    memset(sum, 0, (size_t)(d * d) * sizeof *sum);
    s->sum = sum;
    for (s->first = 0; s->first < count; s->first += s->rows) {
        s->count = count - s->first < s->rows ? count - s->first : s->rows;
        HY_TRY(hy_poll(cx, s->first, count));
        hy_parallel_for(s->count, 128, center_rows, s);
        hy_parallel_for(pairs, 1, multiply_tiles, s);
    }
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = i; j < d; j++)
            sum[i * d + j] = sum[j * d + i] = sum[i * d + j] / divisor;
    return HY_OK;
}

/* ---- means ---------------------------------------------------------------------------------- */

typedef struct groups {
    int64_t k;
    int32_t *label;
    double *mean, *count; /* k×d, k */
    double *part, *part_count;
} groups;

static hy_status f64_scratch(hy_ctx *cx, hy_call *c, int64_t n, double **out)
{
    hy_tensor *t;
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &t));
    *out = hy_data(t);
    return HY_OK;
}

static hy_status prepare_groups(hy_ctx *cx, hy_call *c, const scatter *s, groups *g)
{
    HY_TRY(f64_scratch(cx, c, g->k * s->p.d, &g->part));
    return f64_scratch(cx, c, g->k, &g->part_count);
}

/* Means of the rows by label; zeros where there is nothing. */
static hy_status find_means(hy_ctx *cx, const scatter *s, const groups *g)
{
    HY_TRY(
        hy_points_sums(cx, &s->p, g->k, NULL, g->label, g->mean, g->count, g->part, g->part_count));
    for (int64_t i = 0; i < g->k * s->p.d; i++)
        if (g->count[i / s->p.d] > 0)
            g->mean[i] /= g->count[i / s->p.d];
    return HY_OK;
}

/* One group of all points. */
static hy_status one_label(hy_ctx *cx, hy_call *c, int64_t n, int32_t **out)
{
    hy_tensor *zero;
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &zero));
    *out = memset(hy_data(zero), 0, (size_t)n * sizeof **out);
    return HY_OK;
}

/* The labels of n points, checked, and how many there are: k, or the largest of them. */
static hy_status read_labels(hy_ctx *cx, hy_tensor *labels, const hy_arg *k, int64_t n, groups *g)
{
    if (hy_numel(labels) != n)
        return hy_fail(cx, HY_EARG, "%lld labels for %lld rows", (long long)hy_numel(labels),
                       (long long)n);
    g->label = hy_data(labels);
    g->k = k->given ? k->i : 0;
    for (int64_t i = 0; i < n; i++) {
        if (g->label[i] < g->k)
            continue;
        if (k->given)
            return hy_fail(cx, HY_EARG, "label %lld at %lld is above k = %lld",
                           (long long)g->label[i] + 1, (long long)i + 1, (long long)k->i);
        g->k = (int64_t)g->label[i] + 1;
    }
    return g->k > 0 ? HY_OK : hy_fail(cx, HY_EARG, "there are no labels from 1 on");
}

static hy_status need_index(hy_ctx *cx, const hy_tensor *labels)
{
    if (labels->dtype == HY_INDEX)
        return HY_OK;
    return hy_fail(cx, HY_EARG, "labels must be index, got %s; convert with :to(\"index\")",
                   hy_dtype_name(labels->dtype));
}

/* ---- ops ------------------------------------------------------------------------------------ */

static hy_status covariance_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *labels = c->nin > 1 ? c->in[1] : NULL;
    scatter s = { .rows = 0 };
    groups g = { .k = 1 };
    double points = 0;

    HY_TRY(prepare(cx, c, c->arg[2].i, &s));
    const double ddof = c->arg[0].d;
    if (labels) {
        HY_TRY(need_index(cx, labels));
        HY_TRY(read_labels(cx, labels, &c->arg[1], s.p.n, &g));
    } else {
        HY_TRY(one_label(cx, c, s.p.n, &g.label));
    }
    HY_TRY(hy_out(cx, c, 0, HY_F64, 2, (int64_t[]){ s.p.d, s.p.d }));
    HY_TRY(labels ? hy_out(cx, c, 1, HY_F64, 2, (int64_t[]){ g.k, s.p.d })
                  : hy_out(cx, c, 1, HY_F64, 1, &s.p.d));
    HY_TRY(prepare_groups(cx, c, &s, &g));
    HY_TRY(f64_scratch(cx, c, g.k, &g.count));
    g.mean = hy_data(c->out[1]);
    HY_TRY(find_means(cx, &s, &g));
    for (int64_t j = 0; j < g.k; j++)
        points += g.count[j];
    if (!(points > ddof))
        return hy_fail(cx, HY_EARG, "%.0f points leave nothing to divide by with ddof = %g", points,
                       ddof);
    s.label = g.label;
    s.mean = g.mean;
    return find_scatter(cx, &s, s.p.n, points - ddof, hy_data(c->out[0]));
}

/* Outputs of k covariances, means and counts. */
static hy_status put_out(hy_ctx *cx, hy_call *c, const scatter *s, groups *g)
{
    HY_TRY(hy_out(cx, c, 0, HY_F64, 3, (int64_t[]){ g->k, s->p.d, s->p.d }));
    HY_TRY(hy_out(cx, c, 1, HY_F64, 2, (int64_t[]){ g->k, s->p.d }));
    HY_TRY(hy_out(cx, c, 2, HY_F64, 1, &g->k));
    g->mean = hy_data(c->out[1]);
    g->count = hy_data(c->out[2]);
    return HY_OK;
}

/* Positions of the points label by label; end[j] is where those of label j end. */
static void sort_by_label(int64_t n, const groups *g, int32_t *pick, int32_t *end)
{
    memset(end, 0, (size_t)g->k * sizeof *end);
    for (int64_t i = 0; i < n; i++)
        if (g->label[i] >= 0)
            end[g->label[i]]++;
    for (int64_t j = 0, at = 0; j < g->k; j++) { /* first their beginning */
        const int32_t count = end[j];
        end[j] = (int32_t)at;
        at += count;
    }
    for (int64_t i = 0; i < n; i++)
        if (g->label[i] >= 0)
            pick[end[g->label[i]]++] = (int32_t)i;
}

static hy_status label_covariances_fwd(hy_ctx *cx, hy_call *c)
{
    scatter s = { .rows = 0 };
    groups g = { .k = 0 };
    hy_tensor *picks, *ends;

    HY_TRY(need_index(cx, c->in[1]));
    HY_TRY(prepare(cx, c, false, &s));
    HY_TRY(read_labels(cx, c->in[1], &c->arg[0], s.p.n, &g));
    HY_TRY(put_out(cx, c, &s, &g));
    HY_TRY(prepare_groups(cx, c, &s, &g));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &s.p.n, &picks));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &g.k, &ends));
    HY_TRY(find_means(cx, &s, &g));
    int32_t *pick = hy_data(picks), *end = hy_data(ends);
    sort_by_label(s.p.n, &g, pick, end);
    double *sum = hy_data(c->out[0]);
    for (int64_t j = 0, first = 0; j < g.k; first = end[j++]) {
        s.pick = pick + first;
        s.mean = g.mean + j * s.p.d;
        HY_TRY(find_scatter(cx, &s, end[j] - first, fmax(g.count[j], 1), sum + j * s.p.d * s.p.d));
    }
    return HY_OK;
}

const hy_op hy_ops_scatter[] = {
    { .name = "covariance",
      .signature = "x:matrix labels:index? {ddof:number=1 k:integer? fast:flag=false} "
                   "-> matrix tensor",
      .forward = covariance_fwd,
      .doc = "Covariance of the rows of x (f64, divided by n − ddof) and their mean. With labels: "
             "around the mean of each label, and these means, k×d; rows with label -1 do not "
             "count. fast: f32 rows are multiplied in f32." },
    { .name = "label_covariances",
      .signature = "x:matrix labels:index k:integer? -> tensor matrix vector",
      .forward = label_covariances_fwd,
      .doc = "Covariance of the rows of each label 1..k (f64, k×d×d, divided by their number), "
             "their means and counts; zeros where there is none, -1 is skipped." },
    { 0 },
};
