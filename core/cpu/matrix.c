/* Matrix products, row major: BLAS, or oneDNN for large ones in f32 where that is installed. */
#include <cblas.h>
#include <math.h>

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
#define by_parts(...) false
#else
#define by_onednn(...) false

/* BLAS divides large products among its threads, so that bits depend on their number. Here the
 * sizes alone say what is multiplied by one thread: a tile of c, or where c is small, a part of the
 * sum over k. */
enum { ALONE = 1 << 18, PARTS = 16, SMALL = 1 << 11, EDGE = 48 };

typedef struct product {
    bool ta, tb;
    int64_t m, n, k, lda, ldb, ldc;
    int64_t down, across, deep; /* parts along m, n, k */
    const real *a, *b;
    real beta, *c, *sums; /* sums: deep × m×n */
} product;

static void multiply(const product *p, int64_t m, int64_t n, int64_t k, const real *a,
                     const real *b, real beta, real *c, int64_t ldc)
{
    GEMM(CblasRowMajor, p->ta ? CblasTrans : CblasNoTrans, p->tb ? CblasTrans : CblasNoTrans,
         (blasint)m, (blasint)n, (blasint)k, 1, a, (blasint)p->lda, b, (blasint)p->ldb, beta, c,
         (blasint)ldc);
}

static void multiply_tiles(void *arg, int64_t begin, int64_t end)
{
    const product *p = arg;
    for (int64_t t = begin; t < end; t++) {
        const int64_t i = t / p->across, j = t % p->across;
        const int64_t top = i * p->m / p->down, bottom = (i + 1) * p->m / p->down;
        const int64_t left = j * p->n / p->across, right = (j + 1) * p->n / p->across;
        multiply(p, bottom - top, right - left, p->k, p->a + top * (p->ta ? 1 : p->lda),
                 p->b + left * (p->tb ? p->ldb : 1), p->beta, p->c + top * p->ldc + left, p->ldc);
    }
}

static void multiply_layers(void *arg, int64_t begin, int64_t end)
{
    const product *p = arg;
    for (int64_t t = begin; t < end; t++) {
        const int64_t from = t * p->k / p->deep, to = (t + 1) * p->k / p->deep;
        multiply(p, p->m, p->n, to - from, p->a + from * (p->ta ? p->lda : 1),
                 p->b + from * (p->tb ? 1 : p->ldb), 0, p->sums + t * p->m * p->n, p->n);
    }
}

static void by_layers(product *p)
{
    real sums[PARTS * SMALL];
    p->sums = sums;
    hy_parallel_for(p->deep, 1, multiply_layers, p);
    scale(p->m, p->n, p->beta, p->c, p->ldc);
    for (int64_t t = 0; t < p->deep; t++)
        for (int64_t i = 0; i < p->m; i++)
            for (int64_t j = 0; j < p->n; j++)
                p->c[i * p->ldc + j] += sums[(t * p->m + i) * p->n + j];
}

static bool by_parts(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const real *a, int64_t lda,
                     const real *b, int64_t ldb, real beta, real *c, int64_t ldc)
{
    const double work = (double)m * (double)n * (double)k;
    if (work <= ALONE)
        return false;
    const double parts = fmin(PARTS, fmax(2, floor(work / ALONE)));
    product p = { ta, tb, m, n, k, lda, ldb, ldc, .a = a, .b = b, .beta = beta, .c = c };
    if (m * n <= SMALL) {
        p.deep = (int64_t)parts;
        by_layers(&p);
        return true;
    }
    p.down = (int64_t)fmin(fmin(parts, ceil((double)m / EDGE)),
                           fmax(1, round(sqrt(parts * (double)m / (double)n))));
    p.across = (int64_t)fmin(ceil((double)n / EDGE), fmax(1, parts / (double)p.down));
    hy_parallel_for(p.down * p.across, 1, multiply_tiles, &p);
    return true;
}
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
    if (by_parts(ta, tb, m, n, k, a, ld_a, b, ld_b, (real)beta, c, ld_c))
        return;
    GEMM(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (blasint)m,
         (blasint)n, (blasint)k, 1, a, ld_a, b, ld_b, (real)beta, c, ld_c);
}

extern const hy_matrix_kernels HY_TABLE;
const hy_matrix_kernels HY_TABLE = { .gemm = gemm };
