/*
 * Agglomerative clustering: the two nearest clusters become one until one is left. The distances of
 * a new cluster follow from those of its halves (Lance & Williams 1967), and chains of nearest
 * neighbors find pairs that are each other's nearest (Murtagh 1983): O(n²) steps in all.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"
#include "medoids.h"

enum { WARD = 1, COMPLETE, AVERAGE, SINGLE };

typedef struct merge {
    double height;
    int32_t a, b;  /* points of the two clusters */
    int64_t found; /* the how-manyth: equal heights stay in this order */
} merge;

/* A cluster is known by the slot of one of its points. */
typedef struct forest {
    int64_t n, d, left;
    int64_t linkage;
    double *distance; /* of all pairs, row by row above the diagonal (ward: squared); or NULL: */
    double *center;   /* n×d, ward only */
    double *size;     /* n: points of each cluster */
    double *row;      /* n: distances of one cluster to those that are left */
    int32_t *alive;   /* which are left, ascending */
    int32_t *chain;   /* each the nearest of the one before */
    int64_t links;
    int64_t from; /* the cluster that is measured */
    int32_t a, b; /* those that merge */
    merge *merges;
} forest;

static int64_t pair(const forest *f, int64_t i, int64_t j)
{
    const int64_t low = i < j ? i : j, high = i < j ? j : i;
    return low * f->n - low * (low + 1) / 2 + high - low - 1;
}

/* ---- distances --------------------------------------------------------------------------------- */

static double center_distance(const forest *f, int64_t i, int64_t j)
{
    const double *x = f->center + i * f->d, *y = f->center + j * f->d;
    double sum = 0;
    for (int64_t l = 0; l < f->d; l++)
        sum += (x[l] - y[l]) * (x[l] - y[l]);
    return 2 * f->size[i] * f->size[j] / (f->size[i] + f->size[j]) * sum;
}

static void measure_range(void *arg, int64_t begin, int64_t end)
{
    forest *f = arg;
    for (int64_t e = begin; e < end; e++) {
        const int64_t i = f->alive[e];
        f->row[e] = i == f->from   ? INFINITY
                    : f->distance ? f->distance[pair(f, f->from, i)]
                                  : center_distance(f, f->from, i);
    }
}

static void update_range(void *arg, int64_t begin, int64_t end)
{
    forest *f = arg;
    const double na = f->size[f->a], nb = f->size[f->b];
    const double between = f->distance[pair(f, f->a, f->b)];
    for (int64_t e = begin; e < end; e++) {
        const int64_t i = f->alive[e];
        if (i == f->a || i == f->b)
            continue;
        const double ni = f->size[i], da = f->distance[pair(f, f->a, i)];
        double *to = f->distance + pair(f, f->b, i);
        switch (f->linkage) {
        case WARD:
            *to = ((na + ni) * da + (nb + ni) * *to - ni * between) / (na + nb + ni);
            break;
        case COMPLETE: *to = fmax(da, *to); break;
        case AVERAGE: *to = (na * da + nb * *to) / (na + nb); break;
        default: *to = fmin(da, *to);
        }
    }
}

static int64_t grain(const forest *f)
{
    enum { PER_CHUNK = 1 << 15 };
    const int64_t rows = f->distance ? PER_CHUNK : PER_CHUNK / f->d;
    return rows > 0 ? rows : 1;
}

/* ---- the chain --------------------------------------------------------------------------------- */

/* The cluster nearest to the end of the chain; at ties the one before it, else the lowest. */
static int32_t nearest(forest *f, double *distance)
{
    const int32_t before = f->links > 1 ? f->chain[f->links - 2] : -1;
    int64_t best = -1;

    f->from = f->chain[f->links - 1];
    hy_parallel_for(f->left, grain(f), measure_range, f);
    for (int64_t e = 0; e < f->left; e++)
        if (f->alive[e] != f->from &&
            (best < 0 || f->row[e] < f->row[best] ||
             (f->row[e] == f->row[best] && f->alive[e] == before)))
            best = e;
    *distance = f->row[best];
    return f->alive[best];
}

static void join(forest *f)
{
    const double na = f->size[f->a], nb = f->size[f->b];
    int64_t at = 0;

    if (f->distance)
        hy_parallel_for(f->left, grain(f), update_range, f);
    else
        for (int64_t l = 0; l < f->d; l++) {
            double *to = f->center + f->b * f->d + l;
            *to += na / (na + nb) * (f->center[f->a * f->d + l] - *to);
        }
    f->size[f->b] = na + nb;
    while (f->alive[at] != f->a)
        at++;
    f->left--;
    memmove(f->alive + at, f->alive + at + 1, (size_t)(f->left - at) * sizeof *f->alive);
}

static hy_status grow(hy_ctx *cx, forest *f)
{
    for (int64_t t = 0; t < f->n - 1;) {
        double distance;
        HY_TRY(hy_poll(cx, t, f->n - 1));
        if (f->links == 0)
            f->chain[f->links++] = f->alive[0];
        const int32_t last = f->chain[f->links - 1], near = nearest(f, &distance);
        if (!(distance < INFINITY)) /* nor could the chain end */
            return hy_fail(cx, HY_ENUMERIC, "the distances overflow; scale x down");
        if (f->links < 2 || near != f->chain[f->links - 2]) {
            f->chain[f->links++] = near;
            continue;
        }
        f->links -= 2;
        f->a = last < near ? last : near;
        f->b = last < near ? near : last;
        f->merges[t] = (merge){ .height = f->linkage == WARD ? sqrt(fmax(distance, 0)) : distance,
                                .a = f->a, .b = f->b, .found = t };
        t++;
        join(f);
    }
    return HY_OK;
}

/* ---- the table --------------------------------------------------------------------------------- */

static int by_height(const void *a, const void *b)
{
    const merge *p = a, *q = b;
    if (p->height != q->height)
        return p->height < q->height ? -1 : 1;
    return (p->found > q->found) - (p->found < q->found);
}

/* Merges in any order → rows (node, node, height, points), lowest first, nodes from 1 on. */
static hy_status write_table(hy_ctx *cx, hy_call *c, int64_t n, merge *merges)
{
    const int64_t many = n - 1;
    hy_tensor *parents, *nodes, *sizes;
    HY_TRY(hy_out(cx, c, 0, HY_F64, 2, (int64_t[]){ many, 4 }));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &parents));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &nodes));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &sizes));
    int32_t *parent = hy_data(parents), *node = hy_data(nodes);
    double *row = hy_data(c->out[0]), *size = hy_data(sizes);

    for (int32_t i = 0; i < n; i++) {
        parent[i] = node[i] = i;
        size[i] = 1;
    }
    qsort(merges, (size_t)many, sizeof *merges, by_height);
    for (int64_t t = 0; t < many; t++, row += 4) {
        const int32_t a = hy_tree_root(parent, merges[t].a), b = hy_tree_root(parent, merges[t].b);
        row[0] = (node[a] < node[b] ? node[a] : node[b]) + 1;
        row[1] = (node[a] < node[b] ? node[b] : node[a]) + 1;
        row[2] = merges[t].height;
        row[3] = size[a] + size[b];
        parent[b] = a;
        size[a] = row[3];
        node[a] = (int32_t)(n + t);
    }
    return HY_OK;
}

/* ---- reading ----------------------------------------------------------------------------------- */

/* The distances of all pairs, above the diagonal. */
static hy_status fill_distances(hy_ctx *cx, hy_distances *from, forest *f)
{
    const bool square = from->given && f->linkage == WARD;
    double largest = 0;

    for (int64_t i = 0, count; i < f->n; i += count) {
        const char *rows;
        count = from->given ? 1 : f->n - i < from->room ? f->n - i : from->room;
        HY_TRY(hy_poll(cx, i, f->n));
        HY_TRY(hy_distances_rows(cx, from, i, &count, &rows));
        for (int64_t b = 0; b < count; b++)
            for (int64_t j = i + b + 1; j < f->n; j++) {
                const double v = fmax(hy_number(from->dtype, rows, b * f->n + j), 0);
                f->distance[pair(f, i + b, j)] = square ? v * v : v;
                largest = fmax(largest, v);
            }
    }
    for (int64_t i = 0; from->given && i < f->n; i++)
        for (int64_t j = 0; j < i; j++) {
            const double v = hy_number(from->dtype, from->matrix, i * f->n + j);
            const double other = hy_number(from->dtype, from->matrix, j * f->n + i);
            if (!(fabs(v - other) <= 1e-6 * largest))
                return hy_fail(cx, HY_EARG, "x is no matrix of distances: it holds %g at row %lld, "
                               "column %lld and %g at row %lld, column %lld", v, (long long)i + 1,
                               (long long)j + 1, other, (long long)j + 1, (long long)i + 1);
        }
    return HY_OK;
}

static hy_status fill_centers(hy_ctx *cx, hy_call *c, const hy_distances *from, forest *f)
{
    hy_tensor *centers;
    HY_TRY(hy_temp(cx, c, HY_F64, 2, (int64_t[]){ f->n, f->d }, &centers));
    f->center = hy_data(centers);
    for (int64_t i = 0; i < f->n * f->d; i++)
        f->center[i] = hy_number(from->dtype, from->x, i);
    return HY_OK;
}

/* The edges of the minimum spanning tree are the merges of single linkage. */
static hy_status along_tree(hy_ctx *cx, hy_call *c, merge *merges)
{
    const hy_arg none[HY_MAX_ARG] = { { .given = false } };
    hy_tensor *in[] = { c->in[0], NULL }, *out[HY_MAX_OUT];
    HY_TRY(hy_run(cx, hy_op_find("mst"), 2, in, none, out));
    const int32_t *end = hy_data(out[0]);
    const double *length = hy_data(out[1]);
    for (int64_t e = 0; e < out[0]->shape[0]; e++)
        merges[e] = (merge){ length[e], end[2 * e], end[2 * e + 1], e };
    for (int i = 0; i < HY_MAX_OUT; i++)
        hy_unref(out[i]);
    return HY_OK;
}

static hy_status f64_room(hy_ctx *cx, hy_call *c, int64_t n, double **out)
{
    hy_tensor *t;
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &t));
    *out = hy_data(t);
    return HY_OK;
}

static hy_status prepare(hy_ctx *cx, hy_call *c, forest *f)
{
    hy_tensor *alive, *chain;
    HY_TRY(f64_room(cx, c, f->n, &f->size));
    HY_TRY(f64_room(cx, c, f->n, &f->row));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &f->n, &alive));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &f->n, &chain));
    f->alive = hy_data(alive);
    f->chain = hy_data(chain);
    f->left = f->n;
    for (int64_t i = 0; i < f->n; i++) {
        f->alive[i] = (int32_t)i;
        f->size[i] = 1;
    }
    return HY_OK;
}

/* Arguments: linkage, squared, manhattan, distances, memory. */
static hy_status linkage_fwd(hy_ctx *cx, hy_call *c)
{
    const int64_t linkage = c->arg[0].i, n = c->in[0]->shape[0], memory = c->arg[4].i;
    const bool plain = !c->arg[1].i && !c->arg[2].i && !c->arg[3].i;
    const double bytes = 8 * (double)n * (double)(n - 1) / 2;
    forest f = { .n = n, .d = c->in[0]->shape[1], .linkage = linkage };
    hy_distances from;
    hy_tensor *merges;

    if (linkage < WARD || linkage > SINGLE)
        return hy_fail(cx, HY_EARG, "linkage is %lld; it wants 1 (ward), 2 (complete), 3 (average) "
                       "or 4 (single)", (long long)linkage);
    if (linkage == WARD && (c->arg[1].i || c->arg[2].i))
        return hy_fail(cx, HY_EARG, "ward merges by Euclidean distance, not its square or city-block");
    if (n > INT32_MAX / 2)
        return hy_fail(cx, HY_EARG, "%lld points are more than nodes can count", (long long)n);
    hy_arg how[] = { { .i = c->arg[1].i || (linkage == WARD && !c->arg[3].i) }, c->arg[2],
                     c->arg[3], { .i = 0 } }; /* the matrix is kept here, half of it */
    HY_TRY(hy_distances_read(cx, c, how, &from));
    HY_TRY(hy_temp(cx, c, HY_U8, 1, (int64_t[]){ n * (int64_t)sizeof(merge) }, &merges));
    f.merges = hy_data(merges);
    if (linkage == SINGLE && plain) {
        HY_TRY(along_tree(cx, c, f.merges));
        return write_table(cx, c, n, f.merges);
    }
    if (bytes > (double)memory && !(linkage == WARD && plain))
        return hy_fail(cx, HY_EARG, "the distances of all pairs of %lld points take %.3g GB, and "
                       "memory allows %.3g; ward and single linkage of points need none of it",
                       (long long)n, bytes / 1e9, (double)memory / 1e9);
    HY_TRY(prepare(cx, c, &f));
    if (bytes <= (double)memory) {
        HY_TRY(f64_room(cx, c, n * (n - 1) / 2, &f.distance));
        HY_TRY(fill_distances(cx, &from, &f));
    } else
        HY_TRY(fill_centers(cx, c, &from, &f));
    HY_TRY(grow(cx, &f));
    return write_table(cx, c, n, f.merges);
}

const hy_op hy_ops_linkage[] = {
    { .name = "linkage",
      .signature = "x:matrix linkage:integer=1 {squared:flag=false manhattan:flag=false "
                   "distances:flag=false memory:integer=1073741824} -> matrix",
      .forward = linkage_fwd,
      .doc = "The tree of agglomerative clustering of the rows of x, (n - 1) x 4 in f64, lowest "
             "merge first: the two nodes that become node n + row (1..n are the points), their "
             "distance, and how many points are below. linkage: 1 ward, 2 complete, 3 average, 4 "
             "single. Distances are Euclidean, their squares, or city-block; with distances, x is "
             "the n×n matrix of them. Those of all pairs take 4·n·(n - 1) bytes, at most memory; "
             "ward (slower then) and single do without." },
    { 0 },
};
