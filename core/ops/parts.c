/* Small steps that many ops share. */
#include "ops.h"

hy_status hy_temp_number(hy_ctx *cx, hy_call *c, hy_dtype dtype, double value, hy_tensor **out)
{
    HY_TRY(hy_temp(cx, c, dtype, 0, NULL, out));
    return hy_fill(cx, *out, value);
}

hy_status hy_temp_zeros(hy_ctx *cx, hy_call *c, const hy_tensor *like, hy_tensor **out)
{
    HY_TRY(hy_temp(cx, c, like->dtype, like->ndim, like->shape, out));
    return hy_fill(cx, *out, 0);
}

hy_status hy_temp_to(hy_ctx *cx, hy_call *c, hy_tensor *x, hy_dtype dtype, hy_tensor **out)
{
    const hy_arg arg[HY_MAX_ARG] = { { .given = true, .i = dtype } };
    return hy_temp_run(cx, c, "to", x, NULL, arg, out);
}

hy_status hy_temp_reshape(hy_ctx *cx, hy_call *c, hy_tensor *x, int ndim, const int64_t *shape,
                          hy_tensor **out)
{
    hy_arg arg[HY_MAX_ARG] = { { .given = true, .n = ndim } };
    for (int d = 0; d < ndim; d++)
        arg[0].list[d] = shape[d];
    return hy_temp_run(cx, c, "reshape", x, NULL, arg, out);
}

hy_status hy_temp_swap(hy_ctx *cx, hy_call *c, hy_tensor *x, int a, int b, hy_tensor **out)
{
    hy_arg arg[HY_MAX_ARG] = { { .given = true, .n = x->ndim } };
    for (int d = 0; d < x->ndim; d++)
        arg[0].list[d] = d == a ? b : d == b ? a : d;
    return hy_temp_run(cx, c, "permute", x, NULL, arg, out);
}

hy_status hy_temp_last(hy_ctx *cx, hy_call *c, hy_tensor *x, int a, hy_tensor **out)
{
    hy_tensor *view = x;
    if (a != x->ndim - 1)
        HY_TRY(hy_temp_swap(cx, c, x, a, x->ndim - 1, &view));
    return hy_temp_contiguous(cx, c, view, out);
}

hy_status hy_temp_fold(hy_ctx *cx, hy_call *c, const char *op, hy_tensor *x, int axis,
                       hy_tensor **out)
{
    const hy_arg arg[HY_MAX_ARG] = { { .given = true, .i = axis }, { .given = true, .i = true } };
    return hy_temp_run(cx, c, op, x, NULL, arg, out);
}

hy_status hy_temp_scale(hy_ctx *cx, hy_call *c, hy_tensor *x, double factor, hy_tensor **out)
{
    hy_tensor *number;
    HY_TRY(hy_temp_number(cx, c, x->dtype, factor, &number));
    return hy_temp_run(cx, c, "mul", x, number, NULL, out);
}

hy_status hy_out_tensor(hy_ctx *cx, hy_call *c, int i, hy_tensor *t)
{
    return hy_out_view(cx, c, i, t, t->ndim, t->shape, t->stride, t->offset);
}
