/*
 * Squared distances between all pairs of two blocks of points.
 *
 * |x|² + |y|² − 2 x·y through one matrix product, on points moved by their common mean; what comes
 * out small against |x|² + |y|² has lost digits and may be taken again by differences. Where there
 * are few dimensions, differences are taken from the start.
 */
#include <cblas.h>
#include <string.h>

#include "math.h"
#include "rows.h"

#if defined REAL_f32
#define GEMM       cblas_sgemm
#define LOST_SHARE 0x1p-8f /* of |x|² + |y|²: smaller distances have too few digits left */
#else
#define GEMM       cblas_dgemm
#define LOST_SHARE 0x1p-16
#endif

enum { DIRECT_D = 16 }; /* no matrix product up to this many dimensions */

static void center(int64_t n, int64_t d, const void *points, const void *middle, void *moved,
                   void *norms)
{
    const real *x = points, *mean = middle;
    real *out = moved, *norm = norms;

    if (d <= DIRECT_D) {
        memset(norm, 0, (size_t)n * sizeof *norm);
        if (out != x)
            memcpy(out, x, (size_t)(n * d) * sizeof *out);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        EACH (l, 0, d)
            out[i * d + l] = x[i * d + l] - mean[l];
        norm[i] = squared_norm(d, out + i * d);
    }
}

static void by_differences(int64_t n, int64_t m, int64_t d, const real *x, const real *y, real *out)
{
    real column[DIRECT_D * HY_PAIR_BLOCK]; /* y, transposed */

    for (int64_t j = 0; j < m; j++)
        for (int64_t l = 0; l < d; l++)
            column[l * m + j] = y[j * d + l];
    for (int64_t i = 0; i < n; i++) {
        real *row = out + i * m;
        memset(row, 0, (size_t)m * sizeof *row);
        for (int64_t l = 0; l < d; l++) {
            const real value = x[i * d + l], *c = column + l * m;
            EACH (j, 0, m)
                row[j] += (value - c[j]) * (value - c[j]);
        }
    }
}

static double exact(int64_t d, const void *point, const void *other)
{
    return exact_distance(d, point, other);
}

/* Add the norms to a row of −2 x·y; is any distance small enough to have lost its digits? */
static bool finish_row(int64_t m, real norm, const real *other, real *row)
{
    int lost = 0;
    EACH (j, 0, m) {
        const real both = norm + other[j], value = both + row[j];
        lost |= value < LOST_SHARE * both;
        row[j] = value < 0 ? 0 : value; /* NaN stays */
    }
    return lost != 0;
}

static void distances(int64_t n, int64_t m, int64_t d, const void *points, const void *norms,
                      const void *others, const void *other_norms, bool careful, void *result)
{
    const real *x = points, *xn = norms, *y = others, *yn = other_norms;
    real *out = result;

    if (d <= DIRECT_D) {
        by_differences(n, m, d, x, y, out);
        return;
    }
    GEMM(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)n, (blasint)m, (blasint)d, -2, x,
         (blasint)d, y, (blasint)d, 0, out, (blasint)m);
    for (int64_t i = 0; i < n; i++) {
        real *row = out + i * m;
        if (!finish_row(m, xn[i], yn, row) || !careful)
            continue;
        for (int64_t j = 0; j < m; j++)
            if (row[j] < LOST_SHARE * (xn[i] + yn[j]))
                row[j] = (real)exact(d, x + i * d, y + j * d);
    }
}

static void root_sums(int64_t n, int64_t m, int64_t ld, const void *distance, double *sum)
{
    for (int64_t r = 0; r < n; r++) {
        const real *row = (const real *)distance + r * ld;
        LANE_SUM(sum[r], real, m, m_sqrt(row[i]));
    }
}

static int64_t within(int64_t n, const void *distance, double limit, int32_t *at)
{
    const real *row = distance, most = (real)limit;
    int64_t count = 0;

    for (int64_t first = 0; first < n; first += LANES) {
        const int64_t width = min_of(LANES, n - first);
        int any = 0;
        EACH (l, 0, width)
            any |= row[first + l] <= most;
        for (int64_t l = 0; any && l < width; l++)
            if (row[first + l] <= most)
                at[count++] = (int32_t)(first + l);
    }
    return count;
}

extern const hy_pair_kernels HY_TABLE;
const hy_pair_kernels HY_TABLE = {
    .center = center,
    .distances = distances,
    .root_sums = root_sums,
    .within = within,
    .exact = exact,
};
