/*
 * Many rows against rows of y that were packed before: tiles that stay in registers while they run
 * along the dimensions. Vectors are spelled out, since the compiler shuffles its sums when it is left
 * to find them.
 */
#ifndef HY_CPU_TILES_H
#define HY_CPU_TILES_H

#include <immintrin.h>
#include <math.h>

#include "cpu.h"

#if defined __AVX512F__
enum { VECTOR_BYTES = 64, TILE_ROWS = 8, TILE_VECTORS = 3 };
#elif defined __AVX__
enum { VECTOR_BYTES = 32, TILE_ROWS = 6, TILE_VECTORS = 2 };
#else
enum { VECTOR_BYTES = 16, TILE_ROWS = 6, TILE_VECTORS = 2 };
#endif
enum { VECTOR = VECTOR_BYTES / sizeof(real) };

/* Multiply and add in one instruction where the machine has it: like BLAS, and unlike the rest. */
#pragma GCC push_options
#pragma GCC optimize("fp-contract=fast")

#if defined REAL_f32
typedef int32_t whole; /* as wide as real */
#else
typedef int64_t whole;
#endif
typedef real vector __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));
typedef whole wholes __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(whole)), may_alias));

static inline vector load(const real *p)
{
    return *(const vector *)p;
}

#if defined __AVX512F__
#define INTRINSIC(name, type) _mm512_##name##_##type
#elif defined __AVX__
#define INTRINSIC(name, type) _mm256_##name##_##type
#else
#define INTRINSIC(name, type) _mm_##name##_##type
#endif
#if defined REAL_f32
#define EACH_LANE(name, a, b) INTRINSIC(name, ps)(a, b)
#else
#define EACH_LANE(name, a, b) INTRINSIC(name, pd)(a, b)
#endif

/* Where one of the two is NaN: b. */
static inline vector smaller(vector a, vector b)
{
    return (vector)EACH_LANE(min, a, b);
}
static inline vector larger(vector a, vector b)
{
    return (vector)EACH_LANE(max, a, b);
}

/* 0, 1, 2 … */
static inline wholes places(void)
{
    static const whole place[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    return *(const wholes *)place;
}

/* Lane l of what this shuffles is lane l ± half. */
static inline wholes turn_by(whole half)
{
    return places() ^ half;
}

static inline real square_of(int64_t d, const real *x)
{
    vector sum[2] = { 0 };
    int64_t i = 0;
    for (; i + 2 * VECTOR <= d; i += 2 * VECTOR)
        for (int v = 0; v < 2; v++)
            sum[v] += load(x + i + v * VECTOR) * load(x + i + v * VECTOR);
    sum[0] += sum[1];
    for (whole half = VECTOR / 2; half > 0; half /= 2)
        sum[0] += __builtin_shuffle(sum[0], turn_by(half));
    real total = sum[0][0];
    for (; i < d; i++)
        total += x[i] * x[i];
    return total;
}

/* Rows that come after those of a tile: memory to ask for meanwhile, a little with every step. */
typedef struct ahead {
    const char *row[8];
    int64_t size; /* of a number there */
} ahead;

/* score[r][·] += x_r · y for TILE_ROWS rows of x and a panel: d × vectors·VECTOR numbers. */
static inline __attribute__((always_inline)) void tile_of(int vectors, int64_t d, const real *x,
                                                          int64_t x_step, const real *y,
                                                          real *score, int64_t score_step,
                                                          const ahead *next)
{
    vector sum[TILE_ROWS][TILE_VECTORS] = { 0 };
    for (int64_t i = 0; i < d; i++) {
        vector center[TILE_VECTORS];
        __builtin_prefetch(next->row[i & 7] + i * next->size, 0, 2);
        for (int v = 0; v < vectors; v++)
            center[v] = load(y + (i * vectors + v) * VECTOR);
        for (int r = 0; r < TILE_ROWS; r++)
            for (int v = 0; v < vectors; v++)
                sum[r][v] += x[r * x_step + i] * center[v];
    }
    for (int r = 0; r < TILE_ROWS; r++)
        for (int v = 0; v < vectors; v++)
            *(vector *)(score + r * score_step + v * VECTOR) += sum[r][v];
}

static inline void score_tile(int vectors, int64_t d, const real *x, int64_t x_step, const real *y,
                              real *score, int64_t score_step, const ahead *next)
{
    if (vectors == 1)
        tile_of(1, d, x, x_step, y, score, score_step, next);
    else if (vectors == 2)
        tile_of(2, d, x, x_step, y, score, score_step, next);
    else
        tile_of(TILE_VECTORS, d, x, x_step, y, score, score_step, next);
}

/* The two smallest of n scores, n a multiple of VECTOR, and the place of the smallest; NaN is never
 * small. */
static inline void two_smallest(int64_t n, const real *score, real *best, real *second, int64_t *at)
{
    vector low = (vector){ 0 } + (real)INFINITY, next = low; /* the two smallest, lane by lane */
    wholes place = places(), where = place;
    for (int64_t i = 0; i < n; i += VECTOR) {
        const vector s = load(score + i);
        const wholes less = s < low;
        next = smaller(larger(s, low), next);
        low = smaller(s, low);
        where = (place & less) | (where & ~less);
        place += VECTOR;
    }
    for (whole half = VECTOR / 2; half > 0; half /= 2) {
        const wholes turn = turn_by(half);
        const vector other = __builtin_shuffle(low, turn);
        const wholes less = other < low, there = __builtin_shuffle(where, turn);
        next = smaller(larger(low, other), smaller(next, __builtin_shuffle(next, turn)));
        low = smaller(low, other);
        where = (there & less) | (where & ~less);
    }
    *best = low[0];
    *second = next[0];
    *at = where[0];
}

/* Groups of LANES rows of y, each transposed to d×LANES; the last one is filled up with zeros. */
static inline void transpose_groups(int64_t k, int64_t d, const real *y, real *out)
{
    for (int64_t c = 0; c < parts_of(k, LANES) * LANES; c++)
        for (int64_t l = 0; l < d; l++)
            out[c / LANES * LANES * d + l * LANES + c % LANES] = c < k ? y[c * d + l] : 0;
}

enum { GROUP = LANES / VECTOR }; /* vectors */

/* |x − y_l|² for LANES rows of y, transposed to d×LANES. */
static inline void group_distances(int64_t d, const real *x, const real *y, vector out[GROUP])
{
    enum { CHAINS = 4 }; /* of sums that do not wait for each other */
    vector sum[CHAINS][GROUP] = { 0 };
    for (int64_t i = 0; i < d; i += CHAINS)
        for (int c = 0; c < CHAINS && i + c < d; c++)
            for (int v = 0; v < GROUP; v++) {
                const vector difference = x[i + c] - load(y + (i + c) * LANES + v * VECTOR);
                sum[c][v] += difference * difference;
            }
    for (int v = 0; v < GROUP; v++)
        out[v] = (sum[0][v] + sum[1][v]) + (sum[2][v] + sum[3][v]);
}

/* The first `count` of LANES numbers, or all of them. */
static inline void store_group(const vector from[GROUP], int64_t count, real *to)
{
#if defined __AVX512F__ && defined REAL_f32
    _mm512_mask_storeu_ps(to, (__mmask16)((1 << min_of(count, LANES)) - 1), from[0]);
#else
    for (int64_t l = 0; l < min_of(count, LANES); l++)
        to[l] = from[l / VECTOR][l % VECTOR];
#endif
}

/* Column first … of near for n rows of x and a group of y: the distance, or what column `last` holds
 * (−1: nothing yet) where that is less; total[l] = the sum of column first + l. near is n×m. */
static inline void nearer_columns(int64_t n, int64_t m, int64_t d, const real *x, const real *y,
                                  int64_t first, int64_t last, real *near, double *total)
{
    enum { SHORT = 64 }; /* rows whose sum loses nothing in `real` */
    double sum[LANES] = { 0 };
    for (int64_t begin = 0; begin < n; begin += SHORT) {
        vector part[GROUP] = { 0 };
        for (int64_t i = begin; i < min_of(n, begin + SHORT); i++) {
            const real before = last < 0 ? (real)INFINITY : near[i * m + last];
            vector out[GROUP];
            group_distances(d, x + i * d, y, out);
            for (int v = 0; v < GROUP; v++) {
                out[v] = smaller(out[v], (vector){ 0 } + before);
                part[v] += out[v];
            }
            store_group(out, m - first, near + i * m + first);
        }
        for (int l = 0; l < LANES; l++)
            sum[l] += (double)part[l / VECTOR][l % VECTOR];
    }
    for (int64_t l = 0; l < min_of(LANES, m - first); l++)
        total[l] = sum[l];
}

#pragma GCC pop_options

#endif
