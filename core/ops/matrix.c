/* Matrix products. Transposed views go to BLAS by flags; nothing is copied for them. */
#include <string.h>

#include "ops.h"

/* The last two axes of a tensor as BLAS wants them. */
typedef struct face {
    bool transposed;
    int64_t rows, columns, ld;
} face;

static bool face_of(const hy_tensor *x, face *out)
{
    const int64_t r = x->shape[x->ndim - 2], c = x->shape[x->ndim - 1];
    const int64_t down = x->stride[x->ndim - 2], right = x->stride[x->ndim - 1];
    *out = (face){ .rows = r, .columns = c };
    if ((right == 1 || c == 1) && (r == 1 || down >= c)) {
        out->ld = r == 1 ? c : down;
        return true;
    }
    out->transposed = true;
    out->ld = c == 1 ? r : right;
    return (down == 1 || r == 1) && (c == 1 || right >= r);
}

/* x as a batch of matrices: a vector becomes one row (side 0) or one column (side 1). */
static hy_status as_matrices(hy_ctx *cx, hy_call *c, hy_tensor *x, int side, hy_tensor **out)
{
    if (x->ndim == 0)
        return hy_fail(cx, HY_EARG, "argument %d is 0-dim; it wants a vector or a matrix",
                       side + 1);
    *out = x;
    if (x->ndim > 1)
        return HY_OK;
    const int64_t n = x->shape[0];
    return hy_temp_reshape(cx, c, x, 2, side == 0 ? (int64_t[]){ 1, n } : (int64_t[]){ n, 1 }, out);
}

/* Shape of a·b with all axes: batch, rows, columns. */
static hy_status product_shape(hy_ctx *cx, const hy_call *c, const hy_tensor *a, const hy_tensor *b,
                               int *ndim, int64_t *shape)
{
    if (a->shape[a->ndim - 1] != b->shape[b->ndim - 2])
        return hy_fail_shapes(cx, "inner sizes differ", c->in[0], c->in[1]);
    *ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
    for (int d = 3; d <= *ndim; d++) {
        const int64_t m = d <= a->ndim ? a->shape[a->ndim - d] : 1;
        const int64_t n = d <= b->ndim ? b->shape[b->ndim - d] : 1;
        if (m != n && m != 1 && n != 1)
            return hy_fail_shapes(cx, "batch axes do not broadcast", c->in[0], c->in[1]);
        shape[*ndim - d] = m == 1 ? n : m;
    }
    shape[*ndim - 2] = a->shape[a->ndim - 2];
    shape[*ndim - 1] = b->shape[b->ndim - 1];
    return HY_OK;
}

/* Elements from the start of x to its matrix number i of the batch `shape`. */
static int64_t batch_offset(const hy_tensor *x, int ndim, const int64_t *shape, int64_t i)
{
    int64_t at = 0;
    for (int d = ndim - 3; d >= 0; d--) {
        const int own = d - (ndim - x->ndim);
        if (own >= 0 && x->shape[own] != 1)
            at += i % shape[d] * x->stride[own];
        i /= shape[d];
    }
    return at;
}

static hy_status multiply(hy_ctx *cx, hy_call *c, hy_tensor *a, hy_tensor *b, hy_tensor *y)
{
    face fa, fb;
    if (hy_numel(y) == 0 || a->shape[a->ndim - 1] == 0)
        return hy_fill(cx, y, 0);
    if (!face_of(a, &fa)) {
        HY_TRY(hy_temp_contiguous(cx, c, a, &a));
        face_of(a, &fa);
    }
    if (!face_of(b, &fb)) {
        HY_TRY(hy_temp_contiguous(cx, c, b, &b));
        face_of(b, &fb);
    }
    const int64_t m = fa.rows, n = fb.columns, k = fa.columns, size = hy_dtype_size(y->dtype);
    const char *pa = hy_data(a), *pb = hy_data(b);
    char *py = hy_data(y);
    for (int64_t i = 0; i < hy_numel(y) / (m * n); i++)
        hy_kernels_of(y)->matrix->gemm(cx, fa.transposed, fb.transposed, m, n, k,
                                       pa + batch_offset(a, y->ndim, y->shape, i) * size, fa.ld,
                                       pb + batch_offset(b, y->ndim, y->shape, i) * size, fb.ld, 0,
                                       py + i * m * n * size, n);
    return HY_OK;
}

static hy_status matmul_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *a, *b, *y;
    int64_t shape[HY_MAX_DIM];
    int ndim, kept = 0;
    HY_TRY(hy_need_real(cx, c->in[0]));
    HY_TRY(hy_need_same_dtype(cx, c->in[0], c->in[1]));
    HY_TRY(as_matrices(cx, c, c->in[0], 0, &a));
    HY_TRY(as_matrices(cx, c, c->in[1], 1, &b));
    HY_TRY(product_shape(cx, c, a, b, &ndim, shape));
    HY_TRY(hy_temp(cx, c, a->dtype, ndim, shape, &y));
    HY_TRY(multiply(cx, c, a, b, y));
    const bool row = c->in[0]->ndim > 1,
               column = c->in[1]->ndim > 1; /* a vector's axis goes again */
    for (int d = 0; d < ndim; d++)
        if (d < ndim - 2 || (d == ndim - 2 && row) || (d == ndim - 1 && column))
            shape[kept++] = shape[d];
    HY_TRY(hy_temp_reshape(cx, c, y, kept, shape, &y));
    return hy_out_tensor(cx, c, 0, y);
}

/* Give gradient g of the matrices to input i, which may be a vector. */
static hy_status pass_side(hy_ctx *cx, hy_call *c, int i, hy_tensor *g)
{
    const hy_tensor *x = c->source[i];
    if (x->ndim == 1) {
        int64_t shape[HY_MAX_DIM];
        memcpy(shape, g->shape, sizeof shape);
        shape[g->ndim - 2] = x->shape[0];
        HY_TRY(hy_temp_reshape(cx, c, g, g->ndim - 1, shape, &g));
    }
    return hy_pass(cx, c, i, g);
}

static hy_status matmul_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *a, *b, *g, *other;
    int64_t shape[HY_MAX_DIM];
    int ndim;
    HY_TRY(as_matrices(cx, c, c->in[0], 0, &a));
    HY_TRY(as_matrices(cx, c, c->in[1], 1, &b));
    HY_TRY(product_shape(cx, c, a, b, &ndim, shape));
    HY_TRY(hy_temp_reshape(cx, c, c->grad[0], ndim, shape, &g));
    if (hy_wants(c, 0)) {
        hy_tensor *ga;
        HY_TRY(hy_temp_run(cx, c, "t", b, NULL, NULL, &other));
        HY_TRY(hy_temp_run(cx, c, "matmul", g, other, NULL, &ga));
        HY_TRY(pass_side(cx, c, 0, ga));
    }
    if (hy_wants(c, 1)) {
        hy_tensor *gb;
        HY_TRY(hy_temp_run(cx, c, "t", a, NULL, NULL, &other));
        HY_TRY(hy_temp_run(cx, c, "matmul", other, g, NULL, &gb));
        HY_TRY(pass_side(cx, c, 1, gb));
    }
    return HY_OK;
}

const hy_op hy_ops_matrix[] = {
    { "matmul", "a:tensor b:tensor -> tensor", matmul_fwd, matmul_bwd,
      "Matrix product. Vectors count as a row (left) or a column (right); axes before the last two "
      "are a batch and broadcast.",
      .strided = true },
    { "mm", "a:tensor b:tensor -> tensor", matmul_fwd, matmul_bwd, "Matrix product: matmul.",
      .strided = true },
    { 0 },
};
