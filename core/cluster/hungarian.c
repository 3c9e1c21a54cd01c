/*
 * The linear sum assignment problem by shortest augmenting paths with potentials (Kuhn, Munkres;
 * in the form of Jonker and Volgenant). Rows enter one at a time: a Dijkstra search over the
 * columns with reduced costs c_ij - u_i - v_j >= 0 finds the nearest free column, and the path to
 * it is flipped. O(rows² · columns); integral costs stay exact.
 */
#include <float.h>

#include "cluster.h"

/* Arrays of n + 1: column 0 stands for "the row that enters", real columns are 1 .. n. */
typedef struct search {
    int64_t n;     /* columns */
    double *v;     /* potential of each column */
    double *u;     /* potential of the row that holds each column; it moves with the row */
    double *slack; /* smallest reduced cost from the tree to each column */
    int32_t *row;  /* row that holds each column, -1: free */
    int32_t *via;  /* column before this one on the path */
    int32_t *tree; /* 1: reached by the search */
} search;

/* Put column j into the tree; returns the nearest column outside of it. */
static int32_t grow(search *s, const double *cost, int32_t j)
{
    const double *c = cost + s->row[j] * s->n;
    double least = DBL_MAX;
    int32_t nearest = 0;

    s->tree[j] = 1;
    for (int32_t l = 1; l <= s->n; l++) {
        if (s->tree[l])
            continue;
        const double reduced = c[l - 1] - s->u[j] - s->v[l];
        if (reduced < s->slack[l]) {
            s->slack[l] = reduced;
            s->via[l] = j;
        }
        if (s->slack[l] < least) {
            least = s->slack[l];
            nearest = l;
        }
    }
    for (int32_t l = 0; l <= s->n; l++) {
        if (s->tree[l]) {
            s->u[l] += least;
            s->v[l] -= least;
        } else {
            s->slack[l] -= least;
        }
    }
    return nearest;
}

/* Give row i a column; rows placed before may move to other columns. */
static void place(search *s, const double *cost, int32_t i)
{
    for (int32_t l = 0; l <= s->n; l++) {
        s->slack[l] = DBL_MAX;
        s->tree[l] = 0;
    }
    s->row[0] = i;
    s->u[0] = 0;

    int32_t j = 0;
    do
        j = grow(s, cost, j);
    while (s->row[j] >= 0);
    while (j != 0) {
        const int32_t before = s->via[j];
        s->row[j] = s->row[before];
        s->u[j] = s->u[before];
        j = before;
    }
}

static hy_status place_all(hy_ctx *cx, search *s, int64_t rows, const double *cost, int32_t *column)
{
    for (int32_t l = 0; l <= s->n; l++) {
        s->v[l] = s->u[l] = 0;
        s->row[l] = -1;
    }
    for (int32_t i = 0; i < rows; i++) {
        HY_TRY(hy_poll(cx, i, rows));
        place(s, cost, i);
    }
    for (int32_t l = 1; l <= s->n; l++)
        if (s->row[l] >= 0)
            column[s->row[l]] = l - 1;
    return HY_OK;
}

hy_status hy_hungarian(hy_ctx *cx, int64_t rows, int64_t columns, const double *cost,
                       int32_t *column)
{
    const int64_t m = columns + 1;
    const int64_t bytes = 3 * m * (int64_t)(sizeof(double) + sizeof(int32_t));
    void *block;

    HY_TRY(hy_alloc(cx, bytes, &block));
    double *numbers = block;
    int32_t *places = (int32_t *)(numbers + 3 * m);
    search s = { .n = columns,
                 .v = numbers,
                 .u = numbers + m,
                 .slack = numbers + 2 * m,
                 .row = places,
                 .via = places + m,
                 .tree = places + 2 * m };
    const hy_status status = place_all(cx, &s, rows, cost, column);
    hy_free(cx, block, bytes);
    return status;
}
