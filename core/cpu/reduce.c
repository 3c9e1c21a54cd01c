/*
 * Reductions over the middle of outer × r × inner.
 *
 * The work is cut into tasks (one outer index × at most WIDTH columns), and the r of a task into
 * parts of a length that depends on r alone. A part is summed in blocks of the table's own type,
 * in 16 lanes where inner is 1; blocks and parts are joined in f64 in their order. Whether tasks or
 * parts run in parallel therefore changes no bit.
 */
#include <string.h>

#include "cpu.h"
#include "math.h"
#include "scan.h"

enum {
    BLOCK = 4096,      /* elements summed in one go along a row: 256 in each lane */
    COLUMN_BLOCK = 64, /* likewise down a column */
    WIDTH = 256,
    PARTS = 32,
    SHORT = 32,      /* rows up to this length are handled side by side, as columns */
    GROUP = 1024,    /* elements of short softmax rows handled together */
    FORESEEN = 1024, /* length of rows that are asked for before their turn */
};

/* ---- sums of a term over a row, and down columns ------------------------------------------- */

typedef double row_sum(int64_t n, const real *x, real shift);
/* Column i < width holds x[i · step + row · stride]. Many short rows are summed like this
 * too, side by side, with step r and stride 1. */
typedef void column_sums(int64_t n, int64_t stride, int64_t width, int64_t step, const real *x,
                         const real *shift, double *total);

#define TERM(name, f)                                                                  \
    static inline real name##_term(real x, real shift)                                 \
    {                                                                                  \
        (void)shift;                                                                   \
        return f;                                                                      \
    }                                                                                  \
    static double name##_row(int64_t n, const real *X, real shift)                     \
    {                                                                                  \
        double total = 0;                                                              \
        (void)shift;                                                                   \
        for (; n > 0; n -= BLOCK, X += BLOCK) {                                        \
            double sum = 0;                                                            \
            LANE_SUM(sum, real, min_of(n, BLOCK), name##_term(X[i], shift));           \
            total += sum;                                                              \
        }                                                                              \
        return total;                                                                  \
    }                                                                                  \
    static void name##_columns(int64_t n, int64_t stride, int64_t width, int64_t step, \
                               const real *X, const real *shift, double *total)        \
    {                                                                                  \
        real sum[WIDTH];                                                               \
        for (int64_t i = 0; i < width; i++)                                            \
            total[i] = 0;                                                              \
        for (int64_t row = 0; row < n;) {                                              \
            const int64_t stop = min_of(n, row + COLUMN_BLOCK);                        \
            for (int64_t i = 0; i < width; i++)                                        \
                sum[i] = 0;                                                            \
            for (; row < stop; row++, X += stride)                                     \
                if (step == 1)                                                         \
                    EACH (i, 0, width)                                                 \
                        sum[i] += name##_term(X[i], shift[i]);                         \
                else                                                                   \
                    EACH (i, 0, width)                                                 \
                        sum[i] += name##_term(X[i * step], shift[i]);                  \
            for (int64_t i = 0; i < width; i++)                                        \
                total[i] += (double)sum[i];                                            \
        }                                                                              \
    }

#define TERMS                           \
    TERM(plain, x)                      \
    TERM(square, (x * x))               \
    TERM(magnitude, m_abs(x))           \
    TERM(exponential, m_exp(x - shift)) \
    TERM(deviation, (x - shift) * (x - shift))
TERMS
#undef TERM

enum {
#define TERM(name, f) TERM_##name,
    TERMS
#undef TERM
};

static const struct {
    row_sum *row;
    column_sums *columns;
} terms[] = {
#define TERM(name, f) { name##_row, name##_columns },
    TERMS
#undef TERM
};

typedef struct sum_job {
    int term;
    bool logarithm; /* the result is shift + log(sum) */
    double divisor;
    int64_t r, inner, tiles, part, parts;
    int64_t task; /* the one whose parts run in parallel */
    double *partial;
    const real *x, *shift; /* shift: outer × inner, may be the output itself; or x, unused */
    real *out;
} sum_job;

static int64_t task_width(const sum_job *j, int64_t task)
{
    return min_of(WIDTH, j->inner - task % j->tiles * WIDTH);
}

/* Where a task's columns start in an outer × inner array. */
static int64_t task_start(const sum_job *j, int64_t task)
{
    return task / j->tiles * j->inner + task % j->tiles * WIDTH;
}

static void sum_part(const sum_job *j, int64_t task, int64_t part, double *total)
{
    const int64_t first = part * j->part, n = min_of(j->part, j->r - first);
    const real *x = j->x + (task / j->tiles * j->r + first) * j->inner + task % j->tiles * WIDTH;
    const real *shift = j->shift + (j->shift == j->x ? 0 : task_start(j, task));
    if (j->inner == 1)
        *total = terms[j->term].row(n, x, *shift);
    else
        terms[j->term].columns(n, j->inner, task_width(j, task), 1, x, shift, total);
}

static void finish_task(const sum_job *j, int64_t task, const double *total)
{
    const int64_t width = task_width(j, task), start = task_start(j, task);
    for (int64_t i = 0; i < width; i++)
        j->out[start + i] = (real)(j->logarithm ? (double)j->shift[start + i] + log(total[i])
                                                : total[i] / j->divisor);
}

static void sum_tasks(void *arg, int64_t begin, int64_t end)
{
    const sum_job *j = arg;
    double total[WIDTH], part[WIDTH];
    for (int64_t task = begin; task < end; task++) {
        const int64_t width = task_width(j, task);
        for (int64_t i = 0; i < width; i++)
            total[i] = 0;
        for (int64_t p = 0; p < j->parts; p++) {
            sum_part(j, task, p, part);
            for (int64_t i = 0; i < width; i++)
                total[i] += part[i];
        }
        finish_task(j, task, total);
    }
}

static void sum_parts(void *arg, int64_t begin, int64_t end)
{
    const sum_job *j = arg;
    for (int64_t part = begin; part < end; part++)
        sum_part(j, j->task, part, j->partial + part * WIDTH);
}

/* Rows of at most SHORT: WIDTH of these tasks of one column at a time. */
static void sum_short_rows(void *arg, int64_t begin, int64_t end)
{
    const sum_job *j = arg;
    double total[WIDTH];
    for (int64_t row = begin; row < end; row += WIDTH) {
        const int64_t width = min_of(WIDTH, end - row);
        terms[j->term].columns(j->r, 1, width, j->r, j->x + row * j->r,
                               j->shift == j->x ? j->x : j->shift + row, total);
        for (int64_t i = 0; i < width; i++)
            finish_task(j, row + i, &total[i]);
    }
}

static void sum_task_by_parts(sum_job *j, int64_t task)
{
    double total[WIDTH] = { 0 }, partial[PARTS * WIDTH];
    j->task = task;
    j->partial = partial;
    hy_parallel_for(j->parts, 1, sum_parts, j);
    for (int64_t p = 0; p < j->parts; p++)
        for (int64_t i = 0; i < task_width(j, task); i++)
            total[i] += partial[p * WIDTH + i];
    finish_task(j, task, total);
}

static void sum_all(sum_job *j, int64_t outer)
{
    const int64_t unit = j->inner == 1 ? 4 * BLOCK : 16 * COLUMN_BLOCK;
    if (outer == 0 || j->inner == 0)
        return;
    j->tiles = parts_of(j->inner, WIDTH);
    j->part = max_of(1, parts_of(parts_of(j->r, PARTS), unit)) * unit;
    j->parts = parts_of(j->r, j->part);
    const int64_t tasks = outer * j->tiles;
    if (j->parts > 1 && tasks < PARTS)
        for (int64_t task = 0; task < tasks; task++)
            sum_task_by_parts(j, task);
    else
        hy_parallel_for(tasks, row_grain(j->r * min_of(WIDTH, j->inner)),
                        j->inner == 1 && j->r <= SHORT ? sum_short_rows : sum_tasks, j);
}

/* ---- extremes ------------------------------------------------------------------------------ */

/* Does x, which comes later, replace the best so far (sign already applied)? The first NaN wins. */
#define BETTER(x, best) ((x) > (best) || ((x) != (x) && (best) == (best)))

/* Position of the first largest sign · x; n ≥ 1. */
static int64_t row_best(int64_t n, const real *x, real sign)
{
    enum { STEP = 256 };
    real best = sign * x[0];
    int64_t found = 0;
    for (int64_t b = 0; b < n && best == best; b += STEP) {
        const int64_t m = min_of(STEP, n - b);
        int any = m < STEP;
        if (m == STEP) /* a quick look whether the block holds anything better */
            for (int64_t i = 0; i < STEP; i++)
                any |= !(sign * x[b + i] <= best);
        for (int64_t i = b; any && i < b + m; i++)
            if (BETTER(sign * x[i], best)) {
                best = sign * x[i];
                found = i;
            }
    }
    return found;
}

typedef struct best_job {
    real sign;
    int64_t outer, r, inner, tiles, part;
    const real *x;
    real *y;
    int32_t *position;
    int64_t *found; /* of every part */
} best_job;

static void best_parts(void *arg, int64_t begin, int64_t end)
{
    const best_job *j = arg;
    for (int64_t p = begin; p < end; p++)
        j->found[p] = p * j->part +
                      row_best(min_of(j->part, j->r - p * j->part), j->x + p * j->part, j->sign);
}

static int64_t long_row_best(const best_job *j, const real *x)
{
    int64_t found[PARTS];
    best_job row = *j;
    row.x = x;
    row.found = found;
    row.part = parts_of(j->r, PARTS);
    const int64_t parts = parts_of(j->r, row.part);
    hy_parallel_for(parts, 1, best_parts, &row);
    int64_t best = found[0];
    for (int64_t p = 1; p < parts; p++)
        if (BETTER(j->sign * x[found[p]], j->sign * x[best]))
            best = found[p];
    return best;
}

/* Of each of `width` columns (as in column_sums): the best, sign applied, and where it first
 * stands. */
static void column_best(int64_t n, int64_t stride, int64_t width, int64_t step, const real *x,
                        real sign, real *best, int32_t *at)
{
    for (int64_t i = 0; i < width; i++) {
        best[i] = sign * x[i * step];
        at[i] = 0;
    }
    for (int32_t k = 1; k < n; k++) {
        x += stride;
#define BEST_LOOP(step)                                                                    \
    EACH (i, 0, width) {                                                                   \
        const real value = sign * x[i * (step)];                                           \
        const bool better = (value > best[i]) | ((value != value) & (best[i] == best[i])); \
        best[i] = better ? value : best[i];                                                \
        at[i] = better ? k : at[i];                                                        \
    }
        if (step == 1)
            BEST_LOOP(1)
        else
            BEST_LOOP(step)
#undef BEST_LOOP
    }
}

/* Task: WIDTH columns of one outer index, or WIDTH short rows. */
static void best_columns(const best_job *j, int64_t task)
{
    const bool rows = j->inner == 1;
    const int64_t o = rows ? 0 : task / j->tiles, first = (rows ? task : task % j->tiles) * WIDTH;
    const int64_t width = min_of(WIDTH, (rows ? j->outer : j->inner) - first);
    real best[WIDTH], *y = j->y + o * j->inner + first;
    int32_t at[WIDTH];
    if (rows)
        column_best(j->r, 1, width, j->r, j->x + first * j->r, j->sign, best, at);
    else
        column_best(j->r, j->inner, width, 1, j->x + o * j->r * j->inner + first, j->sign, best,
                    at);
    for (int64_t i = 0; i < width; i++)
        y[i] = j->sign * best[i];
    if (j->position)
        memcpy(j->position + o * j->inner + first, at, (size_t)width * sizeof *at);
}

static void put_best(const best_job *j, int64_t row, int64_t found)
{
    j->y[row] = j->x[row * j->r + found];
    if (j->position)
        j->position[row] = (int32_t)found;
}

static void best_tasks(void *arg, int64_t begin, int64_t end)
{
    const best_job *j = arg;
    for (int64_t task = begin; task < end; task++)
        if (j->inner == 1 && j->r > SHORT)
            put_best(j, task, row_best(j->r, j->x + task * j->r, j->sign));
        else
            best_columns(j, task);
}

static void extreme(int sign, int64_t outer, int64_t r, int64_t inner, const void *x, void *y,
                    int32_t *position)
{
    best_job j = { .sign = (real)sign,
                   .outer = outer,
                   .r = r,
                   .inner = inner,
                   .tiles = parts_of(inner, WIDTH),
                   .x = x,
                   .y = y,
                   .position = position };
    const bool short_rows = inner == 1 && r <= SHORT;
    if (inner == 1 && outer < PARTS && r >= PARTS * BLOCK)
        for (int64_t row = 0; row < outer; row++)
            put_best(&j, row, long_row_best(&j, j.x + row * r));
    else
        hy_parallel_for(short_rows ? parts_of(outer, WIDTH) : outer * j.tiles,
                        row_grain(r * (short_rows ? WIDTH : min_of(WIDTH, inner))), best_tasks, &j);
}

/* ---- the reductions ------------------------------------------------------------------------ */

/* What is subtracted before e^x: the largest, or 0 where that is infinite; NaN stays. */
static real safe_shift(real largest)
{
    return largest - largest == 0 || largest != largest ? largest : 0;
}

static void reduce(hy_reduction kind, int64_t outer, int64_t r, int64_t inner, const void *x,
                   void *y)
{
    sum_job j = { .divisor = 1, .r = r, .inner = inner, .x = x, .shift = x, .out = y };
    switch (kind) {
    case HY_REDUCE_SUM: j.term = TERM_plain; break;
    case HY_REDUCE_SUMSQ: j.term = TERM_square; break;
    case HY_REDUCE_SUMABS: j.term = TERM_magnitude; break;
    case HY_REDUCE_LOGSUMEXP:
        j.term = TERM_exponential;
        j.logarithm = true;
        j.shift = y;
        if (r > 0)
            extreme(1, outer, r, inner, x, y, NULL);
        for (int64_t i = 0; i < outer * inner; i++)
            j.out[i] = r > 0 ? safe_shift(j.out[i]) : 0;
        break;
    }
    sum_all(&j, outer);
}

static void moments(int64_t outer, int64_t r, int64_t inner, const void *x, void *mean, void *sumsq)
{
    sum_job j = { .term = TERM_plain,
                  .divisor = (double)r,
                  .r = r,
                  .inner = inner,
                  .x = x,
                  .shift = x,
                  .out = mean };
    sum_all(&j, outer);
    j.term = TERM_deviation;
    j.divisor = 1;
    j.shift = mean;
    j.out = sumsq;
    sum_all(&j, outer);
}

/* ---- softmax ------------------------------------------------------------------------------- */

typedef struct softmax_job {
    bool log;
    int64_t r;
    const real *x, *y, *g;
    real *out;
} softmax_job;

/* A row of −inf has no softmax: 0 everywhere, so that no NaN spreads (and −inf for the logarithm).
 */
static void finish_softmax(const softmax_job *j, double sum, const real *e, real *y)
{
    const double divisor = sum > 0 || sum != sum ? sum : 1;
    const real lost = j->log ? (real)log(divisor) : 0, factor = (real)(1 / divisor);
    if (j->log)
        EACH (i, 0, j->r)
            y[i] = y[i] - lost;
    else
        EACH (i, 0, j->r)
            y[i] = e[i] * factor;
}

/* Short rows, at most WIDTH and GROUP elements: one loop of e^x over all of them. */
static void softmax_short(const softmax_job *j, int64_t rows, const real *x, real *y)
{
    const int64_t r = j->r, n = rows * r;
    real e[GROUP], largest[WIDTH];
    double sum[WIDTH];
    int32_t at[WIDTH];
    column_best(r, 1, rows, r, x, 1, largest, at);
    for (int64_t row = 0; row < rows; row++) {
        const real shift = safe_shift(largest[row]);
        EACH (i, row * r, (row + 1) * r)
            y[i] = x[i] - shift;
    }
    for (int64_t i = 0; i < n; i++)
        e[i] = m_exp(y[i]);
    plain_columns(r, 1, rows, r, e, largest, sum);
    for (int64_t row = 0; row < rows; row++)
        finish_softmax(j, sum[row], e + row * r, y + row * r);
}

/* Lanes spelled out: left to itself, the compiler keeps them in memory. */

typedef real lanes
    __attribute__((vector_size(LANES * sizeof(real)), aligned(sizeof(real)), may_alias));

#define LANES_AT(x) (*(const lanes *)(x))

/* best = the larger one, lane by lane; it stays where x is NaN */
static inline void raise_lanes(lanes *best, const lanes *x)
{
    const __typeof__(*x > *best) m = *x > *best;
    *best = (lanes)(((__typeof__(m))*x & m) | ((__typeof__(m))*best & ~m));
}

/* The largest value of a row alone; NaN is passed over. */
static real row_largest(int64_t n, const real *x)
{
    lanes best = { 0 }, other;
    int64_t i = 0;
    best -= (real)INFINITY;
    other = best;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        raise_lanes(&best, &LANES_AT(x + i));
        raise_lanes(&other, &LANES_AT(x + i + LANES));
    }
    raise_lanes(&best, &other);
    for (; i < n; i++)
        best[0] = x[i] > best[0] ? x[i] : best[0];
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            best[l] = best[l + half] > best[l] ? best[l + half] : best[l];
    return best[0];
}

static double row_total(int64_t n, const real *x)
{
    double total = 0;
    for (int64_t stop = 0, i = 0; i < n;) {
        lanes one = { 0 }, two = { 0 };
        double sum[LANES];
        for (stop = min_of(n, stop + BLOCK); i + 2 * LANES <= stop; i += 2 * LANES) {
            one += LANES_AT(x + i);
            two += LANES_AT(x + i + LANES);
        }
        for (int l = 0; l < LANES; l++)
            sum[l] = (double)one[l] + (double)two[l];
        for (int half = LANES / 2; half > 0; half /= 2)
            for (int l = 0; l < half; l++)
                sum[l] += sum[l + half];
        for (; i < stop; i++)
            sum[0] += (double)x[i];
        total += sum[0];
    }
    return total;
}

static void softmax_long(const softmax_job *j, const real *x, real *y)
{
    const real shift = safe_shift(row_largest(j->r, x));
    EACH (i, 0, j->r)
        y[i] = m_exp(x[i] - shift);
    const double sum = row_total(j->r, y);
    if (j->log)
        EACH (i, 0, j->r)
            y[i] = x[i] - shift;
    finish_softmax(j, sum, y, y);
}

/* Ask for a row that comes soon: the machine looks ahead on its own only while it reads, and most
 * of the time it computes. */
static void expect(int64_t r, const real *x, const real *y)
{
    enum { LINE = 64 / sizeof(real) };
    for (int64_t i = 0; i < r; i += LINE) {
        __builtin_prefetch(x + i);
        __builtin_prefetch(y + i, 1);
    }
}

static void softmax_range(void *arg, int64_t begin, int64_t end)
{
    const softmax_job *j = arg;
    const int64_t together = j->r <= SHORT ? min_of(GROUP / j->r, WIDTH) : 1;
    for (int64_t row = begin; row < end; row += together) {
        const real *x = j->x + row * j->r;
        real *y = j->out + row * j->r;
        if (j->r <= SHORT)
            softmax_short(j, min_of(together, end - row), x, y);
        else {
            if (j->r <= FORESEEN && row + 2 < end)
                expect(j->r, x + 2 * j->r, y + 2 * j->r);
            softmax_long(j, x, y);
        }
    }
}

static void softmax(bool log, int64_t rows, int64_t r, const void *x, void *y)
{
    softmax_job j = { .log = log, .r = r, .x = x, .out = y };
    if (r > 0)
        hy_parallel_for(rows, row_grain(r), softmax_range, &j);
}

static double row_dot(int64_t n, const real *x, const real *y)
{
    double total = 0;
    for (; n > 0; n -= BLOCK, x += BLOCK, y += BLOCK)
        LANE_SUM(total, real, min_of(n, BLOCK), x[i] * y[i]);
    return total;
}

static void softmax_bwd_range(void *arg, int64_t begin, int64_t end)
{
    const softmax_job *j = arg;
    for (int64_t row = begin; row < end; row++) {
        const real *y = j->y + row * j->r, *g = j->g + row * j->r;
        real *out = j->out + row * j->r;
        const real sum = (real)(j->log ? plain_row(j->r, g, 0) : row_dot(j->r, y, g));
        if (j->log)
            EACH (i, 0, j->r)
                out[i] = g[i] - m_exp(y[i]) * sum;
        else
            EACH (i, 0, j->r)
                out[i] = y[i] * (g[i] - sum);
    }
}

static void softmax_bwd(bool log, int64_t rows, int64_t r, const void *y, const void *g, void *gx)
{
    softmax_job j = { .log = log, .r = r, .y = y, .g = g, .out = gx };
    hy_parallel_for(rows, row_grain(r), softmax_bwd_range, &j);
}

extern const hy_reduce_kernels HY_TABLE;
const hy_reduce_kernels HY_TABLE = {
    .reduce = reduce,
    .extreme = extreme,
    .moments = moments,
    .cumsum = cumsum,
    .softmax = softmax,
    .softmax_bwd = softmax_bwd,
};
