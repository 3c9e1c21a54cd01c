/* Optimizer steps: parameters and their moments change in place, in one pass, nothing is recorded.
 */
#include <math.h>

#include "ops.h"

/* What changes in place, and the gradient: one dtype and shape, and the former in row order. */
static hy_status check_step(hy_ctx *cx, const hy_call *c)
{
    const hy_tensor *p = c->in[0];
    HY_TRY(hy_need_real(cx, p));
    for (int i = 0; i < c->nin; i++) {
        const hy_tensor *t = c->in[i];
        if (!t)
            continue;
        HY_TRY(hy_need_same_dtype(cx, p, t));
        if (!hy_same_shape(p, t))
            return hy_fail_shapes(cx,
                                  i == 1 ? "parameter and gradient differ in shape"
                                         : "parameter and moment differ in shape",
                                  p, t);
        if (i != 1 && !hy_is_contiguous(t))
            return hy_fail(
                cx, HY_EARG,
                "argument %d is a strided view; what changes in place must be contiguous", i + 1);
        if (i != 1)
            HY_TRY(hy_need_writable(cx, t));
    }
    return HY_OK;
}

static void mark_changed(const hy_call *c)
{
    for (int i = 0; i < c->nin; i++)
        if (i != 1 && c->in[i])
            c->in[i]->storage->version++;
}

/* Arguments: lr, beta1, beta2, eps, weight_decay, step, decoupled. */
static hy_status adam_step_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_arg *a = c->arg;
    hy_tensor *g;
    if (a[5].i < 1)
        return hy_fail(cx, HY_EARG, "step is %lld; the first one is 1", (long long)a[5].i);
    HY_TRY(check_step(cx, c));
    HY_TRY(hy_temp_contiguous(cx, c, c->in[1], &g));
    const hy_step step = { .lr = a[0].d,
                           .beta1 = a[1].d,
                           .beta2 = a[2].d,
                           .eps = a[3].d,
                           .weight_decay = a[4].d,
                           .correction1 = 1 - pow(a[1].d, (double)a[5].i),
                           .correction2 = 1 - pow(a[2].d, (double)a[5].i),
                           .decoupled = a[6].i };
    hy_kernels_of(g)->optim->adam(hy_numel(g), hy_data(c->in[0]), hy_data(g), hy_data(c->in[2]),
                                  hy_data(c->in[3]), &step);
    mark_changed(c);
    return HY_OK;
}

/* Arguments: lr, momentum, weight_decay, nesterov, decoupled. */
static hy_status sgd_step_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_arg *a = c->arg;
    hy_tensor *g;
    HY_TRY(check_step(cx, c));
    if (a[1].d != 0 && !c->in[2])
        return hy_fail(cx, HY_EARG, "momentum is %g; it wants a buffer", a[1].d);
    HY_TRY(hy_temp_contiguous(cx, c, c->in[1], &g));
    const hy_step step = { .lr = a[0].d,
                           .beta1 = a[1].d,
                           .weight_decay = a[2].d,
                           .nesterov = a[3].i,
                           .decoupled = a[4].i };
    hy_kernels_of(g)->optim->sgd(hy_numel(g), hy_data(c->in[0]), hy_data(g),
                                 c->in[2] ? hy_data(c->in[2]) : NULL, &step);
    mark_changed(c);
    return HY_OK;
}

/* Arguments: lr, alpha, eps, weight_decay, momentum. */
static hy_status rmsprop_step_fwd(hy_ctx *cx, hy_call *c)
{
    const hy_arg *a = c->arg;
    hy_tensor *g;
    HY_TRY(check_step(cx, c));
    if (a[4].d != 0 && !c->in[4])
        return hy_fail(cx, HY_EARG, "momentum is %g; it wants a buffer", a[4].d);
    HY_TRY(hy_temp_contiguous(cx, c, c->in[1], &g));
    const hy_step step = { .lr = a[0].d,
                           .beta1 = a[4].d,
                           .beta2 = a[1].d,
                           .eps = a[2].d,
                           .weight_decay = a[3].d };
    hy_kernels_of(g)->optim->rmsprop(hy_numel(g), hy_data(c->in[0]), hy_data(g), hy_data(c->in[2]),
                                     c->in[3] ? hy_data(c->in[3]) : NULL,
                                     a[4].d != 0 ? hy_data(c->in[4]) : NULL, &step);
    mark_changed(c);
    return HY_OK;
}

/* max(0, 1 − threshold / length) of each row (axis 1) or column (axis 0) of a matrix; 0 for zeros */
static hy_status shrinkage(hy_ctx *cx, hy_call *c, hy_tensor *p, int axis, double threshold,
                           hy_tensor **out)
{
    const double tiny = 1e-30; /* lengths below are 0 */
    hy_tensor *number, *zero;
    HY_TRY(hy_temp_run(cx, c, "mul", p, p, NULL, out));
    HY_TRY(hy_temp_fold(cx, c, "sum", *out, axis, out));
    HY_TRY(hy_temp_run(cx, c, "sqrt", *out, NULL, NULL, out));
    HY_TRY(hy_temp_number(cx, c, p->dtype, tiny, &number));
    HY_TRY(hy_temp_run(cx, c, "maximum", *out, number, NULL, out));
    HY_TRY(hy_temp_number(cx, c, p->dtype, threshold, &number));
    HY_TRY(hy_temp_run(cx, c, "div", number, *out, NULL, out));
    HY_TRY(hy_temp_number(cx, c, p->dtype, 1, &number));
    HY_TRY(hy_temp_run(cx, c, "sub", number, *out, NULL, out));
    HY_TRY(hy_temp_number(cx, c, p->dtype, 0, &zero));
    return hy_temp_run(cx, c, "maximum", *out, zero, NULL, out);
}

/* Arguments: threshold, columns. */
static hy_status proximal_group_step_fwd(hy_ctx *cx, hy_call *c)
{
    hy_tensor *p = c->in[0], *rows, *factor, *moved;
    HY_TRY(check_step(cx, c));
    if (p->ndim < 2)
        return hy_fail(cx, HY_EARG, "p has %d axes; its groups are the rows or columns of a matrix",
                       p->ndim);
    if (!(c->arg[0].d >= 0))
        return hy_fail(cx, HY_EARG, "threshold is %g; it wants 0 or more", c->arg[0].d);
    if (hy_numel(p) == 0)
        return HY_OK;
    HY_TRY(hy_temp_reshape(cx, c, p, 2, (int64_t[]){ p->shape[0], hy_numel(p) / p->shape[0] },
                           &rows));
    HY_TRY(shrinkage(cx, c, rows, c->arg[1].i ? 0 : 1, c->arg[0].d, &factor));
    HY_TRY(hy_temp_run(cx, c, "mul", rows, factor, NULL, &moved));
    HY_TRY(hy_copy_into(cx, moved, rows));
    mark_changed(c);
    return HY_OK;
}

const hy_op hy_ops_optim[] = {
    { .name = "adam_step",
      .signature =
          "p:tensor g:tensor m:tensor v:tensor {lr:number=1e-3 beta1:number=0.9 beta2:number=0.999 "
          "eps:number=1e-8 weight_decay:number=0 step:integer=1 decoupled:flag=false} ->",
      .forward = adam_step_fwd,
      .strided = true,
      .doc = "One Adam step: p and its moments m and v change in place, by gradient g. step "
             "counts from 1; decoupled: weight decay of AdamW." },
    { .name = "sgd_step",
      .signature = "p:tensor g:tensor buffer:tensor? {lr:number=1e-2 momentum:number=0 "
                   "weight_decay:number=0 "
                   "nesterov:flag=false decoupled:flag=false} ->",
      .forward = sgd_step_fwd,
      .strided = true,
      .doc = "One step of gradient descent: p changes in place, by gradient g; with momentum its "
             "buffer too, which starts as zeros." },
    { .name = "rmsprop_step",
      .signature = "p:tensor g:tensor v:tensor mean:tensor? buffer:tensor? {lr:number=1e-2 "
                   "alpha:number=0.99 eps:number=1e-8 weight_decay:number=0 momentum:number=0} ->",
      .forward = rmsprop_step_fwd,
      .strided = true,
      .doc = "One RMSprop step: p and the running square v of its gradient g change in place; the "
             "running mean of the gradient too, if given, whose square v loses (centered); with "
             "momentum its buffer too." },
    { .name = "proximal_group_step",
      .signature = "p:tensor threshold:number {columns:flag=false} ->",
      .forward = proximal_group_step_fwd,
      .strided = true,
      .doc = "Every row of p, o×…, (or column of a matrix) becomes shorter by threshold, in place; "
             "what is not longer becomes 0: the proximal step of the group lasso." },
    { 0 },
};
