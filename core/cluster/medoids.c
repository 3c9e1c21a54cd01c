/*
 * k-medoids: k points with the smallest sum of distances from all points to the nearest of them.
 * FasterPAM: Schubert & Rousseeuw, Fast and eager k-medoids clustering, Information Systems 2021.
 * BUILD: Kaufman & Rousseeuw, Finding Groups in Data, 1990.
 */
#include <math.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"
#include "medoids.h"

enum { BATCH = 64 }; /* candidates that are weighed side by side, at most */

typedef struct search {
    hy_distances from;
    int64_t n, k;
    int32_t *medoid; /* k */
    uint8_t *chosen; /* n: is the point a medoid? */
    double *to;      /* k×n: distances to the medoids */
    double *near, *second;
    int32_t *near_at, *second_at;
    double *removal;    /* k: what it costs to lose a medoid */
    double *change;     /* BATCH×k: what a swap of each medoid for the candidate changes */
    double gain[BATCH]; /* the best of them */
    int32_t best[BATCH];
    int64_t first;    /* candidate of the batch at hand */
    const char *rows; /* their distances */
} search;

/* ---- what every point knows of its two nearest medoids --------------------------------------- */

static void look_around(search *s, int64_t i)
{
    s->near[i] = s->second[i] = INFINITY;
    s->near_at[i] = s->second_at[i] = -1;
    for (int64_t j = 0; j < s->k; j++) {
        const double d = s->to[j * s->n + i];
        if (d < s->near[i]) {
            s->second[i] = s->near[i];
            s->second_at[i] = s->near_at[i];
            s->near[i] = d;
            s->near_at[i] = (int32_t)j;
        } else if (d < s->second[i]) {
            s->second[i] = d;
            s->second_at[i] = (int32_t)j;
        }
    }
}

static void look_around_range(void *arg, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        look_around(arg, i);
}

static void find_removals(search *s)
{
    memset(s->removal, 0, (size_t)s->k * sizeof *s->removal);
    for (int64_t i = 0; s->k > 1 && i < s->n; i++)
        s->removal[s->near_at[i]] += s->second[i] - s->near[i];
}

static double total(const search *s)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++)
        sum += s->near[i];
    return sum;
}

/* Point `row`, whose distances are given, becomes medoid j. */
static void put_medoid(search *s, int64_t j, int64_t row, const char *distances)
{
    s->medoid[j] = (int32_t)row;
    s->chosen[row] = 1;
    for (int64_t i = 0; i < s->n; i++)
        s->to[j * s->n + i] = hy_number(s->from.dtype, distances, i);
}

static void swap(search *s, int64_t j, int64_t row, const char *distances)
{
    s->chosen[s->medoid[j]] = 0;
    put_medoid(s, j, row, distances);
    for (int64_t i = 0; i < s->n; i++) {
        const double d = s->to[j * s->n + i];
        if (s->near_at[i] == j || s->second_at[i] == j) {
            look_around(s, i);
        } else if (d < s->near[i]) {
            s->second[i] = s->near[i];
            s->second_at[i] = s->near_at[i];
            s->near[i] = d;
            s->near_at[i] = (int32_t)j;
        } else if (d < s->second[i]) {
            s->second[i] = d;
            s->second_at[i] = (int32_t)j;
        }
    }
    find_removals(s);
}

/* ---- swaps ----------------------------------------------------------------------------------- */

/* What the candidate alone would change, and in change[] what each medoid's going adds to it. */
static double weigh_f32(const search *s, const float *d, double *change)
{
    double own = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const double v = (double)d[i];
        if (v >= s->second[i])
            continue;
        if (v < s->near[i]) {
            own += v - s->near[i];
            change[s->near_at[i]] += s->near[i] - s->second[i];
        } else {
            change[s->near_at[i]] += v - s->second[i];
        }
    }
    return own;
}

static double weigh_f64(const search *s, const double *d, double *change)
{
    double own = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (d[i] >= s->second[i])
            continue;
        if (d[i] < s->near[i]) {
            own += d[i] - s->near[i];
            change[s->near_at[i]] += s->near[i] - s->second[i];
        } else {
            change[s->near_at[i]] += d[i] - s->second[i];
        }
    }
    return own;
}

/* With a single medoid every point changes to the candidate. */
static double weigh_only(const search *s, const char *d)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++)
        sum += hy_number(s->from.dtype, d, i) - s->near[i];
    return sum;
}

static void weigh_range(void *arg, int64_t begin, int64_t end)
{
    search *s = arg;
    for (int64_t b = begin; b < end; b++) {
        const char *d = s->rows + b * s->n * s->from.size;
        double *change = s->change + b * s->k;
        int64_t best = 0;
        s->gain[b] = 0;
        if (s->chosen[s->first + b])
            continue;
        memcpy(change, s->removal, (size_t)s->k * sizeof *change);
        const double own = s->k == 1                 ? weigh_only(s, d)
                           : s->from.dtype == HY_F64 ? weigh_f64(s, (const double *)d, change)
                                                     : weigh_f32(s, (const float *)d, change);
        for (int64_t j = 1; j < s->k; j++)
            if (change[j] < change[best])
                best = j;
        s->gain[b] = -(own + change[best]);
        s->best[b] = (int32_t)best;
    }
}

/* Point by point, swap as soon as a swap gains, until no point does. Candidates are weighed in
 * batches, and after a swap those behind it are weighed again: the order is the sequential one. */
static hy_status improve(hy_ctx *cx, search *s, int64_t max_iter, int64_t *swaps, int64_t *passes)
{
    const double least = 1e-12 * total(s);
    int64_t since = 0, batch = 1, seen = 0;

    *swaps = 0;
    for (s->first = 0; since < s->n && seen < max_iter * s->n;) {
        int64_t count = s->n - s->first < batch ? s->n - s->first : batch, at = 0;
        HY_TRY(hy_poll(cx, since, s->n));
        HY_TRY(hy_distances_rows(cx, &s->from, s->first, &count, &s->rows));
        hy_parallel_for(count, 1, weigh_range, s);
        while (at < count && !(s->gain[at] > least))
            at++;
        batch = at < count ? 1 : batch < BATCH ? 2 * batch : BATCH;
        since = at < count ? 0 : since + count;
        seen += at < count ? at + 1 : count;
        if (at < count) {
            swap(s, s->best[at], s->first + at, s->rows + at * s->n * s->from.size);
            ++*swaps;
            count = at + 1;
        }
        s->first = (s->first + count) % s->n;
    }
    *passes = (seen + s->n - 1) / s->n;
    return HY_OK;
}

/* ---- alternating ------------------------------------------------------------------------------
 */

typedef struct cost_job {
    const search *s;
    double *cost; /* n */
} cost_job;

/* Sum of distances from a point to the others of its cluster. */
static void cost_range(void *arg, int64_t begin, int64_t end)
{
    const cost_job *job = arg;
    const search *s = job->s;
    for (int64_t b = begin; b < end; b++) {
        const char *d = s->rows + b * s->n * s->from.size;
        const int32_t own = s->near_at[s->first + b];
        double sum = 0;
        for (int64_t i = 0; i < s->n; i++)
            sum += s->near_at[i] == own ? hy_number(s->from.dtype, d, i) : 0;
        job->cost[s->first + b] = sum;
    }
}

/* The member of cluster j with the smallest cost becomes its medoid. */
static hy_status center_cluster(hy_ctx *cx, search *s, int64_t j, const double *cost, bool *changed)
{
    const char *row;
    int64_t best = s->medoid[j];
    if (s->near_at[best] != j) /* a duplicate of another medoid: it has no members */
        return HY_OK;
    for (int64_t i = 0; i < s->n; i++)
        if (s->near_at[i] == j && cost[i] < cost[best] * (1 - 1e-12))
            best = i;
    if (best == s->medoid[j])
        return HY_OK;
    HY_TRY(hy_distances_row(cx, &s->from, best, &row));
    s->chosen[s->medoid[j]] = 0;
    put_medoid(s, j, best, row);
    *changed = true;
    return HY_OK;
}

/* Every cluster's medoid becomes its most central member, until none changes (Park & Jun 2009). */
static hy_status alternate(hy_ctx *cx, search *s, int64_t max_iter, double *cost, int64_t *passes)
{
    cost_job job = { s, cost };
    bool changed = true;

    for (*passes = 0; changed && *passes < max_iter; ++*passes) {
        int64_t count;
        for (s->first = 0; s->first < s->n; s->first += count) {
            count = s->n - s->first < BATCH ? s->n - s->first : BATCH;
            HY_TRY(hy_poll(cx, s->first, s->n));
            HY_TRY(hy_distances_rows(cx, &s->from, s->first, &count, &s->rows));
            hy_parallel_for(count, 1, cost_range, &job);
        }
        changed = false;
        for (int64_t j = 0; j < s->k; j++)
            HY_TRY(center_cluster(cx, s, j, cost, &changed));
        hy_parallel_for(s->n, 4096, look_around_range, s);
    }
    return HY_OK;
}

/* ---- the ops ----------------------------------------------------------------------------------
 */

static hy_status scratch(hy_ctx *cx, hy_call *c, hy_dtype dtype, int64_t n, void *out)
{
    hy_tensor *t;
    HY_TRY(hy_temp(cx, c, dtype, 1, &n, &t));
    *(void **)out = hy_data(t);
    return HY_OK;
}

static hy_status allocate(hy_ctx *cx, hy_call *c, search *s)
{
    HY_TRY(scratch(cx, c, HY_U8, s->n, &s->chosen));
    HY_TRY(scratch(cx, c, HY_F64, s->k * s->n, &s->to));
    HY_TRY(scratch(cx, c, HY_F64, s->n, &s->near));
    HY_TRY(scratch(cx, c, HY_F64, s->n, &s->second));
    HY_TRY(scratch(cx, c, HY_INDEX, s->n, &s->near_at));
    HY_TRY(scratch(cx, c, HY_INDEX, s->n, &s->second_at));
    HY_TRY(scratch(cx, c, HY_F64, s->k, &s->removal));
    HY_TRY(scratch(cx, c, HY_F64, BATCH * s->k, &s->change));
    memset(s->chosen, 0, (size_t)s->n);
    return HY_OK;
}

/* The first medoids, checked, and everything that follows from them. */
static hy_status begin(hy_ctx *cx, hy_call *c, search *s)
{
    const hy_tensor *medoids = c->in[1];
    if (medoids->dtype != HY_INDEX)
        return hy_fail(cx, HY_EARG, "medoids must be index, got %s; convert with :to(\"index\")",
                       hy_dtype_name(medoids->dtype));
    s->k = hy_numel(medoids);
    if (s->k < 1 || s->k > s->n)
        return hy_fail(cx, HY_EARG, "%lld medoids; there must be from 1 to the %lld points",
                       (long long)s->k, (long long)s->n);
    HY_TRY(allocate(cx, c, s));
    HY_TRY(hy_out(cx, c, 1, HY_INDEX, 1, &s->k));
    s->medoid = hy_data(c->out[1]);
    for (int64_t j = 0; j < s->k; j++) {
        const int64_t row = ((const int32_t *)hy_data(medoids))[j];
        const char *distances;
        if (row < 0 || row >= s->n || s->chosen[row])
            return hy_fail(cx, HY_EARG,
                           "medoids holds %lld at %lld; it must hold different rows "
                           "from 1 to %lld",
                           (long long)(row < 0 ? row : row + 1), (long long)j + 1, (long long)s->n);
        HY_TRY(hy_distances_row(cx, &s->from, row, &distances));
        put_medoid(s, j, row, distances);
    }
    hy_parallel_for(s->n, 4096, look_around_range, s);
    find_removals(s);
    return HY_OK;
}

static hy_status kmedoids_fwd(hy_ctx *cx, hy_call *c)
{
    const int64_t max_iter = c->arg[0].i;
    const bool alternating = c->arg[1].i;
    search s = { .k = 0 };
    int64_t swaps = 0, passes = 0;
    double *cost;

    if (max_iter < 0)
        return hy_fail(cx, HY_EARG, "max_iter is %lld; it must be 0 or more", (long long)max_iter);
    HY_TRY(hy_distances_read(cx, c, c->arg + 2, &s.from));
    s.n = s.from.n;
    HY_TRY(begin(cx, c, &s));
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, &s.n));
    HY_TRY(hy_out(cx, c, 2, HY_F64, 0, NULL));
    HY_TRY(hy_out(cx, c, 3, HY_F64, 0, NULL));
    HY_TRY(scratch(cx, c, HY_F64, s.n, &cost));
    if (alternating)
        HY_TRY(alternate(cx, &s, max_iter, cost, &passes));
    else
        HY_TRY(improve(cx, &s, max_iter, &swaps, &passes));
    hy_parallel_for(s.n, 4096, look_around_range, &s);
    memcpy(hy_data(c->out[0]), s.near_at, (size_t)s.n * sizeof *s.near_at);
    HY_TRY(hy_distances_exact(cx, c, &s.from, s.k, s.medoid, s.near_at, s.near));
    *(double *)hy_data(c->out[2]) = total(&s);
    *(double *)hy_data(c->out[3]) = (double)passes;
    return HY_OK;
}

typedef struct build_job {
    const search *s;
    double *gain; /* BATCH */
} build_job;

/* What each candidate would take off the sum; before there is a medoid, minus its own sum. */
static void build_range(void *arg, int64_t begin, int64_t end)
{
    const build_job *job = arg;
    const search *s = job->s;
    for (int64_t b = begin; b < end; b++) {
        const char *d = s->rows + b * s->n * s->from.size;
        double sum = 0;
        for (int64_t i = 0; i < s->n; i++) {
            const double v = hy_number(s->from.dtype, d, i);
            sum += isinf(s->near[i]) ? -v : v < s->near[i] ? s->near[i] - v : 0;
        }
        job->gain[b] = sum;
    }
}

static hy_status choose_next(hy_ctx *cx, search *s, double *gain, int64_t *out)
{
    build_job job = { s, gain };
    double most = -INFINITY;
    int64_t count;

    for (s->first = 0; s->first < s->n; s->first += count) {
        count = s->n - s->first < BATCH ? s->n - s->first : BATCH;
        HY_TRY(hy_poll(cx, s->first, s->n));
        HY_TRY(hy_distances_rows(cx, &s->from, s->first, &count, &s->rows));
        hy_parallel_for(count, 1, build_range, &job);
        for (int64_t b = 0; b < count; b++)
            if (!s->chosen[s->first + b] && gain[b] > most) {
                most = gain[b];
                *out = s->first + b;
            }
    }
    return HY_OK;
}

static hy_status kmedoids_build_fwd(hy_ctx *cx, hy_call *c)
{
    const int64_t k = c->arg[0].i;
    search s = { .k = k };
    double gain[BATCH];

    HY_TRY(hy_distances_read(cx, c, c->arg + 1, &s.from));
    s.n = s.from.n;
    if (k < 1 || k > s.n)
        return hy_fail(cx, HY_EARG, "k is %lld; it must be from 1 to the %lld points", (long long)k,
                       (long long)s.n);
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, &k));
    HY_TRY(scratch(cx, c, HY_U8, s.n, &s.chosen));
    HY_TRY(scratch(cx, c, HY_F64, s.n, &s.near));
    memset(s.chosen, 0, (size_t)s.n);
    for (int64_t i = 0; i < s.n; i++)
        s.near[i] = INFINITY;
    s.medoid = hy_data(c->out[0]);
    for (int64_t j = 0; j < k; j++) {
        const char *row;
        int64_t at = 0;
        HY_TRY(choose_next(cx, &s, gain, &at));
        HY_TRY(hy_distances_row(cx, &s.from, at, &row));
        s.medoid[j] = (int32_t)at;
        s.chosen[at] = 1;
        for (int64_t i = 0; i < s.n; i++)
            s.near[i] = fmin(s.near[i], hy_number(s.from.dtype, row, i));
    }
    return HY_OK;
}

#define DISTANCES                                                   \
    "squared:flag=false manhattan:flag=false distances:flag=false " \
    "memory:integer=1073741824}"

const hy_op hy_ops_medoids[] = {
    { .name = "kmedoids",
      .signature = "x:matrix medoids:index {max_iter:integer=300 alternate:flag=false " DISTANCES
                   " -> index index tensor tensor",
      .forward = kmedoids_fwd,
      .doc =
          "FasterPAM from the given medoids (rows of x): labels, medoids, the sum of distances "
          "to them (f64), passes over the points. alternate: every cluster's most central "
          "member instead of swaps. Distances are Euclidean, their squares, or city-block; "
          "with distances, x is the n×n matrix of them. Their matrix is kept if it takes at most "
          "`memory` bytes." },
    { .name = "kmedoids_build",
      .signature = "x:matrix k:integer {" DISTANCES " -> index",
      .forward = kmedoids_build_fwd,
      .doc = "First medoids by BUILD: one after the other the point that lowers the sum of "
             "distances most. Distances as for kmedoids." },
    { 0 },
};
