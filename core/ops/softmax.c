/* softmax, log_softmax, gumbel_softmax, logsumexp: exact at ±1e4, quiet about −∞. */
#include <math.h>
#include <string.h>

#include "ops.h"

static hy_status normalize(hy_ctx *cx, hy_call *c, bool log, hy_tensor *from)
{
    hy_tensor *x, *y;
    const int axis = (int)c->arg[0].i, last = from->ndim - 1;
    HY_TRY(hy_need_real(cx, from));
    HY_TRY(hy_temp_last(cx, c, from, axis, &x));
    HY_TRY(hy_temp(cx, c, x->dtype, x->ndim, x->shape, &y));
    if (hy_numel(x) > 0)
        hy_kernels_of(x)->reduce->softmax(log, hy_numel(x) / x->shape[last], x->shape[last],
                                          hy_data(x), hy_data(y));
    hy_save(c, y); /* with the axis last, as the gradient wants it */
    if (axis != last)
        HY_TRY(hy_temp_swap(cx, c, y, axis, last, &y));
    return hy_out_tensor(cx, c, 0, y);
}

/* From g, the gradient of the output. */
static hy_status normalize_bwd(hy_ctx *cx, hy_call *c, bool log, hy_tensor *g)
{
    hy_tensor *gx;
    const hy_tensor *y = c->saved[0];
    const int axis = (int)c->arg[0].i, last = y->ndim - 1;
    HY_TRY(hy_temp_last(cx, c, g, axis, &g));
    HY_TRY(hy_temp(cx, c, y->dtype, y->ndim, y->shape, &gx));
    if (hy_numel(y) > 0)
        hy_kernels_of(y)->reduce->softmax_bwd(log, hy_numel(y) / y->shape[last], y->shape[last],
                                              hy_data(y), hy_data(g), hy_data(gx));
    if (axis != last)
        HY_TRY(hy_temp_swap(cx, c, gx, axis, last, &gx));
    return hy_pass(cx, c, 0, gx);
}

static hy_status softmax_fwd(hy_ctx *cx, hy_call *c)
{
    return normalize(cx, c, false, c->in[0]);
}

static hy_status softmax_bwd(hy_ctx *cx, hy_call *c)
{
    return normalize_bwd(cx, c, false, c->grad[0]);
}

static hy_status log_softmax_fwd(hy_ctx *cx, hy_call *c)
{
    return normalize(cx, c, true, c->in[0]);
}

static hy_status log_softmax_bwd(hy_ctx *cx, hy_call *c)
{
    return normalize_bwd(cx, c, true, c->grad[0]);
}

/* ---- gumbel_softmax: arguments axis, temperature, rng ---- */

static hy_status gumbel_softmax_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *noise;
    const double temperature = c->arg[1].d;
    hy_rng *rng = c->arg[2].rng;
    HY_TRY(hy_need_real(cx, x));
    if (!(temperature > 0))
        return hy_fail(cx, HY_EARG, "temperature is %g; it wants a number above 0", temperature);
    HY_TRY(hy_temp_gumbel(cx, c, x->dtype, x->ndim, x->shape, rng, &noise));
    HY_TRY(hy_temp_run(cx, c, "add", x, noise, NULL, &x));
    HY_TRY(hy_temp_scale(cx, c, x, 1 / temperature, &x));
    HY_TRY(normalize(cx, c, false, x));
    rng->next += (uint64_t)hy_numel(x);
    return HY_OK;
}

static hy_status gumbel_softmax_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *g;
    HY_TRY(hy_temp_scale(cx, c, c->grad[0], 1 / c->arg[1].d, &g));
    return normalize_bwd(cx, c, false, g);
}

static hy_status logsumexp_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_tensor *x = c->in[0];
    const int64_t axis = c->arg[0].given ? c->arg[0].i : -1;
    const bool keep = c->arg[1].i;
    int64_t outer, r, inner, shape[HY_MAX_DIM];
    int ndim = 0;
    HY_TRY(hy_need_real(cx, x));
    hy_split_axis(x, axis, &outer, &r, &inner);
    for (int d = 0; d < x->ndim; d++) {
        const bool folded = axis < 0 || d == axis;
        if (!folded || keep)
            shape[ndim++] = folded ? 1 : x->shape[d];
    }
    HY_TRY(hy_out(cx, c, 0, x->dtype, ndim, shape));
    if (r == 0)
        return hy_fill(cx, c->out[0], -INFINITY);
    if (outer * inner > 0)
        hy_kernels_of(x)->reduce->reduce(HY_REDUCE_LOGSUMEXP, outer, r, inner, hy_data(x),
                                         hy_data(c->out[0]));
    return HY_OK;
}

/* g · softmax(x): the kernel gives zeros, not NaN, for a row of −∞ only. */
static hy_status logsumexp_bwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *x = c->in[0], *g = c->grad[0], *soft;
    const bool whole = !c->arg[0].given;
    hy_arg arg[HY_MAX_ARG] = { { .given = true, .i = whole ? 0 : c->arg[0].i } };
    int64_t kept[HY_MAX_DIM] = { 1 };
    if (whole) {
        const int64_t n = hy_numel(x);
        HY_TRY(hy_temp_reshape(cx, c, x, 1, &n, &x));
    } else {
        memcpy(kept, x->shape, sizeof kept);
        kept[c->arg[0].i] = 1;
    }
    HY_TRY(hy_temp_run(cx, c, "softmax", x, NULL, arg, &soft));
    HY_TRY(hy_temp_reshape(cx, c, g, x->ndim, kept, &g));
    HY_TRY(hy_temp_run(cx, c, "mul", soft, g, NULL, &g));
    HY_TRY(hy_temp_reshape(cx, c, g, c->in[0]->ndim, c->in[0]->shape, &g));
    return hy_pass(cx, c, 0, g);
}

const hy_op hy_ops_softmax[] = {
    { .name = "softmax",
      .signature = "x:tensor axis:axis=-1 -> tensor",
      .forward = softmax_fwd,
      .backward = softmax_bwd,
      .doc = "Exponentials along an axis (the last), divided by their sum. All -inf gives zeros." },
    { .name = "log_softmax",
      .signature = "x:tensor axis:axis=-1 -> tensor",
      .forward = log_softmax_fwd,
      .backward = log_softmax_bwd,
      .doc = "Logarithm of softmax along an axis (the last), without overflow." },
    { .name = "gumbel_softmax",
      .signature = "x:tensor axis:axis=-1 {temperature:number=1 rng:rng} -> tensor",
      .forward = gumbel_softmax_fwd,
      .backward = gumbel_softmax_bwd,
      .doc = "Softmax of x plus Gumbel noise, divided by temperature: a soft draw, the harder the "
             "colder." },
    { .name = "logsumexp",
      .signature = "x:tensor axis:axis? {keep:flag=false} -> tensor",
      .forward = logsumexp_fwd,
      .backward = logsumexp_bwd,
      .doc = "Logarithm of the sum of exponentials, without overflow; -inf over nothing or over "
             "-inf only." },
    { 0 },
};
