/* New tensors from numbers. */
#include <math.h>

#include "ops.h"

static hy_status filled(hy_ctx *cx, hy_call *c, const hy_arg *shape, hy_dtype dtype, double value)
{
    HY_TRY(hy_out(cx, c, 0, dtype, shape->n, shape->list));
    return hy_fill(cx, c->out[0], value);
}

static hy_status zeros_fwd(hy_ctx *cx, hy_call *c)
{
    return filled(cx, c, &c->arg[0], (hy_dtype)c->arg[1].i, 0);
}

static hy_status ones_fwd(hy_ctx *cx, hy_call *c)
{
    return filled(cx, c, &c->arg[0], (hy_dtype)c->arg[1].i, 1);
}

static hy_status full_fwd(hy_ctx *cx, hy_call *c)
{
    return filled(cx, c, &c->arg[0], (hy_dtype)c->arg[2].i, c->arg[1].d);
}

static hy_status eye_fwd(hy_ctx *cx, hy_call *c)
{
    const int64_t n = c->arg[0].i;
    if (n < 0)
        return hy_fail(cx, HY_EARG, "n is %lld: sizes are 0 or more", (long long)n);
    const hy_arg shape = { .n = 2, .list = { n, n } };
    HY_TRY(filled(cx, c, &shape, (hy_dtype)c->arg[1].i, 0));
    for (int64_t i = 0; i < n; i++)
        HY_TRY(hy_set(cx, c->out[0], i * n + i, 1));
    return HY_OK;
}

/* out = a, a + step, …: n values, computed in f64 */
static hy_status steps(hy_ctx *cx, hy_call *c, hy_dtype dtype, double a, double step, int64_t n)
{
    hy_tensor *values;
    HY_TRY(hy_temp(cx, c, HY_F64, 1, &n, &values));
    double *v = hy_data(values);
    for (int64_t i = 0; i < n; i++)
        v[i] = a + (double)i * step;
    if (dtype == HY_F64)
        return hy_out_tensor(cx, c, 0, values);
    HY_TRY(hy_out(cx, c, 0, dtype, 1, &n));
    return hy_copy_into(cx, values, c->out[0]);
}

static hy_status arange_fwd(hy_ctx *cx, hy_call *c)
{
    const double a = c->arg[1].given ? c->arg[0].d : 1;
    const double b = c->arg[1].given ? c->arg[1].d : c->arg[0].d;
    const double step = c->arg[2].d;
    if (!isfinite(a) || !isfinite(b) || !isfinite(step) || step == 0)
        return hy_fail(cx, HY_EARG, "cannot count from %g to %g in steps of %g", a, b, step);
    const double count =
        floor((b - a) / step + 1e-9) + 1; /* 0.1 · 3 is not 0.3: forgive rounding */
    if (count > 9e15)
        return hy_fail(cx, HY_EARG, "%g values from %g to %g are too many", count, a, b);
    return steps(cx, c, (hy_dtype)c->arg[3].i, a, step, count > 0 ? (int64_t)count : 0);
}

static hy_status linspace_fwd(hy_ctx *cx, hy_call *c)
{
    const double a = c->arg[0].d, b = c->arg[1].d;
    const int64_t n = c->arg[2].i;
    if (n < 0)
        return hy_fail(cx, HY_EARG, "n is %lld: sizes are 0 or more", (long long)n);
    HY_TRY(steps(cx, c, (hy_dtype)c->arg[3].i, a, n > 1 ? (b - a) / (double)(n - 1) : 0, n));
    return n > 1 ? hy_set(cx, c->out[0], n - 1, b) : HY_OK; /* the end exactly */
}

const hy_op hy_ops_create[] = {
    { .name = "zeros",
      .signature = "shape:shape... {dtype:dtype=f32} -> tensor",
      .forward = zeros_fwd,
      .doc = "Tensor of zeros: hy.zeros(2, 3) or hy.zeros{2, 3}." },
    { .name = "ones",
      .signature = "shape:shape... {dtype:dtype=f32} -> tensor",
      .forward = ones_fwd,
      .doc = "Tensor of ones: hy.ones(2, 3) or hy.ones{2, 3}." },
    { .name = "full",
      .signature = "shape:shape value:number {dtype:dtype=f32} -> tensor",
      .forward = full_fwd,
      .doc = "Tensor of the given shape with one value everywhere: hy.full({2, 3}, 7)." },
    { .name = "eye",
      .signature = "n:integer {dtype:dtype=f32} -> matrix",
      .forward = eye_fwd,
      .doc = "Identity matrix n×n." },
    { .name = "arange",
      .signature = "a:number b:number? step:number=1 {dtype:dtype=f32} -> vector",
      .forward = arange_fwd,
      .doc = "Numbers a, a + step, … up to and with b; arange(n) counts 1..n. Empty when b lies "
             "before a." },
    { .name = "linspace",
      .signature = "a:number b:number n:integer {dtype:dtype=f32} -> vector",
      .forward = linspace_fwd,
      .doc = "n numbers from a to b in equal steps, both ends included." },
    { 0 },
};
