/* Comparing two partitions of the same points: what the external measures are computed from. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

static int by_value(const void *p, const void *q)
{
    const int32_t a = *(const int32_t *)p, b = *(const int32_t *)q;
    return (a > b) - (a < b);
}

/* Few possible ids: mark those that occur, number them, look up. */
static hy_status rank_by_table(hy_ctx *cx, hy_call *c, int64_t n, const int32_t *id, int32_t low,
                               int64_t range, int32_t *rank, int64_t *count)
{
    hy_tensor *t;
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &range, &t));
    int32_t *table = hy_data(t);

    memset(table, 0, (size_t)range * sizeof *table);
    for (int64_t i = 0; i < n; i++)
        table[(int64_t)id[i] - low] = 1;
    *count = 0;
    for (int64_t v = 0; v < range; v++)
        table[v] = table[v] ? (int32_t)(*count)++ : -1;
    for (int64_t i = 0; i < n; i++)
        rank[i] = table[(int64_t)id[i] - low];
    return HY_OK;
}

/* Ids spread far apart: sort, drop repetitions, look up by bisection. */
static hy_status rank_by_sorting(hy_ctx *cx, hy_call *c, int64_t n, const int32_t *id,
                                 int32_t *rank, int64_t *count)
{
    hy_tensor *t;
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &t));
    int32_t *seen = hy_data(t);

    memcpy(seen, id, (size_t)n * sizeof *seen);
    qsort(seen, (size_t)n, sizeof *seen, by_value);
    int64_t m = 1;
    for (int64_t i = 1; i < n; i++)
        if (seen[i] != seen[m - 1])
            seen[m++] = seen[i];
    for (int64_t i = 0; i < n; i++) {
        const int32_t *at = bsearch(&id[i], seen, (size_t)m, sizeof *seen, by_value);
        rank[i] = (int32_t)(at - seen);
    }
    *count = m;
    return HY_OK;
}

hy_status hy_rank_ids(hy_ctx *cx, hy_call *c, const hy_tensor *t, int32_t **rank, int64_t *count)
{
    const int64_t n = hy_numel(t);
    const int32_t *id = hy_data(t);
    hy_tensor *out;

    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &n, &out));
    *rank = hy_data(out);
    int32_t low = id[0], high = id[0];
    for (int64_t i = 1; i < n; i++) {
        low = id[i] < low ? id[i] : low;
        high = id[i] > high ? id[i] : high;
    }
    const int64_t range = (int64_t)high - low + 1;
    if (range <= 4 * n + 1024)
        return rank_by_table(cx, c, n, id, low, range, *rank, count);
    return rank_by_sorting(cx, c, n, id, *rank, count);
}

typedef struct pair {
    int64_t n, rows, columns; /* points, clusters in truth, clusters in labels */
    int32_t *row, *column;    /* of each point */
} pair;

static hy_status read_pair(hy_ctx *cx, hy_call *c, pair *p)
{
    const hy_tensor *truth = c->in[0], *labels = c->in[1];

    for (int i = 0; i < 2; i++) {
        const hy_tensor *t = c->in[i];
        const char *name = i == 0 ? "truth" : "labels";
        if (t->dtype != HY_INDEX)
            return hy_fail(cx, HY_EARG, "%s must be index, not %s; use :to(\"index\")", name,
                           hy_dtype_name(t->dtype));
        if (t->ndim > 2 || (t->ndim == 2 && t->shape[1] != 1))
            return hy_fail(cx, HY_EARG, "%s must be one labeling (n or n×1), not several", name);
    }
    p->n = hy_numel(truth);
    if (p->n != hy_numel(labels))
        return hy_fail_shapes(cx, "truth and labels differ in length", truth, labels);
    if (p->n == 0)
        return hy_fail(cx, HY_EARG, "truth and labels are empty; at least one point is needed");
    HY_TRY(hy_rank_ids(cx, c, truth, &p->row, &p->rows));
    return hy_rank_ids(cx, c, labels, &p->column, &p->columns);
}

static hy_status contingency_fwd(hy_ctx *cx, hy_call *c)
{
    pair p;
    HY_TRY(read_pair(cx, c, &p));
    HY_TRY(hy_out(cx, c, 0, HY_F64, 2, (int64_t[]){ p.rows, p.columns }));
    double *count = hy_data(c->out[0]);

    memset(count, 0, (size_t)(p.rows * p.columns) * sizeof *count);
    for (int64_t i = 0; i < p.n; i++)
        count[p.row[i] * p.columns + p.column[i]] += 1;
    return HY_OK;
}

/* Stable counting sort of the positions `from` by key; start has room for keys + 1 numbers. */
static void sort_by(int64_t n, int64_t keys, const int32_t *key, const int32_t *from, int32_t *to,
                    int32_t *start)
{
    memset(start, 0, (size_t)(keys + 1) * sizeof *start);
    for (int64_t i = 0; i < n; i++)
        start[key[i] + 1]++;
    for (int64_t v = 1; v < keys; v++)
        start[v] += start[v - 1];
    for (int64_t i = 0; i < n; i++) {
        const int32_t at = from ? from[i] : (int32_t)i;
        to[start[key[at]]++] = at;
    }
}

static bool same_cell(const pair *p, int32_t i, int32_t j)
{
    return p->row[i] == p->row[j] && p->column[i] == p->column[j];
}

/* The cells of the contingency table that are not 0: O(n) memory however many ids there are. */
static hy_status overlaps_fwd(hy_ctx *cx, hy_call *c)
{
    pair p;
    hy_tensor *first, *second, *start;
    HY_TRY(read_pair(cx, c, &p));
    const int64_t keys = (p.rows > p.columns ? p.rows : p.columns) + 1;
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &p.n, &first));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &p.n, &second));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &keys, &start));
    sort_by(p.n, p.columns, p.column, NULL, hy_data(first), hy_data(start));
    sort_by(p.n, p.rows, p.row, hy_data(first), hy_data(second), hy_data(start));

    const int32_t *order = hy_data(second);
    int64_t cells = 1;
    for (int64_t i = 1; i < p.n; i++)
        cells += !same_cell(&p, order[i], order[i - 1]);
    HY_TRY(hy_out(cx, c, 0, HY_F64, 1, &cells));
    HY_TRY(hy_out(cx, c, 1, HY_INDEX, 1, &cells));
    HY_TRY(hy_out(cx, c, 2, HY_INDEX, 1, &cells));
    double *count = hy_data(c->out[0]);
    int32_t *row = hy_data(c->out[1]), *column = hy_data(c->out[2]);
    for (int64_t i = 0, at = -1; i < p.n; i++) {
        if (i == 0 || !same_cell(&p, order[i], order[i - 1])) {
            count[++at] = 0;
            row[at] = p.row[order[i]];
            column[at] = p.column[order[i]];
        }
        count[at] += 1;
    }
    return HY_OK;
}

/* ---- pairs of points in several labelings ---------------------------------------------------- */

enum { PAIR_ROWS = 64, PAIR_COLUMNS = 512 };

typedef struct together {
    int64_t n, begin; /* points; the first row at hand */
    int columns[2];   /* labelings on each side */
    int32_t *id[2];   /* labeling by labeling */
    double *count;    /* of every PAIR_ROWS rows: pairs together in both, in truth, in labels */
} together;

/* mark[i] = 1 where point begin + i has some label in common with `row` */
static void mark_together(const together *t, int side, int64_t row, int64_t begin, int64_t n,
                          int32_t *mark)
{
    memset(mark, 0, (size_t)n * sizeof *mark);
    for (int c = 0; c < t->columns[side]; c++) {
        const int32_t *id = t->id[side] + c * t->n, own = id[row];
        for (int64_t i = 0; i < n; i++)
            mark[i] |= id[begin + i] == own;
    }
}

static void count_rows(void *arg, int64_t begin, int64_t end)
{
    const together *t = arg;
    int32_t mark[2][PAIR_COLUMNS];
    int64_t count[3] = { 0 };

    for (int64_t row = t->begin + begin; row < t->begin + end; row++)
        for (int64_t first = row + 1; first < t->n; first += PAIR_COLUMNS) {
            const int64_t n = t->n - first < PAIR_COLUMNS ? t->n - first : PAIR_COLUMNS;
            int32_t sum[3] = { 0 };
            mark_together(t, 0, row, first, n, mark[0]);
            mark_together(t, 1, row, first, n, mark[1]);
            for (int64_t i = 0; i < n; i++) {
                sum[0] += mark[0][i] & mark[1][i];
                sum[1] += mark[0][i];
                sum[2] += mark[1][i];
            }
            for (int i = 0; i < 3; i++)
                count[i] += sum[i];
        }
    for (int i = 0; i < 3; i++)
        t->count[(t->begin + begin) / PAIR_ROWS * 3 + i] = (double)count[i];
}

static hy_status read_labelings(hy_ctx *cx, hy_call *c, together *t)
{
    for (int side = 0; side < 2; side++) {
        const hy_tensor *ids = c->in[side];
        const char *name = side == 0 ? "truth" : "labels";
        hy_tensor *columns;
        if (ids->dtype != HY_INDEX || ids->ndim < 1 || ids->ndim > 2)
            return hy_fail(cx, HY_EARG, "%s must be index, n or n×J", name);
        if (ids->shape[0] != c->in[0]->shape[0])
            return hy_fail_shapes(cx, "truth and labels differ in length", c->in[0], ids);
        t->n = ids->shape[0];
        t->columns[side] = ids->ndim == 2 ? (int)ids->shape[1] : 1;
        const int64_t J = t->columns[side];
        HY_TRY(hy_temp(cx, c, HY_INDEX, 2, (int64_t[]){ J, t->n }, &columns));
        t->id[side] = hy_data(columns);
        for (int64_t i = 0; i < t->n * J; i++)
            t->id[side][i % J * t->n + i / J] = ((const int32_t *)hy_data(ids))[i];
    }
    return HY_OK;
}

static hy_status together_fwd(hy_ctx *cx, hy_call *c)
{
    enum { PER_LOOK = 1 << 28 }; /* comparisons between two looks at the user */
    together t = { .n = 0 };
    hy_tensor *counts;

    HY_TRY(read_labelings(cx, c, &t));
    HY_TRY(hy_out(cx, c, 0, HY_F64, 1, (int64_t[]){ 4 }));
    const int64_t blocks = (t.n + PAIR_ROWS - 1) / PAIR_ROWS;
    const int64_t row_work = t.n * (t.columns[0] + t.columns[1] + 1) + 1;
    const int64_t look = (PER_LOOK / row_work / PAIR_ROWS + 1) * PAIR_ROWS;
    HY_TRY(hy_temp(cx, c, HY_F64, 2, (int64_t[]){ blocks, 3 }, &counts));
    t.count = hy_data(counts);
    for (t.begin = 0; t.begin < t.n; t.begin += look) {
        HY_TRY(hy_poll(cx, t.begin, t.n));
        hy_parallel_for(t.n - t.begin < look ? t.n - t.begin : look, PAIR_ROWS, count_rows, &t);
    }
    double sum[3] = { 0 }, *out = hy_data(c->out[0]); /* whole numbers: exact in any order */
    for (int64_t i = 0; i < 3 * blocks; i++)
        sum[i % 3] += t.count[i];
    out[0] = sum[0];
    out[1] = sum[2] - sum[0];
    out[2] = sum[1] - sum[0];
    out[3] = (double)t.n * (double)(t.n - 1) / 2 - sum[1] - sum[2] + sum[0];
    return HY_OK;
}

/* ---- expected mutual information ------------------------------------------------------------ */

static int by_size(const void *p, const void *q)
{
    const double a = *(const double *)p, b = *(const double *)q;
    return (a > b) - (a < b);
}

/* Cluster sizes as distinct values and how often each occurs: equal sizes share one term. */
static hy_status distinct_sizes(hy_ctx *cx, hy_call *c, hy_tensor *sizes, const char *name,
                                double **size, double **times, int64_t *count, double *total)
{
    hy_tensor *s, *t;
    const int64_t n = hy_numel(sizes);

    if (n == 0)
        return hy_fail(cx, HY_EARG, "%s is empty; it needs the size of each cluster", name);
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &s));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &t));
    HY_TRY(hy_copy_into(cx, sizes, s));
    *size = hy_data(s);
    *times = hy_data(t);
    *total = 0;
    for (int64_t i = 0; i < n; i++) {
        const double v = (*size)[i];
        if (!(v >= 1) || v != floor(v) || v > INT32_MAX)
            return hy_fail(cx, HY_EARG,
                           "%s holds %g at %lld; cluster sizes are whole numbers from 1", name, v,
                           (long long)i + 1);
        *total += v;
    }
    qsort(*size, (size_t)n, sizeof **size, by_size);
    *count = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i == 0 || (*size)[i] != (*size)[*count - 1]) {
            (*size)[*count] = (*size)[i];
            (*times)[(*count)++] = 0;
        }
        (*times)[*count - 1] += 1;
    }
    return HY_OK;
}

/* Expectation of the term of one cell whose margins are a and b; lf[i] = ln i!. */
static double expected_cell(int64_t n, int64_t a, int64_t b, const double *lf)
{
    const int64_t least = a + b - n > 1 ? a + b - n : 1, most = a < b ? a : b;
    const double margins = lf[a] + lf[b] + lf[n - a] + lf[n - b] - lf[n];
    const double log_ratio = log((double)n) - log((double)a) - log((double)b);
    double sum = 0;

    for (int64_t k = least; k <= most; k++)
        sum += (double)k * (log_ratio + log((double)k)) *
               exp(margins - lf[k] - lf[a - k] - lf[b - k] - lf[n - a - b + k]);
    return sum / (double)n;
}

static hy_status expected_mutual_information_fwd(hy_ctx *cx, hy_call *c)
{
    double *a, *b, *times_a, *times_b, total, other;
    int64_t na, nb;
    hy_tensor *table;

    HY_TRY(distinct_sizes(cx, c, c->in[0], "a", &a, &times_a, &na, &total));
    HY_TRY(distinct_sizes(cx, c, c->in[1], "b", &b, &times_b, &nb, &other));
    if (total != other)
        return hy_fail(cx, HY_EARG, "a sums to %.0f and b to %.0f; both partition the same points",
                       total, other);
    if (total > INT32_MAX)
        return hy_fail(cx, HY_EARG, "%.0f points are too many; the limit is 2147483647", total);
    const int64_t n = (int64_t)total, entries = n + 1;
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &entries, &table));
    HY_TRY(hy_out(cx, c, 0, HY_F64, 0, NULL));

    double *lf = hy_data(table), sum = 0;
    for (int64_t i = 0; i <= n; i++) {
        int sign;
        lf[i] = lgamma_r((double)i + 1, &sign);
    }
    for (int64_t i = 0; i < na; i++)
        for (int64_t j = 0; j < nb; j++) {
            HY_TRY(hy_poll(cx, i * nb + j, na * nb));
            sum += times_a[i] * times_b[j] * expected_cell(n, (int64_t)a[i], (int64_t)b[j], lf);
        }
    *(double *)hy_data(c->out[0]) = sum;
    return HY_OK;
}

/* ---- hungarian ------------------------------------------------------------------------------ */

/* cost (rows × columns) as f64 in out, transposed if asked; checked on the way. */
static hy_status read_cost(hy_ctx *cx, const hy_tensor *cost, bool transposed, double *out)
{
    const int64_t rows = cost->shape[0], columns = cost->shape[1];

    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) {
            const double v = hy_get(cost, i * columns + j);
            if (!(fabs(v) <= HY_COST_MAX))
                return hy_fail(cx, HY_EARG,
                               "cost is %s at row %lld, column %lld; it must be finite",
                               isnan(v) ? "NaN" : "infinite", (long long)i + 1, (long long)j + 1);
            out[transposed ? j * rows + i : i * columns + j] = v;
        }
    return HY_OK;
}

static hy_status hungarian_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *cost = c->in[0];
    const int64_t rows = cost->shape[0], columns = cost->shape[1];
    const bool transposed = rows > columns;
    const int64_t small = transposed ? columns : rows, large = transposed ? rows : columns;
    hy_tensor *copy, *match;

    if (small == 0)
        return hy_fail(cx, HY_EARG, "cost is empty; it needs at least one row and one column");
    HY_TRY(hy_out(cx, c, 0, HY_INDEX, 1, &rows));
    HY_TRY(hy_out(cx, c, 1, HY_F64, 0, NULL));
    HY_TRY(hy_temp(cx, c, HY_F64, 2, (int64_t[]){ small, large }, &copy));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &small, &match));
    double *value = hy_data(copy), total = 0;
    int32_t *matched = hy_data(match), *column = hy_data(c->out[0]);

    HY_TRY(read_cost(cx, cost, transposed, value));
    HY_TRY(hy_hungarian(cx, small, large, value, matched));
    for (int64_t i = 0; i < rows; i++)
        column[i] = -1;
    for (int64_t i = 0; i < small; i++) {
        if (transposed)
            column[matched[i]] = (int32_t)i;
        else
            column[i] = matched[i];
        total += value[i * large + matched[i]];
    }
    *(double *)hy_data(c->out[1]) = total;
    return HY_OK;
}

const hy_op hy_ops_partition[] = {
    { .name = "contingency",
      .signature = "truth:index labels:index -> matrix",
      .forward = contingency_fwd,
      .doc = "How many points each class shares with each cluster: f64, a row for every id in "
             "truth and a column for every id in labels, ids ascending. Noise (-1) is an id too." },
    { .name = "overlaps",
      .signature = "truth:index labels:index -> vector index index",
      .forward = overlaps_fwd,
      .doc = "The cells of the contingency table that are not 0: counts, rows and columns, row by "
             "row." },
    { .name = "together",
      .signature = "truth:index labels:index -> vector",
      .forward = together_fwd,
      .doc = "Counts pairs of points in labelings n x J: a pair is together where any column gives "
             "both the same id (-1 too). Together in both arguments, in labels alone, in truth "
             "alone, in none (f64 4)." },
    { .name = "expected_mutual_information",
      .signature = "a:vector b:vector -> tensor",
      .forward = expected_mutual_information_fwd,
      .doc = "Mean mutual information, in nats, of random partitions with cluster sizes a and b." },
    { .name = "hungarian",
      .signature = "cost:matrix -> index tensor",
      .forward = hungarian_fwd,
      .doc = "The assignment of rows to different columns with the smallest total cost: the column "
             "of each row (-1: none, where there are more rows than columns) and the total." },
    { 0 },
};
