/*
 * k-means: Lloyd's algorithm from given centers, nearest centers.
 * Lloyd, Least squares quantization in PCM, 1982.
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
    hy_search pass; /* labels, gaps, weights, sums */
    int64_t k;
    void *centers;   /* k×d */
    void *drop;      /* k: by how much the last move may have shrunk gaps */
    double *moved;   /* k: how far the centers went */
    double *members; /* k: points with weight */
    double *cost;    /* n: squared distance to the own center */
    void *row;       /* d: one point */
    bool wide;       /* numbers too different in size for sums in whole steps: in f64, every pass */
    double *sums, *counts, *part, *part_count; /* then k×d, k */
} lloyd;

static double weight_of(const lloyd *l, int64_t i)
{
    return l->pass.weight ? hy_number(l->p.dtype, l->pass.weight, i) : 1;
}

static void set_number(hy_dtype dtype, void *numbers, int64_t i, double value)
{
    if (dtype == HY_F64)
        ((double *)numbers)[i] = value;
    else
        ((float *)numbers)[i] = (float)value;
}

static hy_status find_costs(hy_ctx *cx, lloyd *l)
{
    HY_TRY(hy_points_cost(cx, &l->p, l->centers, l->pass.label, l->cost));
    for (int64_t i = 0; l->pass.weight && i < l->p.n; i++)
        l->cost[i] *= weight_of(l, i);
    return HY_OK;
}

/* The costliest point that its cluster can spare, -1 when there is none. */
static int64_t worst_point(const lloyd *l)
{
    int64_t worst = -1;
    double most = 0;

    for (int64_t i = 0; i < l->p.n; i++)
        if (l->cost[i] > most && l->members[l->pass.label[i]] > 1) {
            most = l->cost[i];
            worst = i;
        }
    return worst;
}

/* Count members; returns how many clusters have none. */
static int64_t count_members(lloyd *l)
{
    int64_t empty = 0;

    if (l->wide) {
        memset(l->members, 0, (size_t)l->k * sizeof *l->members);
        for (int64_t i = 0; i < l->p.n; i++)
            l->members[l->pass.label[i]] += weight_of(l, i) > 0;
    } else {
        for (int64_t j = 0; j < l->k; j++)
            l->members[j] = (double)l->pass.sums[j * (l->p.d + 2) + l->p.d + 1];
    }
    for (int64_t j = 0; j < l->k; j++)
        empty += l->members[j] == 0;
    return empty;
}

static void relabel(lloyd *l, int64_t i, int64_t to)
{
    if (!l->wide) {
        hy_points_copy(&l->p, i, l->row);
        l->p.nearest->move(&l->pass, i, l->row, l->pass.label[i], (int32_t)to);
    }
    l->pass.label[i] = (int32_t)to;
    if (l->pass.gap)
        set_number(l->p.dtype, l->pass.gap, i, -1);
}

/* Give each empty cluster the point farthest from its own center. With fewer distinct points than
 * clusters some stay empty, and their centers where they are. */
static hy_status refill(hy_ctx *cx, lloyd *l)
{
    if (count_members(l) == 0)
        return HY_OK;
    HY_TRY(find_costs(cx, l));
    for (int64_t j = 0; j < l->k; j++) {
        if (l->members[j] > 0)
            continue;
        HY_TRY(hy_poll(cx, j, l->k));
        const int64_t i = worst_point(l);
        if (i < 0)
            return HY_OK;
        l->members[l->pass.label[i]] -= 1;
        l->members[j] = 1;
        l->cost[i] = 0;
        relabel(l, i, j);
    }
    return HY_OK;
}

/* Column i of the mean of cluster j, or what it was where there is no weight. */
static double mean_of(const lloyd *l, int64_t j, int64_t i)
{
    const int64_t d = l->p.d;

    if (l->wide)
        return l->counts[j] > 0 ? l->sums[j * d + i] / l->counts[j]
                                : hy_number(l->p.dtype, l->centers, j * d + i);
    const int64_t *steps = l->pass.sums + j * (d + 2);
    if (steps[d] <= 0)
        return hy_number(l->p.dtype, l->centers, j * d + i);
    return (double)steps[i] / (double)steps[d] * (l->pass.anchor[i] / l->pass.anchor[d]);
}

/* Gaps to all others shrink by the way of the own center and the longest way of another. */
static void find_drops(lloyd *l)
{
    const double up = l->p.dtype == HY_F64 ? 1 + 0x1p-50 : 1 + 0x1p-22;
    double most = 0, next = 0; /* the two longest ways */

    for (int64_t j = 0; j < l->k; j++) {
        next = fmax(next, fmin(most, l->moved[j]));
        most = fmax(most, l->moved[j]);
    }
    for (int64_t j = 0; j < l->k; j++) {
        const double other = l->moved[j] == most ? next : most;
        set_number(l->p.dtype, l->drop, j, (l->moved[j] + other) * up);
    }
    l->pass.drop = l->drop;
}

/* Centers become the means of their points; returns the sum of their squared moves. */
static double move_centers(lloyd *l)
{
    double total = 0;

    for (int64_t j = 0; j < l->k; j++) {
        double way = 0;
        for (int64_t i = 0; i < l->p.d; i++) {
            const int64_t at = j * l->p.d + i;
            const double old = hy_number(l->p.dtype, l->centers, at);
            set_number(l->p.dtype, l->centers, at, mean_of(l, j, i));
            const double step = hy_number(l->p.dtype, l->centers, at) - old;
            way += step * step;
        }
        total += way;
        l->moved[j] = sqrt(way) * (1 + (double)(l->p.d + 8) * 0x1p-52); /* rounded up */
    }
    find_drops(l);
    return total;
}

/* Assign and move until labels repeat, centers rest, or max_iter. In the end labels fit centers. */
static hy_status iterate(hy_ctx *cx, lloyd *l, int64_t max_iter, double least_move,
                         int64_t *iterations)
{
    for (*iterations = 0; *iterations < max_iter;) {
        HY_TRY(hy_poll(cx, *iterations, max_iter));
        HY_TRY(hy_points_search(cx, &l->p, &l->pass));
        ++*iterations;
        if (l->pass.changed == 0)
            return HY_OK;
        HY_TRY(refill(cx, l));
        if (l->wide)
            HY_TRY(hy_points_sums(cx, &l->p, l->k, l->pass.weight, l->pass.label, l->sums,
                                  l->counts, l->part, l->part_count));
        if (move_centers(l) <= least_move)
            break;
    }
    l->pass.sums = NULL;
    return hy_points_search(cx, &l->p, &l->pass);
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

/* The anchor (see hy_search) with steps so small that the largest term has 50 bits, and so large that
 * no sum needs more than 62. */
static double anchor_of(double largest, double weight, double weights)
{
    int exponent;

    frexp(largest * fmax(weight * 0x1p-50, weights * 0x1p-61), &exponent);
    return ldexp(1.5, (exponent < -1074 ? -1074 : exponent) + 52);
}

enum { SAMPLE = 512 };

/* Would steps be too coarse for the usual number of a column? Judged by the mean exponent of some. */
static bool too_wide(lloyd *l, const double *anchor)
{
    const int64_t d = l->p.d, n = l->p.n < SAMPLE ? l->p.n : SAMPLE;
    const int bits = l->p.dtype == HY_F64 ? 32 : 20;

    for (int64_t j = 0; l->p.x && j < d; j++) {
        int64_t sum = 0, count = 0;
        for (int64_t s = 0; s < n; s++) {
            const int64_t i = s * (l->p.n / n);
            const double v = hy_number(l->p.dtype, l->p.x, i * d + j) * weight_of(l, i);
            if (v != 0) {
                sum += ilogb(v);
                count++;
            }
        }
        if (count > 0 && ilogb(anchor[j]) - 52 > (double)sum / (double)count - bits)
            return true;
    }
    return false;
}

/* Choose the steps in which sums are counted. */
static hy_status set_anchors(hy_ctx *cx, hy_call *c, lloyd *l)
{
    const int64_t d = l->p.d, size = d + 1, all = l->k * (d + 2);
    double weight = 0, weights = 0, *anchor;
    hy_tensor *sums;

    HY_TRY(f64_scratch(cx, c, size, &anchor));
    HY_TRY(hy_points_reach(cx, &l->p, anchor, l->row));
    for (int64_t i = 0; i < l->p.n; i++) {
        weight = fmax(weight, weight_of(l, i));
        weights += weight_of(l, i);
    }
    for (int64_t j = 0; j <= d; j++)
        anchor[j] = anchor_of(j < d ? anchor[j] : 1, weight, weights);
    l->wide = too_wide(l, anchor);
    if (l->wide) {
        HY_TRY(f64_scratch(cx, c, l->k * d, &l->sums));
        HY_TRY(f64_scratch(cx, c, l->k * d, &l->part));
        HY_TRY(f64_scratch(cx, c, l->k, &l->counts));
        return f64_scratch(cx, c, l->k, &l->part_count);
    }
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &all, &sums)); /* whole numbers of the same size */
    l->pass.sums = memset(hy_data(sums), 0, (size_t)all * sizeof *l->pass.sums);
    l->pass.anchor = anchor;
    return HY_OK;
}

/* Read the inputs and allocate everything that the iterations write. */
static hy_status prepare(hy_ctx *cx, hy_call *c, lloyd *l)
{
    hy_tensor *centers, *drop, *row, *gap;

    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &l->p));
    HY_TRY(read_centers(cx, c, &l->p, &centers));
    l->k = l->pass.k = centers->shape[0];
    l->pass.y = l->centers = hy_data(centers);
    if (l->p.n < l->k)
        return hy_fail(cx, HY_EARG, "%lld centers need at least as many points; x has %lld rows",
                       (long long)l->k, (long long)l->p.n);
    HY_TRY(hy_points_weights(cx, c, &l->p, c->nin > 2 ? c->in[2] : NULL, &l->pass.weight));
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, &l->p.n));
    HY_TRY(hy_out_tensor(cx, c, 1, centers));
    HY_TRY(hy_out(cx, c, 2, HY_F64, 0, NULL));
    HY_TRY(hy_out(cx, c, 3, HY_F64, 0, NULL));
    l->pass.label = memset(hy_data(c->out[0]), -1, (size_t)l->p.n * sizeof *l->pass.label);
    if (c->arg[2].i) {
        HY_TRY(hy_temp(cx, c, l->p.dtype, 1, &l->p.n, &gap));
        l->pass.gap = hy_data(gap);
    }
    HY_TRY(hy_temp(cx, c, l->p.dtype, 1, &l->k, &drop));
    HY_TRY(hy_temp(cx, c, l->p.dtype, 1, &l->p.d, &row));
    l->drop = hy_data(drop);
    l->row = hy_data(row);
    HY_TRY(f64_scratch(cx, c, l->p.n, &l->cost));
    HY_TRY(f64_scratch(cx, c, l->k, &l->moved));
    HY_TRY(f64_scratch(cx, c, l->k, &l->members));
    return set_anchors(cx, c, l);
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
    hy_search s = { .k = centers->shape[0], .y = hy_data(centers), .label = hy_data(c->out[0]),
                    .distance = hy_data(c->out[1]) };
    memset(s.label, -1, (size_t)p.n * sizeof *s.label);
    return hy_points_search(cx, &p, &s);
}

const hy_op hy_ops_kmeans[] = {
    { .name = "kmeans",
      .signature = "x:matrix centers:matrix weights:vector? {max_iter:integer=300 tol:number=1e-4 "
                   "bounds:flag=true} "
                   "-> index matrix tensor tensor",
      .forward = kmeans_fwd,
      .doc = "Lloyd's k-means from the given centers: labels, centers, inertia (f64, exact), "
             "iterations. Stops when labels repeat or centers move less than tol times the mean "
             "variance of the features. An empty cluster takes the point farthest from its own "
             "center. With bounds, points that no other center can reach are not compared again "
             "(Hamerly, 2010): the results are the same, bit for bit." },
    { .name = "kmeans_plusplus",
      .signature = "x:matrix k:integer weights:vector? {rng:rng candidates:integer?} -> matrix index",
      .forward = hy_kmeans_plusplus_fwd,
      .doc = "Greedy k-means++: k rows of x that lie far apart, and their positions. Each is the "
             "best of 2 + ln k candidates, drawn with probability proportional to the squared "
             "distance to the rows chosen before." },
    { .name = "nearest_center",
      .signature = "x:matrix centers:matrix -> index vector",
      .forward = nearest_center_fwd,
      .doc = "Nearest center of every row of x (ties to the first), and the squared distance." },
    { 0 },
};
