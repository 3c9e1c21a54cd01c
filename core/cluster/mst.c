/*
 * The minimum spanning tree of all points, the single-linkage tree made of it, and distances in
 * that tree: dc(i, j) is the height of the lowest node above both leaves, the longest edge between
 * them on the spanning tree (Beer, Draganov, Hohma, Jahn, Frey & Assent, KDD 2023).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

/* ---- the spanning tree ------------------------------------------------------------------------
 */

typedef struct edge {
    double weight;
    int32_t from, to;
    int64_t found; /* the how-manyth: equal edges stay in this order */
} edge;

enum { FEW_D = 16 }; /* dimensions up to which a copy by columns is worth its memory */

/* Prim's algorithm: the points outside of the tree stand in slots 0 .. left - 1, each with its
 * nearest edge into it. A step reads all of them once; nothing is quadratic in memory. Weights,
 * distances and core distances are squared. */
typedef struct prim {
    hy_points p;
    int64_t left;
    int32_t *point, *from; /* of each slot: who, and the end of the edge in the tree */
    double *weight, *distance;
    double *core;   /* NULL: plain distances */
    double *column; /* few dimensions: coordinate l of slot s is column[l·n + s]; or NULL: */
    double *all;    /* distances of all points, */
    int32_t *label; /* −1 for those in the tree, else 0 */
    double *middle; /* few dimensions: coordinates of the point that joined last */
    void *center;   /* many: the same in the type of the points */
    edge *edges;
} prim;

static int by_weight(const void *a, const void *b)
{
    const edge *p = a, *q = b;
    if (p->weight != q->weight)
        return p->weight < q->weight ? -1 : 1;
    return (p->found > q->found) - (p->found < q->found);
}

/* The distances of all slots to the point that joined last; its coordinates are set. */
static hy_status measure(hy_ctx *cx, const prim *m)
{
    enum { BLOCK = 1024 };

    if (!m->column) {
        HY_TRY(hy_points_cost(cx, &m->p, m->center, m->label, m->all));
        for (int64_t s = 0; s < m->left; s++)
            m->distance[s] = m->all[m->point[s]];
        return hy_poll(cx, m->p.n - m->left, m->p.n);
    }
    for (int64_t first = 0; first < m->left; first += BLOCK) {
        const int64_t n = m->left - first < BLOCK ? m->left - first : BLOCK;
        double *restrict distance = m->distance + first;
        memset(distance, 0, (size_t)n * sizeof *distance);
        for (int64_t l = 0; l < m->p.d; l++) {
            const double *restrict column = m->column + l * m->p.n + first;
            const double middle = m->middle[l];
            for (int64_t s = 0; s < n; s++)
                distance[s] += (column[s] - middle) * (column[s] - middle);
        }
    }
    return hy_poll(cx, m->p.n - m->left, m->p.n);
}

/* Slot s joins: its coordinates are noted, and the last slot takes its place. */
static void join(prim *m, int64_t s)
{
    const int64_t last = --m->left;

    if (m->column)
        for (int64_t l = 0; l < m->p.d; l++) {
            double *column = m->column + l * m->p.n;
            m->middle[l] = column[s];
            column[s] = column[last];
        }
    else {
        hy_points_copy(&m->p, m->point[s], m->center);
        m->label[m->point[s]] = -1;
    }
    m->point[s] = m->point[last];
    m->from[s] = m->from[last];
    m->weight[s] = m->weight[last];
    if (m->core)
        m->core[s] = m->core[last];
}

/* Point `at` has joined with this core distance: the shortest edges now; returns the slot of the
 * nearest point, the first one among equals. */
static int64_t relax(const prim *m, int32_t at, double core)
{
    double least = INFINITY;
    int64_t nearest = 0;

    for (int64_t s = 0; m->core && s < m->left; s++) {
        const double both = m->core[s] > core ? m->core[s] : core;
        m->distance[s] = m->distance[s] > both ? m->distance[s] : both;
    }
    for (int64_t s = 0; s < m->left; s++) {
        const bool nearer = m->distance[s] < m->weight[s];
        m->from[s] = nearer ? at : m->from[s];
        m->weight[s] = nearer ? m->distance[s] : m->weight[s];
    }
    for (int64_t s = 0; s < m->left; s++)
        least = m->weight[s] < least ? m->weight[s] : least;
    for (int64_t s = 0, who = INT64_MAX; s < m->left; s++)
        if (m->weight[s] == least && m->point[s] < who) {
            who = m->point[s];
            nearest = s;
        }
    return nearest;
}

static hy_status grow_tree(hy_ctx *cx, prim *m)
{
    int64_t next = 0;

    for (int64_t e = 0; e < m->p.n - 1; e++) {
        const int32_t at = m->point[next];
        const double core = m->core ? m->core[next] : 0;
        join(m, next);
        HY_TRY(measure(cx, m));
        next = relax(m, at, core);
        if (!isfinite(m->weight[next]))
            return hy_fail(cx, HY_ENUMERIC, "squared distances overflow; scale x down");
        m->edges[e] = (edge){
            .weight = sqrt(m->weight[next]), .from = m->from[next], .to = m->point[next], .found = e
        };
    }
    return HY_OK;
}

static hy_status read_core(hy_ctx *cx, hy_call *c, prim *m)
{
    hy_tensor *core;

    if (c->nin < 2 || !c->in[1])
        return HY_OK;
    if (hy_numel(c->in[1]) != m->p.n)
        return hy_fail_shapes(cx, "x and core differ in length", c->in[0], c->in[1]);
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &m->p.n, &core));
    HY_TRY(hy_copy_into(cx, c->in[1], core));
    m->core = hy_data(core);
    for (int64_t i = 0; i < m->p.n; i++) {
        if (!(m->core[i] >= 0 && isfinite(m->core[i])))
            return hy_fail(cx, HY_EARG, "core is %g at %lld; core distances are 0 or more",
                           m->core[i], (long long)i + 1);
        m->core[i] *= m->core[i];
    }
    return HY_OK;
}

/* Room for what a step needs beside the slots, by the number of dimensions. */
static hy_status prepare_steps(hy_ctx *cx, hy_call *c, prim *m)
{
    const int64_t n = m->p.n, d = m->p.d;
    hy_tensor *center, *columns, *middle, *all, *label;

    HY_TRY(hy_temp(cx, c, m->p.dtype, 1, &d, &center));
    m->center = hy_data(center);
    if (d > FEW_D) {
        HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &all));
        HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &label));
        m->all = hy_data(all);
        m->label = hy_data(label);
        memset(m->label, 0, (size_t)n * sizeof *m->label);
        return HY_OK;
    }
    HY_TRY(hy_temp(cx, c, HY_F64, 2, (int64_t[]){ d, n }, &columns));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &d, &middle));
    m->column = hy_data(columns);
    m->middle = hy_data(middle);
    for (int64_t i = 0; i < n; i++) {
        hy_points_copy(&m->p, i, m->center);
        for (int64_t l = 0; l < d; l++)
            m->column[l * n + i] = hy_number(m->p.dtype, m->center, l);
    }
    return HY_OK;
}

static hy_status prepare(hy_ctx *cx, hy_call *c, prim *m)
{
    const int64_t n = m->p.n, doubles = (int64_t)(sizeof(edge) / sizeof(double));
    hy_tensor *point, *from, *weight, *distance, *edges;

    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &point));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &from));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &weight));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &distance));
    HY_TRY(hy_temp(cx, c, HY_F64, 2, (int64_t[]){ n, doubles }, &edges));
    m->left = n;
    m->point = hy_data(point);
    m->from = hy_data(from);
    m->weight = hy_data(weight);
    m->distance = hy_data(distance);
    m->edges = hy_data(edges);
    for (int64_t i = 0; i < n; i++) {
        m->point[i] = (int32_t)i;
        m->from[i] = -1;
        m->weight[i] = INFINITY;
    }
    return prepare_steps(cx, c, m);
}

static hy_status mst_fwd(hy_ctx *cx, hy_call *c)
{
    prim m = { .core = NULL };

    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &m.p));
    if (m.p.n == 0 || m.p.n > INT32_MAX)
        return hy_fail(cx, HY_EARG, "x has %lld rows; it needs from 1 to 2147483647",
                       (long long)m.p.n);
    const int64_t many = m.p.n - 1;
    HY_TRY(read_core(cx, c, &m));
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 2, (int64_t[]){ many, 2 }));
    HY_TRY(hy_out(cx, c, 1, HY_F64, 1, &many));
    HY_TRY(prepare(cx, c, &m));
    HY_TRY(grow_tree(cx, &m));
    qsort(m.edges, (size_t)many, sizeof *m.edges, by_weight);
    int32_t *end = hy_data(c->out[0]);
    double *length = hy_data(c->out[1]);
    for (int64_t e = 0; e < many; e++) {
        end[2 * e] = m.edges[e].from;
        end[2 * e + 1] = m.edges[e].to;
        length[e] = m.edges[e].weight;
    }
    return HY_OK;
}

/* ---- the single-linkage tree -------------------------------------------------------------------
 */

static hy_status need_pairs(hy_ctx *cx, const hy_tensor *t, const char *name)
{
    if (t->dtype != HY_INDEX || t->ndim != 2 || t->shape[1] != 2)
        return hy_fail(cx, HY_EARG, "%s must be an index tensor with two columns", name);
    return HY_OK;
}

int32_t hy_tree_root(int32_t *parent, int32_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

static hy_status single_linkage_fwd(hy_ctx *cx, hy_call *c)
{
    HY_TRY(need_pairs(cx, c->in[0], "edges"));
    const int64_t many = c->in[0]->shape[0], n = many + 1;
    const int32_t *end = hy_data(c->in[0]);
    hy_tensor *parents, *nodes;
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 2, (int64_t[]){ many, 2 }));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &parents));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &nodes));
    int32_t *parent = hy_data(parents), *node = hy_data(nodes), *child = hy_data(c->out[0]);

    for (int32_t i = 0; i < n; i++)
        parent[i] = node[i] = i;
    for (int64_t e = 0; e < many; e++) {
        if (end[2 * e] < 0 || end[2 * e] >= n || end[2 * e + 1] < 0 || end[2 * e + 1] >= n)
            return hy_fail(cx, HY_EARG, "edges names a point outside of 1..%lld in row %lld",
                           (long long)n, (long long)e + 1);
        const int32_t a = hy_tree_root(parent, end[2 * e]), b = hy_tree_root(parent, end[2 * e + 1]);
        if (a == b)
            return hy_fail(cx, HY_EARG, "edges closes a circle in row %lld", (long long)e + 1);
        child[2 * e] = node[a] < node[b] ? node[a] : node[b];
        child[2 * e + 1] = node[a] < node[b] ? node[b] : node[a];
        parent[b] = a;
        node[a] = (int32_t)(n + e);
    }
    return HY_OK;
}

/* ---- distances in a tree ------------------------------------------------------------------------
 */

/* Children and height of the inner nodes n, n + 1, …; of every node: */
typedef struct tree {
    int64_t n;
    const int32_t *child;
    const double *height;
    double *marked; /* leaves below it that are marked */
    double *sum;    /* of the distances of its leaves to marked leaves that are not below it */
    double *least;  /* the smallest of these */
} tree;

static hy_status count_marked(hy_ctx *cx, hy_call *c, const hy_tensor *marked, tree *t)
{
    const int64_t nodes = 2 * t->n - 1;
    hy_tensor *seen;

    HY_TRY(hy_temp(cx, c, HY_U8, 1, &nodes, &seen));
    uint8_t *used = hy_data(seen);
    memset(used, 0, (size_t)nodes);
    for (int64_t i = 0; i < t->n; i++)
        t->marked[i] = ((const uint8_t *)hy_data(marked))[i] != 0;
    for (int64_t v = t->n; v < nodes; v++) {
        t->marked[v] = 0;
        for (int side = 0; side < 2; side++) {
            const int32_t below = t->child[2 * (v - t->n) + side];
            if (below < 0 || below >= v || used[below])
                return hy_fail(cx, HY_EARG, "merges: row %lld names node %lld, which %s",
                               (long long)(v - t->n) + 1, (long long)below + 1,
                               below < 0 || below >= v ? "does not exist by then"
                                                       : "was merged before");
            used[below] = 1;
            t->marked[v] += t->marked[below];
        }
    }
    return HY_OK;
}

/* From the root down: what a child's leaves meet at its parent is what lies below the other child.
 */
static void spread(tree *t)
{
    const int64_t root = 2 * t->n - 2;

    t->sum[root] = 0;
    t->least[root] = INFINITY;
    for (int64_t v = root; v >= t->n; v--)
        for (int side = 0; side < 2; side++) {
            const int32_t *child = t->child + 2 * (v - t->n);
            const double height = t->height[v - t->n], met = t->marked[child[1 - side]];
            t->sum[child[side]] = t->sum[v] + height * met;
            t->least[child[side]] = met > 0 ? height : t->least[v];
        }
}

static hy_status tree_distances_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *merges = c->in[0], *heights = c->in[1], *marked = c->in[2];
    hy_tensor *height, *count, *sum, *least;

    HY_TRY(need_pairs(cx, merges, "merges"));
    tree t = { .n = merges->shape[0] + 1, .child = hy_data(merges) };
    if (hy_numel(heights) != t.n - 1)
        return hy_fail_shapes(cx, "merges and heights differ in length", merges, heights);
    if (marked->dtype != HY_U8 || hy_numel(marked) != t.n)
        return hy_fail(cx, HY_EARG, "marked must be u8 with an element for each of %lld leaves",
                       (long long)t.n);
    const int64_t nodes = 2 * t.n - 1, inner = t.n - 1;
    HY_TRY(hy_out(cx, c, 0, HY_F64, 1, &t.n));
    HY_TRY(hy_out(cx, c, 1, HY_F64, 1, &t.n));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &inner, &height));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &nodes, &count));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &nodes, &sum));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &nodes, &least));
    HY_TRY(hy_copy_into(cx, heights, height));
    t.height = hy_data(height);
    t.marked = hy_data(count);
    t.sum = hy_data(sum);
    t.least = hy_data(least);
    HY_TRY(count_marked(cx, c, marked, &t));
    spread(&t);
    memcpy(hy_data(c->out[0]), t.sum, (size_t)t.n * sizeof *t.sum);
    memcpy(hy_data(c->out[1]), t.least, (size_t)t.n * sizeof *t.least);
    return HY_OK;
}

const hy_op hy_ops_tree[] = {
    { .name = "mst",
      .signature = "x:matrix core:vector? -> index vector",
      .forward = mst_fwd,
      .doc = "The minimum spanning tree of the rows of x under Euclidean distance, or with core "
             "distances under mutual reachability, the largest of the distance and both cores: "
             "the ends of each edge, (n - 1) x 2, and its length (f64), shortest first." },
    { .name = "single_linkage",
      .signature = "edges:index -> index",
      .forward = single_linkage_fwd,
      .doc = "The tree that merges n points along the edges of a spanning tree, in their order: "
             "row t names the two nodes that become node n + t; nodes 1..n are the points." },
    { .name = "tree_distances",
      .signature = "merges:index heights:vector marked:tensor -> vector vector",
      .forward = tree_distances_fwd,
      .doc = "The distance of two leaves of a tree is the height of the lowest node above both. "
             "For every leaf: the sum of its distances to the other leaves that are marked (u8), "
             "and the smallest of them (infinite: there is none), both f64." },
    { 0 },
};
