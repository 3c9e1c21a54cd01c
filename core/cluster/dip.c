/*
 * The dip of a sample: how far its distribution function lies from the nearest unimodal one
 * (Hartigan & Hartigan, Annals of Statistics 1985; the algorithm is AS 217 with the corrections of
 * later years). O(n) for sorted values.
 */
#include <math.h>

#include "../ops/ops.h"
#include "cluster.h"

/* The greatest convex minorant of every prefix of a sample, as pointers: the knot before i. Read
 * from the other end it is the least concave majorant of every suffix. */
typedef struct hull {
    int32_t *before;
    double *step; /* distance to it in value */
} hull;

/* The last one, which need not be read back from memory. */
typedef struct knot {
    int32_t before;
    double step;
} knot;

typedef struct search {
    int32_t n, low, high; /* the modal interval, which shrinks */
    const double *x;
    hull left, right;  /* right counts positions from the end */
    int32_t *minorant; /* knots in [low, high], from high down */
    int32_t *majorant; /* knots in [low, high], from low up */
    int32_t last_minorant, last_majorant;
} search;

static inline double between(double x, double y, int direction)
{
    return direction > 0 ? y - x : x - y;
}

/* Knot i: the last position before it at which the slope rises. direction 1 reads from the first
 * value upwards, −1 from the last one downwards. Which of the last three candidates it is cannot be
 * predicted, so they are tried at once, without a branch; further ones are rare. */
static inline void extend(hull h, const double *x, int32_t i, int direction, knot *last)
{
    const double here = x[direction * i];
    const int32_t a = i - 1, b = last->before, c = h.before[b];
    const double to_a = between(x[direction * a], here, direction),
                 to_b = between(x[direction * b], here, direction),
                 to_c = between(x[direction * c], here, direction);
    const bool is_a = to_a * (a - b) < last->step * (i - a),
               is_b = to_b * (b - c) < h.step[b] * (i - b),
               is_c = to_c * (c - h.before[c]) < h.step[c] * (i - c);
    int32_t at = c;
    double step = to_c;

    if (__builtin_expect(!(is_a | is_b | is_c), 0)) {
        do {
            at = h.before[at];
            step = between(x[direction * at], here, direction);
        } while (!(step * (at - h.before[at]) < h.step[at] * (i - at)));
    } else {
        at = is_b ? b : at;
        step = is_b ? to_b : step;
        at = is_a ? a : at;
        step = is_a ? to_a : step;
    }
    h.before[i] = last->before = at;
    h.step[i] = last->step = step;
}

/* The infinite step ends every walk at the first position. The two hulls share a loop because they
 * do not wait for each other. */
static void draw_hulls(const search *s)
{
    knot left = { 0, INFINITY }, right = left;
    s->left.before[0] = s->right.before[0] = 0;
    s->left.step[0] = s->right.step[0] = INFINITY;
    for (int32_t i = 1; i < s->n; i++) {
        extend(s->left, s->x, i, 1, &left);
        extend(s->right, s->x + s->n - 1, i, -1, &right);
    }
}

/* Knots of both functions within the interval. */
static void collect_knots(search *s)
{
    const int32_t end = s->n - 1;
    int32_t i = 0;
    s->minorant[0] = s->high;
    while (s->minorant[i] > s->low) {
        s->minorant[i + 1] = s->left.before[s->minorant[i]];
        i++;
    }
    s->last_minorant = i;
    i = 0;
    s->majorant[0] = s->low;
    while (s->majorant[i] < s->high) {
        s->majorant[i + 1] = end - s->right.before[end - s->majorant[i]];
        i++;
    }
    s->last_majorant = i;
}

/* Height, in points, at position i of the chord between positions a and b. */
static double chord(const double *x, int32_t a, int32_t b, int32_t i)
{
    return (x[i] - x[a]) * (b - a) / (x[b] - x[a]);
}

/* The largest distance between the two functions, and the knots where it is. */
static double widest(const search *s, int32_t *ig, int32_t *ih)
{
    const int32_t *g = s->minorant, *l = s->majorant;
    int32_t ix = s->last_minorant - 1, iv = 1;
    double most = 0;
    *ig = s->last_minorant;
    *ih = s->last_majorant;
    if (s->last_minorant == 1 && s->last_majorant == 1)
        return 0;
    do {
        if (g[ix] > l[iv]) {
            const double gap = l[iv] - g[ix + 1] + 1 - chord(s->x, g[ix + 1], g[ix], l[iv]);
            iv++;
            if (gap >= most) {
                most = gap;
                *ig = ix + 1;
                *ih = iv - 1;
            }
        } else {
            const double gap = chord(s->x, l[iv - 1], l[iv], g[ix]) - (g[ix] - l[iv - 1] - 1);
            ix--;
            if (gap >= most) {
                most = gap;
                *ig = ix + 1;
                *ih = iv;
            }
        }
        ix = ix < 0 ? 0 : ix;
        iv = iv > s->last_majorant ? s->last_majorant : iv;
    } while (g[ix] != l[iv]);
    return most;
}

/* Largest distance of the points a .. b from their chord: above it for the minorant (sign 1),
 * below for the majorant (−1); at least 1. Better ones go to dip and triangle. */
static void measure(const double *x, int32_t a, int32_t b, int sign, double *dip,
                    int32_t triangle[3])
{
    double most = 1;
    int32_t at = -1;
    if (b - a > 1 && x[b] != x[a]) {
        const double slope = (b - a) / (x[b] - x[a]);
        const bool steep = isinf(slope); /* the smallest numbers there are */
        for (int32_t i = a; i <= b; i++) {
            const double height = steep ? chord(x, a, b, i) : (x[i] - x[a]) * slope;
            const double gap = sign * (i - a - height) + 1;
            if (gap > most) {
                most = gap;
                at = i;
            }
        }
    }
    if (most > *dip) {
        *dip = most;
        triangle[0] = a;
        triangle[1] = at;
        triangle[2] = b;
    }
}

/* Dip of the parts that fall out of the interval, left ones first. */
static double measure_parts(const search *s, int32_t ig, int32_t ih, int32_t triangle[3])
{
    const int32_t *g = s->minorant, *l = s->majorant;
    double left = 0, right = 0;
    int32_t other[3] = { -1, -1, -1 };
    for (int32_t j = ig; j < s->last_minorant; j++)
        measure(s->x, g[j + 1], g[j], 1, &left, triangle);
    for (int32_t j = ih; j < s->last_majorant; j++)
        measure(s->x, l[j], l[j + 1], -1, &right, other);
    if (!(right > left))
        return left;
    for (int i = 0; i < 3; i++)
        triangle[i] = other[i];
    return right;
}

double hy_dip(int64_t n, const double *x, bool zero, void *scratch, int32_t interval[2],
              int32_t triangle[3])
{
    double *steps = scratch;
    int32_t *places = (int32_t *)(steps + 2 * n);
    search s = { .n = (int32_t)n,
                 .high = (int32_t)n - 1,
                 .x = x,
                 .left = { places, steps },
                 .right = { places + n, steps + n },
                 .minorant = places + 2 * n,
                 .majorant = places + 3 * n };
    double dip = zero ? 0 : 1;

    interval[0] = 0;
    interval[1] = s.high;
    triangle[0] = triangle[1] = triangle[2] = -1;
    if (n < 4 || x[0] == x[n - 1])
        return zero || n == 0 ? 0 : 1 / (2 * (double)n);
    draw_hulls(&s);
    for (;;) {
        int32_t ig, ih, found[3] = { -1, -1, -1 };
        collect_knots(&s);
        if (widest(&s, &ig, &ih) < dip)
            break;
        const double part = measure_parts(&s, ig, ih, found);
        if (part > dip) {
            dip = part;
            for (int i = 0; i < 3; i++)
                triangle[i] = found[i];
        }
        if (s.low == s.minorant[ig] && s.high == s.majorant[ih])
            break;
        s.low = s.minorant[ig];
        s.high = s.majorant[ih];
    }
    interval[0] = s.low;
    interval[1] = s.high;
    return dip / (2 * (double)n);
}

/* ---- the op --------------------------------------------------------------------------------- */

enum { COLUMNS = 16, VALUES = 1 << 20 }; /* at a time, at most; but a column for every thread */
static const double LARGEST = 1e290; /* differences of such values are still finite */

typedef struct columns {
    int64_t n;
    bool zero;
    const double *x; /* a column after the other */
    double *sorted;  /* NULL: they are sorted */
    char *scratch;
    double *dip;
    int32_t *interval, *triangle, *rows;
} columns;

/* Where the value at position `at` of the sorted ones comes from: equal values keep their order. */
static int32_t row_of(int64_t n, const double *x, const double *sorted, int32_t at)
{
    int32_t before = 0, row = 0;
    while (before < at && sorted[at - before - 1] == sorted[at])
        before++;
    for (; row < n; row++)
        if (x[row] == sorted[at] && before-- == 0)
            break;
    return row;
}

static void dip_columns(void *arg, int64_t begin, int64_t end)
{
    const columns *c = arg;
    for (int64_t j = begin; j < end; j++) {
        const double *x = c->x + j * c->n, *sorted = x;
        char *scratch = c->scratch + j * c->n * HY_DIP_SCRATCH;
        int32_t *triangle = c->triangle + 3 * j, *rows = c->rows + 3 * j;
        if (c->sorted) {
            sorted = c->sorted + j * c->n;
            hy_sort_values(c->n, x, c->sorted + j * c->n, scratch);
        }
        c->dip[j] = hy_dip(c->n, sorted, c->zero, scratch, c->interval + 2 * j, triangle);
        for (int i = 0; i < 3; i++)
            rows[i] = triangle[i] < 0 || !c->sorted ? triangle[i]
                                                    : row_of(c->n, x, sorted, triangle[i]);
    }
}

/* The sentence about the first of n values that the dip cannot use. */
static hy_status refuse_value(hy_ctx *cx, const double *x, int64_t n, bool sorted)
{
    for (int64_t i = 0; i < n; i++) {
        if (!(fabs(x[i]) <= LARGEST))
            return hy_fail(cx, HY_EARG, "x holds %s at row %lld; its values must be finite%s",
                           isnan(x[i])   ? "NaN"
                           : isinf(x[i]) ? "an infinity"
                                         : "a value beyond 1e290",
                           (long long)i + 1, isfinite(x[i]) ? " and their differences too" : "");
        if (sorted && i > 0 && x[i] < x[i - 1])
            return hy_fail(cx, HY_EARG, "x is not sorted: row %lld is smaller than the one before",
                           (long long)i + 1);
    }
    return HY_OK;
}

static hy_status check_values(hy_ctx *cx, const double *x, int64_t n, int64_t d, bool sorted)
{
    for (int64_t j = 0; j < d; j++, x += n) {
        int64_t wrong = !(fabs(x[0]) <= LARGEST) + !(fabs(x[n - 1]) <= LARGEST);
        for (int64_t i = 1; sorted && i < n; i++) /* the others lie between these two */
            wrong += !(x[i - 1] <= x[i]);
        for (int64_t i = 1; !sorted && i < n; i++)
            wrong += !(fabs(x[i]) <= LARGEST);
        if (wrong)
            return refuse_value(cx, x, n, sorted);
    }
    return HY_OK;
}

/* What the op works with: x as f64 with a column after the other, outputs and room to work in. */
typedef struct work {
    int64_t n, d, some; /* some: columns worked on at a time */
    bool sorted;
    hy_tensor *x, *sorted_x, *scratch, *dip;
    int32_t *interval, *triangle, *rows;
} work;

static hy_status prepare(hy_ctx *cx, hy_call *c, work *w)
{
    hy_tensor *x = c->in[0];
    if (x->ndim != 1 && x->ndim != 2)
        return hy_fail(cx, HY_EARG, "x has %d axes; it must be n values or n×d", x->ndim);
    w->n = x->shape[0];
    w->d = x->ndim == 2 ? x->shape[1] : 1;
    w->sorted = c->arg[0].i;
    if (w->n == 0)
        return hy_fail(cx, HY_EARG, "x is empty; the dip needs at least one value");
    if (w->n > INT32_MAX / 2)
        return hy_fail(cx, HY_EARG, "%lld rows are more than the dip can count", (long long)w->n);
    HY_TRY(hy_need_real(cx, x));
    const int64_t one[] = { w->d, 2 }, three[] = { w->d, 3 };
    const int flat = x->ndim == 1; /* without the axis of columns */
    HY_TRY(hy_temp_to(cx, c, x, HY_F64, &x));
    if (!flat)
        HY_TRY(hy_temp_swap(cx, c, x, 0, 1, &x));
    HY_TRY(hy_temp_contiguous(cx, c, x, &x));
    w->x = x;
    HY_TRY(check_values(cx, hy_data(x), w->n, w->d, w->sorted));
    const int64_t room = VALUES / w->n, least = hy_threads(0);
    const int64_t most = room < least ? least : room < COLUMNS ? room : COLUMNS;
    w->some = w->d < most ? w->d : most;
    w->sorted_x = NULL;
    if (!w->sorted)
        HY_TRY(hy_temp(cx, c, HY_F64, 2, (int64_t[]){ w->some, w->n }, &w->sorted_x));
    HY_TRY(hy_temp(cx, c, HY_U8, 1, (int64_t[]){ w->some * w->n * HY_DIP_SCRATCH }, &w->scratch));
    HY_TRY(hy_temp(cx, c, HY_F64, 1 - flat, &w->d, &w->dip));
    HY_TRY(hy_out(cx, c, 1, HY_INDEX, 2 - flat, one + flat));
    HY_TRY(hy_out(cx, c, 2, HY_INDEX, 2 - flat, three + flat));
    HY_TRY(hy_out(cx, c, 3, HY_INDEX, 2 - flat, three + flat));
    w->interval = hy_data(c->out[1]);
    w->triangle = hy_data(c->out[2]);
    w->rows = hy_data(c->out[3]);
    return HY_OK;
}

/* Columns first … first + some − 1. */
static void dip_some(const hy_call *c, const work *w, int64_t first, int64_t some)
{
    columns some_columns = { .n = w->n,
                             .zero = c->arg[1].i,
                             .x = (double *)hy_data(w->x) + first * w->n,
                             .sorted = w->sorted ? NULL : hy_data(w->sorted_x),
                             .scratch = hy_data(w->scratch),
                             .dip = (double *)hy_data(w->dip) + first,
                             .interval = w->interval + 2 * first,
                             .triangle = w->triangle + 3 * first,
                             .rows = w->rows + 3 * first };
    hy_parallel_for(some, 1, dip_columns, &some_columns);
}

static hy_status dip_fwd(hy_ctx *cx, hy_call *c)
{
    work w;
    HY_TRY(prepare(cx, c, &w));
    for (int64_t first = 0; first < w.d; first += w.some) {
        HY_TRY(hy_poll(cx, first, w.d));
        dip_some(c, &w, first, w.d - first < w.some ? w.d - first : w.some);
    }
    hy_tensor *dip;
    hy_save(c, c->out[2]);
    hy_save(c, c->out[3]);
    HY_TRY(hy_temp_to(cx, c, w.dip, c->in[0]->dtype, &dip));
    return hy_out_tensor(cx, c, 0, dip);
}

/* Only the three points of the triangle move the dip: it is half the distance, over n, of the
 * middle one from the chord between the others. */
static hy_status dip_bwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    const int64_t n = x->shape[0], d = x->ndim == 2 ? x->shape[1] : 1;
    const int32_t *triangle = hy_data(c->saved[0]), *row = hy_data(c->saved[1]);
    hy_tensor *gx;
    if (!c->grad[0])
        return HY_OK;
    HY_TRY(hy_temp_zeros(cx, c, x, &gx));
    for (int64_t j = 0; j < d; j++, triangle += 3, row += 3) {
        if (triangle[0] < 0 || triangle[1] < 0 || triangle[2] < 0)
            continue;
        const double first = hy_get(x, row[0] * d + j), middle = hy_get(x, row[1] * d + j),
                     last = hy_get(x, row[2] * d + j);
        const double width = last - first, points = triangle[2] - triangle[0];
        const double above = triangle[0] - triangle[1] + points * (middle - first) / width;
        const double g = hy_get(c->grad[0], j) * copysign(points / (2 * (double)n), above + 0.0);
        if (width == 0)
            continue;
        const double share[3] = { g * (middle - last) / (width * width), g / width,
                                  g * (first - middle) / (width * width) };
        for (int i = 0; i < 3; i++)
            HY_TRY(hy_set(cx, gx, row[i] * d + j, hy_get(gx, row[i] * d + j) + share[i]));
    }
    return hy_pass(cx, c, 0, gx);
}

const hy_op hy_ops_dip[] = {
    { .name = "dip",
      .strided = true, /* a column may lie in one piece */
      .signature = "x:tensor {sorted:flag=false min_is_zero:flag=true} -> tensor index index index",
      .forward = dip_fwd,
      .backward = dip_bwd,
      .doc =
          "Hartigan's dip of n values, or of every column of n×d: how far their distribution is "
          "from the nearest unimodal one, 0 to 1/4 (Hartigan & Hartigan 1985). Then, as positions "
          "among the sorted values, the modal interval (2) and the modal triangle (3, -1: none), "
          "and the rows that hold the triangle. Fewer than 4 values, or all equal: 0." },
    { 0 },
};
