/*
 * Cholesky factors and their inverses for many small covariances at a time. LAPACK does one at a
 * time, and which sums it makes depends on the threads it has; these may run inside a parallel loop
 * and give the same bits anywhere.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "cluster.h"

static int64_t min_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

bool hy_triangle_factor(hy_ctx *cx, const hy_matrix_kernels *m, int64_t d, double *a, double *room)
{
    for (int64_t j = 0; j < d; j += HY_TRIANGLE_PANEL) {
        const int64_t width = min_of(HY_TRIANGLE_PANEL, d - j);
        m->gemm(cx, false, true, d - j, width, j, a + j * d, d, a + j * d, d, 0, room, width);
        for (int64_t i = j; i < d; i++) {
            double *row = a + i * d;
            const double whole = row[i];
            for (int64_t t = j; t < j + width && t <= i; t++) {
                double value = row[t] - room[(i - j) * width + t - j];
                for (int64_t l = j; l < t; l++)
                    value -= row[l] * a[t * d + l];
                if (t == i && !(value > (double)d * DBL_EPSILON * whole))
                    return false;
                row[t] = t == i ? sqrt(value) : value / a[t * d + t];
            }
        }
    }
    return true;
}

void hy_triangle_invert(hy_ctx *cx, const hy_matrix_kernels *m, int64_t d, const double *l,
                        double *inverse, double *room)
{
    memset(inverse, 0, (size_t)(d * d) * sizeof *inverse);
    for (int64_t j = 0; j < d; j += HY_TRIANGLE_PANEL) {
        const int64_t width = min_of(HY_TRIANGLE_PANEL, d - j);
        m->gemm(cx, false, false, width, j, j, l + j * d, d, inverse, d, 0, room, d);
        for (int64_t t = j; t < j + width; t++) {
            double *row = inverse + t * d;
            for (int64_t i = 0; i < j; i++)
                row[i] = -room[(t - j) * d + i];
            row[t] = 1;
            for (int64_t s = j; s < t; s++)
                for (int64_t i = 0; i <= s; i++)
                    row[i] -= l[t * d + s] * inverse[s * d + i];
            for (int64_t i = 0; i <= t; i++)
                row[i] /= l[t * d + t];
        }
    }
}
