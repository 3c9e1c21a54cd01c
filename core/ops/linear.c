/* A dense layer in one op: the product, then bias and activation in one pass over it. */
#include "ops.h"

enum { X, WEIGHT, BIAS };

/* The derivative of these follows from their own value, so that nothing else is kept. */
static hy_status check_activation(hy_ctx *cx, const hy_call *c)
{
    const hy_op *activation = c->arg[0].op;
    const double slope = c->arg[1].d;
    if (!activation)
        return HY_OK;
    if (activation == hy_op_find("leaky_relu") && !(slope > 0))
        return hy_fail(cx, HY_EARG, "slope is %g; it wants a number above 0", slope);
    if (activation == hy_op_find("leaky_relu") || activation == hy_op_find("relu") ||
        activation == hy_op_find("tanh") || activation == hy_op_find("sigmoid"))
        return HY_OK;
    return hy_fail(cx, HY_EARG, "activation is \"%s\"; it wants relu, leaky_relu, tanh or sigmoid",
                   activation->name);
}

static hy_status check_linear(hy_ctx *cx, const hy_call *c)
{
    const hy_tensor *x = c->in[X], *w = c->in[WEIGHT], *bias = c->in[BIAS];
    HY_TRY(hy_need_real(cx, x));
    HY_TRY(hy_need_same_dtype(cx, x, w));
    if (x->ndim == 0 || x->shape[x->ndim - 1] != w->shape[1])
        return hy_fail_shapes(cx, "rows of x and w differ in length", x, w);
    if (bias)
        HY_TRY(hy_need_same_dtype(cx, x, bias));
    if (bias && bias->shape[0] != w->shape[0])
        return hy_fail(cx, HY_EARG, "bias has %lld elements for %lld rows of w",
                       (long long)bias->shape[0], (long long)w->shape[0]);
    return check_activation(cx, c);
}

/* x as n rows of length d, y as n rows of length k */
static void sizes_of(const hy_call *c, int64_t *n, int64_t *d, int64_t *k)
{
    const hy_tensor *x = c->in[X];
    *d = c->in[WEIGHT]->shape[1];
    *k = c->in[WEIGHT]->shape[0];
    *n = 1;
    for (int i = 0; i < x->ndim - 1; i++)
        *n *= x->shape[i];
}

static hy_status linear_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[X], *bias = c->in[BIAS];
    const hy_op *activation = c->arg[0].op;
    const int row = activation ? activation->row : -1;
    int64_t n, d, k, shape[HY_MAX_DIM];
    HY_TRY(check_linear(cx, c));
    sizes_of(c, &n, &d, &k);
    for (int i = 0; i < x->ndim; i++)
        shape[i] = i == x->ndim - 1 ? k : x->shape[i];
    HY_TRY(hy_out(cx, c, 0, x->dtype, x->ndim, shape));
    if (n == 0 || k == 0)
        return HY_OK;
    const hy_kernels *kernels = hy_kernels_of(x);
    void *y = hy_data(c->out[0]);
    kernels->matrix->gemm(cx, false, true, n, k, d, hy_data(x), d, hy_data(c->in[WEIGHT]), d, 0, y,
                          k);
    if (bias)
        kernels->network->bias_activation(row, c->arg[1].d, n, k, hy_data(bias), y);
    else if (activation)
        kernels->elementwise->unary(row, n * k, y, y, c->arg[1].d, 0);
    return HY_OK;
}

static hy_status linear_bwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[X], *w = c->in[WEIGHT], *y = c->out[0];
    const hy_kernels *kernels = hy_kernels_of(x);
    hy_tensor *g = c->grad[0], *out;
    int64_t n, d, k;
    sizes_of(c, &n, &d, &k);
    if (c->arg[0].op) {
        HY_TRY(hy_temp(cx, c, y->dtype, y->ndim, y->shape, &g));
        kernels->elementwise->unary_bwd(c->arg[0].op->row, n * k, hy_data(y), hy_data(y),
                                        hy_data(c->grad[0]), hy_data(g), c->arg[1].d, 0);
    }
    if (hy_wants(c, WEIGHT)) {
        HY_TRY(hy_temp(cx, c, w->dtype, 2, w->shape, &out));
        kernels->matrix->gemm(cx, true, false, k, d, n, hy_data(g), k, hy_data(x), d, 0,
                              hy_data(out), d);
        HY_TRY(hy_pass(cx, c, WEIGHT, out));
    }
    if (hy_wants(c, BIAS)) {
        HY_TRY(hy_temp(cx, c, w->dtype, 1, &k, &out));
        kernels->reduce->reduce(HY_REDUCE_SUM, 1, n, k, hy_data(g), hy_data(out));
        HY_TRY(hy_pass(cx, c, BIAS, out));
    }
    if (!hy_wants(c, X))
        return HY_OK;
    HY_TRY(hy_temp(cx, c, x->dtype, x->ndim, x->shape, &out));
    kernels->matrix->gemm(cx, false, false, n, d, k, hy_data(g), k, hy_data(w), d, 0, hy_data(out),
                          d);
    return hy_pass(cx, c, X, out);
}

const hy_op hy_ops_linear[] = {
    { .name = "linear",
      .signature = "x:tensor w:matrix bias:vector? {activation:op? slope:number=0.01} -> tensor",
      .forward = linear_fwd,
      .backward = linear_bwd,
      .doc = "x·wᵀ + bias for every row of x (its last axis), then the activation: \"relu\", "
             "\"leaky_relu\" with its slope, \"tanh\" or \"sigmoid\"." },
    { 0 },
};
