/*
 * Agglomeration on a directed graph of neighbors: the two clusters with the largest affinity merge.
 * Zhang, Wang, Zhao & Tang, Graph degree linkage, ECCV 2012; with its local term: Yang, Parikh &
 * Batra (JULE), CVPR 2016.
 */
#include <math.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

enum { MOST_LOCAL = 16 };

/* The nearest of a cluster, best first. */
typedef struct best {
    int count;
    int32_t at[MOST_LOCAL];
    double affinity[MOST_LOCAL];
} best;

typedef struct merger {
    int64_t n, d, each;       /* points, features, neighbors of each */
    int64_t clusters, left;   /* at first, now */
    const int32_t *neighbor;  /* n × each */
    const double *weight;     /* n × each */
    int32_t *parent;          /* of points: the tree of clusters */
    int32_t *slot;            /* of points */
    double *flow;             /* clusters²: 1ᵀ W_ab W_ba 1 / |a|² */
    double *center, *size;    /* clusters × d, clusters */
    uint8_t *alive;
    best *near;
    int local;                /* neighbors in the local term */
    int64_t above;            /* it counts while there are more clusters */
} merger;

static double affinity(const merger *m, int64_t a, int64_t b)
{
    return m->flow[a * m->clusters + b] + m->flow[b * m->clusters + a];
}

/* ---- the first clusters ------------------------------------------------------------------------ */

/* Points that share a label, or chains of first neighbors, hang below one root. */
static void find_roots(merger *m, const int32_t *label, int32_t *first)
{
    for (int32_t i = 0; i < m->n; i++)
        m->parent[i] = i;
    for (int64_t j = 0; label && j < m->n; j++)
        first[j] = -1;
    for (int32_t i = 0; i < m->n; i++) {
        int32_t other = label ? (label[i] < 0 ? i : first[label[i]]) : m->neighbor[i * m->each];
        if (label && label[i] >= 0 && other < 0)
            other = first[label[i]] = i;
        const int32_t a = hy_tree_root(m->parent, i), b = hy_tree_root(m->parent, other);
        m->parent[a > b ? a : b] = a > b ? b : a;
    }
    for (int32_t i = 0; i < m->n; i++) { /* a root is the lowest of its points */
        const int32_t root = hy_tree_root(m->parent, i);
        m->slot[i] = root == i ? (int32_t)m->clusters++ : m->slot[root];
    }
    m->left = m->clusters;
}

/* flow[a][b] sums, over the points j of b, what comes from a to j times what goes from j to a. */
static void add_flows(merger *m, const int64_t *start, const int32_t *source, const double *carried,
                      double *in, double *out)
{
    for (int64_t j = 0; j < m->n; j++) {
        const int32_t *to = m->neighbor + j * m->each;
        for (int64_t e = start[j]; e < start[j + 1]; e++)
            in[m->slot[source[e]]] += carried[e];
        for (int64_t e = 0; e < m->each; e++)
            out[m->slot[to[e]]] += m->weight[j * m->each + e];
        for (int64_t e = 0; e < m->each; e++) {
            const int32_t a = m->slot[to[e]];
            if (a != m->slot[j])
                m->flow[a * m->clusters + m->slot[j]] += in[a] * out[a] / (m->size[a] * m->size[a]);
            out[a] = 0; /* once for each cluster */
        }
        for (int64_t e = start[j]; e < start[j + 1]; e++)
            in[m->slot[source[e]]] = 0;
    }
}

/* The arrows the other way round: those that end in j are start[j] … start[j + 1] − 1. */
static void turn_arrows(const merger *m, int64_t *start, int32_t *source, double *carried)
{
    memset(start, 0, (size_t)(m->n + 2) * sizeof *start);
    for (int64_t e = 0; e < m->n * m->each; e++)
        start[m->neighbor[e] + 2]++;
    for (int64_t j = 2; j <= m->n + 1; j++)
        start[j] += start[j - 1];
    for (int64_t e = 0; e < m->n * m->each; e++) {
        const int64_t at = start[m->neighbor[e] + 1]++;
        source[at] = (int32_t)(e / m->each);
        carried[at] = m->weight[e];
    }
}

static void find_centers(merger *m, const double *x)
{
    for (int64_t i = 0; i < m->n; i++) {
        double *center = m->center + m->slot[i] * m->d, size = ++m->size[m->slot[i]];
        for (int64_t l = 0; l < m->d; l++)
            center[l] += (x[i * m->d + l] - center[l]) / size;
    }
}

/* ---- merging ----------------------------------------------------------------------------------- */

static void look(merger *m, int64_t a)
{
    best *b = &m->near[a];
    b->count = 0;
    for (int64_t o = 0; o < m->clusters; o++) {
        if (!m->alive[o] || o == a)
            continue;
        const double v = affinity(m, a, o);
        int at = b->count;
        while (at > 0 && b->affinity[at - 1] < v)
            at--;
        if (at == m->local)
            continue;
        b->count += b->count < m->local;
        for (int k = b->count - 1; k > at; k--) {
            b->at[k] = b->at[k - 1];
            b->affinity[k] = b->affinity[k - 1];
        }
        b->at[at] = (int32_t)o;
        b->affinity[at] = v;
    }
}

/* The affinity to the nearest, plus by how much it exceeds that to the next ones. */
static double score(const merger *m, int64_t a)
{
    const best *b = &m->near[a];
    double sum = b->affinity[0];
    for (int k = 1; m->left > m->above && k < b->count; k++)
        sum += (b->affinity[0] - b->affinity[k]) / (b->count - 1);
    return sum;
}

static void join(merger *m, int64_t a, int64_t b)
{
    const double na = m->size[a], nb = m->size[b], n = na + nb;
    double *flow = m->flow;

    for (int64_t o = 0; o < m->clusters; o++) {
        const int64_t row = o * m->clusters;
        flow[row + a] += flow[row + b];
        flow[a * m->clusters + o] = (na * flow[a * m->clusters + o] + nb * flow[b * m->clusters + o]) / n;
    }
    for (int64_t l = 0; l < m->d; l++) {
        double *center = m->center + a * m->d + l;
        *center += nb / n * (m->center[b * m->d + l] - *center);
    }
    m->size[a] = n;
    m->alive[b] = 0;
    m->left--;
    for (int64_t i = 0; i < m->n; i++)
        if (m->slot[i] == b)
            m->slot[i] = (int32_t)a;
    for (int64_t o = 0; o < m->clusters; o++) {
        const best *near = &m->near[o];
        bool changed = o == a || affinity(m, o, a) > near->affinity[near->count - 1];
        for (int k = 0; k < near->count; k++)
            changed |= near->at[k] == a || near->at[k] == b;
        if (m->alive[o] && changed)
            look(m, o);
    }
}

static int64_t nearest_center(const merger *m, int64_t a)
{
    int64_t found = -1;
    double least = INFINITY;
    for (int64_t o = 0; o < m->clusters; o++) {
        double sum = 0;
        for (int64_t l = 0; m->alive[o] && l < m->d; l++) {
            const double step = m->center[a * m->d + l] - m->center[o * m->d + l];
            sum += step * step;
        }
        if (m->alive[o] && o != a && (found < 0 || sum < least)) {
            least = sum;
            found = o;
        }
    }
    return found;
}

/* A cluster that nothing flows to, of at most `size` points: the smallest; −1: there is none. */
static int64_t lone(const merger *m, double size)
{
    int64_t found = -1;
    for (int64_t a = 0; a < m->clusters; a++)
        if (m->alive[a] && m->near[a].affinity[0] <= 0 && m->size[a] <= size &&
            (found < 0 || m->size[a] < m->size[found]))
            found = a;
    return found;
}

static hy_status merge(hy_ctx *cx, merger *m, int64_t k)
{
    const int64_t total = m->left - k;
    for (int64_t a = 0; a < m->clusters; a++) {
        if (a % 64 == 0)
            HY_TRY(hy_poll(cx, 0, total));
        look(m, a);
    }
    while (m->left > k) {
        HY_TRY(hy_poll(cx, total - (m->left - k), total));
        int64_t a = lone(m, (double)m->each), b = -1;
        for (int64_t o = 0; a < 0 && o < m->clusters; o++)
            if (m->alive[o] && m->near[o].affinity[0] > 0 && (b < 0 || score(m, o) > score(m, b)))
                b = o;
        if (b >= 0) {
            a = m->near[b].at[0];
        } else {
            a = a < 0 ? lone(m, INFINITY) : a;
            b = nearest_center(m, a);
        }
        join(m, a < b ? a : b, a < b ? b : a);
    }
    return HY_OK;
}

/* ---- the op ------------------------------------------------------------------------------------ */

static hy_status room(hy_ctx *cx, hy_call *c, hy_dtype dtype, int64_t n, void *out)
{
    hy_tensor *t;
    HY_TRY(hy_temp(cx, c, dtype, 1, &n, &t));
    *(void **)out = memset(hy_data(t), 0, (size_t)(n * hy_dtype_size(dtype)));
    return HY_OK;
}

/* Arguments: k, local, above, memory. */
static hy_status check_graph(hy_ctx *cx, const hy_call *c)
{
    const hy_tensor *near = c->in[1], *weights = c->in[2], *labels = c->in[3];
    const int64_t n = c->in[0]->shape[0];
    if (near->ndim != 2 || near->shape[0] != n || near->shape[1] < 1)
        return hy_fail_shapes(cx, "neighbors must have a row for each of x", c->in[0], near);
    if (!hy_same_shape(near, weights))
        return hy_fail_shapes(cx, "neighbors and weights differ in shape", near, weights);
    for (int64_t i = 0; i < hy_numel(near); i++)
        if (((const int32_t *)hy_data(near))[i] < 0 || ((const int32_t *)hy_data(near))[i] >= n)
            return hy_fail(cx, HY_EARG, "neighbors holds %lld; points are 1..%lld",
                           (long long)((const int32_t *)hy_data(near))[i] + 1, (long long)n);
    if (labels && hy_numel(labels) != n)
        return hy_fail(cx, HY_EARG, "labels has %lld elements for %lld rows",
                       (long long)hy_numel(labels), (long long)n);
    for (int64_t i = 0; labels && i < n; i++)
        if (((const int32_t *)hy_data(labels))[i] >= n)
            return hy_fail(cx, HY_EARG, "label %lld is outside 1..%lld, as many as points",
                           (long long)((const int32_t *)hy_data(labels))[i] + 1, (long long)n);
    if (c->arg[0].i < 1)
        return hy_fail(cx, HY_EARG, "k is %lld; it wants 1 or more", (long long)c->arg[0].i);
    if (c->arg[1].i < 1 || c->arg[1].i > MOST_LOCAL)
        return hy_fail(cx, HY_EARG, "neighborhood is %lld; it wants 1..%d", (long long)c->arg[1].i,
                       MOST_LOCAL);
    return HY_OK;
}

/* The affinities of all clusters. */
static hy_status measure(hy_ctx *cx, hy_call *c, merger *m)
{
    const double bytes = 8 * (double)m->clusters * (double)m->clusters;
    int64_t *start;
    int32_t *source;
    double *carried, *in, *out;
    if (bytes > (double)c->arg[3].i)
        return hy_fail(cx, HY_EARG, "the affinities of %lld clusters take %.3g GB, and memory allows "
                       "%.3g", (long long)m->clusters, bytes / 1e9, (double)c->arg[3].i / 1e9);
    HY_TRY(room(cx, c, HY_F64, m->clusters * m->clusters, &m->flow));
    HY_TRY(room(cx, c, HY_F64, m->n + 2, &start)); /* as wide as int64_t */
    HY_TRY(room(cx, c, HY_INDEX, m->n * m->each, &source));
    HY_TRY(room(cx, c, HY_F64, m->n * m->each, &carried));
    HY_TRY(room(cx, c, HY_F64, m->clusters, &in));
    HY_TRY(room(cx, c, HY_F64, m->clusters, &out));
    turn_arrows(m, start, source, carried);
    add_flows(m, start, source, carried, in, out);
    return HY_OK;
}

static hy_status check_weights(hy_ctx *cx, const hy_tensor *weights)
{
    const double *w = hy_data(weights);
    for (int64_t i = 0; i < hy_numel(weights); i++)
        if (!(w[i] >= 0 && isfinite(w[i])))
            return hy_fail(cx, HY_EARG, "weights holds %g in row %lld; it wants 0 or more", w[i],
                           (long long)(i / weights->shape[1]) + 1);
    return HY_OK;
}

static hy_status affinity_merge_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x, *weights;
    hy_points p;
    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &p));
    HY_TRY(check_graph(cx, c));
    HY_TRY(hy_temp_to(cx, c, c->in[0], HY_F64, &x));
    HY_TRY(hy_temp_to(cx, c, c->in[2], HY_F64, &weights));
    HY_TRY(check_weights(cx, weights));
    merger m = { .n = p.n, .d = p.d, .each = c->in[1]->shape[1], .neighbor = hy_data(c->in[1]),
                 .weight = hy_data(weights), .local = (int)c->arg[1].i, .above = c->arg[2].i };
    int32_t *first;
    HY_TRY(room(cx, c, HY_INDEX, m.n, &m.parent));
    HY_TRY(room(cx, c, HY_INDEX, m.n, &m.slot));
    HY_TRY(room(cx, c, HY_INDEX, m.n, &first));
    find_roots(&m, c->in[3] ? hy_data(c->in[3]) : NULL, first);
    HY_TRY(room(cx, c, HY_F64, m.clusters * m.d, &m.center));
    HY_TRY(room(cx, c, HY_F64, m.clusters, &m.size));
    HY_TRY(room(cx, c, HY_U8, m.clusters, &m.alive));
    HY_TRY(room(cx, c, HY_U8, m.clusters * (int64_t)sizeof *m.near, &m.near));
    memset(m.alive, 1, (size_t)m.clusters);
    find_centers(&m, hy_data(x));
    HY_TRY(measure(cx, c, &m));
    if (m.left > c->arg[0].i)
        HY_TRY(merge(cx, &m, c->arg[0].i));
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, &m.n));
    int32_t *label = hy_data(c->out[0]), count = 0;
    for (int64_t a = 0; a < m.clusters; a++)
        first[a] = -1;
    for (int64_t i = 0; i < m.n; i++) {
        if (first[m.slot[i]] < 0)
            first[m.slot[i]] = count++;
        label[i] = first[m.slot[i]];
    }
    return HY_OK;
}

const hy_op hy_ops_affinity[] = {
    { .name = "affinity_merge",
      .signature = "x:matrix neighbors:index weights:matrix k:integer labels:index? "
                   "{neighborhood:integer=5 above:integer=100 memory:integer=1073741824} -> index",
      .forward = affinity_merge_fwd,
      .doc = "Clusters of a graph of neighbors (as hy.knn gives them, with a weight for each) merged "
             "until at most k are left: those two with the largest affinity, the mean flow from a to "
             "b and back over both sizes, plus, while there are more than `above`, by how much it "
             "exceeds that to the next of the `neighborhood`. They start from labels (-1: alone), or "
             "else from chains of first neighbors. A cluster of few points without any affinity joins "
             "the nearest center. Needs 8 bytes for every pair of first clusters, at most memory." },
    { 0 },
};
