/* Matrix products: BLAS, row major. */
#include <cblas.h>

#include "cpu.h"

#if defined REAL_f32
#define GEMM cblas_sgemm
#else
#define GEMM cblas_dgemm
#endif

/* A leading dimension that BLAS accepts: it may be anything when there is only one row. */
static blasint leading(int64_t rows, int64_t columns, int64_t stride)
{
    return (blasint)(rows > 1 ? stride : max_of(max_of(columns, stride), 1));
}

static void scale(int64_t m, int64_t n, real beta, real *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
}

static void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const void *a, int64_t lda,
                 const void *b, int64_t ldb, double beta, void *c, int64_t ldc)
{
    if (m == 0 || n == 0)
        return;
    if (k == 0) {
        scale(m, n, (real)beta, c, ldc);
        return;
    }
    GEMM(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (blasint)m,
         (blasint)n, (blasint)k, 1, a, ta ? leading(k, m, lda) : leading(m, k, lda), b,
         tb ? leading(n, k, ldb) : leading(k, n, ldb), (real)beta, c, leading(m, n, ldc));
}

extern const hy_matrix_kernels HY_TABLE;
const hy_matrix_kernels HY_TABLE = { .gemm = gemm };
