/* Squared differences, averaged in one pass; their gradient is another one. */
#include "ops.h"

static hy_status mean_square_error_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0], *y = c->in[1];
    const int64_t n = hy_numel(x);
    HY_TRY(hy_need_real(cx, x));
    HY_TRY(hy_need_same_dtype(cx, x, y));
    if (!hy_same_shape(x, y))
        return hy_fail_shapes(cx, "the shapes differ", x, y);
    HY_TRY(hy_out(cx, c, 0, x->dtype, 0, NULL));
    return hy_fill(cx, c->out[0],
                   hy_kernels_of(x)->network->square_error(n, hy_data(x), hy_data(y)) / (double)n);
}

static hy_status mean_square_error_bwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0], *y = c->in[1];
    const int64_t n = hy_numel(x);
    const double factor = 2 * hy_get(c->grad[0], 0) / (double)n;
    for (int side = 0; side < 2; side++) {
        hy_tensor *g;
        if (!hy_wants(c, side))
            continue;
        HY_TRY(hy_temp(cx, c, x->dtype, x->ndim, x->shape, &g));
        hy_kernels_of(x)->network->difference(n, side == 0 ? factor : -factor, hy_data(x),
                                              hy_data(y), hy_data(g));
        HY_TRY(hy_pass(cx, c, side, g));
    }
    return HY_OK;
}

const hy_op hy_ops_error[] = {
    { .name = "mean_square_error",
      .signature = "x:tensor y:tensor -> tensor",
      .forward = mean_square_error_fwd,
      .backward = mean_square_error_bwd,
      .doc = "Mean of the squared differences of two tensors of one shape; NaN of nothing." },
    { 0 },
};
