/* Ops of elementwise.def: descriptors and broadcasting; the formulas live in the rows. */
#include <math.h>

#include "ops.h"

static const hy_elementwise_kernels *kernels(const hy_tensor *x)
{
    return hy_kernels_of(x)->elementwise;
}

/* Parameters of UNARY1 and UNARY2; an absent limit of clamp is infinite. */
static double first_parameter(const hy_call *c)
{
    return c->arg[0].given ? c->arg[0].d : -INFINITY;
}

static double second_parameter(const hy_call *c)
{
    return c->arg[1].given ? c->arg[1].d : INFINITY;
}

static hy_status unary_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    HY_TRY(hy_need_real(cx, x));
    HY_TRY(hy_out(cx, c, 0, x->dtype, x->ndim, x->shape));
    kernels(x)->unary(c->op->row, hy_numel(x), hy_data(x), hy_data(c->out[0]), first_parameter(c),
                      second_parameter(c));
    return HY_OK;
}

static hy_status unary_bwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    hy_tensor *gx;
    HY_TRY(hy_temp(cx, c, x->dtype, x->ndim, x->shape, &gx));
    kernels(x)->unary_bwd(c->op->row, hy_numel(x), hy_data(x), hy_data(c->out[0]), hy_data(c->grad[0]),
                          hy_data(gx), first_parameter(c), second_parameter(c));
    return hy_pass(cx, c, 0, gx);
}

/* Kernels want the last stride of every operand to be 0 or 1: copy those that are not so. */
static hy_status make_grid(hy_ctx *cx, hy_call *c, hy_grid *grid, int ndim, const int64_t *shape, int n,
                           hy_tensor **operand)
{
    bool copied = false;
    hy_grid_make(grid, ndim, shape, n, operand);
    for (int k = 0; k < n; k++)
        if (grid->stride[k][grid->ndim - 1] > 1) {
            HY_TRY(hy_temp_contiguous(cx, c, operand[k], &operand[k]));
            copied = true;
        }
    if (copied)
        hy_grid_make(grid, ndim, shape, n, operand);
    return HY_OK;
}

/* The output in slot 0 with the broadcast shape of x and y, and the grid over (x, y, out). */
static hy_status broadcast_out(hy_ctx *cx, hy_call *c, hy_dtype dtype, hy_tensor **operand, hy_grid *grid)
{
    int ndim;
    int64_t shape[HY_MAX_DIM];
    HY_TRY(hy_need_same_dtype(cx, operand[0], operand[1]));
    HY_TRY(hy_broadcast_shape(cx, operand[0], operand[1], &ndim, shape));
    HY_TRY(hy_out(cx, c, 0, dtype, ndim, shape));
    operand[2] = c->out[0];
    return make_grid(cx, c, grid, ndim, shape, 3, operand);
}

static hy_status binary_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *operand[3] = { c->in[0], c->in[1] };
    hy_grid grid;
    HY_TRY(hy_need_real(cx, c->in[0]));
    HY_TRY(hy_need_real(cx, c->in[1]));
    HY_TRY(broadcast_out(cx, c, c->in[0]->dtype, operand, &grid));
    if (hy_numel(c->out[0]) > 0)
        kernels(c->in[0])->binary(c->op->row, &grid, hy_data(operand[0]), hy_data(operand[1]),
                                  hy_data(operand[2]));
    return HY_OK;
}

/* Gradient with respect to x (side 0) or y (side 1). */
static hy_status binary_bwd_side(hy_ctx *cx, hy_call *c, int side)
{
    hy_tensor *g = c->grad[0], *operand[4] = { c->in[0], c->in[1], g };
    hy_grid grid;
    const bool is_one = c->op->row == HY_BINARY_add || (c->op->row == HY_BINARY_sub && side == 0);
    if (is_one)
        return hy_pass(cx, c, side, g);
    HY_TRY(hy_temp(cx, c, g->dtype, g->ndim, g->shape, &operand[3]));
    hy_tensor *const out = operand[3];
    HY_TRY(make_grid(cx, c, &grid, g->ndim, g->shape, 4, operand));
    if (hy_numel(g) > 0)
        kernels(g)->binary_bwd(c->op->row, side, &grid, hy_data(operand[0]), hy_data(operand[1]), hy_data(g),
                               hy_data(out));
    return hy_pass(cx, c, side, out);
}

static hy_status binary_bwd(hy_ctx *cx, hy_call *c)
{
    for (int side = 0; side < 2; side++)
        if (hy_wants(c, side))
            HY_TRY(binary_bwd_side(cx, c, side));
    return HY_OK;
}

static hy_status compare_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *operand[3] = { c->in[0], c->in[1] };
    hy_grid grid;
    HY_TRY(broadcast_out(cx, c, HY_U8, operand, &grid));
    if (hy_numel(c->out[0]) > 0)
        hy_kernels_of(c->in[0])->move->compare(c->op->row, &grid, hy_data(operand[0]), hy_data(operand[1]),
                                               hy_data(operand[2]));
    return HY_OK;
}

/* ---- where ---- */

static hy_status where_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *condition = c->in[0], *x = c->in[1], *y = c->in[2];
    int ndim;
    int64_t shape[HY_MAX_DIM];
    hy_grid grid;
    if (condition->dtype != HY_U8)
        return hy_fail(cx, HY_EARG, "the condition is %s; comparisons give the u8 that is needed",
                       hy_dtype_name(condition->dtype));
    HY_TRY(hy_need_same_dtype(cx, x, y));
    HY_TRY(hy_broadcast_shape(cx, x, y, &ndim, shape));
    hy_tensor both = { .ndim = ndim };
    for (int i = 0; i < ndim; i++)
        both.shape[i] = shape[i];
    HY_TRY(hy_broadcast_shape(cx, condition, &both, &ndim, shape));
    HY_TRY(hy_out(cx, c, 0, x->dtype, ndim, shape));
    hy_tensor *operand[4] = { condition, x, y, c->out[0] };
    HY_TRY(make_grid(cx, c, &grid, ndim, shape, 4, operand));
    if (hy_numel(c->out[0]) > 0)
        hy_kernels_of(x)->move->where(&grid, hy_data(operand[0]), hy_data(operand[1]), hy_data(operand[2]),
                                      hy_data(operand[3]));
    return HY_OK;
}

static hy_status where_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *g = c->grad[0], *zero;
    HY_TRY(hy_temp(cx, c, g->dtype, 0, NULL, &zero));
    HY_TRY(hy_fill(cx, zero, 0));
    for (int side = 1; side <= 2; side++) {
        if (!hy_wants(c, side))
            continue;
        hy_tensor *in[] = { c->in[0], side == 1 ? g : zero, side == 1 ? zero : g }, *out[HY_MAX_OUT];
        HY_TRY(hy_run(cx, c->op, 3, in, NULL, out));
        const hy_status status = hy_pass(cx, c, side, out[0]);
        hy_unref(out[0]);
        HY_TRY(status);
    }
    return HY_OK;
}

const hy_op hy_ops_elementwise[] = {
#define UNARY(name, f, df, low, high, doc) \
    { #name, "x:tensor -> tensor", unary_fwd, unary_bwd, doc, .row = HY_UNARY_##name, .lo = low, .hi = high },
#define UNARY1(name, parameter, value, f, df, low, high, doc)                                          \
    { #name, "x:tensor " #parameter ":number=" #value " -> tensor", unary_fwd, unary_bwd, doc,         \
      .row = HY_UNARY_##name, .lo = low, .hi = high },
#define UNARY2(name, parameter1, parameter2, f, df, low, high, doc)                                    \
    { #name, "x:tensor " #parameter1 ":number? " #parameter2 ":number? -> tensor", unary_fwd, unary_bwd, \
      doc, .row = HY_UNARY_##name, .lo = low, .hi = high },
#define BINARY(name, f, dx, dy, low, high, doc)                                                        \
    { #name, "x:operand y:operand -> tensor", binary_fwd, binary_bwd, doc, .strided = true,            \
      .row = HY_BINARY_##name, .lo = low, .hi = high },
#define COMPARE(name, condition, doc)                                                                  \
    { #name, "x:operand y:operand -> tensor", compare_fwd, NULL, doc, .strided = true,                 \
      .row = HY_COMPARE_##name },
#include "elementwise.def"
    { "where", "condition:tensor x:operand y:operand -> tensor", where_fwd, where_bwd,
      "x where the condition (u8) is not 0, else y; broadcasts.", .strided = true, .lo = -9, .hi = 9 },
    { 0 },
};
