/* City-block distances: sums of absolute differences, taken directly. */
#include "cpu.h"

typedef struct job {
    int64_t k, d;
    const real *x, *y;
    real *out;
} job;

static real absolute(real v)
{
    return v < 0 ? -v : v;
}

static real one_distance(int64_t d, const real *x, const real *y)
{
    double sum = 0;
    LANE_SUM(sum, real, d, absolute(x[i] - y[i]));
    return (real)sum;
}

/* Four rows of y share every number of x that is read. */
static void four_distances(int64_t d, const real *x, const real *y, real *out)
{
    real lane[4][LANES] = { { 0 } };
    double sum[4] = { 0 };
    int64_t j = 0;
    for (; j + LANES <= d; j += LANES)
        for (int r = 0; r < 4; r++)
            for (int l = 0; l < LANES; l++)
                lane[r][l] += absolute(x[j + l] - y[r * d + j + l]);
    for (int r = 0; r < 4; r++) {
        for (int l = 0; l < LANES && j > 0; l++)
            sum[r] += (double)lane[r][l];
        for (int64_t i = j; i < d; i++)
            sum[r] += (double)absolute(x[i] - y[r * d + i]);
        out[r] = (real)sum[r];
    }
}

static void distance_rows(void *arg, int64_t begin, int64_t end)
{
    const job *b = arg;
    for (int64_t i = begin; i < end; i++) {
        const real *x = b->x + i * b->d;
        real *out = b->out + i * b->k;
        int64_t c = 0;
        for (; c + 4 <= b->k; c += 4)
            four_distances(b->d, x, b->y + c * b->d, out + c);
        for (; c < b->k; c++)
            out[c] = one_distance(b->d, x, b->y + c * b->d);
    }
}

static void manhattan(int64_t n, int64_t k, int64_t d, const void *x, const void *y, void *out)
{
    job b = { .k = k, .d = d, .x = x, .y = y, .out = out };
    hy_parallel_for(n, row_grain(k * d), distance_rows, &b);
}

extern const hy_manhattan_kernels HY_TABLE;
const hy_manhattan_kernels HY_TABLE = { .manhattan = manhattan };
