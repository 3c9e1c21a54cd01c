/*
 * k-means: Lloyd's algorithm from given centers, greedy k-means++ seeding, nearest centers.
 * Lloyd, Least squares quantization in PCM, 1982. Arthur & Vassilvitskii, k-means++, SODA 2007.
 */
#include <math.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

/* A fresh contiguous copy of the centers in the points' type. */
static hy_status read_centers(hy_ctx *cx, hy_call *c, const hy_points *p, hy_tensor **out)
{
    const hy_tensor *centers = c->in[1];

    if (centers->shape[0] == 0)
        return hy_fail(cx, HY_EARG, "centers has no rows");
    if (centers->shape[1] != p->d)
        return hy_fail_shapes(cx, "rows of x and centers differ in length", c->in[0], centers);
    HY_TRY(hy_need_real(cx, centers));
    HY_TRY(hy_temp(cx, c, p->dtype, 2, centers->shape, out));
    HY_TRY(hy_copy_into(cx, centers, *out));
    hy_points copy;
    return hy_points_read(cx, c, *out, "centers", &copy);
}

/* ---- Lloyd ---------------------------------------------------------------------------------- */

typedef struct lloyd {
    hy_points p;
    int64_t k;
    void *centers;         /* k×d */
    const void *weight;    /* n, or NULL: every point counts once */
    int32_t *label;        /* n: what the last assignment says */
    int32_t *before;       /* n: what the centers are the means of */
    double *cost;          /* n: squared distance to the own center */
    double *sums, *counts; /* k×d, k */
    double *part, *part_count;
    double *members; /* k: points with weight */
} lloyd;

static double weight_of(const lloyd *l, int64_t i)
{
    return l->weight ? hy_number(l->p.dtype, l->weight, i) : 1;
}

static hy_status find_costs(hy_ctx *cx, lloyd *l)
{
    HY_TRY(hy_points_cost(cx, &l->p, l->centers, l->label, l->cost));
    for (int64_t i = 0; l->weight && i < l->p.n; i++)
        l->cost[i] *= weight_of(l, i);
    return HY_OK;
}

/* The costliest point that its cluster can spare, -1 when there is none. */
static int64_t worst_point(const lloyd *l)
{
    int64_t worst = -1;
    double most = 0;

    for (int64_t i = 0; i < l->p.n; i++)
        if (l->cost[i] > most && l->members[l->label[i]] > 1) {
            most = l->cost[i];
            worst = i;
        }
    return worst;
}

/* Give each empty cluster the point farthest from its own center. With fewer distinct points than
 * clusters some stay empty, and their centers where they are. */
static hy_status refill(hy_ctx *cx, lloyd *l, bool *changed)
{
    int64_t empty = 0;

    *changed = false;
    memset(l->members, 0, (size_t)l->k * sizeof *l->members);
    for (int64_t i = 0; i < l->p.n; i++)
        l->members[l->label[i]] += weight_of(l, i) > 0;
    for (int64_t j = 0; j < l->k; j++)
        empty += l->members[j] == 0;
    if (empty == 0)
        return HY_OK;
    HY_TRY(find_costs(cx, l));
    for (int64_t j = 0; j < l->k; j++) {
        if (l->members[j] > 0)
            continue;
        HY_TRY(hy_poll(cx, j, l->k));
        const int64_t i = worst_point(l);
        if (i < 0)
            return HY_OK;
        l->members[l->label[i]] -= 1;
        l->members[j] = 1;
        l->label[i] = (int32_t)j;
        l->cost[i] = 0;
        *changed = true;
    }
    return HY_OK;
}

/* Centers become the means of their points; returns the sum of their squared moves. */
static double move_centers(lloyd *l)
{
    double moved = 0;
    for (int64_t i = 0; i < l->k * l->p.d; i++) {
        const double count = l->counts[i / l->p.d], old = hy_number(l->p.dtype, l->centers, i);
        if (!(count > 0))
            continue;
        if (l->p.dtype == HY_F64)
            ((double *)l->centers)[i] = l->sums[i] / count;
        else
            ((float *)l->centers)[i] = (float)(l->sums[i] / count);
        const double step = hy_number(l->p.dtype, l->centers, i) - old;
        moved += step * step;
    }
    return moved;
}

/* Assign and move until labels repeat, centers rest, or max_iter. In the end labels fit centers. */
static hy_status iterate(hy_ctx *cx, lloyd *l, int64_t max_iter, double least_move,
                         int64_t *iterations)
{
    const size_t bytes = (size_t)l->p.n * sizeof *l->label;

    for (*iterations = 0; *iterations < max_iter;) {
        bool changed;
        HY_TRY(hy_poll(cx, *iterations, max_iter));
        HY_TRY(hy_points_step(cx, &l->p, l->k, l->centers, l->weight, l->label, l->sums, l->counts,
                              l->part, l->part_count));
        ++*iterations;
        if (*iterations > 1 && memcmp(l->label, l->before, bytes) == 0)
            return HY_OK;
        HY_TRY(refill(cx, l, &changed));
        if (changed)
            HY_TRY(hy_points_sums(cx, &l->p, l->k, l->weight, l->label, l->sums, l->counts, l->part,
                                  l->part_count));
        memcpy(l->before, l->label, bytes);
        if (move_centers(l) <= least_move)
            break;
    }
    return hy_points_assign(cx, &l->p, l->k, l->centers, l->label, NULL);
}

static hy_status f64_scratch(hy_ctx *cx, hy_call *c, int64_t n, double **out)
{
    hy_tensor *t;
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &t));
    *out = hy_data(t);
    return HY_OK;
}

/* Means and sums of squared deviations of `before` rows, and of a block of `rows` more. */
static void join_moments(const hy_points *p, int64_t before, int64_t rows, const hy_tensor *mean,
                         const hy_tensor *sumsq, double *all_mean, double *all_sumsq)
{
    const double n = (double)(before + rows);
    for (int64_t j = 0; j < p->d; j++) {
        const double step = hy_number(p->dtype, hy_data(mean), j) - all_mean[j];
        all_mean[j] += step * (double)rows / n;
        all_sumsq[j] += hy_number(p->dtype, hy_data(sumsq), j) +
                        step * step * (double)before * (double)rows / n;
    }
}

static hy_status mean_variance(hy_ctx *cx, hy_call *c, const hy_points *p, double *out)
{
    hy_tensor *mean, *sumsq;
    double *all_mean, *all_sumsq, sum = 0;
    HY_TRY(hy_temp(cx, c, p->dtype, 1, &p->d, &mean));
    HY_TRY(hy_temp(cx, c, p->dtype, 1, &p->d, &sumsq));
    HY_TRY(f64_scratch(cx, c, p->d, &all_mean));
    HY_TRY(f64_scratch(cx, c, p->d, &all_sumsq));
    memset(all_mean, 0, (size_t)p->d * sizeof *all_mean);
    memset(all_sumsq, 0, (size_t)p->d * sizeof *all_sumsq);
    const int64_t rows = hy_points_most(p, p->n);
    for (int64_t i = 0; i < p->n; i += rows) {
        const int64_t n = p->n - i < rows ? p->n - i : rows;
        HY_TRY(hy_poll(cx, i, p->n));
        hy_kernels_of(mean)->reduce->moments(1, n, p->d, hy_points_block(p, i, n), hy_data(mean),
                                             hy_data(sumsq));
        join_moments(p, i, n, mean, sumsq, all_mean, all_sumsq);
    }
    for (int64_t j = 0; j < p->d; j++)
        sum += all_sumsq[j];
    if (!isfinite(sum))
        return hy_fail(cx, HY_ENUMERIC, "squared distances overflow %s; scale x down",
                       hy_dtype_name(p->dtype));
    *out = sum / (double)(p->n * p->d);
    return HY_OK;
}

static hy_status read_weights(hy_ctx *cx, hy_call *c, hy_tensor *weights, lloyd *l)
{
    hy_tensor *w;
    double sum = 0;

    if (!weights)
        return HY_OK;
    if (weights->shape[0] != l->p.n)
        return hy_fail_shapes(cx, "x and weights differ in length", c->in[0], weights);
    HY_TRY(hy_temp(cx, c, l->p.dtype, 1, &l->p.n, &w));
    HY_TRY(hy_copy_into(cx, weights, w));
    l->weight = hy_data(w);
    for (int64_t i = 0; i < l->p.n; i++) {
        if (!(weight_of(l, i) >= 0 && isfinite(weight_of(l, i))))
            return hy_fail(cx, HY_EARG, "weights is %g at %lld; weights are 0 or more",
                           weight_of(l, i), (long long)i + 1);
        sum += weight_of(l, i);
    }
    if (sum == 0)
        return hy_fail(cx, HY_EARG, "all weights are 0; at least one must be positive");
    return HY_OK;
}

/* Read the inputs and allocate everything that the iterations write. */
static hy_status prepare(hy_ctx *cx, hy_call *c, lloyd *l)
{
    hy_tensor *before, *centers;

    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &l->p));
    HY_TRY(read_centers(cx, c, &l->p, &centers));
    l->k = centers->shape[0];
    l->centers = hy_data(centers);
    if (l->p.n < l->k)
        return hy_fail(cx, HY_EARG, "%lld centers need at least as many points; x has %lld rows",
                       (long long)l->k, (long long)l->p.n);
    HY_TRY(read_weights(cx, c, c->nin > 2 ? c->in[2] : NULL, l));
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, &l->p.n));
    HY_TRY(hy_out_tensor(cx, c, 1, centers));
    HY_TRY(hy_out(cx, c, 2, HY_F64, 0, NULL));
    HY_TRY(hy_out(cx, c, 3, HY_F64, 0, NULL));
    l->label = hy_data(c->out[0]);
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &l->p.n, &before));
    l->before = hy_data(before);
    HY_TRY(f64_scratch(cx, c, l->p.n, &l->cost));
    HY_TRY(f64_scratch(cx, c, l->k * l->p.d, &l->sums));
    HY_TRY(f64_scratch(cx, c, l->k * l->p.d, &l->part));
    HY_TRY(f64_scratch(cx, c, l->k, &l->counts));
    HY_TRY(f64_scratch(cx, c, l->k, &l->part_count));
    return f64_scratch(cx, c, l->k, &l->members);
}

static hy_status kmeans_fwd(hy_ctx *cx, hy_call *c)
{
    const int64_t max_iter = c->arg[0].i;
    const double tol = c->arg[1].d;
    int64_t iterations;
    double variance = 0, inertia = 0;
    lloyd l = { .k = 0 };

    if (max_iter < 0)
        return hy_fail(cx, HY_EARG, "max_iter is %lld; it must be 0 or more", (long long)max_iter);
    if (!(tol >= 0))
        return hy_fail(cx, HY_EARG, "tol is %g; it must be 0 or more", tol);
    HY_TRY(prepare(cx, c, &l));
    HY_TRY(mean_variance(cx, c, &l.p, &variance));
    HY_TRY(iterate(cx, &l, max_iter, tol * variance, &iterations));
    HY_TRY(find_costs(cx, &l));
    for (int64_t i = 0; i < l.p.n; i++)
        inertia += l.cost[i];
    *(double *)hy_data(c->out[2]) = inertia;
    *(double *)hy_data(c->out[3]) = (double)iterations;
    return HY_OK;
}

static hy_status nearest_center_fwd(hy_ctx *cx, hy_call *c)
{
    hy_points p;
    hy_tensor *centers;

    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &p));
    HY_TRY(read_centers(cx, c, &p, &centers));
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, &p.n));
    HY_TRY(hy_out(cx, c, 1, p.dtype, 1, &p.n));
    return hy_points_assign(cx, &p, centers->shape[0], hy_data(centers), hy_data(c->out[0]),
                            hy_data(c->out[1]));
}

/* ---- k-means++ ------------------------------------------------------------------------------ */

typedef struct seeding {
    hy_points p;
    hy_rng rng;
    int64_t candidates;
    int64_t rows, blocks; /* points in a block */
    double *near;         /* n: squared distance to the nearest center so far */
    double *sum;          /* of near, by block */
    double *one;          /* rows: squared distances to one center */
    int32_t *zero;        /* rows zeros: every point belongs to that center */
    void *many;           /* rows × candidates: squared distances */
    void *tried;          /* candidates × d */
    void *center;         /* d */
    int32_t *tried_row;
    double *potential; /* of each candidate: the sum of near if it became a center */
    double *tally;     /* the same of each TALLY points of a block, candidates × parts */
} seeding;

enum { TALLY = 4096 }; /* points that are summed by themselves, so that threads may share the work */

static int64_t rows_of(const seeding *s, int64_t block)
{
    const int64_t left = s->p.n - block * s->rows;
    return left < s->rows ? left : s->rows;
}

/* Take note of a new center; the first one sets all distances. */
static hy_status note_center(hy_ctx *cx, seeding *s, int64_t row, bool first)
{
    hy_points_copy(&s->p, row, s->center);
    for (int64_t b = 0; b < s->blocks; b++) {
        double *near = s->near + b * s->rows;
        HY_TRY(hy_poll(cx, b, s->blocks));
        s->p.kernels->to_center(rows_of(s, b), s->p.d,
                                hy_points_block(&s->p, b * s->rows, rows_of(s, b)), s->center,
                                s->zero, s->one);
        s->sum[b] = 0;
        for (int64_t i = 0; i < rows_of(s, b); i++) {
            near[i] = first || s->one[i] < near[i] ? s->one[i] : near[i];
            s->sum[b] += near[i];
        }
    }
    return HY_OK;
}

/* Walk along masses until *left is used up. Where rounding leaves some over, the last item counts
 * that has any mass, so nothing of mass 0 is ever chosen. */
static int64_t walk(int64_t n, const double *mass, double *left)
{
    int64_t at = 0;

    for (int64_t i = 0; i < n; i++) {
        if (mass[i] == 0)
            continue;
        at = i;
        if (*left < mass[i])
            break;
        *left -= mass[i];
    }
    return at;
}

/* A point drawn with probability proportional to `near`; uniformly when all of it is 0. */
static int64_t draw(seeding *s, double total)
{
    if (total == 0)
        return hy_rng_below(&s->rng, s->p.n);
    double left = hy_rng_uniform(&s->rng) * total;
    const int64_t b = walk(s->blocks, s->sum, &left);
    return b * s->rows + walk(rows_of(s, b), s->near + b * s->rows, &left);
}

typedef struct tally_job {
    const seeding *s;
    const double *near;
} tally_job;

/* What is left of the distances of points begin..end with each candidate as a further center. */
static void tally_range(void *arg, int64_t begin, int64_t end)
{
    const tally_job *job = arg;
    const seeding *s = job->s;
    const int64_t m = s->candidates;
    double *tally = s->tally + begin / TALLY * m;

    for (int64_t j = 0; j < m; j++) {
        double sum = 0;
        if (s->p.dtype == HY_F64)
            for (int64_t i = begin; i < end; i++) {
                const double now = ((const double *)s->many)[i * m + j];
                sum += now < job->near[i] ? now : job->near[i];
            }
        else
            for (int64_t i = begin; i < end; i++) {
                const double now = (double)((const float *)s->many)[i * m + j];
                sum += now < job->near[i] ? now : job->near[i];
            }
        tally[j] = sum;
    }
}

static void add_potentials(seeding *s, int64_t block)
{
    const int64_t rows = rows_of(s, block), m = s->candidates;
    tally_job job = { .s = s, .near = s->near + block * s->rows };

    hy_parallel_for(rows, TALLY, tally_range, &job);
    for (int64_t i = 0; i < (rows + TALLY - 1) / TALLY * m; i++)
        s->potential[i % m] += s->tally[i];
}

/* Draw candidates and find the one that leaves the smallest sum of squared distances. */
static hy_status best_candidate(hy_ctx *cx, seeding *s, double total, int64_t *row)
{
    const int64_t m = s->candidates, bytes = s->p.d * s->p.size;

    for (int64_t j = 0; j < m; j++) {
        s->tried_row[j] = (int32_t)draw(s, total);
        s->potential[j] = 0;
        hy_points_copy(&s->p, s->tried_row[j], (char *)s->tried + j * bytes);
    }
    for (int64_t b = 0; m > 1 && b < s->blocks; b++) {
        HY_TRY(hy_poll(cx, b, s->blocks));
        HY_TRY(s->p.kernels->sqdist(cx, rows_of(s, b), m, s->p.d,
                                    hy_points_block(&s->p, b * s->rows, rows_of(s, b)), s->tried,
                                    s->many));
        add_potentials(s, b);
    }
    int64_t best = 0;
    for (int64_t j = 1; j < m; j++)
        if (s->potential[j] < s->potential[best])
            best = j;
    *row = s->tried_row[best];
    return HY_OK;
}

static hy_status allocate(hy_ctx *cx, hy_call *c, seeding *s)
{
    hy_tensor *zero, *many, *tried, *row, *center;
    const int64_t m = s->candidates, most = ((int64_t)1 << 28) / s->p.d;

    s->rows = most < 4096 ? 4096 : most > 65536 ? 65536 : most;
    s->rows = hy_points_most(&s->p, s->rows < s->p.n ? s->rows : s->p.n);
    s->blocks = (s->p.n + s->rows - 1) / s->rows;
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &s->rows, &zero));
    HY_TRY(hy_temp(cx, c, s->p.dtype, 2, (int64_t[]){ s->rows, m }, &many));
    HY_TRY(hy_temp(cx, c, s->p.dtype, 2, (int64_t[]){ m, s->p.d }, &tried));
    HY_TRY(hy_temp(cx, c, s->p.dtype, 1, &s->p.d, &center));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &m, &row));
    HY_TRY(f64_scratch(cx, c, s->p.n, &s->near));
    HY_TRY(f64_scratch(cx, c, s->blocks, &s->sum));
    HY_TRY(f64_scratch(cx, c, s->rows, &s->one));
    HY_TRY(f64_scratch(cx, c, m, &s->potential));
    HY_TRY(f64_scratch(cx, c, (s->rows + TALLY - 1) / TALLY * m, &s->tally));
    s->zero = memset(hy_data(zero), 0, (size_t)s->rows * sizeof *s->zero);
    s->many = hy_data(many);
    s->tried = hy_data(tried);
    s->center = hy_data(center);
    s->tried_row = hy_data(row);
    return HY_OK;
}

/* Choose k rows one after the other. */
static hy_status seed(hy_ctx *cx, seeding *s, int64_t k, int32_t *rows)
{
    int64_t row = hy_rng_below(&s->rng, s->p.n);

    rows[0] = (int32_t)row;
    for (int64_t j = 1; j < k; j++) {
        double total = 0;
        HY_TRY(note_center(cx, s, row, j == 1));
        for (int64_t b = 0; b < s->blocks; b++)
            total += s->sum[b];
        HY_TRY(best_candidate(cx, s, total, &row));
        rows[j] = (int32_t)row;
    }
    return HY_OK;
}

static hy_status kmeans_plusplus_fwd(hy_ctx *cx, hy_call *c)
{
    const int64_t k = c->arg[0].i;
    seeding s = { .rng = *c->arg[1].rng };

    if (c->in[0]->shape[0] > INT32_MAX)
        return hy_fail(cx, HY_EARG, "%lld rows are more than positions can count",
                       (long long)c->in[0]->shape[0]);
    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &s.p));
    if (k < 1 || k > s.p.n)
        return hy_fail(cx, HY_EARG, "k is %lld; it must be from 1 to the %lld rows of x",
                       (long long)k, (long long)s.p.n);
    s.candidates = c->arg[2].given ? c->arg[2].i : 2 + (int64_t)log((double)k);
    if (s.candidates < 1)
        return hy_fail(cx, HY_EARG, "candidates is %lld; it must be 1 or more",
                       (long long)s.candidates);
    HY_TRY(hy_out(cx, c, 0, s.p.dtype, 2, (int64_t[]){ k, s.p.d }));
    HY_TRY(hy_out(cx, c, 1, HY_INDEX, 1, &k));
    HY_TRY(allocate(cx, c, &s));

    int32_t *rows = hy_data(c->out[1]);
    char *centers = hy_data(c->out[0]);
    const int64_t bytes = s.p.d * s.p.size;
    HY_TRY(seed(cx, &s, k, rows));
    for (int64_t j = 0; j < k; j++)
        hy_points_copy(&s.p, rows[j], centers + j * bytes);
    *c->arg[1].rng = s.rng; /* only now: a call that failed has drawn nothing */
    return HY_OK;
}

const hy_op hy_ops_kmeans[] = {
    { .name = "kmeans",
      .signature = "x:matrix centers:matrix weights:vector? {max_iter:integer=300 tol:number=1e-4} "
                   "-> index matrix tensor tensor",
      .forward = kmeans_fwd,
      .doc = "Lloyd's k-means from the given centers: labels, centers, inertia (f64, exact), "
             "iterations. Stops when labels repeat or centers move less than tol times the mean "
             "variance of the features. An empty cluster takes the point farthest from its own "
             "center." },
    { .name = "kmeans_plusplus",
      .signature = "x:matrix k:integer {rng:rng candidates:integer?} -> matrix index",
      .forward = kmeans_plusplus_fwd,
      .doc = "Greedy k-means++: k rows of x that lie far apart, and their positions. Each is the "
             "best of 2 + ln k candidates, drawn with probability proportional to the squared "
             "distance to the rows chosen before." },
    { .name = "nearest_center",
      .signature = "x:matrix centers:matrix -> index vector",
      .forward = nearest_center_fwd,
      .doc = "Nearest center of every row of x (ties to the first), and the squared distance." },
    { 0 },
};
