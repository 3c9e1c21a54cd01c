/*
 * Neighborhoods of fixed radius: who lies in each ball, how its points spread, and the clusters
 * that grow from ball to ball. Lists: those of point i are list[start[i]] … list[start[i + 1] − 1].
 * Böhm, Kailing, Kröger & Zimek, Computing clusters of correlation connected objects, SIGMOD 2004.
 */
#include <math.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

typedef struct lists {
    int64_t n, entries;
    const int32_t *start, *list;
} lists;

static hy_status need_lists(hy_ctx *cx, const hy_tensor *start, const hy_tensor *list, int64_t n,
                            lists *out)
{
    if (start->dtype != HY_INDEX || list->dtype != HY_INDEX)
        return hy_fail(cx, HY_EARG, "start and list must be index, as radius_neighbors gives them");
    *out = (lists){ hy_numel(start) - 1, hy_numel(list), hy_data(start), hy_data(list) };
    bool right = out->n >= 0 && (n < 0 || out->n == n) && out->start[0] == 0 &&
                 out->start[out->n] == out->entries;
    for (int64_t i = 0; right && i < out->n; i++)
        right = out->start[i] <= out->start[i + 1];
    for (int64_t i = 0; right && i < out->entries; i++)
        right = out->list[i] >= 0 && out->list[i] < out->n;
    return right ? HY_OK
                 : hy_fail(cx, HY_EARG, "start and list are no neighbors of %lld points",
                           (long long)(n < 0 ? out->n : n));
}

static hy_status scratch(hy_ctx *cx, hy_call *c, hy_dtype dtype, int64_t n, void *out)
{
    hy_tensor *t;
    HY_TRY(hy_temp(cx, c, dtype, 1, &n, &t));
    *(void **)out = hy_data(t);
    return HY_OK;
}

/* The points as f64, checked. */
static hy_status read_points(hy_ctx *cx, hy_call *c, hy_tensor **out)
{
    hy_points p;
    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &p));
    return hy_temp_to(cx, c, c->in[0], HY_F64, out);
}

/* ---- who lies in the ball ----------------------------------------------------------------------
 */

typedef struct ball_job {
    const double *x;
    int64_t n, d, first;
    double limit;
    int32_t *count; /* of each point */
    const int32_t *start;
    int32_t *list; /* NULL: only count */
} ball_job;

/* Is |x − y|² at most the limit? Stops as soon as it cannot be. */
static bool is_near(int64_t d, const double *x, const double *y, double limit)
{
    enum { STEP = 16 };
    double sum = 0;
    for (int64_t j = 0; j < d && sum <= limit; j += STEP) {
        const int64_t end = d - j < STEP ? d : j + STEP;
        for (int64_t i = j; i < end; i++)
            sum += (x[i] - y[i]) * (x[i] - y[i]);
    }
    return sum <= limit;
}

static void find_ball(void *arg, int64_t begin, int64_t end)
{
    const ball_job *b = arg;
    for (int64_t at = begin; at < end; at++) {
        const int64_t i = b->first + at;
        int32_t found = 0;
        for (int64_t j = 0; j < b->n; j++)
            if (is_near(b->d, b->x + i * b->d, b->x + j * b->d, b->limit)) {
                if (b->list)
                    b->list[b->start[i] + found] = (int32_t)j;
                found++;
            }
        b->count[i] = found;
    }
}

/* Points whose balls are searched between two looks for an interrupt. */
static int64_t some_points(int64_t n, int64_t d)
{
    const int64_t rows = ((int64_t)1 << 26) / (n * (d + 1) + 1);
    return rows < 4 ? 4 : rows;
}

static hy_status search_balls(hy_ctx *cx, ball_job *b)
{
    const int64_t some = some_points(b->n, b->d);
    for (b->first = 0; b->first < b->n; b->first += some) {
        HY_TRY(hy_poll(cx, b->first, b->n));
        hy_parallel_for(b->n - b->first < some ? b->n - b->first : some, 2, find_ball, b);
    }
    return HY_OK;
}

static hy_status radius_neighbors_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x;
    const double radius = c->arg[0].d;
    int64_t total = 0;
    if (!(radius >= 0 && isfinite(radius)))
        return hy_fail(cx, HY_EARG, "radius is %g; it must be 0 or more", radius);
    HY_TRY(read_points(cx, c, &x));
    ball_job b = {
        .x = hy_data(x), .n = x->shape[0], .d = x->shape[1], .limit = radius * radius * (1 + 1e-12)
    };
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, (int64_t[]){ b.n + 1 }));
    HY_TRY(scratch(cx, c, HY_INDEX, b.n, &b.count));
    HY_TRY(search_balls(cx, &b));
    int32_t *start = hy_data(c->out[0]);
    for (int64_t i = 0; i < b.n; i++) {
        start[i] = (int32_t)total;
        total += b.count[i];
        if (total > INT32_MAX)
            return hy_fail(cx, HY_EARG, "a radius of %g has more than 2147483647 neighbors",
                           radius);
    }
    start[b.n] = (int32_t)total;
    HY_TRY(hy_out(cx, c, 1, HY_INDEX, 1, &total));
    b.start = start;
    b.list = hy_data(c->out[1]);
    return search_balls(cx, &b);
}

/* ---- how its points spread ---------------------------------------------------------------------
 */

typedef struct spread_job {
    lists of;
    const double *x;
    int64_t d, first;
    double *mean; /* d for each point at hand */
    double *out;  /* d×d */
} spread_job;

static void find_spread(void *arg, int64_t begin, int64_t end)
{
    const spread_job *s = arg;
    const int64_t d = s->d;
    for (int64_t at = begin; at < end; at++) {
        const int32_t from = s->of.start[s->first + at], to = s->of.start[s->first + at + 1];
        const double count = to > from ? to - from : 1;
        double *mean = s->mean + at * d, *out = s->out + at * d * d;
        memset(mean, 0, (size_t)d * sizeof *mean);
        memset(out, 0, (size_t)(d * d) * sizeof *out);
        for (int32_t e = from; e < to; e++)
            for (int64_t j = 0; j < d; j++)
                mean[j] += s->x[s->of.list[e] * d + j] / count;
        for (int32_t e = from; e < to; e++) {
            const double *p = s->x + s->of.list[e] * d;
            for (int64_t i = 0; i < d; i++)
                for (int64_t j = 0; j <= i; j++)
                    out[i * d + j] += (p[i] - mean[i]) * (p[j] - mean[j]) / count;
        }
        for (int64_t i = 0; i < d; i++)
            for (int64_t j = 0; j < i; j++)
                out[j * d + i] = out[i * d + j];
    }
}

/* The points first … first + count − 1 that arguments 0 and 1 (1-based) name. */
static hy_status need_range(hy_ctx *cx, const hy_call *c, int64_t n, int64_t *first, int64_t *count)
{
    *first = c->arg[0].i - 1;
    *count = c->arg[1].i;
    if (*first < 0 || *count < 0 || *first + *count > n)
        return hy_fail(cx, HY_EARG, "points %lld to %lld are not within 1..%lld",
                       (long long)*first + 1, (long long)(*first + *count), (long long)n);
    return HY_OK;
}

static hy_status neighbor_covariances_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x;
    int64_t count;
    spread_job s;
    HY_TRY(read_points(cx, c, &x));
    HY_TRY(need_lists(cx, c->in[1], c->in[2], x->shape[0], &s.of));
    HY_TRY(need_range(cx, c, x->shape[0], &s.first, &count));
    s.x = hy_data(x);
    s.d = x->shape[1];
    HY_TRY(hy_out(cx, c, 0, HY_F64, 3, (int64_t[]){ count, s.d, s.d }));
    HY_TRY(scratch(cx, c, HY_F64, count * s.d, &s.mean));
    s.out = hy_data(c->out[0]);
    HY_TRY(hy_poll(cx, s.first, x->shape[0]));
    hy_parallel_for(count, 4, find_spread, &s);
    return HY_OK;
}

typedef struct metric_job {
    lists of;
    const double *x, *vector, *weight; /* n×d; of each point at hand d×d (columns) and d */
    int64_t d, first;
    double *turned; /* d for each point at hand */
    double *out;
} metric_job;

static void measure_list(void *arg, int64_t begin, int64_t end)
{
    const metric_job *m = arg;
    const int64_t d = m->d, base = m->of.start[m->first];
    for (int64_t at = begin; at < end; at++) {
        const int64_t i = m->first + at;
        const double *v = m->vector + at * d * d, *w = m->weight + at * d;
        double *turned = m->turned + at * d;
        for (int32_t e = m->of.start[i]; e < m->of.start[i + 1]; e++) {
            const double *p = m->x + i * d, *q = m->x + m->of.list[e] * d;
            double sum = 0;
            memset(turned, 0, (size_t)d * sizeof *turned);
            for (int64_t a = 0; a < d; a++)
                for (int64_t j = 0; j < d; j++)
                    turned[j] += (q[a] - p[a]) * v[a * d + j];
            for (int64_t j = 0; j < d; j++)
                sum += w[j] * turned[j] * turned[j];
            m->out[e - base] = sum;
        }
    }
}

static hy_status neighbor_sqdist_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x, *vectors = c->in[3], *weights = c->in[4];
    int64_t count;
    metric_job m;
    HY_TRY(read_points(cx, c, &x));
    HY_TRY(need_lists(cx, c->in[1], c->in[2], x->shape[0], &m.of));
    HY_TRY(need_range(cx, c, x->shape[0], &m.first, &count));
    m.d = x->shape[1];
    if (vectors->ndim != 3 || vectors->shape[0] != count || vectors->shape[1] != m.d ||
        vectors->shape[2] != m.d)
        return hy_fail_shapes(cx, "vectors must be count×d×d", x, vectors);
    if (weights->shape[0] != count || weights->shape[1] != m.d)
        return hy_fail_shapes(cx, "weights must be count×d", x, weights);
    HY_TRY(hy_need_real(cx, vectors));
    HY_TRY(hy_need_real(cx, weights));
    HY_TRY(hy_temp_to(cx, c, vectors, HY_F64, &vectors));
    HY_TRY(hy_temp_to(cx, c, weights, HY_F64, &weights));
    const int64_t entries = m.of.start[m.first + count] - m.of.start[m.first];
    HY_TRY(hy_out(cx, c, 0, HY_F64, 1, &entries));
    HY_TRY(scratch(cx, c, HY_F64, count * m.d, &m.turned));
    m.x = hy_data(x);
    m.vector = hy_data(vectors);
    m.weight = hy_data(weights);
    m.out = hy_data(c->out[0]);
    HY_TRY(hy_poll(cx, m.first, x->shape[0]));
    hy_parallel_for(count, 4, measure_list, &m);
    return HY_OK;
}

/* ---- lists of lists ----------------------------------------------------------------------------
 */

/* The entry of point i in the ascending list of point j, or −1. */
static int64_t entry_of(const lists *of, int32_t i, int32_t j)
{
    int64_t low = of->start[j], high = (int64_t)of->start[j + 1] - 1;
    while (low <= high) {
        const int64_t middle = low + (high - low) / 2;
        if (of->list[middle] == i)
            return middle;
        if (of->list[middle] < i)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

static hy_status mutual_neighbors_fwd(hy_ctx *cx, hy_call *c)
{
    lists of;
    hy_tensor *distances, *kept;
    const double limit = c->arg[0].d;
    int64_t total = 0;
    HY_TRY(need_lists(cx, c->in[0], c->in[1], -1, &of));
    if (hy_numel(c->in[2]) != of.entries)
        return hy_fail_shapes(cx, "list and distance differ in length", c->in[1], c->in[2]);
    HY_TRY(hy_need_real(cx, c->in[2]));
    HY_TRY(hy_temp_to(cx, c, c->in[2], HY_F64, &distances));
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, (int64_t[]){ of.n + 1 }));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &of.entries, &kept));
    const double *distance = hy_data(distances);
    int32_t *start = hy_data(c->out[0]), *list = hy_data(kept);
    for (int64_t i = 0; i < of.n; i++) {
        start[i] = (int32_t)total;
        for (int32_t e = of.start[i]; e < of.start[i + 1]; e++) {
            const int64_t back = entry_of(&of, (int32_t)i, of.list[e]);
            if (back >= 0 && distance[e] <= limit && distance[back] <= limit)
                list[total++] = of.list[e];
        }
    }
    start[of.n] = (int32_t)total;
    HY_TRY(hy_out(cx, c, 1, HY_INDEX, 1, &total));
    memcpy(hy_data(c->out[1]), list, (size_t)total * sizeof *list);
    return HY_OK;
}

static hy_status need_flags(hy_ctx *cx, const hy_tensor *t, const char *name, int64_t n)
{
    if (t->dtype != HY_U8 || hy_numel(t) != n)
        return hy_fail(cx, HY_EARG, "%s must be u8 with a flag for each of the %lld points", name,
                       (long long)n);
    return HY_OK;
}

static hy_status grow_clusters_fwd(hy_ctx *cx, hy_call *c)
{
    lists of;
    int32_t *queue, clusters = 0;
    HY_TRY(need_lists(cx, c->in[0], c->in[1], -1, &of));
    HY_TRY(need_flags(cx, c->in[2], "core", of.n));
    HY_TRY(need_flags(cx, c->in[3], "joins", of.n));
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, &of.n));
    HY_TRY(scratch(cx, c, HY_INDEX, of.n, &queue));
    const uint8_t *core = hy_data(c->in[2]), *joins = hy_data(c->in[3]);
    int32_t *label = hy_data(c->out[0]);
    for (int64_t i = 0; i < of.n; i++)
        label[i] = -1;
    for (int64_t i = 0; i < of.n; i++) {
        int64_t head = 0, tail = 0;
        if (!core[i] || label[i] >= 0)
            continue;
        HY_TRY(hy_poll(cx, i, of.n));
        label[i] = clusters;
        queue[tail++] = (int32_t)i;
        while (head < tail) {
            const int32_t at = queue[head++];
            for (int32_t e = of.start[at]; e < of.start[at + 1]; e++) {
                const int32_t q = of.list[e];
                if (label[q] >= 0 || !joins[q])
                    continue;
                label[q] = clusters;
                if (core[q])
                    queue[tail++] = q;
            }
        }
        clusters++;
    }
    return HY_OK;
}

const hy_op hy_ops_neighborhoods[] = {
    { .name = "radius_neighbors",
      .signature = "x:matrix radius:number -> index index",
      .forward = radius_neighbors_fwd,
      .doc = "The rows of x within the radius of each row, itself included, as two index tensors: "
             "start (n + 1) and list; the neighbors of row i are list[start[i]] up to before "
             "list[start[i + 1]], ascending." },
    { .name = "neighbor_covariances",
      .signature = "x:matrix start:index list:index first:integer count:integer -> tensor",
      .forward = neighbor_covariances_fwd,
      .doc = "Covariance (f64, divided by their number) of the neighbors of each of `count` rows "
             "from `first` on: count×d×d." },
    { .name = "neighbor_sqdist",
      .signature = "x:matrix start:index list:index vectors:tensor weights:matrix first:integer "
                   "count:integer -> vector",
      .forward = neighbor_sqdist_fwd,
      .doc = "Squared distances from `count` rows from `first` on to their neighbors, entry by "
             "entry, each row with its own axes (count×d×d, columns) and weights of them." },
    { .name = "mutual_neighbors",
      .signature = "start:index list:index distance:vector limit:number -> index index",
      .forward = mutual_neighbors_fwd,
      .doc = "Only the neighbors for which the distances of both directions are at most limit." },
    { .name = "grow_clusters",
      .signature = "start:index list:index core:tensor joins:tensor -> index",
      .forward = grow_clusters_fwd,
      .doc = "Clusters that grow from core points over their neighbors, as DBSCAN does: labels in "
             "the order of their first core point, -1 for the rest. core and joins are u8; only "
             "points with joins become members." },
    { 0 },
};
