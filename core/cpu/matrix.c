/* Matrix products, row major: BLAS, or oneDNN for large ones in f32 where that is installed. */
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

#if defined REAL_f32
/* oneDNN was faster in every shape and layout from here on, by a tenth in wide ones, by half to
 * twice in narrow ones; smaller products do not pay for calling or loading it. */
static bool is_large(int64_t m, int64_t n, int64_t k)
{
    return (double)m * (double)n * (double)k >= 1 << 20;
}

static bool by_onednn(hy_ctx *cx, bool ta, bool tb, int64_t m, int64_t n, int64_t k, const real *a,
                      int64_t lda, const real *b, int64_t ldb, real beta, real *c, int64_t ldc)
{
    return is_large(m, n, k) && hy_onednn_used(cx) &&
           cx->cpu.sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1, a, lda, b, ldb, beta, c,
                         ldc) == 0;
}
#else
#define by_onednn(...) false
#endif

static void gemm(hy_ctx *cx, bool ta, bool tb, int64_t m, int64_t n, int64_t k, const void *a,
                 int64_t lda, const void *b, int64_t ldb, double beta, void *c, int64_t ldc)
{
    (void)cx;
    if (m == 0 || n == 0)
        return;
    if (k == 0) {
        scale(m, n, (real)beta, c, ldc);
        return;
    }
    const blasint ld_a = ta ? leading(k, m, lda) : leading(m, k, lda);
    const blasint ld_b = tb ? leading(n, k, ldb) : leading(k, n, ldb), ld_c = leading(m, n, ldc);
    if (by_onednn(cx, ta, tb, m, n, k, a, ld_a, b, ld_b, (real)beta, c, ld_c))
        return;
    GEMM(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (blasint)m,
         (blasint)n, (blasint)k, 1, a, ld_a, b, ld_b, (real)beta, c, ld_c);
}

extern const hy_matrix_kernels HY_TABLE;
const hy_matrix_kernels HY_TABLE = { .gemm = gemm };
