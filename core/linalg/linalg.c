/* What the decompositions share, and their table. */
#include "linalg.h"

#include <lapacke.h>
#include <math.h>

_Static_assert(sizeof(lapack_int) == sizeof(int32_t), "index tensors lend LAPACK its integers");

/* Before any copy is made: LAPACK counts elements in 32 bits. */
static hy_status need_size(hy_ctx *cx, const hy_tensor *x, const char *name)
{
    char text[160];
    HY_TRY(hy_need_real(cx, x));
    if (x->shape[1] == 0 || x->shape[0] <= INT32_MAX / x->shape[1])
        return HY_OK;
    return hy_fail(cx, HY_EARG, "%s is too large: %s", name, hy_shape_text(x, text));
}

hy_status hy_linalg_need_small(hy_ctx *cx, const hy_tensor *x, const char *name)
{
    enum { SIDE = 16384 };
    char text[160];
    if (x->shape[0] <= SIDE || x->shape[1] <= SIDE)
        return HY_OK;
    return hy_fail(cx, HY_EARG, "%s is %s; its smaller side may be at most %d", name,
                   hy_shape_text(x, text), SIDE);
}

static hy_status need_finite(hy_ctx *cx, const hy_tensor *x, const char *name, bool transposed)
{
    const double *a = hy_data(x);
    const int64_t columns = x->shape[1];
    for (int64_t i = 0; i < hy_numel(x); i++)
        if (!isfinite(a[i]))
            return hy_fail(cx, HY_ENUMERIC, "%s holds %s in row %lld", name,
                           isnan(a[i]) ? "NaN" : a[i] > 0 ? "inf" : "-inf",
                           (long long)(transposed ? i % columns : i / columns) + 1);
    return HY_OK;
}

hy_status hy_linalg_read(hy_ctx *cx, hy_call *c, const hy_tensor *x, const char *name,
                         hy_tensor **out)
{
    HY_TRY(need_size(cx, x, name));
    HY_TRY(hy_linalg_new(cx, c, x->shape[0], x->shape[1], out));
    HY_TRY(hy_copy_into(cx, x, *out));
    return need_finite(cx, *out, name, false);
}

hy_status hy_linalg_read_t(hy_ctx *cx, hy_call *c, hy_tensor *x, const char *name, hy_tensor **out)
{
    HY_TRY(need_size(cx, x, name));
    HY_TRY(hy_linalg_new(cx, c, x->shape[1], x->shape[0], out));
    HY_TRY(hy_temp_run(cx, c, "t", x, NULL, NULL, &x));
    HY_TRY(hy_copy_into(cx, x, *out));
    return need_finite(cx, *out, name, true);
}

hy_status hy_linalg_need_square(hy_ctx *cx, const hy_tensor *x, const char *name)
{
    char text[160];
    if (x->shape[0] == x->shape[1])
        return HY_OK;
    return hy_fail(cx, HY_EARG, "%s must be square, got %s", name, hy_shape_text(x, text));
}

hy_status hy_linalg_need_symmetric(hy_ctx *cx, const hy_tensor *x, const double *a,
                                   const char *name)
{
    const int64_t n = x->shape[0];
    double largest = 0;
    for (int64_t i = 0; i < n * n; i++)
        largest = fmax(largest, fabs(a[i]));
    const double tolerance = largest * (x->dtype == HY_F32 ? 1e-4 : 1e-8);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            if (fabs(a[i * n + j] - a[j * n + i]) > tolerance)
                return hy_fail(cx, HY_EARG,
                               "%s is not symmetric: %g at (%lld, %lld) but %g at (%lld, %lld)",
                               name, a[i * n + j], (long long)i + 1, (long long)j + 1, a[j * n + i],
                               (long long)j + 1, (long long)i + 1);
    return HY_OK;
}

hy_status hy_linalg_new(hy_ctx *cx, hy_call *c, int64_t rows, int64_t columns, hy_tensor **out)
{
    return hy_temp(cx, c, HY_F64, 2, (int64_t[]){ rows, columns }, out);
}

hy_status hy_linalg_out(hy_ctx *cx, hy_call *c, int i, hy_tensor *t)
{
    HY_TRY(hy_temp_to(cx, c, t, c->in[0]->dtype, &t));
    return hy_out_tensor(cx, c, i, t);
}

hy_status hy_linalg_grad(hy_ctx *cx, hy_call *c, int i, hy_tensor **out)
{
    const hy_tensor *y = c->out[i];
    HY_TRY(hy_temp(cx, c, HY_F64, y->ndim, y->shape, out));
    return c->grad[i] ? hy_copy_into(cx, c->grad[i], *out) : hy_fill(cx, *out, 0);
}

hy_status hy_linalg_pass(hy_ctx *cx, hy_call *c, int i, hy_tensor *g)
{
    HY_TRY(hy_temp_to(cx, c, g, c->source[i]->dtype, &g));
    return hy_pass(cx, c, i, g);
}

hy_status hy_linalg_dot(hy_ctx *cx, hy_call *c, hy_tensor *a, bool ta, hy_tensor *b, bool tb,
                        hy_tensor **out)
{
    if (ta)
        HY_TRY(hy_temp_run(cx, c, "t", a, NULL, NULL, &a));
    if (tb)
        HY_TRY(hy_temp_run(cx, c, "t", b, NULL, NULL, &b));
    return hy_temp_run(cx, c, "matmul", a, b, NULL, out);
}

hy_status hy_linalg_transpose(hy_ctx *cx, hy_call *c, hy_tensor *a, hy_tensor **out)
{
    hy_tensor *view;
    HY_TRY(hy_linalg_new(cx, c, a->shape[1], a->shape[0], out));
    HY_TRY(hy_temp_run(cx, c, "t", a, NULL, NULL, &view));
    return hy_copy_into(cx, view, *out);
}

void hy_linalg_symmetrize(hy_tensor *g)
{
    const int64_t n = g->shape[0];
    double *a = hy_data(g);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            a[i * n + j] = a[j * n + i] = (a[i * n + j] + a[j * n + i]) / 2;
}

bool hy_linalg_is_flipped(int64_t n, const double *v)
{
    double largest = 0;
    for (int64_t j = 0; j < n; j++)
        if (fabs(v[j]) > fabs(largest) * (1 + 1e-9))
            largest = v[j];
    return largest < 0;
}

int hy_linalg_alone(int64_t rows, int64_t columns)
{
    enum { SMALL = 1 << 20 };
    const int threads = hy_threads(0);
    if (threads == 1 || rows * columns >= SMALL)
        return 0;
    hy_threads(1);
    return threads;
}

const hy_op hy_ops_linalg[] = {
    { .name = "eigh",
      .signature = "x:matrix b:matrix? -> vector matrix",
      .forward = hy_eigh_fwd,
      .backward = hy_eigh_bwd,
      .doc = "Eigenvalues of a symmetric matrix, ascending, and its eigenvectors as columns; the "
             "largest component of each is positive. With b, symmetric and positive definite: "
             "x·v = value·b·v, and vᵀ·b·v = 1. Where values are equal, the gradient counts the "
             "space that their vectors span, not the vectors." },
    { .name = "eigh_low_rank",
      .signature = "a:matrix weights:vector -> vector matrix",
      .forward = hy_eigh_low_rank_fwd,
      .doc = "Eigenvalues of aᵀ·diag(weights)·a, ascending, and their vectors as columns, "
             "for as many as a has rows (or columns, if fewer): all others are 0. The matrix "
             "itself is never formed." },
    { .name = "eigh_batch",
      .signature = "x:tensor {vectors:flag=true} -> matrix tensor?",
      .forward = hy_eigh_batch_fwd,
      .doc = "Eigenvalues of b symmetric matrices b×n×n, ascending (b×n), and unless vectors is "
             "false their eigenvectors as columns, as eigh gives them. What lies above the "
             "diagonals is not read." },
    { .name = "eigh_largest",
      .signature = "x:matrix k:integer -> vector matrix",
      .forward = hy_eigh_largest_fwd,
      .doc = "The k largest eigenvalues of a symmetric matrix, descending, and their eigenvectors "
             "as columns; the largest component of each is positive." },
    { .name = "svd",
      .signature = "x:matrix -> matrix vector matrix",
      .forward = hy_svd_fwd,
      .backward = hy_svd_bwd,
      .doc =
          "Singular values u, s, v with x = u·diag(s)·vᵀ, s descending, as many columns in u and "
          "v as x has on its smaller side; the largest component of each column of v is "
          "positive. Where values are equal, the gradient counts the space that their vectors "
          "span." },
    { .name = "qr",
      .signature = "x:matrix {full:flag=false} -> matrix matrix",
      .forward = hy_qr_fwd,
      .backward = hy_qr_bwd,
      .doc = "Orthonormal columns q and an upper triangle r, its diagonal not negative, with x = "
             "q·r. With full, q is square: a basis of the whole space that begins with x's. The "
             "gradient wants independent columns, and not full." },
    { .name = "cholesky",
      .signature = "x:matrix -> matrix",
      .forward = hy_cholesky_fwd,
      .backward = hy_cholesky_bwd,
      .doc = "Lower triangle l with x = l·lᵀ for a symmetric, positive definite x." },
    { .name = "solve",
      .signature = "a:matrix b:tensor -> tensor",
      .forward = hy_solve_fwd,
      .backward = hy_solve_bwd,
      .doc = "The x for which a·x = b, for a square matrix a and a vector or matrix b." },
    { .name = "inverse",
      .signature = "x:matrix -> matrix",
      .forward = hy_inverse_fwd,
      .backward = hy_inverse_bwd,
      .doc = "The matrix that multiplied with x gives the identity." },
    { .name = "pinv",
      .signature = "x:matrix {rcond:number?} -> matrix",
      .forward = hy_pinv_fwd,
      .backward = hy_pinv_bwd,
      .doc = "Pseudo-inverse (Moore and Penrose). Singular values up to rcond times the largest "
             "count as 0; rcond is the larger size times the precision of the dtype." },
    { .name = "det",
      .signature = "x:matrix -> tensor",
      .forward = hy_det_fwd,
      .backward = hy_det_bwd,
      .doc = "Determinant of a square matrix; of nothing 1." },
    { 0 },
};
