/*
 * The nearest row of y for every row of x, as k-means asks for it pass after pass.
 *
 * Scores |y|² − 2 x·y (the mean of y moved to the origin) find the row quickly and never decide what
 * rounding could: a computed squared distance differs from the exact one by less than
 *     margin = gamma · (|x| + |y|)²,
 * where gamma counts the roundings in a row, so a winner that leads by two margins stands, and all
 * rows of y within reach of it are compared by direct differences in f64. Hence labels are the same
 * whatever the tiles, the threads and the order; and a row that no other label can reach may be
 * skipped. Hamerly, Making k-means even faster, SDM 2010, with one bound for a row: the gap between
 * its own center and all others, which shrinks by no more than the centers move.
 */
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "cpu.h"
#include "math.h"
#include "rows.h"
#include "tiles.h"

#if defined REAL_f32
#define ROUNDING (FLT_EPSILON / 2)
#define TINY FLT_MIN
#else
#define ROUNDING (DBL_EPSILON / 2)
#define TINY DBL_MIN
#endif

enum {
    BLOCK = 256,        /* rows that a strand takes at a time */
    SLICE = 128,        /* dimensions of a tile at a time: its y stays in the cache, its sums short */
    PER_LOOK = 1 << 28, /* multiplications of one strand between two looks at the user */
};

typedef struct search_job {
    hy_search *s;
    int64_t width;       /* k filled up to whole vectors */
    real *mean, *packed; /* of y: panels of −2 (y − mean), each transposed; zeros fill them up */
    real *square, *norm; /* of y − mean: |·|² (infinite beyond k), |·| */
    real largest;        /* of norm */
    real gamma, tiny;    /* margin = gamma · (|x| + |y|)² + tiny */
    real slack, least;   /* what rounding takes from a gap: slack · (|x| + |y|) + least */
    char *scratch;       /* of every strand */
    int64_t scratch_bytes, strands, blocks, end; /* end: of the blocks before the next look */
    _Atomic int64_t next, changed;
} search_job;

/* What a strand works with. */
typedef struct desk {
    real *x;       /* TILE_ROWS × d: x − mean */
    real *score;   /* TILE_ROWS × width */
    real *row;     /* d: one row that was bytes */
    int64_t *sums; /* k × (d + 2), or NULL */
    int64_t list[BLOCK]; /* rows of x */
} desk;

/* ---- sums ---------------------------------------------------------------------------------- */

/* w·x as a whole number of steps: adding the anchor rounds to steps, and the last bits of what comes
 * out count them. */
static inline int64_t steps_of(double wx, double anchor)
{
    const union { double number; int64_t bits; } moved = { wx + anchor }, base = { anchor };
    return moved.bits - base.bits;
}

/* Add a row (sign 0) or take it away (sign −1). */
static void add_row(const hy_search *s, int64_t i, const real *x, int64_t sign, int64_t *sum)
{
    const double w = s->weight ? (double)((const real *)s->weight)[i] : 1, *anchor = s->anchor;
    const int64_t d = s->d;
    EACH (l, 0, d)
        sum[l] += (steps_of(w * (double)x[l], anchor[l]) ^ sign) - sign;
    sum[d] += (steps_of(w, anchor[d]) ^ sign) - sign;
    sum[d + 1] += w > 0 ? 1 | sign : 0;
}

static void move_row(const hy_search *s, int64_t i, const real *x, int32_t from, int32_t to,
                     int64_t *sums)
{
    if (from >= 0)
        add_row(s, i, x, -1, sums + from * (s->d + 2));
    add_row(s, i, x, 0, sums + to * (s->d + 2));
}

static void move(const hy_search *s, int64_t i, const void *x, int32_t from, int32_t to)
{
    move_row(s, i, x, from, to, s->sums);
}

/* ---- labels -------------------------------------------------------------------------------- */

/* Row i as it is. */
static const real *row_of(const hy_search *s, int64_t i, real *room)
{
    if (!s->bytes)
        return (const real *)s->x + i * s->d;
    const uint8_t *from = (const uint8_t *)s->x + i * s->d;
    EACH (l, 0, s->d)
        room[l] = (real)from[l];
    return room;
}

static void center_row(const search_job *j, int64_t i, real *out)
{
    const int64_t d = j->s->d;
    if (j->s->bytes) {
        const uint8_t *x = (const uint8_t *)j->s->x + i * d;
        EACH (l, 0, d)
            out[l] = (real)x[l] - j->mean[l];
    } else {
        const real *x = (const real *)j->s->x + i * d;
        EACH (l, 0, d)
            out[l] = x[l] - j->mean[l];
    }
}

static real margin_of(const search_job *j, real norms)
{
    return j->gamma * (norms * norms) + j->tiny;
}

/* The gap when all others are at least `far` away (squared) and the own one at most `near`. */
static real gap_of(const search_job *j, real near, real far, real norms)
{
    return (far > 0 ? m_sqrt(far) : 0) - m_sqrt(near > 0 ? near : 0) -
           (j->slack * norms + j->least);
}

/* The label where scores alone cannot tell: by f64 distances to all rows of y within reach. */
static int32_t settle(const search_job *j, int64_t i, real square, const real *score, real *room,
                      real *gap)
{
    const hy_search *s = j->s;
    const real *x = row_of(s, i, room), norm = m_sqrt(square);
    double best = INFINITY, second = INFINITY;
    real bound = INFINITY, other = INFINITY;
    int32_t label = 0;
    for (int64_t c = 0; c < s->k; c++) {
        const real most = score[c] + margin_of(j, norm + j->norm[c]);
        bound = most < bound ? most : bound;
    }
    for (int64_t c = 0; c < s->k; c++) {
        const real least = score[c] - margin_of(j, norm + j->norm[c]);
        if (least > bound) {
            other = least < other ? least : other;
            continue;
        } /* NaN, from numbers too large for squares, comes here */
        const double distance = exact_distance(s->d, x, (const real *)s->y + c * s->d);
        if (distance < best) {
            second = best;
            best = distance;
            label = (int32_t)c;
        } else if (distance < second)
            second = distance;
    }
    const real far = (real)second < square + other ? (real)second : square + other;
    *gap = gap_of(j, (real)best, far, norm + j->largest);
    return label;
}

/* The rows of a list, the last one again where it ends. Rows that are short, or bytes, the machine
 * finds by itself. */
static ahead ahead_of(const search_job *j, const desk *at, const int64_t *list, int64_t rows,
                      int64_t first)
{
    const hy_search *s = j->s;
    const bool far = rows > 0 && !s->bytes && s->d >= SLICE;
    ahead next = { .size = far ? (int64_t)sizeof(real) : 0 };
    for (int64_t r = 0; r < 8; r++)
        next.row[r] = (const char *)(far ? (const real *)s->x + list[min_of(r, rows - 1)] * s->d + first
                                         : at->x);
    return next;
}

/* Labels of up to TILE_ROWS rows; the tile is filled up by repeating the last one. `more` rows follow
 * in the list. */
static void label_tile(const search_job *j, desk *at, int64_t count, const int64_t *list,
                       int64_t more, int32_t *label, real *gap)
{
    const int64_t d = j->s->d, width = j->width;
    real square[TILE_ROWS];
    for (int64_t r = 0; r < TILE_ROWS; r++) {
        if (r < count)
            center_row(j, list[r], at->x + r * d);
        else
            memcpy(at->x + r * d, at->x + (count - 1) * d, (size_t)d * sizeof(real));
        square[r] = square_of(d, at->x + r * d);
        memcpy(at->score + r * width, j->square, (size_t)width * sizeof(real));
    }
    for (int64_t first = 0; first < d; first += SLICE) {
        const ahead next = ahead_of(j, at, list + count, more, first);
        for (int64_t c = 0; c < width; c += TILE_VECTORS * VECTOR) {
            const int64_t wide = min_of(TILE_VECTORS * VECTOR, width - c);
            score_tile((int)(wide / VECTOR), min_of(SLICE, d - first), at->x + first, d,
                       j->packed + c * d + first * wide, at->score + c, width, &next);
        }
    }
    for (int64_t r = 0; r < count; r++) {
        real best, second;
        int64_t winner;
        two_smallest(width, at->score + r * width, &best, &second, &winner);
        const real norms = m_sqrt(square[r]) + j->largest, margin = margin_of(j, norms);
        if (second - best > 2 * margin) {
            label[r] = (int32_t)winner;
            gap[r] = gap_of(j, square[r] + best + margin, square[r] + second - margin, norms);
        } else
            label[r] = settle(j, list[r], square[r], at->score + r * width, at->row, &gap[r]);
    }
}

/* The rows of a block that may get another label. */
static int64_t rows_to_see(const hy_search *s, int64_t first, int64_t end, int64_t *list)
{
    int64_t count = 0;
    real *gap = s->gap;
    const real *drop = s->drop;
    if (!gap || !drop) {
        for (int64_t i = first; i < end; i++)
            list[count++] = i;
        return count;
    }
    for (int64_t i = first; i < end; i++) {
        /* rounded down: what is left of a positive gap is never too much */
        gap[i] = (gap[i] - drop[s->label[i]]) * (1 - 4 * ROUNDING);
        list[count] = i;
        count += !(gap[i] > 0);
    }
    return count;
}

static int64_t search_block(const search_job *j, desk *at, int64_t block)
{
    hy_search *s = j->s;
    const int64_t first = block * BLOCK, d = s->d;
    const int64_t count = rows_to_see(s, first, min_of(s->n, first + BLOCK), at->list);
    int64_t changed = 0;
    for (int64_t t = 0; t < count; t += TILE_ROWS) {
        const int64_t *list = at->list + t;
        const int64_t rows = min_of(TILE_ROWS, count - t);
        int32_t label[TILE_ROWS];
        real gap[TILE_ROWS];
        label_tile(j, at, rows, list, count - t - rows, label, gap);
        for (int64_t r = 0; r < rows; r++) {
            const int64_t i = list[r];
            const int32_t before = s->label[i];
            if (s->gap)
                ((real *)s->gap)[i] = gap[r];
            if (s->distance)
                ((real *)s->distance)[i] = pair_distance(d, row_of(s, i, at->row),
                                                         (const real *)s->y + label[r] * d);
            if (label[r] == before)
                continue;
            s->label[i] = label[r];
            changed++;
            if (at->sums)
                move_row(s, i, row_of(s, i, at->row), before, label[r], at->sums);
        }
    }
    return changed;
}

/* ---- strands ------------------------------------------------------------------------------- */

static int64_t sums_size(const hy_search *s)
{
    return s->sums ? s->k * (s->d + 2) : 0;
}

static desk desk_of(const search_job *j, int64_t strand)
{
    const int64_t d = j->s->d;
    char *scratch = j->scratch + strand * j->scratch_bytes;
    desk at = { .sums = j->s->sums ? (int64_t *)scratch : NULL };
    at.x = (real *)(scratch + sums_size(j->s) * (int64_t)sizeof(int64_t));
    at.score = at.x + TILE_ROWS * d;
    at.row = at.score + TILE_ROWS * j->width;
    return at;
}

static void strand_range(void *arg, int64_t strand, int64_t end)
{
    search_job *j = arg;
    for (; strand < end; strand++) {
        desk at = desk_of(j, strand);
        int64_t changed = 0;
        for (int64_t b; (b = atomic_fetch_add(&j->next, 1)) < j->end;)
            changed += search_block(j, &at, b);
        atomic_fetch_add(&j->changed, changed);
    }
}

static void pack(const search_job *j, const real *centered)
{
    const int64_t d = j->s->d, k = j->s->k, panel = TILE_VECTORS * VECTOR;
    for (int64_t c = 0; c < j->width; c++) {
        const int64_t first = c / panel * panel, wide = min_of(panel, j->width - first);
        real *out = j->packed + first * d + (c - first);
        for (int64_t l = 0; l < d; l++)
            out[l * wide] = c < k ? -2 * centered[c * d + l] : 0;
    }
}

/* What rounding can do: see the top of this file. */
static void set_margins(search_job *j)
{
    const double d = (double)j->s->d, lanes = (double)parts_of(j->s->d, LANES);
    const double row = fmin(d, SLICE) + (double)parts_of(j->s->d, SLICE); /* of a score */
    const double square = (double)parts_of(j->s->d, 2 * VECTOR);
    const double gamma = 1.25 * (row + square + 2 * lanes + 64) * (double)ROUNDING;
    const double tiny = 4 * d * (double)TINY;
    j->gamma = gamma < 0.02 ? (real)gamma : INFINITY;
    j->tiny = (real)tiny;
    j->slack = (real)(4 * (lanes + 32) * (DBL_EPSILON / 2) + 16 * (double)ROUNDING);
    j->least = (real)(2 * sqrt(tiny));
    j->largest = 0;
    for (int64_t c = 0; c < j->s->k; c++) {
        j->norm[c] = m_sqrt(j->square[c]);
        j->largest = j->norm[c] > j->largest ? j->norm[c] : j->largest;
    }
    for (int64_t c = j->s->k; c < j->width; c++)
        j->square[c] = INFINITY;
}

/* All blocks, with a look at the user about every tenth of a second. */
static hy_status run_strands(hy_ctx *cx, search_job *j)
{
    const hy_search *s = j->s;
    const int64_t look = max_of(1, PER_LOOK / max_of(1, BLOCK * s->k * s->d)) * j->strands;
    for (int64_t begin = 0; begin < j->blocks; begin = j->end) {
        j->end = min_of(j->blocks, begin + look);
        j->next = begin;
        hy_parallel_for(j->strands, 1, strand_range, j);
        if (j->end < j->blocks)
            HY_TRY(hy_poll(cx, j->end, j->blocks));
    }
    return HY_OK;
}

static void join_sums(const search_job *j)
{
    for (int64_t strand = 0; strand < j->strands; strand++) {
        const int64_t *part = desk_of(j, strand).sums;
        EACH (i, 0, sums_size(j->s))
            j->s->sums[i] += part[i];
    }
}

static hy_status search(hy_ctx *cx, hy_search *s)
{
    const int64_t k = s->k, d = s->d, size = (int64_t)sizeof(real);
    search_job j = { .s = s, .width = parts_of(k, VECTOR) * VECTOR, .blocks = parts_of(s->n, BLOCK) };
    s->changed = 0;
    if (s->n == 0 || k == 0)
        return HY_OK;
    j.strands = min_of(j.blocks, hy_threads(0));
    j.scratch_bytes = sums_size(s) * (int64_t)sizeof(int64_t) +
                      (TILE_ROWS * (d + j.width) + d) * size;
    j.scratch_bytes = parts_of(j.scratch_bytes, 64) * 64;
    const int64_t shared = parts_of((j.width * (d + 1) + d + k + k * d) * size, 64) * 64;
    const int64_t bytes = j.strands * j.scratch_bytes + shared;
    void *memory;
    HY_TRY(hy_alloc(cx, bytes, &memory));
    j.scratch = memset(memory, 0, (size_t)(j.strands * j.scratch_bytes));
    j.packed = (real *)(j.scratch + j.strands * j.scratch_bytes);
    j.square = j.packed + j.width * d;
    j.mean = j.square + j.width;
    j.norm = j.mean + d;
    real *centered = j.norm + k;
    center_on_mean(k, d, s->y, j.mean, centered, j.square);
    pack(&j, centered);
    set_margins(&j);
    const hy_status status = run_strands(cx, &j);
    s->changed = j.changed;
    if (s->sums)
        join_sums(&j);
    hy_free(cx, memory, bytes);
    return status;
}

/* ---- k-means++ ----------------------------------------------------------------------------- */

typedef struct candidates_job {
    const hy_candidates *c;
    const real *groups; /* y, transposed */
} candidates_job;

/* Distances of one part of the rows, and what is left of their sum with each candidate. */
static void candidates_range(void *arg, int64_t begin, int64_t end)
{
    const candidates_job *j = arg;
    const hy_candidates *c = j->c;
    const int64_t m = c->m, d = c->d;
    double *total = c->total + begin / HY_PART * m;
    const int64_t groups = parts_of(m, LANES), own = max_of(0, c->last) / LANES;
    for (int64_t g = 1; g <= groups; g++) { /* the group with column `last` overwrites it: in the end */
        const int64_t first = (own + g) % groups * LANES;
        nearer_columns(end - begin, m, d, (const real *)c->x + begin * d, j->groups + first * d, first,
                       c->last, (real *)c->near + begin * m, total + first);
    }
}

static hy_status candidates(hy_ctx *cx, const hy_candidates *c)
{
    const int64_t bytes = parts_of(c->m, LANES) * LANES * c->d * (int64_t)sizeof(real);
    void *groups;
    HY_TRY(hy_alloc(cx, bytes, &groups));
    transpose_groups(c->m, c->d, c->y, groups);
    candidates_job j = { .c = c, .groups = groups };
    hy_parallel_for(c->n, HY_PART, candidates_range, &j);
    hy_free(cx, groups, bytes);
    return HY_OK;
}

/* ---- largest magnitudes -------------------------------------------------------------------- */

typedef struct reach_job {
    int64_t n, d, per;
    const real *x;
    real *most; /* of every strand */
} reach_job;

static void reach_range(void *arg, int64_t strand, int64_t end)
{
    const reach_job *j = arg;
    for (; strand < end; strand++) {
        real *most = j->most + strand * j->d;
        memset(most, 0, (size_t)j->d * sizeof *most);
        for (int64_t i = strand * j->per; i < min_of(j->n, (strand + 1) * j->per); i++) {
            const real *x = j->x + i * j->d;
            EACH (l, 0, j->d) {
                const real size = m_abs(x[l]);
                most[l] = size > most[l] ? size : most[l];
            }
        }
    }
}

static hy_status reach(hy_ctx *cx, int64_t n, int64_t d, const void *x, void *out)
{
    const int64_t strands = min_of(n, hy_threads(0)), bytes = strands * d * (int64_t)sizeof(real);
    reach_job j = { .n = n, .d = d, .per = parts_of(n, max_of(1, strands)), .x = x };
    void *most;
    HY_TRY(hy_alloc(cx, bytes, &most));
    j.most = most;
    hy_parallel_for(strands, 1, reach_range, &j);
    for (int64_t l = 0; l < d; l++) {
        real all = 0;
        for (int64_t s = 0; s < strands; s++)
            all = j.most[s * d + l] > all ? j.most[s * d + l] : all;
        ((real *)out)[l] = all;
    }
    hy_free(cx, most, bytes);
    return HY_OK;
}

extern const hy_nearest_kernels HY_TABLE;
const hy_nearest_kernels HY_TABLE = {
    .search = search,
    .move = move,
    .candidates = candidates,
    .reach = reach,
};
