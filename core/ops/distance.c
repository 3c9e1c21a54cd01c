/* Squared distances between the rows of two matrices. */
#include "ops.h"

static hy_status sqdist_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0], *y = c->in[1]; /* n×d, k×d */
    const int64_t n = x->shape[0], k = y->shape[0], d = x->shape[1];
    HY_TRY(hy_need_real(cx, x));
    HY_TRY(hy_need_same_dtype(cx, x, y));
    if (y->shape[1] != d)
        return hy_fail_shapes(cx, "rows differ in length", x, y);
    HY_TRY(hy_out(cx, c, 0, x->dtype, 2, (int64_t[]){ n, k }));
    if (n == 0 || k == 0 || d == 0)
        return hy_fill(cx, c->out[0], 0);
    return hy_kernels_of(x)->distance->sqdist(cx, n, k, d, hy_data(x), hy_data(y),
                                              hy_data(c->out[0]));
}

/* 2 (rowsum(g) ∘ a − g·b) for g n×k; a n×d and b k×d are centered, so that little cancels. */
static hy_status side_bwd(hy_ctx *cx, hy_call *c, int side, hy_tensor *g, hy_tensor *a,
                          hy_tensor *b)
{
    hy_tensor *minus, *sums, *out;
    HY_TRY(hy_temp_scale(cx, c, g, -2, &minus));
    HY_TRY(hy_temp_fold(cx, c, "sum", minus, 1, &sums));
    HY_TRY(hy_temp_run(cx, c, "mul", a, sums, NULL, &out));
    const int64_t n = a->shape[0], k = b->shape[0], d = a->shape[1];
    if (n > 0 && k > 0 && d > 0)
        hy_kernels_of(out)->matrix->gemm(false, false, n, d, k, hy_data(minus), k, hy_data(b), d,
                                         -1, hy_data(out), d);
    return hy_pass(cx, c, side, out);
}

static hy_status sqdist_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *y = c->in[1], *g = c->grad[0], *mean;
    if (y->shape[0] > 0) {
        HY_TRY(hy_temp_fold(cx, c, "mean", y, 0, &mean));
        HY_TRY(hy_temp_run(cx, c, "sub", x, mean, NULL, &x));
        HY_TRY(hy_temp_run(cx, c, "sub", y, mean, NULL, &y));
    }
    if (hy_wants(c, 0))
        HY_TRY(side_bwd(cx, c, 0, g, x, y));
    if (!hy_wants(c, 1))
        return HY_OK;
    HY_TRY(hy_temp_run(cx, c, "t", g, NULL, NULL, &g));
    HY_TRY(hy_temp_contiguous(cx, c, g, &g));
    return side_bwd(cx, c, 1, g, y, x);
}

const hy_op hy_ops_distance[] = {
    { .name = "sqdist",
      .signature = "x:matrix y:matrix -> matrix",
      .forward = sqdist_fwd,
      .backward = sqdist_bwd,
      .doc = "Squared Euclidean distance from every row of x to every row of y." },
    { 0 },
};
