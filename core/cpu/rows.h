/* Distances of single pairs of rows. */
#ifndef HY_CPU_ROWS_H
#define HY_CPU_ROWS_H

#include "cpu.h"

static inline real pair_distance(int64_t d, const real *x, const real *y)
{
    double sum = 0;
    LANE_SUM(sum, real, d, (x[i] - y[i]) * (x[i] - y[i]));
    return (real)sum;
}

/* The same in f64: what decides wherever rounding could. */
static inline double exact_distance(int64_t d, const real *x, const real *y)
{
    double sum = 0;
    LANE_SUM(sum, double, d, ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]));
    return sum;
}

static inline real squared_norm(int64_t d, const real *x)
{
    double sum = 0;
    LANE_SUM(sum, real, d, x[i] * x[i]);
    return (real)sum;
}

/* The mean of the k rows of y, and y − mean with its squared norms. */
static inline void center_on_mean(int64_t k, int64_t d, const real *y, real *mean, real *centered,
                                  real *norm)
{
    enum { STEP = 64 };
    for (int64_t first = 0; first < d; first += STEP) {
        const int64_t width = min_of(STEP, d - first);
        double sum[STEP] = { 0 };
        for (int64_t c = 0; c < k; c++)
            for (int64_t l = 0; l < width; l++)
                sum[l] += (double)y[c * d + first + l];
        for (int64_t l = 0; l < width; l++)
            mean[first + l] = (real)(sum[l] / (double)k);
    }
    for (int64_t c = 0; c < k; c++) {
        for (int64_t l = 0; l < d; l++)
            centered[c * d + l] = y[c * d + l] - mean[l];
        norm[c] = squared_norm(d, centered + c * d);
    }
}

#endif
