/* Nearest neighbors and distances to whole clusters: what is computed from all pairs of points
 * without keeping them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

/* ---- nearest neighbors ---------------------------------------------------------------------- */

typedef struct candidate {
    double distance; /* squared and exact; below 0: not known yet */
    int32_t at;
} candidate;

typedef struct search {
    hy_points p;
    hy_pairs pairs;
    int64_t k, room;
    double error;
    candidate *found; /* room for every row of every strand; the first k sorted */
    int32_t *count;
    char *rows;       /* two points of every strand */
    int32_t *index;   /* n×k */
    double *distance; /* n×k */
} search;

static int by_distance(const void *a, const void *b)
{
    const candidate *p = a, *q = b;
    if (p->distance != q->distance)
        return p->distance < q->distance ? -1 : 1;
    return (p->at > q->at) - (p->at < q->at);
}

static const void *row_at(const hy_points *p, int64_t i, void *copy)
{
    if (p->x)
        return p->x + i * p->d * p->size;
    hy_points_copy(p, i, copy);
    return copy;
}

/* Take the distances of new candidates exactly, and keep the k nearest. */
static void settle(const search *s, int64_t strand, int64_t row, candidate *found, int32_t *count)
{
    char *copy = s->rows + strand * 2 * s->p.d * s->p.size;
    const void *x = row_at(&s->p, row, copy);

    for (int32_t i = 0; i < *count; i++)
        if (found[i].distance < 0)
            found[i].distance = s->pairs.kernels->exact(
                s->p.d, x, row_at(&s->p, found[i].at, copy + s->p.d * s->p.size));
    qsort(found, (size_t)*count, sizeof *found, by_distance);
    if (*count > s->k)
        *count = (int32_t)s->k;
}

/* Who in columns first..first+n of the tile may be among the k nearest of row r? */
static void scan(const search *s, const hy_tile *t, int64_t r, int64_t first, int64_t n,
                 double norms, candidate *found, int32_t *count)
{
    int32_t at[HY_PAIR_BLOCK];
    const char *distance = t->distance;
    const double most = *count < s->k || found[s->k - 1].distance < 0
                            ? INFINITY
                            : found[s->k - 1].distance * (1 + s->error) + s->error * norms;
    const int64_t near = s->pairs.kernels->within(
        n, distance + (r * t->columns + first) * s->p.size, most, at);

    for (int64_t i = 0; i < near; i++) {
        const int64_t j = t->column + first + at[i];
        if (j == t->row + r)
            continue;
        if (*count == s->room)
            settle(s, t->strand, t->row + r, found, count);
        found[(*count)++] = (candidate){ .distance = -1, .at = (int32_t)j };
    }
}

static void write_row(const search *s, int64_t row, const candidate *found)
{
    for (int64_t i = 0; i < s->k; i++) {
        s->index[row * s->k + i] = found[i].at;
        s->distance[row * s->k + i] = sqrt(found[i].distance);
    }
}

static void find_neighbors(void *arg, const hy_tile *t)
{
    enum { STEP = 64 }; /* columns, before the limit is looked at again */
    const search *s = arg;
    double widest = 0;

    for (int64_t j = 0; j < t->columns; j++)
        widest = fmax(widest, hy_number(s->p.dtype, t->column_norm, j));
    for (int64_t r = 0; r < t->rows; r++) {
        candidate *found = s->found + (t->strand * s->pairs.block + r) * s->room;
        int32_t *count = s->count + t->strand * s->pairs.block + r;
        const double norms = widest + hy_number(s->p.dtype, t->row_norm, r);
        if (t->column == 0)
            *count = 0;
        for (int64_t first = 0; first < t->columns; first += STEP)
            scan(s, t, r, first, t->columns - first < STEP ? t->columns - first : STEP, norms,
                 found, count);
        if (t->column + t->columns < s->p.n)
            continue;
        settle(s, t->strand, t->row + r, found, count);
        write_row(s, t->row + r, found);
    }
}

static hy_status knn_fwd(hy_ctx *cx, hy_call *c)
{
    enum { SPARE = 32 };
    search s = { .k = c->arg[0].i };
    hy_tensor *found, *count, *rows;

    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &s.p));
    if (s.k < 1 || s.k >= s.p.n)
        return hy_fail(cx, HY_EARG, "k is %lld; it must be from 1 to %lld, the other rows of x",
                       (long long)s.k, (long long)s.p.n - 1);
    if (s.p.n > INT32_MAX)
        return hy_fail(cx, HY_EARG, "%lld rows are too many", (long long)s.p.n);
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 2, (int64_t[]){ s.p.n, s.k }));
    HY_TRY(hy_out(cx, c, 1, HY_F64, 2, (int64_t[]){ s.p.n, s.k }));
    s.index = hy_data(c->out[0]);
    s.distance = hy_data(c->out[1]);
    s.pairs = (hy_pairs){ .p = &s.p, .visit = find_neighbors, .arg = &s };
    HY_TRY(hy_pairs_prepare(cx, c, &s.pairs));
    s.error = hy_pairs_error(&s.p);
    s.room = 2 * s.k + SPARE;
    const int64_t lists = s.pairs.strands * s.pairs.block;
    const int64_t doubles = (int64_t)(sizeof(candidate) / sizeof(double));
    HY_TRY(hy_temp(cx, c, HY_F64, 3, (int64_t[]){ lists, s.room, doubles }, &found));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &lists, &count));
    HY_TRY(hy_temp(cx, c, s.p.dtype, 2, (int64_t[]){ s.pairs.strands, 2 * s.p.d }, &rows));
    s.found = hy_data(found);
    s.count = hy_data(count);
    s.rows = hy_data(rows);
    return hy_pairs_run(cx, &s.pairs);
}

/* ---- mean distances to clusters -------------------------------------------------------------- */

/* The points in the order of their clusters: a cluster is a run of columns. */
typedef struct means {
    hy_points p;
    hy_pairs pairs;
    int64_t k;
    int32_t *label; /* n: of the sorted points */
    int32_t *order; /* n: which points they are */
    int32_t *start; /* k + 1: where each cluster begins */
    double *sum;    /* n: distances to the cluster at hand */
    double *own, *other;
} means;

static hy_status sort_by_label(hy_ctx *cx, hy_call *c, means *m)
{
    const int64_t n = m->p.n;
    int32_t *rank;
    hy_tensor *label, *order, *start;

    HY_TRY(hy_rank_ids(cx, c, c->in[1], &rank, &m->k));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &label));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &order));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, (int64_t[]){ m->k + 2 }, &start));
    m->label = hy_data(label);
    m->order = hy_data(order);
    int32_t *next = hy_data(start);
    memset(next, 0, (size_t)(m->k + 2) * sizeof *next);
    for (int64_t i = 0; i < n; i++)
        next[rank[i] + 2]++;
    for (int64_t j = 2; j < m->k + 2; j++)
        next[j] += next[j - 1];
    for (int64_t i = 0; i < n; i++) { /* afterwards next[j] is where cluster j begins */
        const int32_t at = next[rank[i] + 1]++;
        m->label[at] = rank[i];
        m->order[at] = (int32_t)i;
    }
    m->start = next;
    return HY_OK;
}

/* The sums of rows first..first+rows to cluster j are complete. */
static void close_cluster(const means *m, int32_t j, int64_t first, int64_t rows)
{
    const double size = m->start[j + 1] - m->start[j];

    for (int64_t i = first; i < first + rows; i++) {
        if (m->label[i] != j)
            m->other[m->order[i]] = fmin(m->other[m->order[i]], m->sum[i] / size);
        else
            m->own[m->order[i]] = size > 1 ? m->sum[i] / (size - 1) : 0;
        m->sum[i] = 0;
    }
}

static void add_tile(void *arg, const hy_tile *t)
{
    const means *m = arg;
    const char *distance = t->distance;
    const int64_t end = t->column + t->columns;

    for (int64_t at = t->column, stop; at < end; at = stop) {
        const int32_t j = m->label[at];
        stop = m->start[j + 1] < end ? m->start[j + 1] : end;
        m->pairs.kernels->root_sums(t->rows, stop - at, t->columns,
                                    distance + (at - t->column) * m->p.size, m->sum + t->row);
        if (stop == m->start[j + 1])
            close_cluster(m, j, t->row, t->rows);
    }
}

static hy_status label_distances_fwd(hy_ctx *cx, hy_call *c)
{
    means m = { .k = 0 };
    hy_tensor *sum;

    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &m.p));
    const int64_t n = m.p.n, labels = hy_numel(c->in[1]);
    if (labels != n)
        return hy_fail(cx, HY_EARG, "%lld labels for %lld rows", (long long)labels, (long long)n);
    if (n == 0)
        return hy_fail(cx, HY_EARG, "x has no rows");
    HY_TRY(hy_out(cx, c, 0, HY_F64, 1, &n));
    HY_TRY(hy_out(cx, c, 1, HY_F64, 1, &n));
    HY_TRY(sort_by_label(cx, c, &m));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &sum));
    m.sum = hy_data(sum);
    m.own = hy_data(c->out[0]);
    m.other = hy_data(c->out[1]);
    for (int64_t i = 0; i < n; i++) {
        m.sum[i] = 0;
        m.other[i] = INFINITY;
    }
    m.pairs = (hy_pairs){ .p = &m.p, .order = m.order, .careful = true, .visit = add_tile,
                          .arg = &m };
    HY_TRY(hy_pairs_prepare(cx, c, &m.pairs));
    HY_TRY(hy_pairs_run(cx, &m.pairs));
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(m.own[i]) || (m.k > 1 && !isfinite(m.other[i])))
            return hy_fail(cx, HY_ENUMERIC, "squared distances overflow %s; scale x down",
                           hy_dtype_name(m.p.dtype));
    return HY_OK;
}

const hy_op hy_ops_neighbors[] = {
    { .name = "knn",
      .signature = "x:matrix k:integer -> index matrix",
      .forward = knn_fwd,
      .doc = "The k nearest other rows of every row of x, nearest first, ties to the lowest "
             "position, and their Euclidean distances (f64). Exact: candidates from matrix "
             "products are compared by differences in f64." },
    { .name = "label_distances",
      .signature = "x:matrix labels:index -> vector vector",
      .forward = label_distances_fwd,
      .doc = "Mean Euclidean distance of every row of x to the others with the same label (0: there "
             "are none), and the smallest mean distance to the rows of another label (infinite: "
             "there is none), both f64. -1 is a label like any other." },
    { 0 },
};
