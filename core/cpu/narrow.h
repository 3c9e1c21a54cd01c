/*
 * Many rows against a few centers. BLAS runs at a tenth of its speed when one side is this narrow;
 * here a tile stays in registers while it runs along the dimensions. Vectors are spelled out, since
 * the compiler shuffles its sums when it is left to find them.
 */
#ifndef HY_CPU_NARROW_H
#define HY_CPU_NARROW_H

#include "cpu.h"

#if defined __AVX512F__
enum { VECTOR_BYTES = 64, TILE_ROWS = 4 };
#elif defined __AVX__
enum { VECTOR_BYTES = 32, TILE_ROWS = 2 };
#else
enum { VECTOR_BYTES = 16, TILE_ROWS = 2 };
#endif
enum { TILE_CENTERS = 5, VECTOR = VECTOR_BYTES / sizeof(real) };

/* Multiply and add in one instruction where the machine has it: like BLAS, and unlike the rest. */
#pragma GCC push_options
#pragma GCC optimize("fp-contract=fast")

typedef real vector __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));

static inline vector load(const real *p)
{
    return *(const vector *)p;
}

static inline real lanes_sum(vector v)
{
    real sum = 0;
    for (int l = 0; l < VECTOR; l++)
        sum += v[l];
    return sum;
}

/* out[r][c] = (x_r − mean) · y_c for TILE_ROWS rows and TILE_CENTERS rows of y, d numbers each. */
static void product_tile(int64_t d, const real *const x[TILE_ROWS], const real *mean, const real *y,
                         real out[TILE_ROWS][TILE_CENTERS])
{
    vector sum[TILE_ROWS][TILE_CENTERS] = { 0 };
    int64_t i = 0;
    for (; i + VECTOR <= d; i += VECTOR) {
        vector row[TILE_ROWS];
        for (int r = 0; r < TILE_ROWS; r++)
            row[r] = load(x[r] + i) - load(mean + i);
        for (int c = 0; c < TILE_CENTERS; c++) {
            const vector center = load(y + c * d + i);
            for (int r = 0; r < TILE_ROWS; r++)
                sum[r][c] += row[r] * center;
        }
    }
    for (int r = 0; r < TILE_ROWS; r++)
        for (int c = 0; c < TILE_CENTERS; c++) {
            out[r][c] = lanes_sum(sum[r][c]);
            for (int64_t l = i; l < d; l++)
                out[r][c] += (x[r][l] - mean[l]) * y[c * d + l];
        }
}

/* out[l] = |x − y_l|² for LANES rows of y, transposed to d×LANES. */
static void group_distances(int64_t d, const real *x, const real *y, real out[LANES])
{
    enum { VECTORS = LANES / VECTOR, CHAINS = 4 }; /* chains of sums that do not wait for each other */
    vector sum[CHAINS][VECTORS] = { 0 };
    for (int64_t i = 0; i < d; i += CHAINS)
        for (int c = 0; c < CHAINS && i + c < d; c++)
            for (int v = 0; v < VECTORS; v++) {
                const vector difference = x[i + c] - load(y + (i + c) * LANES + v * VECTOR);
                sum[c][v] += difference * difference;
            }
    for (int v = 0; v < VECTORS; v++)
        *(vector *)(out + v * VECTOR) = (sum[0][v] + sum[1][v]) + (sum[2][v] + sum[3][v]);
}

#pragma GCC pop_options

#endif
