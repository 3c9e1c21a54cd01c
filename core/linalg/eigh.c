/* Eigenvalues and eigenvectors of symmetric matrices, in f64. */
#include <lapacke.h>
#include <math.h>

#include "../ops/ops.h"

/* Square, finite, and symmetric up to rounding of its dtype. */
static hy_status need_symmetric(hy_ctx *cx, const hy_tensor *x, const double *a)
{
    const int64_t n = x->shape[0];
    double largest = 0;
    if (x->shape[1] != n) {
        char text[160];
        return hy_fail(cx, HY_EARG, "x must be square, got %s", hy_shape_text(x, text));
    }
    for (int64_t i = 0; i < n * n; i++) {
        if (!isfinite(a[i]))
            return hy_fail(cx, HY_ENUMERIC, "x holds %g in row %lld", a[i], (long long)(i / n) + 1);
        largest = fmax(largest, fabs(a[i]));
    }
    const double tolerance = largest * (x->dtype == HY_F32 ? 1e-4 : 1e-8);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            if (fabs(a[i * n + j] - a[j * n + i]) > tolerance)
                return hy_fail(cx, HY_EARG,
                               "x is not symmetric: %g at (%lld, %lld) but %g at (%lld, %lld)",
                               a[i * n + j], (long long)i + 1, (long long)j + 1, a[j * n + i],
                               (long long)j + 1, (long long)i + 1);
    return HY_OK;
}

/* LAPACK leaves the sign open: the component of largest size becomes positive. */
static void fix_signs(int64_t n, double *vectors)
{
    for (int64_t i = 0; i < n; i++) {
        double *v = vectors + i * n, largest = 0;
        for (int64_t j = 0; j < n; j++)
            if (fabs(v[j]) >
                fabs(largest) * (1 + 1e-9)) /* near-ties: the first, whatever rounding did */
                largest = v[j];
        for (int64_t j = 0; largest < 0 && j < n; j++)
            v[j] = -v[j];
    }
}

/* a becomes the eigenvectors, one after the other; all memory belongs to the call. */
static hy_status solve(hy_ctx *cx, hy_call *c, int64_t n, double *a, double *values)
{
    const lapack_int size = (lapack_int)n;
    double work_size;
    lapack_int iwork_size;
    hy_tensor *work, *iwork;
    LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', size, a, size, values, &work_size, -1,
                        &iwork_size, -1);
    HY_TRY(hy_temp(cx, c, HY_F64, 1, (int64_t[]){ (int64_t)work_size }, &work));
    HY_TRY(hy_temp(cx, c, HY_INDEX, 1, (int64_t[]){ iwork_size }, &iwork));
    const lapack_int info =
        LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', size, a, size, values, hy_data(work),
                            (lapack_int)work_size, hy_data(iwork), iwork_size);
    return info == 0 ? HY_OK : hy_fail(cx, HY_ENUMERIC, "the eigenvalues did not converge");
}

_Static_assert(sizeof(lapack_int) == sizeof(int32_t), "index tensors lend LAPACK its integers");

static hy_status eigh_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *a, *values, *vectors;
    const int64_t n = x->shape[0];
    HY_TRY(hy_need_real(cx, x));
    HY_TRY(hy_temp(cx, c, HY_F64, 2, x->shape, &a));
    HY_TRY(hy_copy_into(cx, x, a));
    HY_TRY(need_symmetric(cx, x, hy_data(a)));
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &values));
    if (n > 0)
        HY_TRY(solve(cx, c, n, hy_data(a), hy_data(values)));
    fix_signs(n, hy_data(a));
    HY_TRY(hy_temp_to(cx, c, values, x->dtype, &values));
    HY_TRY(hy_temp_to(cx, c, a, x->dtype, &vectors));
    HY_TRY(hy_temp_run(cx, c, "t", vectors, NULL, NULL, &vectors));
    HY_TRY(hy_out_tensor(cx, c, 0, values));
    return hy_out_tensor(cx, c, 1, vectors);
}

const hy_op hy_ops_linalg[] = {
    { .name = "eigh",
      .signature = "x:matrix -> vector matrix",
      .forward = eigh_fwd,
      .doc = "Eigenvalues of a symmetric matrix, ascending, and its eigenvectors as columns, "
             "computed in f64; the largest component of each vector is positive. No gradient." },
    { 0 },
};
