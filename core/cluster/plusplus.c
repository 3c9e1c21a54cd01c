/* Greedy k-means++: Arthur & Vassilvitskii, k-means++, SODA 2007. */
#include <math.h>
#include <string.h>

#include "../ops/ops.h"
#include "cluster.h"

/* One pass over the points for each center: it finds the distances to all candidates, and those to
 * the best one are then the distances to the nearest center so far. */
typedef struct seeding {
    hy_points p;
    hy_rng rng;
    int64_t candidates;
    int64_t last;         /* the best one, or −1: there is no center yet */
    int64_t rows, blocks; /* points of a block */
    int64_t parts;        /* of a block: HY_PART points each, the last one fewer or none */
    void *near;           /* n × candidates: squared distance to the nearest center with each */
    double *total;        /* of them, by part: blocks × parts × candidates */
    double *mass;         /* scratch for a walk along parts, or along the points of one */
    const void *weight;   /* n, in the type of the points; NULL: all 1 */
    void *tried;          /* candidates × d */
    int32_t *tried_row;
} seeding;

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Walk along masses until *left is used up. Where rounding leaves some over, the last item counts
 * that has any mass, so nothing of mass 0 is ever chosen. */
static int64_t walk(int64_t n, const double *mass, double *left)
{
    int64_t at = 0;

    for (int64_t i = 0; i < n; i++) {
        if (mass[i] == 0)
            continue;
        at = i;
        if (*left < mass[i])
            break;
        *left -= mass[i];
    }
    return at;
}

static double weight_of(const seeding *s, int64_t i)
{
    return s->weight ? hy_number(s->p.dtype, s->weight, i) : 1;
}

/* The points of a part, whose distances add up to one total. */
static void locate_part(const seeding *s, int64_t part, int64_t *first, int64_t *end)
{
    const int64_t block = part / s->parts;
    *first = block * s->rows + part % s->parts * HY_PART;
    *end = least_of(s->p.n, least_of(*first + HY_PART, (block + 1) * s->rows));
}

/* A point drawn with probability proportional to its weight. */
static int64_t draw_any(seeding *s)
{
    double sum = 0, left;
    int64_t at = 0;

    if (!s->weight)
        return hy_rng_below(&s->rng, s->p.n);
    for (int64_t i = 0; i < s->p.n; i++)
        sum += weight_of(s, i);
    left = hy_rng_uniform(&s->rng) * sum;
    for (int64_t i = 0; i < s->p.n && left >= 0; i++)
        if (weight_of(s, i) > 0) {
            at = i;
            left -= weight_of(s, i);
        }
    return at;
}

/* A point drawn with probability proportional to its distance times its weight; to the weight alone
 * when all distances are 0. */
static int64_t draw(seeding *s, double total)
{
    const int64_t m = s->candidates, parts = s->blocks * s->parts;
    int64_t first, end;

    if (total == 0)
        return draw_any(s);
    double left = hy_rng_uniform(&s->rng) * total;
    for (int64_t p = 0; p < parts; p++)
        s->mass[p] = s->total[p * m + s->last];
    locate_part(s, walk(parts, s->mass, &left), &first, &end);
    for (int64_t i = first; i < end; i++)
        s->mass[i - first] = weight_of(s, i) * hy_number(s->p.dtype, s->near, i * m + s->last);
    return first + walk(end - first, s->mass, &left);
}

/* Sums with weights in the place of those without. */
static void weigh_part(void *arg, int64_t begin, int64_t end)
{
    const seeding *s = arg;
    const int64_t m = s->candidates;

    for (int64_t part = begin; part < end; part++) {
        double *total = memset(s->total + part * m, 0, (size_t)m * sizeof *total);
        int64_t first, last;
        locate_part(s, part, &first, &last);
        for (int64_t i = first; i < last; i++)
            for (int64_t j = 0; j < m; j++)
                total[j] += weight_of(s, i) * hy_number(s->p.dtype, s->near, i * m + j);
    }
}

/* The candidate that leaves the smallest sum of squared distances becomes a center. */
static hy_status best_candidate(hy_ctx *cx, seeding *s, double *total)
{
    const int64_t m = s->candidates, bytes = s->p.d * s->p.size;

    for (int64_t j = 0; j < m; j++)
        hy_points_copy(&s->p, s->tried_row[j], (char *)s->tried + j * bytes);
    for (int64_t b = 0; b < s->blocks; b++) {
        const int64_t first = b * s->rows, n = least_of(s->rows, s->p.n - first);
        const hy_candidates pass = { .n = n, .m = m, .d = s->p.d, .y = s->tried, .last = s->last,
                                     .x = hy_points_block(&s->p, first, n),
                                     .near = (char *)s->near + first * m * s->p.size,
                                     .total = s->total + b * s->parts * m };
        HY_TRY(hy_poll(cx, b, s->blocks));
        HY_TRY(s->p.nearest->candidates(cx, &pass));
    }
    if (s->weight)
        hy_parallel_for(s->blocks * s->parts, 1, weigh_part, s);
    s->last = 0;
    for (int64_t j = 0; j < m; j++) {
        double sum = 0;
        for (int64_t p = 0; p < s->blocks * s->parts; p++)
            sum += s->total[p * m + j];
        if (j == 0 || sum < *total) {
            s->last = j;
            *total = sum;
        }
    }
    return HY_OK;
}

static hy_status allocate(hy_ctx *cx, hy_call *c, seeding *s)
{
    hy_tensor *near, *total, *mass, *tried, *row;
    const int64_t m = s->candidates, most = ((int64_t)1 << 28) / s->p.d;

    s->rows = (most < HY_PART ? HY_PART : most) / HY_PART * HY_PART;
    s->rows = hy_points_most(&s->p, least_of(s->rows, s->p.n));
    s->blocks = (s->p.n + s->rows - 1) / s->rows;
    s->parts = (s->rows + HY_PART - 1) / HY_PART;
    const int64_t parts = s->blocks * s->parts, masses = parts > HY_PART ? parts : HY_PART;
    HY_TRY(hy_temp(cx, c, s->p.dtype, 2, (int64_t[]){ s->p.n, m }, &near));
    HY_TRY(hy_temp(cx, c, HY_F64, 2, (int64_t[]){ parts, m }, &total));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &masses, &mass));
    HY_TRY(hy_temp(cx, c, s->p.dtype, 2, (int64_t[]){ m, s->p.d }, &tried));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, &m, &row));
    s->near = hy_data(near);
    s->total = memset(hy_data(total), 0, (size_t)(parts * m) * sizeof *s->total);
    s->mass = hy_data(mass);
    s->tried = hy_data(tried);
    s->tried_row = hy_data(row);
    return HY_OK;
}

/* Choose k rows one after the other. */
static hy_status seed(hy_ctx *cx, seeding *s, int64_t k, int32_t *rows)
{
    double total = 0;

    rows[0] = (int32_t)draw_any(s);
    for (int64_t c = 0; c < s->candidates; c++)
        s->tried_row[c] = rows[0];
    for (int64_t j = 1; j < k; j++) {
        if (j == 1)
            HY_TRY(best_candidate(cx, s, &total));
        for (int64_t c = 0; c < s->candidates; c++)
            s->tried_row[c] = (int32_t)draw(s, total);
        HY_TRY(best_candidate(cx, s, &total));
        rows[j] = s->tried_row[s->last];
    }
    return HY_OK;
}

hy_status hy_kmeans_plusplus_fwd(hy_ctx *cx, hy_call *c)
{
    const int64_t k = c->arg[0].i;
    seeding s = { .rng = *c->arg[1].rng, .last = -1 };

    if (c->in[0]->shape[0] > INT32_MAX)
        return hy_fail(cx, HY_EARG, "%lld rows are more than positions can count",
                       (long long)c->in[0]->shape[0]);
    HY_TRY(hy_points_read(cx, c, c->in[0], "x", &s.p));
    if (k < 1 || k > s.p.n)
        return hy_fail(cx, HY_EARG, "k is %lld; it must be from 1 to the %lld rows of x",
                       (long long)k, (long long)s.p.n);
    s.candidates = c->arg[2].given ? c->arg[2].i : 2 + (int64_t)log((double)k);
    if (s.candidates < 1)
        return hy_fail(cx, HY_EARG, "candidates is %lld; it must be 1 or more",
                       (long long)s.candidates);
    HY_TRY(hy_points_weights(cx, c, &s.p, c->nin > 1 ? c->in[1] : NULL, &s.weight));
    HY_TRY(hy_out(cx, c, 0, s.p.dtype, 2, (int64_t[]){ k, s.p.d }));
    HY_TRY(hy_out(cx, c, 1, HY_INDEX, 1, &k));
    HY_TRY(allocate(cx, c, &s));

    int32_t *rows = hy_data(c->out[1]);
    char *centers = hy_data(c->out[0]);
    const int64_t bytes = s.p.d * s.p.size;
    HY_TRY(seed(cx, &s, k, rows));
    for (int64_t j = 0; j < k; j++)
        hy_points_copy(&s.p, rows[j], centers + j * bytes);
    *c->arg[1].rng = s.rng; /* only now: a call that failed has drawn nothing */
    return HY_OK;
}
